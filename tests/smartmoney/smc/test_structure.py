"""BOS with the structure before it, CHoCH against it; each swing once, by the first close."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from market.types import Candles, Int64Array
from smartmoney.smc import BreakOfStructure, ChangeOfCharacter, StructureBreak, Trend, analyze
from smartmoney.smc.frame import DOWN, MEMORY_CANDLES, NEVER, SWING_CANDLES, UP
from smartmoney.smc.structure import AGAINST, NEITHER, WITH, Breaks, find_breaks
from smartmoney.smc.swings import Swings
from smartmoney.smc.types import Strength, TimeframeStructure
from tests.smartmoney.smc.series import bars, closed_ms, first, legs, opened_ms


def told(candles: Candles) -> TimeframeStructure:
    structure = analyze(candles)
    assert structure is not None
    return structure


def kinds(breaks: Sequence[StructureBreak]) -> list[tuple[type, Trend]]:
    return [(type(each), each.trend) for each in breaks]


BULL_BOS, BEAR_BOS = (BreakOfStructure, Trend.BULLISH), (BreakOfStructure, Trend.BEARISH)
BULL_CHOCH, BEAR_CHOCH = (ChangeOfCharacter, Trend.BULLISH), (ChangeOfCharacter, Trend.BEARISH)


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        # The first break has no structure before it: it sets one and is not told.
        ((100, 112, 104, 116), []),
        ((100, 112, 104, 120, 110, 126), [BULL_BOS]),
        ((100, 112, 104, 120, 110, 126, 116, 132), [BULL_BOS, BULL_BOS]),
        ((100, 112, 104, 120, 110, 126, 108), [BULL_BOS, BEAR_CHOCH]),
        ((100, 112, 104, 120, 110, 126, 108, 118, 105), [BULL_BOS, BEAR_CHOCH, BEAR_BOS]),
        ((100, 88, 96, 80, 90, 74), [BEAR_BOS]),
        ((100, 88, 96, 80, 90, 74, 92), [BEAR_BOS, BULL_CHOCH]),
    ],
)
def test_a_break_with_the_structure_is_a_bos_and_one_against_it_a_choch(
    turns: tuple[float, ...], expected: list[tuple[type, Trend]]
):
    assert kinds(told(legs(*turns)).breaks) == expected


def test_a_break_is_known_at_the_first_close_beyond_the_swing_and_names_it():
    candles = legs(100, 112, 104, 120, 110, 126)
    beyond = int(np.flatnonzero(candles.close[50:] > 120.25)[0]) + 50  # the swing's wick

    assert told(first(candles, beyond)).breaks == ()
    (bos,) = told(candles).breaks
    assert (bos.level, bos.close, bos.swings_broken) == (120.25, 121.0, 1)
    assert bos.occurred_at_ms == opened_ms(candles, beyond)
    assert bos.known_at_ms == closed_ms(candles, beyond)
    assert bos.level_at_ms == opened_ms(candles, int(candles.high[:beyond].argmax()))


def test_the_trend_is_moderate_after_a_turn_and_strong_once_confirmed():
    turned = told(legs(100, 112, 104, 120, 110, 126, 108))
    confirmed = told(legs(100, 112, 104, 120, 110, 126, 108, 118, 105))

    assert (turned.trend, turned.strength) == (Trend.BEARISH, Strength.MODERATE)
    assert (confirmed.trend, confirmed.strength) == (Trend.BEARISH, Strength.STRONG)
    assert confirmed.trend_since_ms == confirmed.breaks[-1].known_at_ms


def test_the_colour_of_the_breaking_candle_decides_nothing():
    """A gap up that closes below its open still breaks the high upwards."""
    candles = legs(100, 112, 104, 120, 110, 119)
    rows = list(zip(candles.open, candles.high, candles.low, candles.close, strict=True))

    structure = told(bars([*rows, (124.0, 124.5, 121.0, 122.0)]))

    assert kinds(structure.breaks) == [BULL_BOS]


def swings_at(*columns: tuple[int, int, float, int]) -> Swings:
    """Return swings of (side, candle, price in the side's sign, candle whose close broke it)."""
    side, candle, price, broken = (np.array(column) for column in zip(*columns, strict=True))
    unknown = np.full(len(side), np.nan)
    return Swings(
        side=side,
        candle=candle,
        known=candle + SWING_CANDLES,
        price=price.astype(np.float64),
        atr=unknown,
        size_atr=unknown,
        swept=broken,
        broken=broken,
    )


def rows_of(breaks: Breaks, *names: str) -> list[tuple[float, ...]]:
    columns: list[Int64Array] = [getattr(breaks, name) for name in names]
    return [tuple(row) for row in np.column_stack(columns).tolist()]


@pytest.mark.parametrize(
    ("gap", "structure"), [(MEMORY_CANDLES, WITH), (MEMORY_CANDLES + 1, NEITHER)]
)
def test_a_structure_lasts_for_the_memory(gap: int, structure: int):
    breaks = find_breaks(swings_at((UP, 10, 100.0, 40), (UP, 20 + gap, 110.0, 40 + gap)))

    assert rows_of(breaks, "candle", "structure") == [(40, NEITHER), (40 + gap, structure)]


def test_swings_broken_by_one_close_are_one_break_of_the_furthest():
    breaks = find_breaks(swings_at((UP, 10, 120.0, 60), (UP, 20, 110.0, 60), (UP, 30, 105.0, 60)))

    assert rows_of(breaks, "candle", "level", "level_candle", "leg_start", "swings_broken") == [
        (60, 120.0, 10, 30, 3)
    ]


@pytest.mark.parametrize(("broken", "count"), [(35, 1), (36, 0)])
def test_a_further_swing_confirmed_before_the_close_replaces_the_nearer_one(
    broken: int, count: int
):
    """The high of 120 at candle 30 is confirmed at 35; what breaks later breaks 120, not 110."""
    breaks = find_breaks(swings_at((UP, 20, 110.0, broken), (UP, 30, 120.0, NEVER)))

    assert len(breaks) == count


def test_an_equal_or_nearer_later_swing_replaces_nothing():
    breaks = find_breaks(swings_at((UP, 10, 110.0, 50), (UP, 20, 110.0, 50), (UP, 30, 105.0, 45)))

    assert rows_of(breaks, "candle", "level", "swings_broken") == [(45, 105.0, 1), (50, 110.0, 2)]


def test_swings_of_the_other_side_replace_nothing():
    breaks = find_breaks(swings_at((UP, 10, 110.0, 50), (DOWN, 20, -90.0, NEVER)))

    assert rows_of(breaks, "candle", "side") == [(50, UP)]


def test_breaks_come_in_the_order_of_time_whatever_their_side():
    breaks = find_breaks(
        swings_at(
            (UP, 10, 110.0, 70), (UP, 80, 120.0, 95), (DOWN, 30, -90.0, 90), (DOWN, 50, -100.0, 75)
        )
    )

    assert rows_of(breaks, "candle", "side", "structure") == [
        (70, UP, NEITHER), (75, DOWN, AGAINST), (90, DOWN, WITH), (95, UP, AGAINST)
    ]  # fmt: skip


def test_without_a_broken_swing_there_is_no_break_and_no_trend():
    structure = told(legs(100, 112, 104, 110))

    assert structure.breaks == ()
    assert (structure.trend, structure.strength) == (Trend.NEUTRAL, Strength.WEAK)
    assert structure.trend_since_ms is None
