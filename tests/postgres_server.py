"""A Postgres server of a test's own, for what must not happen to a shared one: being restarted."""

from __future__ import annotations

import os
import pwd
import random
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

LIMIT_S = 60


def _binaries() -> Path | None:
    """Return where initdb and pg_ctl lie: on the PATH, or where Debian puts them."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((file.parent for file in versions), default=None)


class PostgresServer:
    """One cluster in a temporary folder; it listens on the loopback address only."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._binaries = binaries
        self._data = folder / "cluster"
        self._log = folder / "log"
        self._port = port_to_come_back_to()
        self.url = f"postgresql://tester@127.0.0.1:{self._port}/postgres"
        self._run("initdb", "--username=tester", "--auth=trust", "--no-sync")

    def start(self) -> None:
        settings = ("listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off")
        options = f"-p {self._port} " + " ".join(f"-c {setting}" for setting in settings)
        self._run("pg_ctl", f"--log={self._log}", f"--options={options}", "--wait", "start")

    def stop(self) -> None:
        """End it as a crash does: connections are cut, not closed."""
        self._run("pg_ctl", "--mode=immediate", "--wait", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        command: Sequence[str] = [
            str(self._binaries / program), f"--pgdata={self._data}", *arguments
        ]  # fmt: skip
        # Postgres refuses to run as root; the folder belongs to the user that it may run as.
        user = "postgres" if os.geteuid() == 0 else None
        subprocess.run(
            command,
            check=True,
            user=user,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            timeout=LIMIT_S,
        )


def port_to_come_back_to() -> int:
    """Return a free port below those that connections leave from.

    Whoever tries again and again to reach a server that is down, on a port of the others, sooner or
    later connects to himself, and then the server cannot have its port back.
    """
    for port in random.sample(range(15_000, 32_000), 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no free port from 15000 to 32000")


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Run a server of our own; skip the test where there is nothing to run."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip("no initdb on this machine")
    if os.geteuid() == 0 and not _user_exists("postgres"):
        pytest.skip("Postgres does not run as root, and there is no user postgres")
    with tempfile.TemporaryDirectory(prefix="signals-postgres-") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        server = PostgresServer(binaries, folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _user_exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
