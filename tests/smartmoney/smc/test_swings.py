"""Swing points: confirmed by five candles, tall enough, swept by a wick, broken by a close."""

from __future__ import annotations

import pytest

from market.types import Candles
from smartmoney.smc import analyze
from smartmoney.smc.types import SwingKind, SwingPoint
from tests.smartmoney.smc.series import FLAT, Bar, bars, closed_ms, first, legs, opened_ms

WIDE: Bar = (100.0, 103.75, 96.25, 100.0)  # true range 7.5


def swings_of(candles: Candles) -> tuple[SwingPoint, ...]:
    structure = analyze(candles)
    assert structure is not None
    return structure.swings


def lone_high(price: float) -> list[Bar]:
    """Return flat candles around one high whose five neighbours on each side reach 100.5."""
    return [*[FLAT] * 20, (100.0, price, 99.5, 100.0), *[FLAT] * 5]


def test_a_high_is_known_at_the_close_of_the_fifth_candle_after_it_and_not_before():
    candles = bars(lone_high(102.0))

    assert swings_of(first(candles, 25)) == ()
    (swing,) = swings_of(candles)
    assert (swing.kind, swing.price) == (SwingKind.HIGH, 102.0)
    assert swing.occurred_at_ms == opened_ms(candles, 20)
    assert swing.known_at_ms == closed_ms(candles, 25)
    assert swing.size_atr == 2.5 / (15.5 / 14.0)


@pytest.mark.parametrize("neighbour", [15, 16, 17, 18, 19])
def test_a_high_that_only_equals_one_of_the_five_before_it_is_none(neighbour: int):
    rows = lone_high(102.0)
    rows[neighbour] = rows[20]

    assert opened_ms(bars(rows), 20) not in [
        swing.occurred_at_ms for swing in swings_of(bars(rows))
    ]


def test_of_two_equal_highs_within_five_candles_the_first_is_the_swing():
    rows = lone_high(102.0)
    rows[23] = rows[20]
    candles = bars([*rows, *[FLAT] * 5])

    assert [swing.occurred_at_ms for swing in swings_of(candles)] == [opened_ms(candles, 20)]


def test_a_higher_high_among_the_five_after_it_takes_its_place():
    rows = lone_high(102.0)
    rows[25] = (100.0, 102.25, 99.5, 100.0)
    candles = bars([*rows, *[FLAT] * 5])

    assert [swing.occurred_at_ms for swing in swings_of(candles)] == [opened_ms(candles, 25)]


@pytest.mark.parametrize(("height", "count"), [(4.75, 0), (5.0, 1), (5.25, 1)])
def test_a_swing_lower_than_one_atr_is_noise(height: float, count: int):
    """Eight wide candles, five flat ones and a high 5 tall have an ATR of exactly 5."""
    rows = [*[FLAT] * 6, *[WIDE] * 8, *[FLAT] * 5, (100.0, 99.5 + height, 99.5, 100.0), *[FLAT] * 5]

    assert len(swings_of(bars(rows))) == count


def test_a_candle_may_be_a_swing_high_and_a_swing_low():
    candles = bars([*[FLAT] * 20, (100.0, 103.0, 97.0, 100.0), *[FLAT] * 5])

    assert [swing.kind for swing in swings_of(candles)] == [SwingKind.HIGH, SwingKind.LOW]


def test_a_swing_of_the_first_fourteen_candles_has_no_size_and_is_not_told():
    rows = [*[FLAT] * 13, (100.0, 104.0, 99.5, 100.0), *[FLAT] * 7]

    assert swings_of(bars(rows)) == ()
    assert len(swings_of(bars([FLAT, *rows]))) == 1


@pytest.mark.parametrize(
    ("high", "close", "swept", "broken"),
    [
        (102.0, 101.0, False, False),  # reaches it
        (102.0, 102.0, False, False),  # closes at it
        (102.25, 102.0, True, False),
        (102.25, 102.25, True, True),
    ],
)
def test_a_wick_beyond_a_swing_sweeps_it_and_a_close_beyond_breaks_it(
    high: float, close: float, swept: bool, broken: bool
):
    candles = bars([*lone_high(102.0), (100.0, high, 99.5, close)])

    swing = swings_of(candles)[0]

    event_ms = closed_ms(candles, 26)
    assert swing.swept_at_ms == (event_ms if swept else None)
    assert swing.broken_at_ms == (event_ms if broken else None)


def test_a_swing_is_broken_once_by_the_first_close_beyond():
    candles = bars(
        [*lone_high(102.0), (100.0, 103.0, 99.5, 103.0), FLAT, (100.0, 104.0, 99.5, 104.0)]
    )

    assert swings_of(candles)[0].broken_at_ms == closed_ms(candles, 26)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 10, 14, 19])
def test_a_history_too_short_for_a_swing_has_none(count: int):
    structure = analyze(first(legs(100, 120), count))

    assert structure is None if count == 0 else structure is not None and structure.swings == ()
