"""Several timeframes as one view: how far they agree, and a plain recommendation. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from market.types import Direction, Interval
from smartmoney.smc.types import (
    BreakOfStructure,
    RangePart,
    Strength,
    TimeframeStructure,
    Trend,
)

# Longer bars move more money: each length counts one more than the next shorter.
WEIGHTS = MappingProxyType(
    {Interval.M5: 1, Interval.M15: 2, Interval.H1: 3, Interval.H4: 4, Interval.D1: 5}
)
# A structure confirmed by a break with it counts whole, one just turned half.
_LEAN = {Strength.STRONG: 1.0, Strength.MODERATE: 0.5, Strength.WEAK: 0.0}
_SIGN = {Trend.BULLISH: 1.0, Trend.BEARISH: -1.0, Trend.NEUTRAL: 0.0}

# Of 100: one strong timeframe alone is enough, one that just turned is not.
RECOMMEND_AT = 60.0
# Share of the asked-for weight that must be known.
MIN_COVERAGE_PCT = 60.0


@dataclass(frozen=True, slots=True)
class Alignment:
    """``score`` in [−100, 100], positive bullish; None when no timeframe is known."""

    score: float | None
    coverage_pct: float
    trend: Trend
    recommendation: Direction
    reasons: tuple[str, ...]
    missing: tuple[Interval, ...]


def align(
    structures: Mapping[Interval, TimeframeStructure], asked: Sequence[Interval]
) -> Alignment:
    """Weigh the trends of the timeframes that were asked for.

    Parameters
    ----------
    structures : mapping of Interval to TimeframeStructure
        Those that could be read; others count as missing, not as neutral.
    asked : sequence of Interval
        At least one.

    Returns
    -------
    Alignment
        Σ weight × lean ÷ Σ known weight × 100, lean ±1 for strong, ±0.5 for moderate trends. LONG
        from +60, SHORT from −60, else NEUTRAL; NEUTRAL too when under 60 % of the weight is known.

    Raises
    ------
    ValueError
        When nothing was asked for.
    """
    if not asked:
        raise ValueError("no timeframe was asked for")
    ordered = sorted(set(asked), key=lambda interval: interval.ms, reverse=True)
    known = [structures[interval] for interval in ordered if interval in structures]
    missing = tuple(interval for interval in ordered if interval not in structures)
    known_weight = sum(WEIGHTS[structure.interval] for structure in known)
    coverage_pct = 100.0 * known_weight / sum(WEIGHTS[interval] for interval in ordered)
    if not known:
        return Alignment(None, 0.0, Trend.NEUTRAL, Direction.NEUTRAL, (), missing)
    leaning = sum(
        WEIGHTS[structure.interval] * _SIGN[structure.trend] * _LEAN[structure.strength]
        for structure in known
    )
    score = 100.0 * leaning / known_weight
    reasons = [_trend_sentence(structure) for structure in known]
    recommendation = Direction.NEUTRAL
    if coverage_pct < MIN_COVERAGE_PCT:
        reasons.append(f"only {coverage_pct:.0f} % of the asked-for weight is known")
    elif score >= RECOMMEND_AT:
        recommendation = Direction.LONG
    elif score <= -RECOMMEND_AT:
        recommendation = Direction.SHORT
    reasons += _place_sentences(known, recommendation)
    trend = Trend.BULLISH if score > 0.0 else Trend.BEARISH if score < 0.0 else Trend.NEUTRAL
    return Alignment(score, coverage_pct, trend, recommendation, tuple(reasons), missing)


def _trend_sentence(structure: TimeframeStructure) -> str:
    if structure.trend is Trend.NEUTRAL:
        return f"{structure.interval}: no break of structure lately"
    head = f"{structure.interval}: {structure.strength} {structure.trend}"
    newest = structure.breaks[-1] if structure.breaks else None
    if newest is None or newest.known_at_ms != structure.trend_since_ms:
        return f"{head}, set by the first break in a while"
    kind = "BOS" if isinstance(newest, BreakOfStructure) else "CHoCH"
    way = "above" if newest.trend is Trend.BULLISH else "below"
    return f"{head}, {kind} at a close {way} {newest.level:,.8g}"


def _place_sentences(known: Sequence[TimeframeStructure], recommendation: Direction) -> list[str]:
    """Say when the recommended side would buy dear or sell cheap on the longest timeframe."""
    place = known[0].dealing_range
    dear = {Direction.LONG: RangePart.PREMIUM, Direction.SHORT: RangePart.DISCOUNT}
    if place is None or dear.get(recommendation) is not place.part:
        return []
    return [
        f"{known[0].interval}: price stands at {place.position_pct:.0f} % of its range "
        f"({place.low:,.8g} to {place.high:,.8g}), in the {place.part}"
    ]
