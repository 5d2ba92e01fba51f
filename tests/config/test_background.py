"""``./run up`` as people use it: worker and beat come up, are brought back, leave with Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from kombu import Connection

from config.celery import app
from config.schedule import HEARTBEAT_TASK, QUEUES
from config.settings.background import FILESYSTEM_TRANSPORT, FILESYSTEM_URL, filesystem_broker
from market.store_sqlite import SqliteStore
from tests.bench.stack import children
from tests.config.test_supervisor import unused_port

ROOT = Path(__file__).resolve().parents[2]
# For a machine that is busy with other things; a quiet one needs a tenth.
LIMIT_S = 90.0
POLL_S = 0.1


class RunningService:
    """``./run up --sandbox`` over a fresh data folder, in processes of its own."""

    def __init__(self, folder: Path) -> None:
        self._data = folder / "sandbox"
        self._lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "config.supervisor", "--sandbox", "--port", str(unused_port())],
            cwd=ROOT,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "config.settings.local",
                "SIGNALS_ENV_FILE": os.devnull,
                "SIGNALS_DATA_DIR": str(folder),
                "WEB_WORKERS": "1",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        # Every process of the service writes to this pipe: it ends with the last of them.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.store = SqliteStore(self._data / "store.sqlite3")

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.append(line)

    def wait_until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LIMIT_S
        while not holds():
            self._reader.join(POLL_S)
            assert self._reader.is_alive(), f"it ended: {self}"
            assert time.monotonic() < deadline, f"not in time: {self}"

    def pids(self, program: str) -> list[int]:
        """Return the processes that were started for a program, the newest last."""
        started = [json.loads(line) for line in self._lines if '"a program starts"' in line]
        return [line["pid"] for line in started if line["program"] == program]

    def noted(self, key: str) -> bool:
        return self.store.get(key) is not None

    def send(self) -> str:
        """Send a task; return the key under which the store holds that it was done."""
        name = uuid4().hex
        with Connection(
            FILESYSTEM_URL,
            transport=FILESYSTEM_TRANSPORT,
            transport_options=filesystem_broker(self._data / "broker"),
        ) as connection:
            app.send_task(
                HEARTBEAT_TASK, args=[name], queue="scan", connection=connection, expires=LIMIT_S
            )
        return f"heartbeat:queue:{name}"

    def wait_until_nothing_is_left(self) -> None:
        self._reader.join(LIMIT_S)
        assert not self._reader.is_alive(), f"something is left: {self}"

    def close(self) -> None:
        self.process.kill()  # its guard ends the others
        self.process.wait()
        self.store.close()

    def __str__(self) -> str:
        return "".join(self._lines)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], RunningService]]:
    """Return a function that starts the service over the same folder each time."""
    started: list[RunningService] = []

    def start_one() -> RunningService:
        started.append(RunningService(tmp_path))
        return started[-1]

    yield start_one
    for each in started:
        each.close()


# One test, since every start costs seconds: killed as a whole, killed in part, stopped.
def test_the_service_survives_every_kill_and_leaves_nothing_with_ctrl_c(
    start: Callable[[], RunningService],
) -> None:
    killed = start()
    killed.wait_until(lambda: bool(killed.pids("worker")))
    killed.process.kill()
    killed.wait_until_nothing_is_left()

    service = start()
    service.wait_until(lambda: service.noted("heartbeat:beat"))
    service.wait_until(lambda: all(service.noted(f"heartbeat:queue:{queue}") for queue in QUEUES))

    first = service.pids("worker")[-1]
    os.kill(first, signal.SIGKILL)
    done = service.send()
    service.wait_until(lambda: service.noted(done))
    second = service.pids("worker")[-1]
    assert second != first

    # Whichever was waiting for a task: it must not take the worker's way of handing them out along.
    for child in children(second):
        os.kill(child, signal.SIGKILL)
    done = service.send()
    service.wait_until(lambda: service.noted(done))
    assert service.pids("worker")[-1] == second

    service.process.send_signal(signal.SIGINT)
    service.wait_until_nothing_is_left()
    assert service.process.wait() == 0
