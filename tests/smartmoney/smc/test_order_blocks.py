"""Order blocks: the last candle against the move that broke structure, until price is back."""

from __future__ import annotations

import pytest

from market.types import Candles
from smartmoney.smc import OrderBlock, Trend, analyze
from smartmoney.smc.types import BlockState
from tests.smartmoney.smc.series import Bar, bars, closed_ms, first, legs, opened_ms


def rows_of(candles: Candles) -> list[Bar]:
    return list(zip(candles.open, candles.high, candles.low, candles.close, strict=True))


def broken_upwards(*after: Bar) -> Candles:
    """Return a rise to 112, a fall to 104, a rise whose close of 113 breaks 112.25, and more."""
    return bars([*rows_of(legs(100, 112, 104, 113)), *after])


def blocks_of(candles: Candles) -> tuple[OrderBlock, ...]:
    structure = analyze(candles)
    assert structure is not None
    return structure.blocks


def test_the_block_of_a_break_upwards_is_the_last_candle_that_closed_down_before_the_rise():
    candles = broken_upwards()

    assert blocks_of(first(candles, len(candles) - 1)) == ()
    (block,) = blocks_of(candles)
    last_down = len(candles) - 10  # nine candles rise from 104 to 113
    assert (block.trend, block.bottom, block.top) == (Trend.BULLISH, 103.75, 105.25)
    assert (candles.open[last_down], candles.close[last_down]) == (105.0, 104.0)
    assert block.occurred_at_ms == opened_ms(candles, last_down)
    assert block.known_at_ms == closed_ms(candles, len(candles) - 1)
    assert (block.state, block.size_atr) == (BlockState.FRESH, 1.0)


@pytest.mark.parametrize(
    ("low", "close", "state"),
    [
        (105.3125, 113.0, BlockState.FRESH),
        (105.25, 113.0, BlockState.MITIGATED),
        (103.0, 103.75, BlockState.MITIGATED),  # closes at the far edge
        (103.0, 103.6875, BlockState.BROKEN),
    ],
)
def test_a_block_is_mitigated_by_a_wick_and_broken_by_a_close_beyond(
    low: float, close: float, state: BlockState
):
    candles = broken_upwards((113.0, 113.25, low, close))

    block = blocks_of(candles)[0]

    event_ms = closed_ms(candles, len(candles) - 1)
    assert block.state is state
    assert block.mitigated_at_ms == (None if state is BlockState.FRESH else event_ms)
    assert block.broken_at_ms == (event_ms if state is BlockState.BROKEN else None)


def test_one_candle_is_a_block_once_however_many_swings_its_move_breaks():
    """The rise from 96 breaks 106 and then 112; its last down candle is named by the first."""
    candles = legs(100, 112, 104, 106, 98, 106, 96, 113)

    bullish = [block for block in blocks_of(candles) if block.trend is Trend.BULLISH]

    assert len({block.occurred_at_ms for block in bullish}) == len(bullish)
    assert len(bullish) == 1


@pytest.mark.parametrize(("height", "count"), [(0.125, 0), (0.3125, 0), (0.5, 1)])
def test_a_block_lower_than_a_quarter_of_an_atr_is_noise(height: float, count: int):
    """The last down candle is replaced by one ``height`` tall; the ATR there is about 1.4."""
    rows = rows_of(broken_upwards())
    rows[-10] = (104.0 + height, 104.0 + height, 104.0, 104.0)
    rows[-9] = (104.0, 105.25, 103.9375, 105.0)

    assert len(blocks_of(bars(rows))) == count


def test_without_a_candle_against_the_move_the_one_of_the_lowest_low_is_the_block():
    """Candles from the swing at 112 down to 104 all open at or below their close."""
    rows = rows_of(broken_upwards())
    for candle in range(len(rows) - 17, len(rows) - 9):
        _, high, low, close = rows[candle]
        rows[candle] = (close, high, low, close)

    (block,) = blocks_of(bars(rows))

    assert block.occurred_at_ms == opened_ms(bars(rows), len(rows) - 9)
