"""Counters that all processes share, as ``config`` knows them: an app registers the shared store.

Whoever counts to limit somebody goes on without limits while the store is away: a lost counter
must not close the service. One warning tells of it, and for a few seconds nobody asks again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import NamedTuple

logger = logging.getLogger(__name__)

# How long nobody asks a store that failed: a request must not wait for it again and again.
LEFT_ALONE_S = 5.0


class CountingUnavailable(Exception):
    """The shared counters cannot be reached."""


class Addition(NamedTuple):
    """So much more (or less) for a counter that is forgotten ``ttl_s`` after its first count."""

    key: str
    amount: int
    ttl_s: float


@dataclass(frozen=True, slots=True)
class SharedCounters:
    """What the app that owns the store gives.

    ``add`` adds to all counters in one atomic step and returns what each has come to; it raises
    CountingUnavailable. ``now_s`` is wall time, by which windows are cut.
    """

    add: Callable[[Sequence[Addition]], list[int]]
    now_s: Callable[[], float]


class _Counting:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.shared: SharedCounters | None = None
        self._ask_again_at = 0.0
        self._is_away = False

    def register(self, counters: SharedCounters | None) -> None:
        with self._lock:
            self.shared, self._ask_again_at, self._is_away = counters, 0.0, False

    def count(self, additions: Sequence[Addition]) -> list[int] | None:
        shared = self.shared
        if shared is None or monotonic() < self._ask_again_at:
            return None
        try:
            totals = shared.add(additions)
        except CountingUnavailable as error:
            self._note_failure(error)
            return None
        if self._is_away:
            self._note_return()
        return totals

    def _note_failure(self, error: CountingUnavailable) -> None:
        with self._lock:
            self._ask_again_at = monotonic() + LEFT_ALONE_S
            news, self._is_away = not self._is_away, True
        if news:
            logger.warning(
                "shared counters away: requests are not limited", extra={"reason": str(error)}
            )

    def _note_return(self) -> None:
        with self._lock:
            news, self._is_away = self._is_away, False
        if news:
            logger.warning("shared counters are back: requests are limited again")


_counting = _Counting()
register_counters = _counting.register


def registered_counters() -> SharedCounters | None:
    return _counting.shared


def count(additions: Sequence[Addition]) -> list[int] | None:
    """Add to all counters in one step; None when nobody can count right now."""
    return _counting.count(additions)


def now_s() -> float:
    """Return wall time, by which windows are cut; 0 when nobody counts."""
    shared = _counting.shared
    return 0.0 if shared is None else shared.now_s()
