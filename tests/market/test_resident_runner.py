"""Residents: one process runs them, a second stands by, a failing one is started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from config.residents import Resident
from market import resident_runner
from market.resident_runner import Lease, run_residents
from market.store import StoreUnavailable, get_store
from tests.market.sandbox.upstream import Wall

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 20.0


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RENEW_EVERY_S", "STAND_BY_EVERY_S", "FIRST_PAUSE_S", "LONGEST_PAUSE_S"):
        monkeypatch.setattr(resident_runner, name, 0.01)


class Runner:
    """``run_residents`` in a thread."""

    def __init__(self, *residents: Resident) -> None:
        self.stopping = threading.Event()
        self.said: list[str] = []
        self.spoke = threading.Condition()
        self._thread = threading.Thread(
            target=run_residents, args=(residents, self.stopping, self._say), daemon=True
        )
        self._thread.start()

    def until_said(self, text: str) -> None:
        with self.spoke:
            assert self.spoke.wait_for(lambda: any(text in line for line in self.said), PATIENCE_S)

    def stop(self) -> None:
        self.stopping.set()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    def _say(self, text: str) -> None:
        with self.spoke:
            self.said.append(text)
            self.spoke.notify_all()


def resident(run: Callable[[threading.Event], None], name: str = "patient") -> Resident:
    return Resident(name, run, lambda: True)


def waits(event: threading.Event) -> None:
    event.wait()


def test_residents_run_until_they_are_told_to_stop() -> None:
    began, ended = threading.Event(), threading.Event()

    def run(stopping: threading.Event) -> None:
        began.set()
        stopping.wait()
        ended.set()

    runner = Runner(resident(run))
    assert began.wait(PATIENCE_S)
    runner.stop()

    assert ended.is_set()
    assert runner.said == ["running patient"]


def test_a_second_process_stands_by_and_takes_over_when_the_first_ends() -> None:
    first = Runner(resident(waits))
    first.until_said("running")
    second = Runner(resident(waits))
    second.until_said("standing by")

    first.stop()

    second.until_said("running")
    second.stop()


def test_a_killed_process_s_lease_ends_and_another_takes_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wall = Wall()
    monkeypatch.setattr("market.clock.wall_s", lambda: wall.now_s)
    killed = Lease()
    assert killed.is_ours()
    assert not Lease().is_ours()

    wall.advance(resident_runner.LEASE_S + 1)

    assert Lease().is_ours()
    assert not killed.is_ours()


def test_a_renewed_lease_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    wall = Wall()
    monkeypatch.setattr("market.clock.wall_s", lambda: wall.now_s)
    lease = Lease()
    for _ in range(5):
        assert lease.is_ours()
        wall.advance(resident_runner.LEASE_S - 1)

    assert not Lease().is_ours()


def test_who_loses_the_lease_ends_its_residents_and_stands_by() -> None:
    ended = threading.Event()

    def run(stopping: threading.Event) -> None:
        stopping.wait()
        ended.set()

    runner = Runner(resident(run))
    runner.until_said("running")
    store = get_store()
    store.set(Lease()._key, b"another", 60.0)

    assert ended.wait(PATIENCE_S)
    runner.until_said("standing by")
    runner.stop()


def test_with_the_store_away_who_runs_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = threading.Semaphore(0)
    ended = threading.Event()

    def run(stopping: threading.Event) -> None:
        stopping.wait()
        ended.set()

    runner = Runner(resident(run))
    runner.until_said("running")

    def away(_lease: Lease) -> bool:
        asked.release()
        raise StoreUnavailable

    monkeypatch.setattr(Lease, "is_ours", away)

    for _ in range(3):
        assert asked.acquire(timeout=PATIENCE_S)
    assert not ended.is_set()
    runner.stop()


def test_a_resident_that_fails_is_started_again_and_costs_the_others_nothing() -> None:
    starts, steady = threading.Semaphore(0), []

    def fails(_stopping: threading.Event) -> None:
        starts.release()
        raise RuntimeError("planted")

    def patient(stopping: threading.Event) -> None:
        steady.append("began")
        stopping.wait()

    runner = Runner(resident(fails, "failing"), resident(patient))
    for _ in range(3):
        assert starts.acquire(timeout=PATIENCE_S)
    runner.stop()

    assert steady == ["began"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_says_what_it_runs_and_ends_clean_on_a_signal(
    number: signal.Signals, tmp_path: Path
) -> None:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "PYTHONUNBUFFERED": "1",
    }
    process = subprocess.Popen(
        [sys.executable, "manage.py", "record"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "running" in line:
            assert "stream recorder" in line
            break

    process.send_signal(number)

    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
