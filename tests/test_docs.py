"""README and docs walk a newcomer through real commands: each is run, against one started service.

A block that cannot run in a test is listed with the reason; every other one is run as it stands,
but for the substitutions below.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.bench.stack import free_port, manage, running
from tests.documents import ROOT, Block, blocks, pages
from tests.signals.old_history import old_history

pytestmark = pytest.mark.one_database

# By page and first line: what cannot run here, and why.
NOT_RUN = {
    ("README.md", "./run up      # http://127.0.0.1:8000, until Ctrl-C"): (
        "starts the service on real venues and runs this suite; .ci/run does both"
    ),
    ("README.md", "./run up --sandbox"): (
        "the service that the other blocks ask; its second line is run after them"
    ),
    (
        "docs/operations.md",
        "./run manage dumpdata --format jsonl --exclude contenttypes --exclude auth.permission"
        " --exclude sessions --exclude admin.logentry --exclude market.providerstatus"
        " --output all.jsonl",
    ): "needs a PostgreSQL of one's own; tests/config/test_operations.py moves data by it",
    (
        "docs/operations.md",
        "celery --app config --quiet worker --without-gossip --without-mingle --without-heartbeat"
        " --queues notify",
    ): "runs until it is stopped; test_operations.py holds it against the supervisor's command",
    ("docs/gpt-actions.md", "./run manage gpt_schema --write"): (
        "writes into the repository; tests/config/test_gpt_schema.py compares what it would write"
    ),
    ("docs/operations.md", "cat >.env <<'TEXT'"): (
        "needs Docker; tests/config/test_compose.py reads what it would run"
    ),
}
BLOCK_WITHIN_S = 120


@dataclass(frozen=True)
class Service:
    """A running service on the simulated market, and how a block reaches it."""

    port: int
    folder: Path
    environment: dict[str, str]

    def substituted(self, text: str) -> str:
        """Return a block with this service's port, data folder and interpreter."""
        for pattern, instead in (
            (r"(127\.0\.0\.1|localhost):8000\b", rf"\1:{self.port}"),
            (r"SIGNALS_ENV_FILE=data/sandbox/sandbox\.env ", ""),  # all blocks have it
            (r"\./run manage\b", f"'{sys.executable}' '{ROOT / 'manage.py'}'"),
            (r"(?<!\S)docs/", f"{ROOT}/docs/"),
            (r"\bPREFIX\b", self.environment.get("PREFIX", "")),
            (r"(--expires) 20\d\d", r"\1 2999"),
            (r"\bdata/sandbox\b|\bdata\b(?=/)", str(self.folder / "sandbox")),
        ):
            text = re.sub(pattern, instead, text)
        return text

    def have_keys(self) -> None:
        """Make what pages call ``$KEY``, and a key for those that rotate and revoke one."""
        if "KEY" in self.environment:
            return
        self.environment["KEY"] = self._made_key()
        self.environment["PREFIX"] = self._made_key().partition(".")[0]

    def _made_key(self) -> str:
        return manage(self.environment, "apikey", "create", "docs", "--scope", "admin").split()[0]

    def run(self, text: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-eu", "-c", self.substituted(text)],
            cwd=self.folder,  # what a page writes must not come to lie in the repository
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=BLOCK_WITHIN_S,
        )


@contextmanager
def started(folder: Path) -> Iterator[Service]:
    commands = folder / "bin"
    commands.mkdir()
    # A command of a page has failed when the service refuses it, which curl alone does not say.
    curl = commands / "curl"
    curl.write_text(
        f'#!/bin/sh\nexec {shutil.which("curl")} --silent --fail --show-error --max-time 60 "$@"\n'
    )
    curl.chmod(0o755)
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment = kept | {
        "PATH": f"{commands}:{kept['PATH']}",
        "SIGNALS_DATA_DIR": str(folder),
        "SIGNALS_ENV_FILE": os.devnull,
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "WEB_WORKERS": "1",
        "WORKER_PROCESSES": "1",
    }
    port = free_port()
    command = [*(sys.executable, "-m", "config.supervisor"), "--sandbox", "--port", str(port)]
    with running(
        command,
        url=f"http://127.0.0.1:{port}",
        env=environment,
        probe="/health",
        log=folder / "service.log",
    ):
        (folder / "signal_history.json").write_text(json.dumps(old_history()))
        # The file that ./run up --sandbox leaves for commands; it names the data folder, too.
        asked = environment | {"SIGNALS_ENV_FILE": str(folder / "sandbox" / "sandbox.env")}
        del asked["SIGNALS_DATA_DIR"]
        yield Service(port, folder, asked)


def is_run(block: Block) -> bool:
    return (block.page, block.first_line) not in NOT_RUN


def is_keyed(block: Block) -> bool:
    return "KEY" in block.text or "apikey" in block.text


def test_every_command_of_the_pages_does_what_the_page_says(tmp_path: Path) -> None:
    commands = [block for block in blocks() if is_run(block)]
    [sandboxed] = [block for block in blocks() if block.first_line == "./run up --sandbox"]
    commands.append(replace(sandboxed, text=sandboxed.text.partition("\n")[2]))
    # The first key closes the service to whoever has none: what needs none comes before.
    commands.sort(key=is_keyed)
    failed = []

    with started(tmp_path) as service:
        for block in commands:
            if is_keyed(block):
                service.have_keys()
            finished = service.run(block.text)
            if finished.returncode != 0:
                told = finished.stdout[-500:] + finished.stderr[-500:]
                failed.append(f"{block.page}, block {block.place}:\n{block.text}\n{told}")

    assert not failed, "\n".join(failed)


def test_nothing_is_listed_that_no_page_has() -> None:
    assert NOT_RUN.keys() <= {(block.page, block.first_line) for block in blocks()}


def test_every_page_that_is_linked_to_exists() -> None:
    missing = [
        (page.name, link)
        for page in pages()
        for link in re.findall(r"\]\((?!https?://|#|mailto:)([^)#]+)", page.read_text())
        if not (page.parent / link).exists()
    ]

    assert missing == []
