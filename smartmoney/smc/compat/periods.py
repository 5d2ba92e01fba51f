"""Previous high and low as the library defines them, of the period before the last one begun."""

from __future__ import annotations

import numpy as np

from market.types import DAY_MS, FloatArray, Int64Array


def previous_high_low(
    open_time_ms: Int64Array, high: FloatArray, low: FloatArray, period_ms: int = DAY_MS
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return the extremes of the previous period at every candle.

    Parameters
    ----------
    open_time_ms : ndarray of int64, shape (n,)
        Ascending, UTC.
    high, low : ndarray of float64, shape (n,)
    period_ms : int
        A day or a divisor of one.

    Returns
    -------
    previous_high, previous_low, broken_high, broken_low : ndarray of float64, shape (n,)
        Extremes in single precision, and 1 once a wick of the candles that look at the same period
        went beyond. The candle that opens a period still looks at the one before the last.

    Raises
    ------
    ValueError
        When the period does not divide a day.
    """
    if DAY_MS % period_ms:
        raise ValueError(f"{period_ms} ms do not divide a day")
    count = len(high)
    previous_high, previous_low = np.full(count, np.nan), np.full(count, np.nan)
    broken_high, broken_low = np.zeros(count), np.zeros(count)
    starts, first = np.unique(open_time_ms // period_ms * period_ms, return_index=True)
    if len(starts) < 2:
        return previous_high, previous_low, broken_high, broken_low
    period = np.searchsorted(starts, open_time_ms) - 2
    is_known = period >= 0
    highs = np.maximum.reduceat(high, first).astype(np.float32)
    lows = np.minimum.reduceat(low, first).astype(np.float32)
    previous_high[is_known], previous_low[is_known] = (
        highs[period[is_known]],
        lows[period[is_known]],
    )
    for candles in np.split(np.arange(count), np.flatnonzero(np.diff(period)) + 1):
        reached = np.maximum.accumulate(high[candles]) > previous_high[candles]
        fell = np.minimum.accumulate(low[candles]) < previous_low[candles]
        broken_high[candles], broken_low[candles] = reached, fell
    return previous_high, previous_low, broken_high, broken_low
