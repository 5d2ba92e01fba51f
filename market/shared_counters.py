"""The shared store as ``config`` counts requests with it: registered when the app starts."""

from __future__ import annotations

from collections.abc import Sequence

from config.api.counting import Addition, CountingUnavailable, SharedCounters
from market import clock
from market.store import Count, StoreUnavailable, get_store


def shared_counters() -> SharedCounters:
    return SharedCounters(add=_add, now_s=lambda: clock.wall_s())  # looked up anew: tests shift it


def _add(additions: Sequence[Addition]) -> list[int]:
    try:
        return get_store().count([Count(*addition) for addition in additions])
    except StoreUnavailable as error:
        raise CountingUnavailable(str(error)) from error
