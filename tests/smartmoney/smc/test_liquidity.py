"""Liquidity zones: equal highs or lows, known with the second, swept by a wick beyond."""

from __future__ import annotations

import pytest

from market.types import Candles
from smartmoney.smc import LiquidityZone, analyze
from smartmoney.smc.report import zone_strength
from smartmoney.smc.types import LiquiditySide, LiquidityState, Strength
from tests.smartmoney.smc.series import bars, closed_ms, first, legs, opened_ms


def zones_of(candles: Candles, side: LiquiditySide = LiquiditySide.BUY) -> list[LiquidityZone]:
    structure = analyze(candles)
    assert structure is not None
    return [zone for zone in structure.zones if zone.side is side]


def peaks(*highs: float, end: float = 104.0) -> Candles:
    """Return rises to about 110 with exactly these highs, falling back to 100 between them.

    True ranges are 1.5 throughout, so that highs within 0.3 of each other are equal.
    """
    turns = [100.0]
    for _ in highs:
        turns += [110.0, 100.0]
    candles = legs(*turns[:-1], end)
    tops = [
        index
        for index in range(15, len(candles) - 1)
        if candles.close[index] == 110.0 and candles.close[index + 1] < 110.0
    ]
    for index, high in zip(tops, highs, strict=True):
        candles.high[index] = high
        candles.high[index + 1] = min(high, candles.high[index + 1])
    return candles


def test_two_equal_highs_are_a_zone_once_the_second_is_confirmed():
    candles = peaks(110.25, 110.25)
    second = int(candles.high.argmax()) + 20

    assert zones_of(first(candles, second + 5)) == []
    (zone,) = zones_of(first(candles, second + 6))
    assert (zone.price, zone.touches, zone.state) == (110.25, 2, LiquidityState.RESTING)
    assert (zone.bottom, zone.top) == (pytest.approx(109.95), pytest.approx(110.55))
    assert zone.occurred_at_ms == opened_ms(candles, second - 20)
    assert zone.known_at_ms == zone.touched_at_ms == closed_ms(candles, second + 5)


@pytest.mark.parametrize(
    ("second", "count"), [(110.125, 0), (110.25, 1), (110.75, 1), (110.875, 0)]
)
def test_highs_a_fifth_of_an_atr_apart_are_equal_and_further_ones_are_not(
    second: float, count: int
):
    assert len(zones_of(peaks(110.5, second))) == count


def test_a_third_touch_joins_the_zone_of_the_first_and_makes_it_strong():
    candles = peaks(110.25, 110.25, 110.25)
    last = int(candles.high.argmax()) + 40

    before, (zone,) = zones_of(first(candles, last + 5)), zones_of(first(candles, last + 6))

    assert [zone.touches for zone in before] == [2]
    assert zone.touches == 3
    assert zone.touched_at_ms == closed_ms(candles, last + 5)
    assert zone.known_at_ms == before[0].known_at_ms
    assert zone.strength is Strength.STRONG


def test_a_high_outside_the_first_zone_but_equal_to_a_touch_makes_a_zone_with_that_touch():
    zones = zones_of(peaks(110.25, 110.5, 110.75))

    assert [(zone.price, zone.touches) for zone in zones] == [(110.25, 2), (110.5, 2)]


@pytest.mark.parametrize(
    ("high", "state"), [(110.5, LiquidityState.RESTING), (110.5625, LiquidityState.SWEPT)]
)
def test_a_wick_beyond_the_outer_edge_sweeps_the_zone(high: float, state: LiquidityState):
    candles = peaks(110.25, 110.25)
    rows = list(zip(candles.open, candles.high, candles.low, candles.close, strict=True))
    candles = bars([*rows, (104.0, high, 103.75, 104.0)])

    (zone,) = zones_of(candles)

    swept = state is LiquidityState.SWEPT
    assert zone.state is state
    assert zone.swept_at_ms == (closed_ms(candles, len(rows)) if swept else None)


def test_a_high_after_the_sweep_is_no_touch():
    zones = zones_of(peaks(110.25, 111.0, 110.25))

    assert zones == []


def test_equal_lows_hold_sell_stops_with_top_above_bottom():
    candles = legs(110, 100, 108, 100, 106)

    (zone,) = zones_of(candles, LiquiditySide.SELL)

    assert zone.price == 99.75
    assert zone.bottom < zone.price < zone.top


@pytest.mark.parametrize(
    ("touches", "age_candles", "strength"),
    [
        (2, 24, Strength.WEAK),
        (2, 25, Strength.MODERATE),
        (2, 74, Strength.MODERATE),
        (2, 75, Strength.STRONG),
        (3, 0, Strength.STRONG),
    ],
)
def test_a_zone_is_stronger_the_more_often_and_the_longer_it_held(
    touches: int, age_candles: int, strength: Strength
):
    assert zone_strength(touches, age_candles) is strength
