"""Swing highs and lows as the library defines them: alternating, with a made-up first and last."""

from __future__ import annotations

import numpy as np

from market.types import FloatArray


def swing_highs_lows(
    high: FloatArray, low: FloatArray, swing_length: int = 50
) -> tuple[FloatArray, FloatArray]:
    """Mark candles that are the extreme of the ``swing_length`` before and after them.

    Parameters
    ----------
    high, low : ndarray of float64, shape (n,)
    swing_length : int
        At least 1. The window reaches from ``swing_length`` − 1 candles back to ``swing_length``
        ahead; the first 2 × ``swing_length`` − 1 candles are never marked.

    Returns
    -------
    high_low, level : ndarray of float64, shape (n,)
        1 for a high, −1 for a low, and its price. Of neighbours of one kind the most extreme stays,
        of equals the first; first and last candle continue the alternation.
    """
    high_low = np.full(len(high), np.nan)
    start, end = 2 * swing_length - 1, len(high) - swing_length
    if end > start:
        highest = _rolling(high, 2 * swing_length, np.maximum)[start - swing_length + 1 :]
        lowest = _rolling(low, 2 * swing_length, np.minimum)[start - swing_length + 1 :]
        is_high = high[start:end] == highest[: end - start]
        is_low = (low[start:end] == lowest[: end - start]) & ~is_high
        candles = np.flatnonzero(is_high | is_low)
        marks = np.where(is_high[candles], 1.0, -1.0)
        candles += start
        height = np.where(marks == 1.0, high[candles], -low[candles])
        kept: list[int] = []
        for row in range(len(candles)):
            if not kept or marks[kept[-1]] != marks[row]:
                kept.append(row)
            elif height[row] > height[kept[-1]]:
                kept[-1] = row
        if kept:
            high_low[candles[kept]] = marks[kept]
            high_low[0], high_low[-1] = -marks[kept[0]], -marks[kept[-1]]
    level = np.where(np.isnan(high_low), np.nan, np.where(high_low == 1.0, high, low))
    return high_low, level


def _rolling(values: FloatArray, width: int, extreme: np.ufunc) -> FloatArray:
    """Return the extreme of ``width`` values from each on, by doubling: O(n log width)."""
    found, reach = values, 1
    while 2 * reach <= width:
        found = extreme(found[:-reach], found[reach:])
        reach *= 2
    rest = width - reach
    return extreme(found[: len(found) - rest], found[rest:]) if rest else found
