"""EMA, RSI and ATR over fixed windows of closed bars.

Textbook recursions remember everything since the first bar, so their value depends on where the
data happens to begin. Here each is the same recursion unrolled into weights over the last 120 bars
and normalised to one: a function of the window and nothing else. The weight left out is 1e-4 for
periods of 14 and 8e-3 for EMA 50.

Windows are matrices of shape (bars, m), newest bar first, one column per distinct bar of the
market. Sums run over the bars in that order with + and ×, so a column's bits never depend on its
neighbours.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from market.types import FloatArray, Int64Array
from market.windows import INDICATOR_ROWS

_BARS = INDICATOR_ROWS - 1
_RETURN_BARS = 30
_SQRT_RETURN_BARS = math.sqrt(_RETURN_BARS)
# Columns computed at a time: the matrices of one block stay within a core's cache.
_BLOCK = 512


class FrameIndicators(NamedTuple):
    """One bar length of price momentum; every array of shape (m,), all known or all NaN."""

    ema_spread_atr: FloatArray
    return_30_atr: FloatArray
    last_bar_atr: FloatArray
    rsi_14: FloatArray


def decaying_kernel(alpha: float, length: int = _BARS) -> tuple[float, ...]:
    """Return the weights α(1−α)^j, newest first, normalised to sum to one."""
    weights = [alpha]
    for _ in range(length - 1):
        weights.append(weights[-1] * (1.0 - alpha))
    total = 0.0
    for weight in weights:
        total += weight
    return tuple(weight / total for weight in weights)


EMA_20 = decaying_kernel(2.0 / 21.0)
EMA_50 = decaying_kernel(2.0 / 51.0)
WILDER_14 = decaying_kernel(1.0 / 14.0)


def weighted_sum(window: FloatArray, kernel: tuple[float, ...]) -> FloatArray:
    """Return Σ kernel[j] · window[j] for every column, added from the newest bar to the oldest."""
    total = np.zeros(window.shape[1])
    for weight, row in zip(kernel, window, strict=True):
        total += weight * row
    return total


def true_ranges(high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    """Return true ranges, shape (bars − 1, m), from windows of shape (bars, m)."""
    ranges: FloatArray = np.maximum(high[:-1], close[1:]) - np.minimum(low[:-1], close[1:])
    return ranges


def average_true_range(high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    """Return Wilder's ATR of 14 bars for every column, in units of price."""
    return weighted_sum(true_ranges(high, low, close), WILDER_14)


def relative_strength_index(close: FloatArray) -> FloatArray:
    """Return Wilder's RSI of 14 bars, 0-100; NaN where the price never moved."""
    change = close[:-1] - close[1:]
    gain = weighted_sum(np.maximum(change, 0.0), WILDER_14)
    loss = weighted_sum(np.maximum(-change, 0.0), WILDER_14)
    rsi: FloatArray = 100.0 * gain / (gain + loss)
    return rsi


def frame_indicators(
    high: FloatArray, low: FloatArray, close: FloatArray, last: Int64Array
) -> FrameIndicators:
    """Return the indicators of one bar length at the bars at positions ``last``, shape (m,).

    ``high``, ``low`` and ``close`` are whole columns; the 121 bars up to each position must exist.
    """
    columns = FrameIndicators(*(np.empty(len(last)) for _ in FrameIndicators._fields))
    back = np.arange(INDICATOR_ROWS, dtype=np.int64)[:, np.newaxis]
    for start in range(0, len(last), _BLOCK):
        block = slice(start, start + _BLOCK)
        position = last[np.newaxis, block] - back
        told = _window_indicators(high[position], low[position], close[position])
        for column, values in zip(columns, told, strict=True):
            column[block] = values
    return columns


def _window_indicators(high: FloatArray, low: FloatArray, close: FloatArray) -> FrameIndicators:
    with np.errstate(divide="ignore", invalid="ignore"):
        atr = average_true_range(high, low, close)
        bars = close[:-1]
        spread = (weighted_sum(bars, EMA_20) - weighted_sum(bars, EMA_50)) / atr
        return_30 = (close[0] - close[_RETURN_BARS]) / (atr * _SQRT_RETURN_BARS)
        last_bar = (close[0] - close[1]) / atr
        rsi = relative_strength_index(close)
    known = np.isfinite(spread) & np.isfinite(return_30) & np.isfinite(last_bar) & np.isfinite(rsi)
    return FrameIndicators(
        *(np.where(known, values, np.nan) for values in (spread, return_30, last_bar, rsi))
    )
