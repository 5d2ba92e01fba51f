"""The turnstile: two work, the others queue, and nobody is kept out for good."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from config import turnstile
from config.turnstile import PLACES, through_turnstile

GIVE_UP_S = 30.0  # for a broken turnstile to fail the test instead of hanging it


class Application:
    """Counts who is inside, and keeps everybody there until the gate opens."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.gate = threading.Event()

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        self.entered.release()
        assert self.gate.wait(GIVE_UP_S)
        return [b"done"]


def visit(application: Any, visitors: int) -> list[threading.Thread]:
    threads = [threading.Thread(target=application, args=({}, None)) for _ in range(visitors)]
    for thread in threads:
        thread.start()
    return threads


def test_those_beyond_the_places_wait_for_one_to_leave(monkeypatch):
    monkeypatch.setattr(turnstile, "PATIENCE_S", GIVE_UP_S)
    inside = Application()
    threads = visit(through_turnstile(inside), PLACES + 3)

    for _ in range(PLACES):
        assert inside.entered.acquire(timeout=GIVE_UP_S)
    assert not inside.entered.acquire(timeout=0.05)

    inside.gate.set()
    for thread in threads:
        thread.join(GIVE_UP_S)
    assert sum(inside.entered.acquire(blocking=False) for _ in range(4)) == 3


def test_who_has_waited_long_enough_goes_in_all_the_same():
    inside = Application()
    threads = visit(through_turnstile(inside), PLACES + 3)

    for _ in range(PLACES + 3):
        assert inside.entered.acquire(timeout=GIVE_UP_S)

    inside.gate.set()
    for thread in threads:
        thread.join(GIVE_UP_S)


def test_a_request_that_fails_gives_its_place_back(monkeypatch):
    monkeypatch.setattr(turnstile, "PATIENCE_S", GIVE_UP_S)
    calls = []

    def failing(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        calls.append(environ)
        raise RuntimeError("broken view")

    application = through_turnstile(failing)

    for _ in range(PLACES + 1):
        with pytest.raises(RuntimeError):
            application({}, None)
    assert len(calls) == PLACES + 1
