"""README and docs walk a newcomer through real commands: each is run, in a copy of the repository.

What cannot run in a test is listed with the reason, or with what runs it instead; every other
command is run as it stands, but for ports and names that a page leaves open.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import yaml

from tests.bench.__main__ import NAMES as MEASUREMENTS
from tests.bench.stack import free_port
from tests.documents import ROOT, Block, blocks, inline_commands, pages
from tests.loopback import loopback_postgres
from tests.newcomer import Checkout
from tests.signals.old_history import old_history

pytestmark = pytest.mark.one_database

START, SANDBOX = "./run up      # http://127.0.0.1:8000, until Ctrl-C", "./run up --sandbox"
CTRL_C = signal.SIGINT
MOVE, WORKERS, COMPOSE = "./run manage dumpdata ", "celery ", "cat >.env <<'TEXT'"
# Blocks that a test of their own runs, by how they begin.
APART = (START, SANDBOX, MOVE, WORKERS, COMPOSE)

# Commands within sentences that this file does not run one by one, and why.
ELSEWHERE = {
    "./run up": "what the others ask: see started()",
    "./run up --sandbox": "the same",
    "./run test -k funding -x": "this very suite",
    "./run test tests/contract/write_examples.py": "renews what test_document and others compare",
    "./run check": ".ci/run begins with it",
    ".ci/run": "what runs this suite on a fresh machine",
    "./run lock": "asks the package registry for newer versions",
    "git pull": "fetches a newer version",
    "git pull && docker compose up -d --build": "the same; the second half is a line of a block",
    # The processes of `./run up`: tests/config/test_operations.py holds the page to its commands.
    "python -m config.web --host 127.0.0.1 --port 8000": "run by the supervisor",
    "celery --app config --quiet worker --without-gossip --without-mingle --without-heartbeat": (
        "run by the supervisor"
    ),
    "python -m config.beat": "run by the supervisor",
    "python manage.py record": "run by the supervisor",
    "./run manage record": "run by the supervisor",
    # Run by tests of their own, below.
    "celery --app config inspect active": "needs a worker with Redis",
    'pg_dump --format=custom --file=signals.dump "$DATABASE_URL"': "needs PostgreSQL",
    "pg_restore --clean --if-exists --single-transaction"
    ' --dbname="$DATABASE_URL" signals.dump': "needs PostgreSQL",
}


WRITTEN_BY_THE_BOT = "curl 'http://127.0.0.1:8001/_control/telegram/messages?chat_id=77'"


@contextmanager
def started(folder: Path) -> Iterator[Checkout]:
    """Start the service on its simulated market; first, for a moment, one of its own beside it.

    That one is README's first command. It asks the same market, by its settings: no test leaves
    the machine.
    """
    checkout = Checkout(folder)
    first, second = free_port(), free_port()
    readme = (ROOT / "README.md").read_text()
    [checkout.variables["TELEGRAM_BOT_TOKEN"]] = re.findall(r"the token is `([^`]+)`", readme)
    with checkout.started(f"{SANDBOX} --port {first}", until="Ready", ended_by=CTRL_C):
        del checkout.variables["TELEGRAM_BOT_TOKEN"]  # two services on one bot would quarrel
        variables = (checkout.root / "data" / "sandbox" / "sandbox.env").read_text()
        (checkout.root / ".env").write_text(re.sub(r"(?m)^SIGNALS_DATA_DIR=.*\n", "", variables))
        [upstream] = re.findall(r"127\.0\.0\.1:(\d+)/telegram", variables)
        checkout.meant[r"\b127\.0\.0\.1:8001\b"] = f"127.0.0.1:{upstream}"
        command = START.partition("#")[0].strip()
        with checkout.started(f"{command} --port {second}", until="Ready", ended_by=CTRL_C):
            checkout.told(f"curl http://127.0.0.1:{second}/signals/BTC")
        checkout.serve_at(first)
        checkout.told(block_that_begins(SANDBOX).text.partition("\n")[2])
        checkout.variables["SIGNALS_ENV_FILE"] = "data/sandbox/sandbox.env"
        yield checkout


def block_that_begins(words: str) -> Block:
    [found] = [block for block in blocks() if block.first_line.startswith(words)]
    return found


def is_keyed(text: str) -> bool:
    return "KEY" in text or "apikey" in text


def with_names(checkout: Checkout) -> None:
    """Make what pages call by a placeholder: a key, its prefix, ids, a file."""
    (checkout.root / "signal_history.json").write_text(json.dumps(old_history()))
    checkout.told("./run manage mss BTC --store")
    checkout.told("./run manage scan BTC ETH SOL XRP DOGE ADA --here --profile aggressive")
    stored = json.loads(
        checkout.told("curl 'http://127.0.0.1:8000/history/signals?origin=own&limit=1'")
    )
    checkout.meant |= {
        r"\bmss --replay ID\b": "mss --replay 1",
        r"\bID\b": str(stored["signals"][0]["id"]),
        r"\bFILE\b": "signal_history.json",
        r"\bNAME\b": "example",
        r"\bCOIN\b": "BTC",
        r"\bURL/": checkout.as_meant("http://127.0.0.1:8000/"),
    }


def with_keys(checkout: Checkout) -> None:
    create = "./run manage apikey create docs --scope admin"
    checkout.variables["KEY"] = checkout.told(create).strip()
    checkout.meant[r"\bPREFIX\b"] = checkout.told(create).partition(".")[0]


def test_every_command_of_the_pages_does_what_the_page_says(tmp_path: Path) -> None:
    commands = [block.text for block in blocks() if not block.first_line.startswith(APART)]
    commands += [
        command
        for command in inline_commands()
        if command not in ELSEWHERE
        and not command.startswith("./run bench")
        and (shutil.which("sqlite3") or not command.startswith("sqlite3"))
    ]
    # The first key closes the service to whoever has none: what needs none comes before.
    commands.sort(key=is_keyed)
    failed = []

    with started(tmp_path) as checkout:
        with_names(checkout)
        for text in commands:
            if is_keyed(text) and "KEY" not in checkout.variables:
                with_keys(checkout)
            if checkout.as_meant(text) in checkout.done:
                continue
            finished = checkout.run(text)
            if finished.returncode != 0:
                failed.append(f"{text}\n{finished.stdout[-500:]}{finished.stderr[-500:]}")
        assert not failed, "\n".join(failed)
        assert "Welcome!" in checkout.told(WRITTEN_BY_THE_BOT)
        # Two commands renew what is committed, which was current.
        for name in ("openapi.json", "gpt-actions.json"):
            renewed = checkout.root / "docs" / name
            assert renewed.read_bytes() == (ROOT / "docs" / name).read_bytes()


def test_the_data_moves_to_another_database_and_is_backed_up_as_the_page_says(
    tmp_path: Path,
) -> None:
    checkout = Checkout(tmp_path)
    checkout.told("./run manage apikey create moved")
    move = block_that_begins(MOVE).text
    [address] = re.findall(r"DATABASE_URL=(\S+)", move)

    with empty_database(tmp_path) as url:
        checkout.meant[re.escape(address)] = url
        checkout.told(move)
        checkout.variables["DATABASE_URL"] = url

        assert "moved" in checkout.told("./run manage apikey list")
        if url.startswith("postgresql:"):
            dump, restore = (each for each in inline_commands() if each.startswith("pg_"))
            checkout.told(dump)
            checkout.told("./run manage apikey create later")
            checkout.told(restore)
            kept = checkout.told("./run manage apikey list")
            assert "moved" in kept
            assert "later" not in kept


@contextmanager
def empty_database(folder: Path) -> Iterator[str]:
    """Return where an empty database lies: on this machine's PostgreSQL when it answers."""
    server = os.environ.get("TEST_DATABASE_URL") or loopback_postgres()
    if server is None or shutil.which("pg_dump") is None:
        yield f"sqlite:///{folder}/other.sqlite3"
        return
    url = urlsplit(server)
    name = f"signals_moved_{os.getpid()}"
    with psycopg.connect(url._replace(path="/postgres").geturl(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield url._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_workers_start_and_end_as_the_page_says(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    server = shutil.which("redis-server")
    checkout.told("./run manage check")  # which prepares the data folder
    port = free_port()
    if server:
        checkout.variables["REDIS_URL"] = f"redis://127.0.0.1:{port}/0"
        redis = checkout.started(f"{server} --bind 127.0.0.1 --port {port} --save ''", "Ready to")
    first, second = block_that_begins(WORKERS).text.splitlines()

    with redis if server else nothing(), checkout.started(first, " ready."):
        if server:
            assert "celery@" in checkout.told("celery --app config inspect active")
        with checkout.started(second, " ready."):
            pass


@contextmanager
def nothing() -> Iterator[None]:
    yield


# Docker, as far as its commands can be held to the compose file: what is run in a container of ours
# runs here.
DOCKER = """\
import pathlib, subprocess, sys, yaml

compose, verb, *words = sys.argv[1:]
services = yaml.safe_load(pathlib.Path("docker-compose.yml").read_text())["services"]
assert compose == "compose"
if verb == "exec":
    assert words[0] in services, words
    inside = [word.replace("/data/", "data/") for word in words[1:]]
    sys.exit(subprocess.call(inside))
assert verb == "up", verb
for scaled in words[words.index("--scale") + 1 :][:1] if "--scale" in words else []:
    assert scaled.partition("=")[0] in services, scaled
"""


def test_the_commands_for_docker_fit_the_compose_file(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    checkout.told("./run manage check")  # which prepares the data folder
    (tmp_path / "docker.py").write_text(DOCKER)
    checkout.provide("docker", f"python '{tmp_path}/docker.py'")
    write, _, commands = block_that_begins(COMPOSE).text.partition("\nTEXT\n")

    told = checkout.told(commands)
    checkout.told(f"{write}\nTEXT")

    assert "username: admin" in told
    given = set(re.findall(r"(?m)^([A-Z_]+)=", (checkout.root / ".env").read_text()))
    compose = (ROOT / "docker-compose.yml").read_text()
    assert set(re.findall(r"\$\{([A-Z_]+):\?", compose)) <= given
    assert yaml.safe_load(compose)["x-process"]["env_file"] == ".env"


def test_a_measurement_that_a_page_names_exists() -> None:
    named = {
        name
        for command in inline_commands()
        if command.startswith("./run bench")
        for name in command.split()[2:]
    }

    assert named
    assert named <= set(MEASUREMENTS)


def test_nothing_is_listed_that_no_page_has() -> None:
    assert ELSEWHERE.keys() <= set(inline_commands())
    for words in APART:
        assert block_that_begins(words)


def test_continuous_integration_runs_what_readme_begins_with() -> None:
    lines = [line.strip() for line in (ROOT / ".ci" / "run").read_text().splitlines()]
    start, test = (
        line.partition("#")[0].strip() for line in block_that_begins(START).text.splitlines()
    )

    assert any(start in line for line in lines)
    assert lines[-1] == test


def test_every_page_that_is_linked_to_exists() -> None:
    missing = [
        (page.name, link)
        for page in pages()
        for link in re.findall(r"\]\((?!https?://|#|mailto:)([^)#]+)", page.read_text())
        if not (page.parent / link).exists()
    ]

    assert missing == []
