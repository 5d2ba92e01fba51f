"""What the shared store promises; ``market.store`` hands out an implementation.

Kept apart from ``market.store`` so that the implementations can name these types.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol


class StoreUnavailable(Exception):
    """The store cannot be used at all: disk full, no permission, locked beyond our patience."""


@dataclass(frozen=True, slots=True)
class Budget:
    """At most ``limit`` cost units within ``window_s``.

    ``aligned`` budgets follow clock windows (Binance's UTC minutes); the others hold for *every*
    window of that length. ``window_s`` = 0 means the calendar month (UTC). ``arrival_ms`` is how
    much longer one call may be on its way to where it is counted than another: a window that
    short calls of a busy process would fill twice is counted as so much longer.
    """

    key: str
    limit: int
    window_s: int
    aligned: bool = False
    arrival_ms: int = 0


class Count(NamedTuple):
    """So much more (or less) for a counter; its time to live starts with its first count."""

    key: str
    amount: int
    ttl_s: float


@dataclass(frozen=True, slots=True)
class StoreState:
    """What health shows. Not ``ok``: still working, but per machine instead of shared."""

    kind: Literal["sqlite", "redis"]
    ok: bool
    detail: str


class Store(Protocol):
    """Every call is atomic among all threads and processes, and may block: never call it on a loop.

    Times to live and budgets follow ``clock.wall_s()`` of the calling machine. Machines that share
    a Redis must keep their clocks together: a skew of s seconds moves expiries and windows by s.
    """

    def get(self, key: str) -> bytes | None: ...

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return what :meth:`get` would for each key, in one step."""
        ...

    def set(self, key: str, value: bytes, ttl_s: float) -> None: ...

    def add(self, key: str, value: bytes, ttl_s: float) -> bool:
        """Set only if absent; return whether it was. This is the lock."""
        ...

    def replace(self, key: str, expected: bytes | None, value: bytes, ttl_s: float) -> bool:
        """Set only if the key still holds ``expected`` (None: is absent); return whether it did."""
        ...

    def release(self, key: str, value: bytes) -> bool:
        """Delete the key only if it still holds ``value``: a lock is given back by its owner."""
        ...

    def delete(self, key: str) -> None: ...

    def count(self, counts: Sequence[Count]) -> list[int]:
        """Add to several counters in one step; return what each has come to."""
        ...

    def take(self, budgets: Sequence[Budget], cost: int = 1) -> float:
        """Take ``cost`` from all budgets or from none.

        Returns 0.0 when granted, else the seconds after which asking again makes sense. Raises
        ValueError for a cost that no window could ever grant.
        """
        ...

    def used(self, budgets: Sequence[Budget]) -> list[int]:
        """Return how much of each budget is used in its current window."""
        ...

    def state(self) -> StoreState: ...

    def close(self) -> None:
        """Give back files and sockets; the next call opens them again."""
        ...
