"""What the analyzer tells: structures with the instant each happened and became known. Pure.

``occurred_at_ms`` is the open time of the candle it is about, ``known_at_ms`` the close of the
candle that made it certain: nothing is told before. Times of forward events (swept, broken,
touched, filled, mitigated) are the close of their candle, when the event became known; None until
then. All times are Unix milliseconds, prices USD. What is told once never changes but by these
events, and is told until it has been known for ``MEMORY_CANDLES`` candles.

What a window tells dozens of is a named tuple: as immutable as a frozen dataclass, and made in a
fifth of the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from market.types import Interval


class Trend(StrEnum):
    BULLISH = "bullish"
    BEARISH = "bearish"
    NEUTRAL = "neutral"


class Strength(StrEnum):
    """How sure a trend is, or how much rests in a zone."""

    STRONG = "strong"
    MODERATE = "moderate"
    WEAK = "weak"


class SwingKind(StrEnum):
    HIGH = "high"
    LOW = "low"


class GapState(StrEnum):
    OPEN = "open"
    PARTLY_FILLED = "partly_filled"
    FILLED = "filled"


class LiquiditySide(StrEnum):
    """Whose stops rest: buy stops above equal highs, sell stops below equal lows."""

    BUY = "buy"
    SELL = "sell"


class LiquidityState(StrEnum):
    RESTING = "resting"
    SWEPT = "swept"


class BlockState(StrEnum):
    FRESH = "fresh"
    MITIGATED = "mitigated"
    BROKEN = "broken"


class RangePart(StrEnum):
    PREMIUM = "premium"
    EQUILIBRIUM = "equilibrium"
    DISCOUNT = "discount"


class SwingPoint(NamedTuple):
    """A confirmed high or low. Swept by a wick strictly beyond it, broken by a close."""

    kind: SwingKind
    price: float
    size_atr: float
    occurred_at_ms: int
    known_at_ms: int
    swept_at_ms: int | None
    broken_at_ms: int | None


@dataclass(frozen=True, slots=True)
class StructureBreak:
    """The first close beyond a confirmed swing. It never changes.

    ``level`` is the furthest of the ``swings_broken`` swings that this close broke, and
    ``level_at_ms`` the open time of that swing's candle.
    """

    trend: Trend
    level: float
    level_at_ms: int
    close: float
    swings_broken: int
    occurred_at_ms: int
    known_at_ms: int


@dataclass(frozen=True, slots=True)
class BreakOfStructure(StructureBreak):
    """BOS: a break with the structure before it."""


@dataclass(frozen=True, slots=True)
class ChangeOfCharacter(StructureBreak):
    """CHoCH: a break against the structure before it."""


class FairValueGap(NamedTuple):
    """FVG: prices jumped over, between ``bottom`` and ``top``.

    ``filled_pct`` is how deep wicks have come back so far, 0 to 100; it never falls. Touched when
    price came back to the nearer edge, filled when it went through to the other.
    """

    trend: Trend
    top: float
    bottom: float
    size_atr: float
    occurred_at_ms: int
    known_at_ms: int
    touched_at_ms: int | None
    filled_at_ms: int | None
    filled_pct: float

    @property
    def state(self) -> GapState:
        if self.filled_at_ms is not None:
            return GapState.FILLED
        return GapState.OPEN if self.touched_at_ms is None else GapState.PARTLY_FILLED


class LiquidityZone(NamedTuple):
    """Equal highs or lows. Edges are those of the first swing; touches come later.

    ``strength`` grows with touches and with the age in candles, which stops with the sweep.
    """

    side: LiquiditySide
    price: float
    top: float
    bottom: float
    touches: int
    age_candles: int
    strength: Strength
    occurred_at_ms: int
    known_at_ms: int
    touched_at_ms: int
    swept_at_ms: int | None

    @property
    def state(self) -> LiquidityState:
        return LiquidityState.RESTING if self.swept_at_ms is None else LiquidityState.SWEPT


class OrderBlock(NamedTuple):
    """The last candle against the move that broke structure.

    Mitigated when a wick came back to its nearer edge, broken when a close went beyond the other.
    """

    trend: Trend
    top: float
    bottom: float
    size_atr: float
    occurred_at_ms: int
    known_at_ms: int
    mitigated_at_ms: int | None
    broken_at_ms: int | None

    @property
    def state(self) -> BlockState:
        if self.broken_at_ms is not None:
            return BlockState.BROKEN
        return BlockState.FRESH if self.mitigated_at_ms is None else BlockState.MITIGATED


@dataclass(frozen=True, slots=True)
class DealingRange:
    """Between the highest swing high and the lowest swing low that are told.

    ``position_pct`` is where the newest close stands: 0 at the low, 100 at the high, beyond them
    below 0 or above 100. The upper part is premium, the lower discount.
    """

    high: float
    low: float
    position_pct: float
    part: RangePart
    high_at_ms: int
    low_at_ms: int
    known_at_ms: int


@dataclass(frozen=True, slots=True)
class PreviousLevels:
    """High and low of the last whole period (``period_ms``): 4 h, a day or a week, UTC.

    ``occurred_at_ms`` is its start, ``known_at_ms`` its end; swept by a wick strictly beyond.
    """

    period_ms: int
    high: float
    low: float
    occurred_at_ms: int
    known_at_ms: int
    high_swept_at_ms: int | None
    low_swept_at_ms: int | None


@dataclass(frozen=True, slots=True)
class TimeframeStructure:
    """All that one bar length tells as of the close of its newest candle, oldest first.

    ``complete`` says that the history sufficed for every label; with less, labels of the oldest
    objects may rest on what happens to be there. ``trend_since_ms`` is when the last break was
    known; None without one within the memory.
    """

    interval: Interval
    candles: int
    complete: bool
    as_of_ms: int
    close: float
    trend: Trend
    strength: Strength
    trend_since_ms: int | None
    swings: tuple[SwingPoint, ...]
    breaks: tuple[StructureBreak, ...]
    gaps: tuple[FairValueGap, ...]
    zones: tuple[LiquidityZone, ...]
    blocks: tuple[OrderBlock, ...]
    dealing_range: DealingRange | None
    previous: PreviousLevels | None
