"""Scans that somebody waits for: coins in waves under one deadline, few scans at once.

A wave is as large as the providers' connections keep busy. Whoever scans, smart money or emerging
coins, holds one of the process's places meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.conf import settings

from market.background_runs import TooManyScans

# Coins of one wave: as many as a collection works on at once.
WAVE_COINS = 24
# No wave is begun with less time left than a healthy one takes.
LEAST_WAVE_S = 1.0
# Each scan holds a thread and shares the providers' connections: more at once are only slower each.
MOST_AT_ONCE = 4
_PLACE_WAIT_S = 0.5

_places = threading.BoundedSemaphore(MOST_AT_ONCE)

Coin = TypeVar("Coin")


@contextmanager
def place() -> Iterator[None]:
    """Hold one of the places; TooManyScans when none becomes free soon."""
    if not _places.acquire(timeout=_PLACE_WAIT_S):
        raise TooManyScans("Many scans are running; try again in a few seconds.", 3.0)
    try:
        yield
    finally:
        _places.release()


@dataclass(frozen=True, slots=True)
class Wave(Generic[Coin]):
    """Some of a scan's coins, how long reading them may take, and their ``share`` of the scan."""

    coins: Sequence[Coin]
    deadline_s: float
    share: float


def waves(coins: Sequence[Coin], ends_at: float) -> Iterator[Wave[Coin]]:
    """Yield waves of coins, in order, while there is time until ``ends_at`` (monotonic)."""
    for start in range(0, len(coins), WAVE_COINS):
        left_s = ends_at - time.monotonic()
        if left_s < LEAST_WAVE_S:
            return
        wave = coins[start : start + WAVE_COINS]
        yield Wave(wave, min(settings.SIGNAL_DEADLINE_S, left_s), len(wave) / len(coins))
