"""Shared counters for tests: a dictionary, a clock to set, and a switch that takes them away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from config.api.counting import (
    Addition,
    CountingUnavailable,
    SharedCounters,
    register_counters,
    registered_counters,
)


class FakeCounters:
    """``steps`` lists what was added, one entry for each step."""

    def __init__(self, at_s: float = 0.0) -> None:
        self.at_s = at_s
        self.is_away = False
        self.totals: dict[str, int] = {}
        self.steps: list[Sequence[Addition]] = []

    def add(self, additions: Sequence[Addition]) -> list[int]:
        if self.is_away:
            raise CountingUnavailable("switched off")
        self.steps.append(additions)
        for key, amount, _ in additions:
            self.totals[key] = self.totals.get(key, 0) + amount
        return [self.totals[key] for key, _, _ in additions]


@contextmanager
def fake_counters(at_s: float = 0.0) -> Iterator[FakeCounters]:
    before = registered_counters()
    fake = FakeCounters(at_s)
    register_counters(SharedCounters(fake.add, lambda: fake.at_s))
    try:
        yield fake
    finally:
        register_counters(before)
