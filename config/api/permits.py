"""How many requests a client may still make: counted in the shared store, handed out from here.

A client has a limit per clock minute and one per day (UTC). The limits hold over all processes.
A process fetches a few permits at a time (a lease) and hands them out without asking again, so a
busy client costs one step of the store in ``MOST_LEASED`` requests. Leases begin with one permit
and double while the client goes on, so whoever asks rarely is counted request by request.

What that costs: never is a client granted more than its limit. In a minute it may be refused
earlier by what other processes hold unused, each at most ``MOST_LEASED`` permits and at most one in
``LEASED_PART`` of the limit. What was unused is given back to the day with the next lease.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from typing import NamedTuple

from config.api import counting
from config.api.counting import Addition

MINUTE_S = 60
DAY_S = 86_400

MOST_LEASED = 32
LEASED_PART = 20
# Bounds memory: clients of the last minute that a process remembers.
MOST_CLIENTS = 10_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests per clock minute and per day; 0 is no limit."""

    per_minute: int
    per_day: int = 0


class Verdict(NamedTuple):
    """Whether a request is granted, and what the tighter of its windows has left."""

    granted: bool
    limit: int
    remaining: int
    reset_s: int  # until that window is over, at least 1


class _Lease:
    """What this process holds of one client's windows."""

    __slots__ = ("day", "day_total", "left", "minute", "minute_total", "size", "unused")

    def __init__(self) -> None:
        self.minute = self.day = -1
        self.left = 0  # permits to hand out
        self.unused = 0  # counted for the day and not handed out
        self.minute_total = self.day_total = 0  # as the store had them after the last lease
        self.size = 0  # of the last lease


class PermitOffice:
    """Hands out permits; one for a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._leases: dict[str, _Lease] = {}

    def forget(self) -> None:
        with self._lock:
            self._leases.clear()

    def ask(self, client: str, limits: Limits) -> Verdict | None:
        """Take one permit. None when the client has no limits, or nobody can count right now."""
        if not limits.per_minute and not limits.per_day:
            return None
        now_s = counting.now_s()
        minute, day = int(now_s // MINUTE_S), int(now_s // DAY_S)
        with self._lock:
            lease = self._leases.get(client)
            if lease is None:
                lease = self._new_lease(client, minute)
            if lease.minute == minute:
                if lease.left > 0:
                    return _hand_out(lease, limits, now_s)
                if spent := _spent(lease, limits, now_s):
                    return spent
            size = _size(lease, limits, minute)
            unused = _begin(lease, minute, day, size)
        additions = []
        if limits.per_minute:
            key = f"permits:{client}:minute:{minute}"
            additions.append(Addition(key, size, 2 * MINUTE_S))
        if limits.per_day:
            key = f"permits:{client}:day:{day}"
            additions.append(Addition(key, size - unused, 2 * DAY_S))
        totals = counting.count(additions)
        if totals is None:
            return None
        with self._lock:
            # Meanwhile another thread may have begun the next minute, which this is no part of.
            return _take(lease if lease.minute == minute else _Lease(), limits, now_s, size, totals)

    def _new_lease(self, client: str, minute: int) -> _Lease:
        if len(self._leases) >= MOST_CLIENTS:
            self._leases = {
                name: lease for name, lease in self._leases.items() if lease.minute == minute
            }
        if len(self._leases) >= MOST_CLIENTS:
            self._leases.clear()  # what they held unused is lost to them, which harms no limit
        lease = self._leases[client] = _Lease()
        return lease


def _size(lease: _Lease, limits: Limits, minute: int) -> int:
    most = min(limit for limit in (limits.per_minute, limits.per_day) if limit) // LEASED_PART
    wanted = 2 * lease.size if lease.minute == minute else 1
    return max(1, min(wanted, most, MOST_LEASED))


def _begin(lease: _Lease, minute: int, day: int, size: int) -> int:
    """Note that a lease is being fetched; return how many permits of the day to give back."""
    unused = lease.unused if lease.day == day else 0
    if lease.day != day:
        lease.day, lease.day_total = day, 0
    if lease.minute != minute:
        lease.minute, lease.minute_total = minute, 0
    lease.size, lease.left, lease.unused = size, 0, 0
    return unused


def _take(
    lease: _Lease, limits: Limits, now_s: float, size: int, totals: list[int]
) -> Verdict | None:
    """Enter what the store granted of a lease, and hand out its first permit."""
    granted = size
    if limits.per_minute:
        lease.minute_total = totals[0]
        granted = min(granted, limits.per_minute - (totals[0] - size))
    if limits.per_day:
        lease.day_total = totals[-1]
        granted = min(granted, limits.per_day - (totals[-1] - size))
    lease.left += max(0, granted)
    lease.unused += size
    return _hand_out(lease, limits, now_s) if lease.left else _spent(lease, limits, now_s)


def _hand_out(lease: _Lease, limits: Limits, now_s: float) -> Verdict:
    lease.left -= 1
    lease.unused -= 1
    left = lease.left
    minute_left = limits.per_minute - lease.minute_total + left
    if limits.per_day:
        day_left = limits.per_day - lease.day_total + left
        if not limits.per_minute or day_left < minute_left:
            return Verdict(True, limits.per_day, max(left, day_left), _until(DAY_S, now_s))
    return Verdict(True, limits.per_minute, max(left, minute_left), _until(MINUTE_S, now_s))


def _spent(lease: _Lease, limits: Limits, now_s: float) -> Verdict | None:
    """Refuse when a window is known to be spent: only its end, or new limits, can change that."""
    if limits.per_day and lease.day_total >= limits.per_day:
        return Verdict(False, limits.per_day, 0, _until(DAY_S, now_s))
    if limits.per_minute and lease.minute_total >= limits.per_minute:
        return Verdict(False, limits.per_minute, 0, _until(MINUTE_S, now_s))
    return None


def _until(window_s: int, now_s: float) -> int:
    return max(1, math.ceil(window_s - now_s % window_s))
