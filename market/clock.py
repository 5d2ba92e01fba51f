"""The only clock. Everything that asks what time it is asks here.

Two questions are kept apart. *Market time* (``now``, ``now_ms``) says which instant is being
looked at; against the sandbox ``SIGNALS_CLOCK_AT`` may set it, and then it stands still. *Wall
time* (``wall_s``) meters what happens to this machine: budgets, leases, time-outs of locks, log
stamps; it always runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

_fixed_ms: int | None = None
_wall_source_s: Callable[[], float] = time.time
_wall_offset_s: float = 0.0


def now_ms() -> int:
    """Return market time as Unix milliseconds."""
    if _fixed_ms is not None:
        return _fixed_ms
    return int(wall_s() * 1000)


def now() -> datetime:
    """Return market time as an aware UTC datetime."""
    return datetime_at(now_ms())


def wall_s() -> float:
    """Return wall time as Unix seconds."""
    return _wall_source_s() + _wall_offset_s


def wall_now() -> datetime:
    """Return wall time as an aware UTC datetime: when rows were written, when leases end."""
    return datetime_at(int(wall_s() * 1000))


def datetime_at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, tz=UTC)


def fix(at_ms: int | None) -> None:
    """Set market time to one instant, or let it run again with None. Called by the settings."""
    global _fixed_ms
    _fixed_ms = at_ms


@contextmanager
def frozen(at_ms: int) -> Iterator[None]:
    """Hold market time still inside a ``with`` block (tests, replays of a day)."""
    before = _fixed_ms
    fix(at_ms)
    try:
        yield
    finally:
        fix(before)


@contextmanager
def wall_shifted(by_s: float) -> Iterator[None]:
    """Move wall time forward inside a ``with`` block, so that budgets refill without waiting."""
    global _wall_offset_s
    before = _wall_offset_s
    _wall_offset_s = before + by_s
    try:
        yield
    finally:
        _wall_offset_s = before


@contextmanager
def wall_told_by(source_s: Callable[[], float]) -> Iterator[None]:
    """Take wall time from elsewhere inside a ``with`` block: from a loop of simulated time."""
    global _wall_source_s
    before = _wall_source_s
    _wall_source_s = source_s
    try:
        yield
    finally:
        _wall_source_s = before
