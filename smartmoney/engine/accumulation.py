"""Whether large hands seem to gather a coin or to hand it out: 0 to 10 points each, with reasons.

Eight kinds of evidence, each for one side or for neither, so a coin about which nothing is known
has 0 and 0. What is missing earns no points and is named. Books and large prints have no recorded
history to judge them by; they can give two of the ten points and never more. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

MAX_POINTS = 10
BOOK_POINTS = 2

# Taker buying of the newest closed hour, percent of volume: perpetuals lie within 48 to 52 mostly.
TAKER_LEAN_PCT, TAKER_STRONG_PCT = 2.0, 5.0  # away from 50
# Percent per 8 h: 0.01 is the venues' resting rate, so only clearly dear longs count.
FUNDING_CHEAP_PCT, FUNDING_DEAR_PCT = 0.0, 0.03
# A price at rest, and one run ahead of itself; percent.
QUIET_4H_PCT, QUIET_24H_PCT = 1.5, 3.0
RUN_24H_PCT, STALLED_24H_PCT = 8.0, 5.0
# LunarCrush momentum, 50 unchanged.
UNNOTICED_MOMENTUM, HYPED_MOMENTUM = 30.0, 70.0
# Top traders' long share less the crowd's, percentage points.
TOP_TRADERS_LEAN_PCT = 5.0
# Net liquidated, percent of open interest; the same floor of noise is 0.05 for the signal.
FLUSHED_PCT = 0.2
# Alignment of market structure, −100 to 100: one moderate timeframe alone has 50.
STRUCTURE_LEAN = 50.0
# Walls, imbalance and large prints, percent: as the books' own sentences read them.
BOOK_LEAN_PCT = 20.0


@dataclass(frozen=True, slots=True)
class Positioning:
    """What is known of one coin; None is unknown.

    Parameters
    ----------
    taker_buy_pct : float or None
        Share of the volume that takers bought, newest closed hour, 0 to 100.
    funding_rate_8h_pct : float or None
        Percent per 8 h, positive when longs pay.
    change_4h_pct, change_24h_pct : float or None
        Change of the price, percent.
    social_momentum : float or None
        0 to 100, 50 unchanged.
    top_trader_long_pct, long_account_pct : float or None
        Long share of top traders' positions and of all accounts, 0 to 100.
    liquidations_long_usd, liquidations_short_usd, open_interest_usd : float or None
        Liquidated over 24 h, and the open interest of the venues watched.
    structure_score : float or None
        Alignment of market structure over timeframes, −100 to 100, positive bullish.
    wall_imbalance_pct, book_imbalance_pct : float or None
        Weighted walls and resting size, −100 to 100, positive when bids are heavier.
    large_buys_usd, large_sells_usd : float or None
        Large prints by the side that crossed the spread.
    """

    taker_buy_pct: float | None = None
    funding_rate_8h_pct: float | None = None
    change_4h_pct: float | None = None
    change_24h_pct: float | None = None
    social_momentum: float | None = None
    top_trader_long_pct: float | None = None
    long_account_pct: float | None = None
    liquidations_long_usd: float | None = None
    liquidations_short_usd: float | None = None
    open_interest_usd: float | None = None
    structure_score: float | None = None
    wall_imbalance_pct: float | None = None
    book_imbalance_pct: float | None = None
    large_buys_usd: float | None = None
    large_sells_usd: float | None = None


class Pattern(StrEnum):
    ACCUMULATION = "accumulation"
    DISTRIBUTION = "distribution"
    NEUTRAL = "neutral"


class ScoreLevel(StrEnum):
    WEAK = "weak"
    MODERATE = "moderate"
    STRONG = "strong"
    VERY_STRONG = "very_strong"


@dataclass(frozen=True, slots=True)
class AccumulationScore:
    """``accumulation`` and ``distribution`` in [0, 10]; together at most ``known_points``.

    ``known_points`` are those that the known evidence could have given, ``missing`` names the rest.
    """

    accumulation: int
    distribution: int
    accumulation_reasons: tuple[str, ...]
    distribution_reasons: tuple[str, ...]
    known_points: int
    missing: tuple[str, ...]

    @property
    def pattern(self) -> Pattern:
        """The side with more points; a tie is neither."""
        if self.accumulation == self.distribution:
            return Pattern.NEUTRAL
        more = self.accumulation > self.distribution
        return Pattern.ACCUMULATION if more else Pattern.DISTRIBUTION


@dataclass(frozen=True, slots=True)
class _Finding:
    """Points for accumulation when positive, for distribution when negative, and what was seen."""

    points: int
    reason: str


def score_accumulation(positioning: Positioning) -> AccumulationScore:
    """Score one coin.

    Parameters
    ----------
    positioning : Positioning
        Finite numbers or None.

    Returns
    -------
    AccumulationScore
        Evidence counts for one side or for neither. Source: seed behaviour §4.1 with its faults
        removed; the split of the ten points is this project's (``docs/smart-money.md``).
    """
    gathered, handed_out = 0, 0
    for_accumulation: list[str] = []
    for_distribution: list[str] = []
    known_points = 0
    missing: list[str] = []
    for name, (most, read) in EVIDENCE.items():
        finding = read(positioning)
        if finding is None:
            missing.append(name)
            continue
        known_points += most
        if finding.points > 0:
            gathered += finding.points
            for_accumulation.append(finding.reason)
        elif finding.points < 0:
            handed_out -= finding.points
            for_distribution.append(finding.reason)
    return AccumulationScore(
        accumulation=gathered,
        distribution=handed_out,
        accumulation_reasons=tuple(for_accumulation),
        distribution_reasons=tuple(for_distribution),
        known_points=known_points,
        missing=tuple(missing),
    )


def score_level(points: int) -> ScoreLevel:
    """Return how strong a score of 0 to 10 is."""
    if points >= 9:
        return ScoreLevel.VERY_STRONG
    if points >= 7:
        return ScoreLevel.STRONG
    return ScoreLevel.MODERATE if points >= 4 else ScoreLevel.WEAK


def _lean(value: float, threshold: float) -> int:
    """Return +1 above the threshold, −1 below its negative, else 0."""
    return (value > threshold) - (value < -threshold)


def _taker_flow(seen: Positioning) -> _Finding | None:
    if seen.taker_buy_pct is None:
        return None
    lean = seen.taker_buy_pct - 50.0
    points = _lean(lean, TAKER_LEAN_PCT) + _lean(lean, TAKER_STRONG_PCT)
    return _Finding(points, f"takers bought {seen.taker_buy_pct:.1f} % of the last hour's volume")


def _funding(seen: Positioning) -> _Finding | None:
    rate = seen.funding_rate_8h_pct
    if rate is None:
        return None
    points = (rate < FUNDING_CHEAP_PCT) - (rate > FUNDING_DEAR_PCT)
    payer = "shorts" if rate < 0.0 else "longs"
    return _Finding(points, f"funding {rate:+.4f} % per 8 h: {payer} pay")


def _price(seen: Positioning) -> _Finding | None:
    hours_4, hours_24 = seen.change_4h_pct, seen.change_24h_pct
    if hours_4 is None or hours_24 is None:
        return None
    changes = f"price {hours_4:+.1f} % in 4 h, {hours_24:+.1f} % in 24 h"
    if abs(hours_4) < QUIET_4H_PCT and abs(hours_24) < QUIET_24H_PCT:
        return _Finding(1, f"{changes}: at rest")
    if hours_24 > RUN_24H_PCT:
        return _Finding(-1, f"{changes}: run ahead")
    if hours_24 > STALLED_24H_PCT and hours_4 < 0.0:
        return _Finding(-1, f"{changes}: a rise that stalls")
    return _Finding(0, changes)


def _attention(seen: Positioning) -> _Finding | None:
    momentum = seen.social_momentum
    if momentum is None:
        return None
    points = (momentum < UNNOTICED_MOMENTUM) - (momentum > HYPED_MOMENTUM)
    said = "unnoticed" if points > 0 else "hyped"
    return _Finding(points, f"social momentum {momentum:.0f} of 100: {said}")


def _top_traders(seen: Positioning) -> _Finding | None:
    if seen.top_trader_long_pct is None or seen.long_account_pct is None:
        return None
    ahead = seen.top_trader_long_pct - seen.long_account_pct
    return _Finding(
        _lean(ahead, TOP_TRADERS_LEAN_PCT),
        f"top traders {seen.top_trader_long_pct:.1f} % long, all accounts "
        f"{seen.long_account_pct:.1f} %",
    )


def _liquidations(seen: Positioning) -> _Finding | None:
    long_usd, short_usd = seen.liquidations_long_usd, seen.liquidations_short_usd
    open_interest_usd = seen.open_interest_usd
    if long_usd is None or short_usd is None or not open_interest_usd:
        return None
    net_pct = 100.0 * (long_usd - short_usd) / open_interest_usd
    side = "longs" if net_pct > 0.0 else "shorts"
    return _Finding(
        _lean(net_pct, FLUSHED_PCT),
        f"{side} flushed, net {abs(net_pct):.2f} % of open interest, as far as 24 h were watched",
    )


def _structure(seen: Positioning) -> _Finding | None:
    if seen.structure_score is None:
        return None
    # From the threshold on, not beyond it: it is itself the score of one turned timeframe.
    points = (seen.structure_score >= STRUCTURE_LEAN) - (seen.structure_score <= -STRUCTURE_LEAN)
    side = "bullish" if seen.structure_score > 0.0 else "bearish"
    return _Finding(points, f"market structure {side}, {seen.structure_score:+.0f} of 100")


def _book(seen: Positioning) -> _Finding | None:
    prints_pct = _prints_pct(seen.large_buys_usd, seen.large_sells_usd)
    seen_pct = {
        "walls": seen.wall_imbalance_pct,
        "resting size": seen.book_imbalance_pct,
        "large prints": prints_pct,
    }
    known = {name: value for name, value in seen_pct.items() if value is not None}
    if not known:
        return None
    points = sum(_lean(value, BOOK_LEAN_PCT) for value in known.values())
    reason = ", ".join(f"{name} {value:+.0f} %" for name, value in known.items())
    return _Finding(max(-BOOK_POINTS, min(BOOK_POINTS, points)), f"{reason} to the buying side")


def _prints_pct(buys_usd: float | None, sells_usd: float | None) -> float | None:
    if buys_usd is None or sells_usd is None or buys_usd + sells_usd <= 0.0:
        return None
    return 100.0 * (buys_usd - sells_usd) / (buys_usd + sells_usd)


# Name, the most points it can give, and how it is read; the points sum to ten.
EVIDENCE: MappingProxyType[str, tuple[int, Callable[[Positioning], _Finding | None]]] = (
    MappingProxyType(
        {
            "taker_flow": (2, _taker_flow),
            "funding_rate": (1, _funding),
            "price": (1, _price),
            "social_momentum": (1, _attention),
            "top_traders": (1, _top_traders),
            "liquidations": (1, _liquidations),
            "structure": (1, _structure),
            "order_book": (BOOK_POINTS, _book),
        }
    )
)
