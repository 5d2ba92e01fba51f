"""A task takes up work until its time is over, or until its worker is told to stop."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest
from celery import signals
from pytest_django import Settings

from config import shift
from config.shift import Shift
from config.supervisor import background, web


def a_worker_is_told_to_stop() -> None:
    signals.worker_shutting_down.send(sender="worker", sig="SIGTERM", how="Warm", exitcode=0)


def test_a_shift_is_over_after_its_time_and_one_without_a_time_never(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_s = [100.0]
    monkeypatch.setattr(shift, "time", SimpleNamespace(monotonic=lambda: now_s[0]))
    short, endless = Shift(10.0), Shift()

    seen = []
    for at_s in (109.9, 110.0, 1e9):
        now_s[0] = at_s
        seen.append((short.is_over, endless.is_over))

    assert seen == [(False, False), (True, False), (True, False)]


def test_a_worker_that_is_told_to_stop_ends_every_shift() -> None:
    endless = Shift()

    a_worker_is_told_to_stop()

    assert endless.is_over
    assert Shift().is_over


def test_children_that_were_forked_before_are_told_too() -> None:
    told, telling = os.pipe()
    looked, looking = os.pipe()
    child = os.fork()
    if child == 0:
        endless = Shift()
        try:
            was_over = endless.is_over
            os.write(looking, b".")
            os.read(told, 1)
            os._exit(0 if endless.is_over and not was_over else 1)
        finally:
            os._exit(2)

    os.read(looked, 1)
    a_worker_is_told_to_stop()
    os.write(telling, b".")
    _, status = os.waitpid(child, 0)
    for end in (told, telling, looked, looking):
        os.close(end)

    assert os.waitstatus_to_exitcode(status) == 0


def test_a_stop_waits_for_a_cold_answer_but_not_for_a_fill(settings: Settings) -> None:
    [worker] = [program for program in background() if program.name == "worker"]

    assert web(8000).grace_s > settings.SIGNAL_DEADLINE_S + 1
    assert worker.grace_s < 5
