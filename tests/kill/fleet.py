"""The processes of a service, started as the supervisor starts them, for a test that kills them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from config.supervisor import background
from tests.bench.stack import ROOT, children
from tests.postgres_server import port_to_come_back_to


class Fleet:
    """Named processes, each with a process group of its own; whatever is left ends with it."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self._environment = environment
        self._log = log
        self._commands: dict[str, Sequence[str]] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: Sequence[str] | None = None) -> None:
        """Start a program, or one of the supervisor's by its name; again by its name alone."""
        if command is not None:
            self._commands[name] = command
        elif name not in self._commands:
            self._commands[name] = next(p.command for p in background() if p.name == name)
        with self._log.open("ab") as output:
            self._running[name] = subprocess.Popen(
                self._commands[name],
                cwd=ROOT,
                env=dict(self._environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """End a program and all it started, at once: the machine under it went dark."""
        process = self._running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def kill_a_child(self, name: str, place: int) -> None:
        """End one of the processes that a program started; the program stays."""
        found = children(self._running[name].pid)
        if found:
            os.kill(found[place % len(found)], signal.SIGKILL)

    def ended(self) -> list[str]:
        return [name for name, process in self._running.items() if process.poll() is not None]

    def stop(self) -> None:
        for name in list(self._running):
            self.kill(name)


def redis_command(folder: Path) -> tuple[str, list[str]]:
    """Return the URL and the command of a Redis of our own that remembers across its death."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("no redis-server on this machine")
    port = port_to_come_back_to()
    command = [
        *(program, "--bind", "127.0.0.1"),
        *("--port", str(port), "--dir", str(folder), "--appendonly", "yes", "--save", ""),
    ]
    return f"redis://127.0.0.1:{port}/0", command


def run(environment: Mapping[str, str], *command: str) -> str:
    """Run one of our programs to its end and return what it printed."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
