"""Premium and discount, and the high and low of the last whole period."""

from __future__ import annotations

import numpy as np
import pytest

from market.types import DAY_MS, HOUR_MS, Candles, Interval
from smartmoney.smc import PreviousLevels, SwingPoint, analyze
from smartmoney.smc.levels import WEEK_MS, dealing_range, range_part
from smartmoney.smc.types import RangePart, SwingKind
from tests.smartmoney.smc.series import FLAT, START_MS, bars, first, part, walk


def swing(kind: SwingKind, price: float, hour: int) -> SwingPoint:
    return SwingPoint(kind, price, 2.0, hour * HOUR_MS, (hour + 6) * HOUR_MS, None, None)


SWINGS = (
    swing(SwingKind.HIGH, 110.0, 1),
    swing(SwingKind.LOW, 90.0, 10),
    swing(SwingKind.HIGH, 120.0, 20),
    swing(SwingKind.LOW, 100.0, 30),
)


def test_the_range_lies_between_the_outermost_swings_and_is_known_with_the_later():
    found = dealing_range(SWINGS, close=105.0)

    assert found is not None
    assert (found.low, found.high, found.position_pct) == (90.0, 120.0, 50.0)
    assert (found.low_at_ms, found.high_at_ms) == (10 * HOUR_MS, 20 * HOUR_MS)
    assert found.known_at_ms == 26 * HOUR_MS


@pytest.mark.parametrize(
    ("position_pct", "part_of_range"),
    [
        (-5.0, RangePart.DISCOUNT),
        (44.9, RangePart.DISCOUNT),
        (45.0, RangePart.EQUILIBRIUM),
        (55.0, RangePart.EQUILIBRIUM),
        (55.1, RangePart.PREMIUM),
        (120.0, RangePart.PREMIUM),
    ],
)
def test_the_upper_part_of_the_range_is_premium_and_the_lower_discount(
    position_pct: float, part_of_range: RangePart
):
    assert range_part(position_pct) is part_of_range


@pytest.mark.parametrize(
    "swings",
    [
        (),
        SWINGS[:1],
        (swing(SwingKind.HIGH, 90.0, 1), swing(SwingKind.LOW, 90.0, 9)),
        (swing(SwingKind.HIGH, 90.0, 1), swing(SwingKind.LOW, 95.0, 9)),
    ],
)
def test_without_a_high_above_a_low_there_is_no_range(swings: tuple[SwingPoint, ...]):
    assert dealing_range(swings, close=100.0) is None


def previous_of(candles: Candles) -> PreviousLevels | None:
    structure = analyze(candles)
    assert structure is not None
    return structure.previous


@pytest.mark.parametrize(
    ("interval", "period_ms"),
    [
        (Interval.M5, 4 * HOUR_MS),
        (Interval.M15, DAY_MS),
        (Interval.H1, DAY_MS),
        (Interval.H4, WEEK_MS),
        (Interval.D1, WEEK_MS),
    ],
)
def test_the_previous_period_is_the_last_whole_one_and_weeks_begin_on_monday(
    interval: Interval, period_ms: int
):
    candles = walk(230, seed=1, interval=interval)

    found = previous_of(candles)

    assert found is not None
    assert found.period_ms == found.known_at_ms - found.occurred_at_ms == period_ms
    start_ms = found.occurred_at_ms - (START_MS + DAY_MS if period_ms == WEEK_MS else START_MS)
    assert start_ms % period_ms == 0  # the series starts on a Sunday
    as_of_ms = int(candles.open_time_ms[-1]) + interval.ms
    assert 0 <= as_of_ms - found.known_at_ms < period_ms
    inside = (candles.open_time_ms >= found.occurred_at_ms) & (
        candles.open_time_ms < found.known_at_ms
    )
    assert found.high == candles.high[inside].max()
    assert found.low == candles.low[inside].min()


def test_a_period_counts_from_the_close_of_its_last_candle():
    candles = walk(48, seed=2)

    assert previous_of(first(candles, 23)) is None
    for count, day in ((24, 0), (47, 0), (48, 1)):
        found = previous_of(first(candles, count))
        assert found is not None
        assert found.occurred_at_ms == START_MS + day * DAY_MS


def test_a_period_with_a_missing_candle_is_unknown():
    candles = walk(30, seed=3)

    assert previous_of(part(candles, np.arange(30) != 11)) is None


@pytest.mark.parametrize(
    ("high", "low", "high_swept", "low_swept"),
    [
        (100.5, 99.5, False, False),
        (100.5625, 99.5, True, False),
        (100.5, 99.4375, False, True),
    ],
)
def test_a_wick_strictly_beyond_sweeps_a_previous_level(
    high: float, low: float, high_swept: bool, low_swept: bool
):
    found = previous_of(bars([*[FLAT] * 24, FLAT, (100.0, high, low, 100.0), FLAT]))

    assert found is not None
    swept_ms = START_MS + 26 * HOUR_MS
    assert found.high_swept_at_ms == (swept_ms if high_swept else None)
    assert found.low_swept_at_ms == (swept_ms if low_swept else None)
