"""README and docs walk a newcomer through real commands: each is run, against one started service.

A block that cannot run in a test is listed with the reason; every other one is run as it stands,
but for the substitutions below.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.bench.stack import free_port, manage, running
from tests.documents import ROOT, Block, blocks, pages

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
            (r"\./run manage\b", f"'{sys.executable}' manage.py"),
            (r"\bdata/sandbox\b|\bdata\b(?=/)", str(self.folder / "sandbox")),
        ):
            text = re.sub(pattern, instead, text)
        return text

    def run(self, text: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-eu", "-c", self.substituted(text)],
            cwd=ROOT,
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
        f'#!/bin/sh\nexec {shutil.which("curl")} --fail --show-error --max-time 60 "$@"\n'
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
        # The file that ./run up --sandbox leaves for commands; it names the data folder, too.
        asked = environment | {"SIGNALS_ENV_FILE": str(folder / "sandbox" / "sandbox.env")}
        del asked["SIGNALS_DATA_DIR"]
        made = manage(asked, "apikey", "create", "docs", "--scope", "admin")
        yield Service(port, folder, asked | {"KEY": made.split()[0]})


def is_run(block: Block) -> bool:
    return (block.page, block.first_line) not in NOT_RUN


def test_every_command_of_the_pages_does_what_the_page_says(tmp_path: Path) -> None:
    commands = [
        (f"{block.page}, block {block.place}", block.text) for block in blocks() if is_run(block)
    ]
    [sandboxed] = [block.text for block in blocks() if block.first_line == "./run up --sandbox"]
    commands.append(("README.md, on the same market", sandboxed.partition("\n")[2]))
    failed = {}

    with started(tmp_path) as service:
        for where, text in commands:
            finished = service.run(text)
            if finished.returncode != 0:
                failed[where] = finished.stdout[-1000:] + finished.stderr[-1000:]

    assert failed == {}


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
