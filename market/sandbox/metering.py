"""Counts what callers use of each vendor's limits, and refuses as the vendor would.

Wall time, not market time: a standing market clock does not stop the meters.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from dataclasses import dataclass

from market import clock

# Binance: who goes on calling after a 429 is banned, and for longer each time.
_REFUSALS_BEFORE_BAN = 20
_FIRST_BAN_S = 120.0
_LONGEST_BAN_S = 3 * 86_400.0


@dataclass(frozen=True, slots=True)
class Pool:
    """At most ``limit`` units in ``window_s`` seconds: of the clock when aligned, else in any."""

    name: str
    limit: int
    window_s: float
    aligned: bool = False
    bans: bool = False


@dataclass(frozen=True, slots=True)
class Charge:
    pool: Pool
    cost: int = 1
    scope: str = ""  # what the vendor counts apart, besides the caller's address
    payer: str = ""  # who is counted instead of that address: a key
    then: Charge | None = None  # counted as well when this one is accepted


@dataclass(frozen=True, slots=True)
class Refusal:
    pool: Pool
    retry_after_s: int
    banned_until_ms: int | None = None


@dataclass(slots=True)
class _Window:
    """Units used in the current window. Aligned windows keep one entry: their start and sum."""

    entries: deque[tuple[float, int]]
    used: int = 0

    def drop_before(self, at_s: float) -> None:
        while self.entries and self.entries[0][0] <= at_s:
            self.used -= self.entries.popleft()[1]


class Meter:
    """``scale`` multiplies every limit, for measurements that are not about limits."""

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale
        self.reset()

    def reset(self) -> None:
        self._windows: dict[tuple[str, str, str], _Window] = {}
        self._refusals: dict[str, int] = {}
        self._bans: dict[str, tuple[float, float]] = {}  # client → (until, length)
        self._spent: Counter[tuple[str, str]] = Counter()  # (payer, pool) → units accepted

    def charge(self, client: str, charge: Charge) -> Refusal | None:
        """Count a call; return why the vendor refuses it, if so. Refused calls count as well."""
        payer = charge.payer or client
        refusal = self._charge(payer, charge)
        if refusal is not None:
            return refusal
        self._spent[payer, charge.pool.name] += charge.cost
        return None if charge.then is None else self.charge(client, charge.then)

    def spent(self) -> dict[str, dict[str, int]]:
        """Return the units accepted since the start or a reset: payer → pool → units."""
        found: dict[str, dict[str, int]] = {}
        for (payer, pool), units in sorted(self._spent.items()):
            found.setdefault(payer, {})[pool] = units
        return found

    def _charge(self, client: str, charge: Charge) -> Refusal | None:
        now_s = clock.wall_s()
        pool = charge.pool
        until_s, ban_s = self._bans.get(client, (0.0, 0.0))
        if pool.bans and now_s < until_s:
            return Refusal(pool, math.ceil(until_s - now_s), int(until_s * 1000))
        window = self._window(client, charge, now_s)
        stamp_s = now_s // pool.window_s * pool.window_s if pool.aligned else now_s
        window.entries.append((stamp_s, charge.cost))
        window.used += charge.cost
        if window.used <= self._limit(pool):
            return None
        # A sliding window counts only what it served, or a caller could never recover.
        if not pool.aligned:
            window.used -= window.entries.pop()[1]
        oldest_s = window.entries[0][0] if window.entries else now_s
        retry_after_s = max(1, math.ceil(oldest_s + pool.window_s - now_s))
        if pool.bans:
            self._refusals[client] = self._refusals.get(client, 0) + 1
            if self._refusals[client] >= _REFUSALS_BEFORE_BAN:
                ban_s = min(max(2.0 * ban_s, _FIRST_BAN_S), _LONGEST_BAN_S)
                self._bans[client] = (now_s + ban_s, ban_s)
                self._refusals[client] = 0
                return Refusal(pool, int(ban_s), int((now_s + ban_s) * 1000))
        return Refusal(pool, retry_after_s)

    def used(self, client: str, pool: Pool, scope: str = "") -> int:
        return self._window(client, Charge(pool, 0, scope), clock.wall_s()).used

    def _limit(self, pool: Pool) -> float:
        return pool.limit * self.scale

    def _window(self, client: str, charge: Charge, now_s: float) -> _Window:
        pool = charge.pool
        key = (client, pool.name, charge.scope)
        window = self._windows.setdefault(key, _Window(deque()))
        if pool.aligned:
            window.drop_before(now_s // pool.window_s * pool.window_s - 0.5)
        else:
            window.drop_before(now_s - pool.window_s)
        if not window.used and charge.scope:
            self._forget_idle(now_s)
        return window

    def _forget_idle(self, now_s: float) -> None:
        if len(self._windows) > 10_000:
            longest_s = 600.0
            self._windows = {
                key: window
                for key, window in self._windows.items()
                if window.entries and window.entries[-1][0] > now_s - longest_s
            }
