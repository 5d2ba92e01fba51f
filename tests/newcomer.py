"""The repository as somebody has it who has just fetched it: a copy to run its commands in.

Commands run as they stand: only the packages are there already, those of the running Python.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from tests.bench.stack import free_port
from tests.documents import ROOT

WITHIN_S = 180
_NOT_FETCHED = shutil.ignore_patterns(
    ".git", ".venv*", ".env", "data", ".hypothesis", "*_cache", "tests"
)
_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
# A command of a page has failed when the service refuses it, which curl alone does not say.
_CURL = f"{shutil.which('curl')} --silent --fail --show-error --max-time 60"


class Checkout:
    """A copy, and what its commands are run with."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "futures signals"
        shutil.copytree(ROOT, self.root, ignore=_NOT_FETCHED)
        environment = self.root / ".venv"
        _script(environment / "bin" / "python", sys.executable)
        lock = (self.root / "requirements" / "production.txt").read_text()
        (environment / "locked-production").write_text(f"{_VERSION}\n{lock}")
        self._commands = folder / "bin"
        self.provide("curl", _CURL)
        self.provide("python", sys.executable)
        self.provide("python3", sys.executable)
        self.provide("celery", f"{sys.executable} -m celery")
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.variables = kept | {
            "PATH": f"{self._commands}:{kept['PATH']}",
            "WEB_WORKERS": "1",
        }
        self.done: set[str] = set()  # lines that were run
        # What pages leave open, and what it is here.
        self.meant = {
            r"\b(127\.0\.0\.1|localhost):8000\b": r"\1:1",
            r"(--expires) 20\d\d": r"\1 2999",
        }

    def provide(self, name: str, command: str) -> None:
        _script(self._commands / name, command)

    def serve_at(self, port: int) -> None:
        self.meant[r"\b(127\.0\.0\.1|localhost):8000\b"] = rf"\1:{port}"

    def as_meant(self, text: str) -> str:
        for pattern, instead in self.meant.items():
            text = re.sub(pattern, instead, text)
        return text

    def run(self, text: str) -> subprocess.CompletedProcess[str]:
        self.done.update(self.as_meant(text).splitlines())
        return subprocess.run(
            ["sh", "-eu", "-c", self.as_meant(text)],
            cwd=self.root,
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
        )

    def told(self, text: str) -> str:
        """Run a command that must succeed; return what it printed."""
        finished = self.run(text)
        assert finished.returncode == 0, f"{text}\n{finished.stdout}{finished.stderr}"
        return finished.stdout

    @contextmanager
    def started(
        self, command: str, until: str, ended_by: signal.Signals = signal.SIGTERM
    ) -> Iterator[None]:
        """Run a command that goes on until it is stopped; it must start, and end in order."""
        log = self.root.parent / f"log-{free_port()}"
        with log.open("wb") as output:
            process = subprocess.Popen(
                shlex.split(self.as_meant(command)),
                cwd=self.root,
                env=self.variables,
                stdout=output,
                stderr=output,
            )
        try:
            last = monotonic() + WITHIN_S
            while until not in log.read_text():
                assert process.poll() is None, log.read_text()[-3000:]
                assert monotonic() < last, log.read_text()[-3000:]
                sleep(0.1)
            yield
            process.send_signal(ended_by)
            assert process.wait(WITHIN_S) == 0, log.read_text()[-3000:]
        finally:
            process.kill()
            process.wait()


def _script(file: Path, command: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    file.chmod(0o755)
