"""EMA, RSI and ATR: the textbook's numbers from a fixed window, whatever lies beside it."""

from __future__ import annotations

import numpy as np
import pytest

from market.types import FloatArray
from market.windows import INDICATOR_ROWS
from signals.engine.indicators import (
    EMA_20,
    EMA_50,
    WILDER_14,
    average_true_range,
    decaying_kernel,
    frame_indicators,
    relative_strength_index,
    weighted_sum,
)
from tests.builders import make_candles


def newest_first(values: FloatArray) -> FloatArray:
    return values[-INDICATOR_ROWS:][::-1, np.newaxis].copy()


def textbook_ema(values: list[float], alpha: float) -> float:
    smoothed = values[0]
    for value in values[1:]:
        smoothed += alpha * (value - smoothed)
    return smoothed


@pytest.mark.parametrize(
    ("kernel", "period", "tolerance"), [(EMA_20, 20, 1e-6), (EMA_50, 50, 2e-3)]
)
def test_the_windowed_ema_agrees_with_the_textbook_on_a_long_history(
    kernel: tuple[float, ...], period: int, tolerance: float
):
    close = make_candles(count=2_000).close

    windowed = weighted_sum(newest_first(close)[:-1], kernel)[0]

    assert windowed == pytest.approx(
        textbook_ema(close.tolist(), 2.0 / (period + 1)), rel=tolerance
    )


def test_the_windowed_atr_agrees_with_wilder_on_a_long_history():
    candles = make_candles(count=2_000)
    ranges = [
        max(high, before) - min(low, before)
        for high, low, before in zip(
            candles.high[1:], candles.low[1:], candles.close[:-1], strict=True
        )
    ]

    windowed = average_true_range(*map(newest_first, (candles.high, candles.low, candles.close)))

    assert windowed[0] == pytest.approx(textbook_ema(ranges, 1.0 / 14.0), rel=1e-3)


def test_the_windowed_rsi_agrees_with_wilder_on_a_long_history():
    close = make_candles(count=2_000).close
    change = np.diff(close)
    gain = textbook_ema(np.maximum(change, 0.0).tolist(), 1.0 / 14.0)
    loss = textbook_ema(np.maximum(-change, 0.0).tolist(), 1.0 / 14.0)

    windowed = relative_strength_index(newest_first(close))

    assert windowed[0] == pytest.approx(100.0 * gain / (gain + loss), abs=0.02)


@pytest.mark.parametrize("kernel", [EMA_20, EMA_50, WILDER_14])
def test_a_kernel_has_120_falling_weights_that_sum_to_one(kernel: tuple[float, ...]):
    assert len(kernel) == INDICATOR_ROWS - 1
    assert sum(kernel) == pytest.approx(1.0, abs=1e-12)
    assert list(kernel) == sorted(kernel, reverse=True)


def test_a_kernel_of_one_weight_is_the_newest_value():
    assert decaying_kernel(0.3, length=1) == (1.0,)


def test_every_indicator_is_what_its_definition_says():
    candles = make_candles(count=150)
    close = candles.close.tolist()
    true_range = [
        max(candles.high[i], close[i - 1]) - min(candles.low[i], close[i - 1])
        for i in range(30, 150)
    ]
    atr = sum(w * r for w, r in zip(WILDER_14, reversed(true_range), strict=True))
    ema_20 = sum(w * c for w, c in zip(EMA_20, reversed(close[30:]), strict=True))
    ema_50 = sum(w * c for w, c in zip(EMA_50, reversed(close[30:]), strict=True))

    told = frame_indicators(candles.high, candles.low, candles.close, np.array([149]))

    assert told.ema_spread_atr[0] == pytest.approx((ema_20 - ema_50) / atr)
    assert told.return_30_atr[0] == pytest.approx((close[149] - close[119]) / (atr * 30**0.5))
    assert told.last_bar_atr[0] == pytest.approx((close[149] - close[148]) / atr)


def test_a_price_that_never_moved_has_no_indicators():
    candles = make_candles(closes=[100.0] * INDICATOR_ROWS)
    flat = np.full(INDICATOR_ROWS, 100.0)

    still = frame_indicators(flat, flat, flat, np.array([INDICATOR_ROWS - 1]))
    only_wicks = frame_indicators(candles.high, candles.low, flat, np.array([INDICATOR_ROWS - 1]))

    assert all(np.isnan(column).all() for column in still)
    assert all(np.isnan(column).all() for column in only_wicks)


@pytest.mark.parametrize("position", [0, 60, 120])
def test_one_unknown_price_in_the_window_makes_the_whole_frame_unknown(position: int):
    candles = make_candles()
    close = candles.close.copy()
    close[position] = np.nan

    told = frame_indicators(candles.high, candles.low, close, np.array([INDICATOR_ROWS - 1]))

    assert all(np.isnan(column).all() for column in told)


def test_a_bar_has_the_same_bits_alone_and_among_thousands():
    candles = make_candles(count=3_000)
    last = np.arange(INDICATOR_ROWS - 1, 3_000)

    together = frame_indicators(candles.high, candles.low, candles.close, last)

    for row in (0, 511, 512, 1_500, len(last) - 1):
        alone = frame_indicators(candles.high, candles.low, candles.close, last[row : row + 1])
        for column, single in zip(together, alone, strict=True):
            assert column[row : row + 1].tobytes() == single.tobytes()
