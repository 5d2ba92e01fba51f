"""Fair value gaps: three candles in a row, a least size, touched and filled by wicks."""

from __future__ import annotations

import numpy as np
import pytest

from market.types import Candles
from smartmoney.smc import FairValueGap, Trend, analyze
from smartmoney.smc.types import GapState
from tests.smartmoney.smc.series import FLAT, Bar, bars, closed_ms, first, opened_ms, part

# A middle candle 15 tall after flat ones makes an ATR of exactly 2, so a gap must be 0.5 wide.
JUMP: Bar = (100.0, 114.5, 99.5, 114.0)


def gapped(low: float, *after: Bar) -> Candles:
    """Return a jump from the flat high of 100.5 (candle 19) to ``low`` (candle 21)."""
    return bars([*[FLAT] * 20, JUMP, (114.0, 114.5, low, 114.0), *after])


def gaps_of(candles: Candles) -> tuple[FairValueGap, ...]:
    structure = analyze(candles)
    assert structure is not None
    return structure.gaps


def test_a_gap_is_known_at_the_close_of_its_third_candle_and_not_before():
    candles = gapped(104.5)

    assert gaps_of(first(candles, 21)) == ()
    (gap,) = gaps_of(candles)
    assert (gap.trend, gap.bottom, gap.top, gap.size_atr) == (Trend.BULLISH, 100.5, 104.5, 2.0)
    assert gap.occurred_at_ms == opened_ms(candles, 20)
    assert gap.known_at_ms == closed_ms(candles, 21)
    assert (gap.state, gap.filled_pct) == (GapState.OPEN, 0.0)


@pytest.mark.parametrize(("low", "count"), [(100.5, 0), (100.9375, 0), (101.0, 1), (101.0625, 1)])
def test_a_gap_smaller_than_a_quarter_of_an_atr_is_noise(low: float, count: int):
    assert len(gaps_of(gapped(low))) == count


def test_the_middle_candle_must_close_in_the_direction_of_the_gap():
    rows = [*[FLAT] * 20, (114.0, 114.5, 99.5, 113.0), (113.0, 114.5, 104.5, 114.0)]

    assert gaps_of(bars(rows)) == ()


def test_candles_with_a_missing_one_among_them_are_no_gap():
    candles = gapped(104.5, FLAT)
    kept = np.arange(len(candles)) != 20

    assert gaps_of(part(candles, kept)) == ()


@pytest.mark.parametrize(
    ("low", "state", "filled_pct"),
    [
        (104.5625, GapState.OPEN, 0.0),
        (104.5, GapState.PARTLY_FILLED, 0.0),
        (103.5, GapState.PARTLY_FILLED, 25.0),
        (100.5625, GapState.PARTLY_FILLED, 98.4375),
        (100.5, GapState.FILLED, 100.0),
        (99.0, GapState.FILLED, 100.0),
    ],
)
def test_a_gap_fills_as_deep_as_wicks_come_back(low: float, state: GapState, filled_pct: float):
    candles = gapped(104.5, (114.0, 114.5, low, 114.0))

    (gap,) = gaps_of(candles)

    event_ms = closed_ms(candles, 22)
    assert (gap.state, gap.filled_pct) == (state, filled_pct)
    assert gap.touched_at_ms == (None if state is GapState.OPEN else event_ms)
    assert gap.filled_at_ms == (event_ms if state is GapState.FILLED else None)


def test_touch_and_fill_keep_the_close_of_the_first_candle_that_made_them():
    high: Bar = (114.0, 114.5, 110.0, 114.0)
    candles = gapped(
        104.5, high, (114.0, 114.5, 103.0, 114.0), high, (114.0, 114.5, 100.0, 114.0), high,
        (114.0, 114.5, 90.0, 114.0),
    )  # fmt: skip

    gap = gaps_of(candles)[0]

    assert gap.touched_at_ms == closed_ms(candles, 23)
    assert gap.filled_at_ms == closed_ms(candles, 25)


def test_a_falling_market_leaves_bearish_gaps_with_top_above_bottom():
    rows = [*[FLAT] * 20, (100.0, 100.5, 85.5, 86.0), (86.0, 95.5, 85.5, 86.0)]

    (gap,) = gaps_of(bars(rows))

    assert (gap.trend, gap.top, gap.bottom) == (Trend.BEARISH, 99.5, 95.5)
