"""Columns of structures as the objects told to people, as of the newest candle. Pure.

An object is told from the close that made it known until it has been known for the memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from market.types import FloatArray, Int64Array
from smartmoney.smc.fair_value_gaps import Gaps
from smartmoney.smc.frame import CANDLES_NEEDED, MEMORY_CANDLES, NEVER, UP, Frame
from smartmoney.smc.levels import dealing_range, previous_levels
from smartmoney.smc.liquidity import Zones
from smartmoney.smc.order_blocks import Blocks
from smartmoney.smc.structure import NEITHER, WITH, Breaks
from smartmoney.smc.swings import Swings
from smartmoney.smc.types import (
    BreakOfStructure,
    ChangeOfCharacter,
    FairValueGap,
    LiquiditySide,
    LiquidityZone,
    OrderBlock,
    Strength,
    StructureBreak,
    SwingKind,
    SwingPoint,
    TimeframeStructure,
    Trend,
)

# A third touch, or stops left alone for so many candles, make a zone of equal highs or lows
# stronger: the more often and the longer a level held, the more orders stand behind it.
STRONG_TOUCHES = 3
STRONG_AGE_CANDLES, MODERATE_AGE_CANDLES = 75, 25

# By side: UP, DOWN.
_TRENDS = (Trend.BULLISH, Trend.BEARISH)
_KINDS = (SwingKind.HIGH, SwingKind.LOW)
_STOPS = (LiquiditySide.BUY, LiquiditySide.SELL)


@dataclass(frozen=True, slots=True)
class Structure:
    """Every structure of a whole history, as columns."""

    frame: Frame
    swings: Swings
    breaks: Breaks
    gaps: Gaps
    blocks: Blocks
    zones: Zones


def report(structure: Structure) -> TimeframeStructure:
    """Return what is told at the close of the newest candle; there must be one."""
    frame, breaks = structure.frame, structure.breaks
    times = _Times(frame)
    close = float(frame.close[UP, -1])
    swings = _swings(structure.swings, times)
    trend, strength, since_ms = Trend.NEUTRAL, Strength.WEAK, None
    if len(breaks) and breaks.candle[-1] >= times.first_told:
        trend = _TRENDS[breaks.side[-1]]
        strength = Strength.STRONG if breaks.structure[-1] == WITH else Strength.MODERATE
        since_ms = times.closed[breaks.candle[-1]]
    return TimeframeStructure(
        interval=frame.interval,
        candles=len(frame),
        complete=len(frame) >= CANDLES_NEEDED,
        as_of_ms=times.closed[-1],
        close=close,
        trend=trend,
        strength=strength,
        trend_since_ms=since_ms,
        swings=swings,
        breaks=_breaks(breaks, frame, times),
        gaps=_gaps(structure.gaps, frame, times),
        zones=_zones(structure.zones, len(frame) - 1, times),
        blocks=_blocks(structure.blocks, times),
        dealing_range=dealing_range(swings, close),
        previous=previous_levels(frame),
    )


def zone_strength(touches: int, age_candles: int) -> Strength:
    """Return how much a zone holds, from its touches (at least 2) and its age in candles."""
    if touches >= STRONG_TOUCHES or age_candles >= STRONG_AGE_CANDLES:
        return Strength.STRONG
    return Strength.MODERATE if age_candles >= MODERATE_AGE_CANDLES else Strength.WEAK


class _Times:
    """When candles opened and closed, and from which candle on what became known is told."""

    def __init__(self, frame: Frame) -> None:
        self.first_told = len(frame) - MEMORY_CANDLES
        self.opened: list[int] = frame.open_time_ms.tolist()
        self.closed: list[int] = (frame.open_time_ms + frame.interval.ms).tolist()
        # Ends in None: the candle NEVER, which is −1, has no time.
        self.event: list[int | None] = [*self.closed, None]

    def told(self, known: Int64Array) -> Int64Array:
        """Return the rows that are told, in the order in which they became known."""
        rows = (known >= self.first_told).nonzero()[0]
        return rows[known[rows].argsort(kind="stable")]


def _edges(side: int, near: float, far: float) -> tuple[float, float]:
    """Return top and bottom in market prices: those of the mirror lose their minus."""
    return (near, far) if side == UP else (-far, -near)


def _values(rows: Int64Array, *columns: FloatArray | Int64Array) -> Iterator[tuple[Any, ...]]:
    """Return the rows as tuples of plain numbers."""
    return zip(*(column[rows].tolist() for column in columns), strict=True)


def _swings(swings: Swings, times: _Times) -> tuple[SwingPoint, ...]:
    return tuple(
        SwingPoint(
            kind=_KINDS[side],
            price=price if side == UP else -price,
            size_atr=size_atr,
            occurred_at_ms=times.opened[candle],
            known_at_ms=times.closed[known],
            swept_at_ms=times.event[swept],
            broken_at_ms=times.event[broken],
        )
        for side, price, size_atr, candle, known, swept, broken in _values(
            times.told(swings.known),
            swings.side, swings.price, swings.size_atr,
            swings.candle, swings.known, swings.swept, swings.broken,
        )
    )  # fmt: skip


def _breaks(breaks: Breaks, frame: Frame, times: _Times) -> tuple[StructureBreak, ...]:
    rows = times.told(breaks.candle)
    return tuple(
        (BreakOfStructure if structure == WITH else ChangeOfCharacter)(
            trend=_TRENDS[side],
            level=level if side == UP else -level,
            level_at_ms=times.opened[level_candle],
            close=float(frame.close[UP, candle]),
            swings_broken=swings_broken,
            occurred_at_ms=times.opened[candle],
            known_at_ms=times.closed[candle],
        )
        for structure, side, level, level_candle, candle, swings_broken in _values(
            rows[breaks.structure[rows] != NEITHER],
            breaks.structure, breaks.side, breaks.level,
            breaks.level_candle, breaks.candle, breaks.swings_broken,
        )
    )  # fmt: skip


def _gaps(gaps: Gaps, frame: Frame, times: _Times) -> tuple[FairValueGap, ...]:
    rows = times.told(gaps.known)
    side, near, far = gaps.side[rows], gaps.near[rows], gaps.far[rows]
    lowest = -frame.high_ahead[1 - side, gaps.known[rows] + 1, :MEMORY_CANDLES].max(axis=1)
    filled_pct = 100.0 * np.minimum(np.maximum((near - lowest) / (near - far), 0.0), 1.0)
    told = []
    for percent, values in zip(
        filled_pct.tolist(),
        _values(
            rows, gaps.side, gaps.near, gaps.far, gaps.size_atr,
            gaps.candle, gaps.known, gaps.touched, gaps.filled,
        ),
        strict=True,
    ):  # fmt: skip
        side_of, near_of, far_of, size_atr, candle, known, touched, filled = values
        top, bottom = _edges(side_of, near_of, far_of)
        told.append(
            FairValueGap(
                trend=_TRENDS[side_of],
                top=top,
                bottom=bottom,
                size_atr=size_atr,
                occurred_at_ms=times.opened[candle],
                known_at_ms=times.closed[known],
                touched_at_ms=times.event[touched],
                filled_at_ms=times.event[filled],
                filled_pct=percent,
            )
        )
    return tuple(told)


def _blocks(blocks: Blocks, times: _Times) -> tuple[OrderBlock, ...]:
    told = []
    for side, near, far, size_atr, candle, known, mitigated, broken in _values(
        times.told(blocks.known),
        blocks.side, blocks.near, blocks.far, blocks.size_atr,
        blocks.candle, blocks.known, blocks.mitigated, blocks.broken,
    ):  # fmt: skip
        top, bottom = _edges(side, near, far)
        told.append(
            OrderBlock(
                trend=_TRENDS[side],
                top=top,
                bottom=bottom,
                size_atr=size_atr,
                occurred_at_ms=times.opened[candle],
                known_at_ms=times.closed[known],
                mitigated_at_ms=times.event[mitigated],
                broken_at_ms=times.event[broken],
            )
        )
    return tuple(told)


def _zones(zones: Zones, newest: int, times: _Times) -> tuple[LiquidityZone, ...]:
    rows = times.told(zones.known)
    touches = 1 + np.bincount(zones.touch_zone, minlength=len(zones))
    last_touch = np.searchsorted(zones.touch_zone, rows, side="right") - 1
    told = []
    for touch_known, values in zip(
        zones.touch_known[last_touch].tolist(),
        _values(
            rows, zones.side, zones.price, zones.half_width, touches,
            zones.candle, zones.known, zones.swept,
        ),
        strict=True,
    ):  # fmt: skip
        side, price, half_width, touch_count, candle, known, swept = values
        top, bottom = _edges(side, price + half_width, price - half_width)
        age_candles = (newest if swept == NEVER else swept) - candle
        told.append(
            LiquidityZone(
                side=_STOPS[side],
                price=price if side == UP else -price,
                top=top,
                bottom=bottom,
                touches=touch_count,
                age_candles=age_candles,
                strength=zone_strength(touch_count, age_candles),
                occurred_at_ms=times.opened[candle],
                known_at_ms=times.closed[known],
                touched_at_ms=times.closed[touch_known],
                swept_at_ms=times.event[swept],
            )
        )
    return tuple(told)
