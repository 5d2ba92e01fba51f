"""The rules of the architecture, read off the source: who may import whom, and who may tell time.

Each rule is a function that returns its violations, so that a planted one shows that it bites.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping

import pytest

from tests.source_tree import ROOT, Module, own_imports, project_modules

Modules = Mapping[str, Module]
Rule = Callable[[Modules], list[str]]

# What each app may import besides itself. `config` names apps only as strings.
ALLOWED_APPS = {
    "config": frozenset[str](),
    "market": frozenset({"config"}),
    "notifications": frozenset({"config", "market"}),
    "smartmoney": frozenset({"config", "market", "notifications"}),
    "signals": frozenset({"config", "market", "notifications", "smartmoney"}),
    "mss": frozenset({"config", "market", "notifications", "smartmoney"}),
    "analytics": frozenset({"config", "market", "notifications", "smartmoney", "signals", "mss"}),
}
# The only parts of `config` that apps may import; everything else reaches them through settings.
SHARED_CONFIG = (
    "config.accounts", "config.api", "config.residents", "config.shift", "config.version",
    "config.wakeups",
)  # fmt: skip
# Notifications know no market, only what every process shares: the clock, budgets and locks.
SHARED_MARKET = ("market.clock", "market.store", "market.store_contract")

# What decides is pure: values in, values out.
PURE = re.compile(
    r"""(?x)
    market\.(types|snapshot|windows|tables|resample|order_book|instruments|figures)
    | notifications\.(figures|chart\w*)
    | market\.providers\.(\w+_payloads|payload|columns|contracts|observations|stream_frames|errors)
    | market\.streams\.(coverage|tally)
    | smartmoney\.smc(\..+)?
    | \w+\.engine(\..+)?
    """
)
IMPURE_LIBRARIES = re.compile(
    "django|rest_framework|celery|httpx|requests|redis|sqlite3|socket|asyncio|threading|subprocess"
    "|os|logging|time|random|secrets"
)

# Layers within an app: the height of a module by the first part of its name, and how high it may
# reach. Modules without a layer's name serve whoever needs them, and may use services.
HEIGHT = {
    **dict.fromkeys(("api", "tasks", "dashboard", "management", "admin", "apps"), 3),
    **dict.fromkeys(("services", "selectors"), 2),
    **dict.fromkeys(("engine", "providers", "models", "types", "snapshot"), 0),
}
UNNAMED_HEIGHT = 1
REACH = {0: 1, 1: 2, 2: 2, 3: 3}

# Modules that may ask the machine for the time of day, and why.
TELLS_TIME = {
    "market.clock": "the only clock",
    "config.folder_broker": "messages expire by the machine's time, as Celery itself has it",
    "config.api.views": "stamps /health; config lies below market and cannot ask its clock",
}
TIME_OF_DAY = re.compile(
    r"(time\.(time|time_ns|localtime|gmtime)|(\w+\.)*(datetime|date)\.(now|utcnow|today)"
    r"|(\w+\.)*timezone\.(now|localtime|localdate))"
)

# Imports inside functions, and why they are not at the top. AppConfig.ready() needs no entry:
# Django forbids what it does any earlier.
LATE_IMPORTS: dict[tuple[str, str], str] = {}

MEANINGLESS_NAMES = frozenset(
    {"utils", "util", "common", "helpers", "helper", "misc", "base_utils"}
)


def imports_between_apps(modules: Modules) -> list[str]:
    found = []
    for module in modules.values():
        for imported in own_imports(module, modules):
            app = imported.module.partition(".")[0]
            allowed = app == module.app or app in ALLOWED_APPS[module.app]
            if app == "config" != module.app and not imported.module.startswith(SHARED_CONFIG):
                allowed = False
            if module.app == "notifications" and app == "market":
                allowed = imported.module in SHARED_MARKET
            if not allowed:
                found.append(f"{module.name}:{imported.line} imports {imported.module}")
    return found


def impure_imports_of_pure_modules(modules: Modules) -> list[str]:
    found = []
    for module in modules.values():
        if not PURE.fullmatch(module.name):
            continue
        found += [
            f"{module.name}:{imported.line} imports {imported.module}"
            for imported in module.imports()
            if IMPURE_LIBRARIES.fullmatch(imported.module.partition(".")[0])
        ]
        found += [
            f"{module.name}:{imported.line} imports {imported.module}, which is not pure"
            for imported in own_imports(module, modules)
            if not PURE.fullmatch(imported.module) and modules[imported.module].source.strip()
        ]
    return found


def imports_upwards(modules: Modules) -> list[str]:
    found = []
    for module in modules.values():
        for imported in own_imports(module, modules):
            if imported.module.partition(".")[0] != module.app or module.app == "config":
                continue
            if _height(imported.module) > REACH[_height(module.name)]:
                found.append(f"{module.name}:{imported.line} imports {imported.module}")
    return found


def _height(name: str) -> int:
    _, _, within_app = name.partition(".")
    return HEIGHT.get(within_app.partition(".")[0], UNNAMED_HEIGHT)


def web_framework_below_the_api(modules: Modules) -> list[str]:
    """Services, selectors, models, engines and providers know nothing of HTTP status codes."""
    return [
        f"{module.name}:{imported.line} imports {imported.module}"
        for module in modules.values()
        if module.app != "config" and _height(module.name) < 3
        for imported in module.imports()
        if imported.module.startswith(("rest_framework", "drf_spectacular", "config.api.errors"))
    ]


def queries_in_the_api(modules: Modules) -> list[str]:
    """Views parse, call and serialize; the ORM is asked by selectors and services."""
    return [
        f"{module.name}:{imported.line} imports {imported.module}"
        for module in modules.values()
        if module.app != "config" and ".api." in module.name
        for imported in module.imports()
        if imported.module.startswith("django.db") or ".models." in imported.module
    ]


def late_imports(modules: Modules) -> list[str]:
    return [
        f"{module.name}:{imported.line} imports {imported.module} in {imported.function}()"
        for module in modules.values()
        for imported in own_imports(module, modules)
        if imported.function is not None
        and not (module.name.endswith(".apps") and imported.function == "ready")
        and (module.name, imported.module) not in LATE_IMPORTS
    ]


def cycles(modules: Modules) -> list[str]:
    graph = {
        name: {found.module for found in own_imports(module, modules) if found.function is None}
        - {name}
        for name, module in modules.items()
    }
    while leaves := [name for name, used in graph.items() if not used & graph.keys()]:
        for name in leaves:
            del graph[name]
    # What is left lies on a cycle or above one; drop what nobody left imports.
    while tops := graph.keys() - set().union(*graph.values()):
        for name in tops:
            del graph[name]
    return sorted(graph)


def other_clocks(modules: Modules) -> list[str]:
    return [
        f"{module.name}:{line} asks {call}"
        for module in modules.values()
        if module.name not in TELLS_TIME
        for line, call in _questions_for_the_time(module)
    ]


def _questions_for_the_time(module: Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and TIME_OF_DAY.fullmatch(ast.unparse(node)):
            yield node.lineno, ast.unparse(node)
    for imported in module.imports():
        if imported.module in {"time.time", "time.time_ns", "django.utils.timezone.now"}:
            yield imported.line, imported.module


def modules_without_a_docstring(modules: Modules) -> list[str]:
    return [
        module.name
        for module in modules.values()
        if module.source.strip() and not ast.get_docstring(module.tree)
    ]


RULES: tuple[Rule, ...] = (
    imports_between_apps,
    impure_imports_of_pure_modules,
    imports_upwards,
    web_framework_below_the_api,
    queries_in_the_api,
    late_imports,
    cycles,
    other_clocks,
    modules_without_a_docstring,
)


@pytest.mark.parametrize("rule", RULES)
def test_the_source_keeps_every_rule(rule: Rule) -> None:
    assert rule(project_modules()) == []


@pytest.mark.parametrize(
    ("rule", "name", "source"),
    [
        (imports_between_apps, "config.planted", "import market.types"),
        (imports_between_apps, "config.planted", "def f():\n    from signals.engine import types"),
        (imports_between_apps, "market.planted", "from signals.engine.types import Direction"),
        (imports_between_apps, "market.planted", "from config.env import Environment"),
        (imports_between_apps, "market.planted", "from config import env"),
        (imports_between_apps, "market.planted", "from notifications import models"),
        (imports_between_apps, "notifications.planted", "from market import services"),
        (impure_imports_of_pure_modules, "signals.engine.planted", "import logging"),
        (impure_imports_of_pure_modules, "signals.engine.planted", "from time import monotonic"),
        (impure_imports_of_pure_modules, "signals.engine.planted", "from market import clock"),
        (impure_imports_of_pure_modules, "market.providers.x_payloads", "import httpx"),
        (imports_upwards, "market.providers.planted", "from market.api import urls"),
        (imports_upwards, "signals.engine.planted", "from signals import services"),
        (imports_upwards, "signals.planted", "from signals.api import urls"),
        (web_framework_below_the_api, "signals.services", "from rest_framework import status"),
        (queries_in_the_api, "signals.api.planted", "from signals.models import Signal"),
        (queries_in_the_api, "signals.api.planted", "from django.db import transaction"),
        (late_imports, "market.planted", "def f():\n    from market import types"),
        (late_imports, "market.apps", "def other():\n    from market import types"),
        (cycles, "market.types", "from market import snapshot"),
        (other_clocks, "market.planted", "import time\nt = time.time()"),
        (other_clocks, "market.planted", "import time\nf = time.time"),
        (other_clocks, "market.planted", "from time import time"),
        (other_clocks, "market.planted", "import datetime\nd = datetime.datetime.now()"),
        (other_clocks, "market.planted", "from datetime import datetime\nd = datetime.utcnow()"),
        (other_clocks, "market.planted", "from django.utils import timezone\nt = timezone.now()"),
        (modules_without_a_docstring, "market.planted", "x = 1"),
    ],
)
def test_every_rule_finds_a_planted_violation(rule: Rule, name: str, source: str) -> None:
    modules = {**project_modules(), name: Module(name, source)}

    assert any(name in found for found in rule(modules))


@pytest.mark.parametrize("module", sorted(TELLS_TIME))
def test_every_exception_for_the_time_is_still_needed(module: str) -> None:
    assert list(_questions_for_the_time(project_modules()[module]))


def test_every_exception_for_late_imports_is_still_needed() -> None:
    modules = project_modules()
    used = {
        (module.name, imported.module)
        for module in modules.values()
        for imported in own_imports(module, modules)
        if imported.function is not None
    }

    assert set(LATE_IMPORTS) <= used


def test_config_starts_without_loading_any_app() -> None:
    settings = project_modules()["config.settings.base"]

    assert '"market.apps.MarketConfig"' in settings.source
    assert '"signals.apps.SignalsConfig"' in settings.source


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {path.parent for path in (ROOT / "tests").rglob("*.py")}

    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_no_module_or_folder_has_a_name_that_says_nothing() -> None:
    modules = project_modules(("config", "market", "signals", "tests", "bench"))
    parts = {part: name for name in modules for part in name.split(".")}

    assert {name for part, name in parts.items() if part in MEANINGLESS_NAMES} == set()
