"""Several timeframes as one view: weights, thresholds, what is missing, and the reasons."""

from __future__ import annotations

from dataclasses import replace

import pytest

from market.types import Direction, Interval
from smartmoney.smc import TimeframeStructure, align, analyze, analyze_timeframes
from smartmoney.smc.types import DealingRange, RangePart, Strength, Trend
from tests.smartmoney.smc.series import legs, walk

ALL = tuple(Interval)


def structure(
    interval: Interval, trend: Trend = Trend.BULLISH, strength: Strength = Strength.STRONG
) -> TimeframeStructure:
    told = analyze(legs(100, 112, 104, 120, 110, 126, interval=interval))
    assert told is not None
    return replace(told, trend=trend, strength=strength)


def view(**trends: tuple[Trend, Strength]) -> dict[Interval, TimeframeStructure]:
    return {
        Interval(name[1:]): structure(Interval(name[1:]), *trend) for name, trend in trends.items()
    }


BULL, BEAR = (Trend.BULLISH, Strength.STRONG), (Trend.BEARISH, Strength.STRONG)
TURNED_UP, TURNED_DOWN = (Trend.BULLISH, Strength.MODERATE), (Trend.BEARISH, Strength.MODERATE)
FLAT = (Trend.NEUTRAL, Strength.WEAK)


@pytest.mark.parametrize(
    ("trends", "score", "recommendation"),
    [
        ({"_1h": BULL}, 100.0, Direction.LONG),
        ({"_1h": TURNED_UP}, 50.0, Direction.NEUTRAL),
        ({"_1h": BEAR}, -100.0, Direction.SHORT),
        ({"_1h": TURNED_DOWN}, -50.0, Direction.NEUTRAL),
        ({"_1h": FLAT}, 0.0, Direction.NEUTRAL),
        # Weights 1, 2, 3, 4, 5 from 5m to 1d.
        ({"_1d": BULL, "_4h": BULL, "_1h": BULL, "_15m": BEAR, "_5m": BEAR}, 60.0, Direction.LONG),
        ({"_1d": BULL, "_4h": BULL, "_1h": TURNED_UP, "_15m": BEAR, "_5m": TURNED_DOWN},
         100.0 * (5 + 4 + 1.5 - 2 - 0.5) / 15, Direction.NEUTRAL),
        ({"_1d": BEAR, "_4h": BEAR, "_1h": BEAR, "_15m": BULL, "_5m": BULL},
         -60.0, Direction.SHORT),
        ({"_15m": BULL, "_5m": BEAR}, 100.0 / 3, Direction.NEUTRAL),
    ],
)  # fmt: skip
def test_longer_timeframes_weigh_more_and_a_fresh_turn_half(
    trends: dict[str, tuple[Trend, Strength]], score: float, recommendation: Direction
):
    structures = view(**trends)

    aligned = align(structures, tuple(structures))

    assert aligned.score == pytest.approx(score)
    assert aligned.recommendation is recommendation


def test_a_missing_timeframe_is_named_and_not_counted_as_neutral():
    structures = view(_1d=BULL, _4h=BULL, _1h=BULL)

    aligned = align(structures, ALL)

    assert (aligned.score, aligned.coverage_pct) == (100.0, 80.0)
    assert aligned.missing == (Interval.M15, Interval.M5)
    assert aligned.recommendation is Direction.LONG


@pytest.mark.parametrize(
    ("known", "recommendation"),
    [(("_1d", "_4h"), Direction.LONG), (("_1d", "_1h"), Direction.NEUTRAL)],
)
def test_under_three_fifths_of_the_weight_nothing_is_recommended(
    known: tuple[str, ...], recommendation: Direction
):
    aligned = align(view(**dict.fromkeys(known, BULL)), ALL)

    assert aligned.score == 100.0
    assert aligned.recommendation is recommendation


def test_without_any_timeframe_the_score_is_unknown():
    aligned = align({}, ALL)

    assert (aligned.score, aligned.coverage_pct) == (None, 0.0)
    assert aligned.recommendation is Direction.NEUTRAL
    assert len(aligned.missing) == len(ALL)


def test_asking_for_nothing_is_an_error():
    with pytest.raises(ValueError, match="no timeframe"):
        align({}, ())


def test_reasons_name_each_timeframe_the_break_and_its_level_longest_first():
    aligned = align({Interval.H1: structure(Interval.H1)}, (Interval.H1,))

    assert aligned.reasons[0] == "1h: strong bullish, BOS at a close above 120.25"


@pytest.mark.parametrize(("trend", "part"), [(BULL, "premium"), (BEAR, "discount")])
def test_a_recommendation_at_the_far_end_of_the_range_says_so(
    trend: tuple[Trend, Strength], part: str
):
    place = {
        "premium": DealingRange(120.0, 100.0, 90.0, RangePart.PREMIUM, 0, 0, 1),
        "discount": DealingRange(120.0, 100.0, 10.0, RangePart.DISCOUNT, 0, 0, 1),
    }
    structures = {Interval.H4: replace(structure(Interval.H4, *trend), dealing_range=place[part])}

    assert part in align(structures, (Interval.H4,)).reasons[-1]


def test_timeframes_are_analyzed_each_and_weighed_together():
    candles = {
        Interval.H1: walk(500, seed=1),
        Interval.H4: walk(500, seed=2, interval=Interval.H4),
    }

    analysis = analyze_timeframes(candles, (Interval.H1, Interval.H4, Interval.D1))

    assert analysis.timeframes == {
        interval: analyze(candles[interval]) for interval in (Interval.H1, Interval.H4)
    }
    assert analysis.alignment.missing == (Interval.D1,)
    assert analysis.alignment == align(analysis.timeframes, (Interval.D1, Interval.H4, Interval.H1))
