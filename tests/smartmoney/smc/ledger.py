"""What the analyzer told, prefix by prefix, and every rewrite of it.

Read by the tests and by ``./run bench smc-prefix``. The rules are those of
``smartmoney.smc.types``: an object appears at the close that made it known, keeps its values, gains
events at their own close, and goes when it has been told for the memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

from smartmoney.smc import MEMORY_CANDLES, TimeframeStructure
from smartmoney.smc.types import (
    FairValueGap,
    LiquidityZone,
    OrderBlock,
    PreviousLevels,
    Strength,
    StructureBreak,
    SwingPoint,
    Trend,
)

Told = SwingPoint | StructureBreak | FairValueGap | LiquidityZone | OrderBlock | PreviousLevels

EVENTS = frozenset(
    {
        "swept_at_ms", "broken_at_ms", "touched_at_ms", "filled_at_ms", "mitigated_at_ms",
        "high_swept_at_ms", "low_swept_at_ms",
    }
)  # fmt: skip
GROWING = frozenset({"filled_pct", "touches", "age_candles"})
_STRENGTHS = (Strength.WEAK, Strength.MODERATE, Strength.STRONG)


def names_of(each: Any) -> list[str]:
    """Return the names of what an object tells, whichever way its class is written."""
    return list(each._fields) if isinstance(each, tuple) else [f.name for f in fields(each)]


def changed(each: Any, **values: Any) -> Any:
    return each._replace(**values) if isinstance(each, tuple) else replace(each, **values)


class Ledger:
    """Takes the report of every prefix in turn; ``rewrites`` says what broke the rules."""

    def __init__(self) -> None:
        self.rewrites: list[str] = []
        self.objects = 0
        self.events = 0
        self._told: dict[tuple[object, ...], Told] = {}
        self._times_told: dict[tuple[object, ...], int] = {}
        self._last: TimeframeStructure | None = None

    def read(self, structure: TimeframeStructure) -> None:
        now = structure.as_of_ms
        told = {_key(each): each for each in _objects(structure)}
        for key, each in told.items():
            before = self._told.get(key)
            if before is None:
                self._appeared(key, each, now)
            elif before != each:
                self._changed(key, before, each, now)
            self._times_told[key] = self._times_told.get(key, 0) + 1
        for key in self._told.keys() - told.keys():
            times = self._times_told.pop(key)
            if key[0] != "PreviousLevels" and times != MEMORY_CANDLES:
                self.rewrites.append(f"{key} was told {times} times, then no more")
        self._trend(structure)
        self._told = told
        self._last = structure

    def _appeared(self, key: tuple[object, ...], each: Told, now: int) -> None:
        self.objects += 1
        if self._last is not None and each.known_at_ms != now:
            self.rewrites.append(f"{key} known at {each.known_at_ms} was first told at {now}")
        if each.occurred_at_ms >= each.known_at_ms:
            self.rewrites.append(f"{key} was known before it occurred")

    def _changed(self, key: tuple[object, ...], before: Told, after: Told, now: int) -> None:
        for name in names_of(after):
            old, new = getattr(before, name), getattr(after, name)
            if old == new:
                continue
            if name == "strength":
                allowed = _STRENGTHS.index(new) > _STRENGTHS.index(old)
            elif name in GROWING:
                allowed = new > old
            else:
                # A zone's last touch moves on; every other event happens once.
                happened = old is None or isinstance(after, LiquidityZone)
                allowed = name in EVENTS and happened and new == now
                self.events += allowed
            if not allowed:
                self.rewrites.append(f"{key}.{name} was {old}, told at {now} as {new}")

    def _trend(self, structure: TimeframeStructure) -> None:
        last = self._last
        if last is None or (structure.trend, structure.strength) == (last.trend, last.strength):
            return
        if structure.trend_since_ms != structure.as_of_ms and structure.trend is not Trend.NEUTRAL:
            self.rewrites.append(f"trend changed without a break at {structure.as_of_ms}")


def _objects(structure: TimeframeStructure) -> Iterator[Told]:
    yield from structure.swings
    yield from structure.breaks
    yield from structure.gaps
    yield from structure.zones
    yield from structure.blocks
    if structure.previous is not None:
        yield structure.previous


def _key(each: Told) -> tuple[object, ...]:
    """Return what an object is about: its type, its side and its candle."""
    side = next(
        (getattr(each, name) for name in ("kind", "side", "trend") if hasattr(each, name)), None
    )
    return type(each).__name__, side, each.occurred_at_ms
