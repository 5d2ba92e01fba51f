"""Were the stated probabilities right? Reliability, Brier score and calibration error, from sums.

Pure. A signal of confidence c (0 to 1) states that its side is right with probability
``0.5 + c / 2``: none is a coin toss, full is certain. The other forecast that everything is held
against is the base rate of the same coin, side and horizon. Both are scored over the same outcomes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from signals.engine.hit_rates import Edge, WilsonInterval, edge, wilson_interval

# Fewer outcomes than these make a rate that is shown, but marked.
FEW_OUTCOMES = 30
# A band's hit rate stands beside new signals from so many outcomes on.
ENOUGH_OUTCOMES = 200
# A group's base rate is told when it is known for this share of its outcomes.
LEAST_BASE_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class ForecastSums:
    """All that scoring a forecast needs of n outcomes; sums of such sums are such sums.

    ``total`` sums the forecast probabilities, ``squares`` their squares, ``of_hits`` those of the
    outcomes that were hits.
    """

    n: int
    hits: int
    total: float
    squares: float
    of_hits: float


@dataclass(frozen=True, slots=True)
class Band:
    """Outcomes of one confidence band at one horizon.

    ``hits`` of ``n`` are all that were filled. ``stated`` and ``base`` are over the same outcomes,
    those whose base rate is known; ``stated`` is None where nothing was stated (imports).
    """

    n: int
    hits: int
    stated: ForecastSums | None
    base: ForecastSums


@dataclass(frozen=True, slots=True)
class Reliability:
    """What a band came to. Rates are 0 to 1; None is unknown, for want of outcomes."""

    n: int
    hits: int
    hit_rate: float | None
    interval: WilsonInterval | None
    stated: float | None
    base_rate: float | None
    edge: Edge
    few: bool


@dataclass(frozen=True, slots=True)
class Scores:
    """Several bands together, over the outcomes whose base rate is known (``n``).

    ``skill`` is 1 − Brier ÷ Brier of the base rate: 0 is as good as knowing only how often the
    side is right anyway, below 0 is worse.
    """

    n: int
    brier: float | None
    brier_base: float | None
    skill: float | None
    calibration_error: float | None
    calibration_error_base: float | None


def stated_probability(confidence_score: float) -> float:
    """Return the probability that a confidence of 0 to 1 claims for its side."""
    return 0.5 + confidence_score / 2.0


def forecast_sums(forecasts: Sequence[float], hits: Sequence[bool]) -> ForecastSums:
    """Sum forecasts, 0 to 1, of outcomes; correctly rounded, so in any order the same.

    Parameters
    ----------
    forecasts : sequence of float
        Probability of a hit, per outcome.
    hits : sequence of bool
        Whether it was one, per outcome.
    """
    return ForecastSums(
        n=len(hits),
        hits=sum(hits),
        total=math.fsum(forecasts),
        squares=math.fsum(forecast * forecast for forecast in forecasts),
        of_hits=math.fsum(forecast for forecast, hit in zip(forecasts, hits, strict=True) if hit),
    )


def brier_score(sums: ForecastSums) -> float | None:
    """Return the mean of (forecast − outcome)², in [0, 1]; None without outcomes."""
    if sums.n == 0:
        return None
    return (sums.squares - 2.0 * sums.of_hits + sums.hits) / sums.n


def expected_calibration_error(bands: Iterable[ForecastSums]) -> float | None:
    """Return the mean of |mean forecast − hit rate| over bands, weighted by their outcomes.

    Parameters
    ----------
    bands : iterable of ForecastSums
        One per band; empty ones count for nothing.

    Returns
    -------
    float or None
        In [0, 1]; None without outcomes.
    """
    filled = [band for band in bands if band.n]
    if not filled:
        return None
    return math.fsum(abs(band.total - band.hits) for band in filled) / sum(
        band.n for band in filled
    )


def base_rate(n: int, base_n: int, sum_base_rate: float) -> float | None:
    """Return the mean base rate of n outcomes, or None when it is known for too few of them."""
    if base_n == 0 or base_n < LEAST_BASE_SHARE * n:
        return None
    return sum_base_rate / base_n


def reliability(band: Band) -> Reliability:
    """Return a band's hit rate with its interval, what it stated, and its base rate."""
    usual = base_rate(band.n, band.base.n, band.base.total)
    stated = band.stated
    return Reliability(
        n=band.n,
        hits=band.hits,
        hit_rate=band.hits / band.n if band.n else None,
        interval=wilson_interval(band.hits, band.n),
        stated=stated.total / stated.n if stated is not None and stated.n else None,
        base_rate=usual,
        edge=edge(band.hits, band.n, usual),
        few=band.n < FEW_OUTCOMES,
    )


def scores(bands: Sequence[Band]) -> Scores:
    """Score what bands stated, and their base rates, over the same outcomes.

    Bands that state nothing are left out.
    """
    stating = [(band.stated, band.base) for band in bands if band.stated is not None]
    stated = _together([stated for stated, _ in stating])
    base = _together([base for _, base in stating])
    brier, brier_base = brier_score(stated), brier_score(base)
    return Scores(
        n=stated.n,
        brier=brier,
        brier_base=brier_base,
        skill=1.0 - brier / brier_base if brier is not None and brier_base else None,
        calibration_error=expected_calibration_error(stated for stated, _ in stating),
        calibration_error_base=expected_calibration_error(base for _, base in stating),
    )


def _together(parts: Sequence[ForecastSums]) -> ForecastSums:
    return ForecastSums(
        n=sum(part.n for part in parts),
        hits=sum(part.hits for part in parts),
        total=math.fsum(part.total for part in parts),
        squares=math.fsum(part.squares for part in parts),
        of_hits=math.fsum(part.of_hits for part in parts),
    )
