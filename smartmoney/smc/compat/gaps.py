"""Fair value gaps as the library defines them: any size, mitigated by the first touch."""

from __future__ import annotations

import numpy as np

from market.types import FloatArray
from smartmoney.smc.compat.search import first_beyond


def fvg(
    opened: FloatArray,
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    *,
    join_consecutive: bool = False,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Mark the middle candles of gaps.

    Parameters
    ----------
    opened, high, low, close : ndarray of float64, shape (n,)
    join_consecutive : bool
        Whether gaps of one kind on neighbouring candles are one, kept on the last of them.

    Returns
    -------
    kind, top, bottom, mitigated : ndarray of float64, shape (n,)
        1 for bullish, −1 for bearish, the edges, and the first candle from the second after on
        whose wick reached the nearer edge.
    """
    count = len(high)
    kind, top, bottom = (np.full(count, np.nan) for _ in range(3))
    mitigated = np.full(count, np.nan)
    middle_close, middle_open = close[1:-1], opened[1:-1]
    bullish = np.flatnonzero((high[:-2] < low[2:]) & (middle_close > middle_open)) + 1
    bearish = np.flatnonzero((low[:-2] > high[2:]) & (middle_close < middle_open)) + 1
    kind[bullish], kind[bearish] = 1.0, -1.0
    top[bullish], bottom[bullish] = low[bullish + 1], high[bullish - 1]
    top[bearish], bottom[bearish] = low[bearish - 1], high[bearish + 1]
    if join_consecutive:
        for candle in np.flatnonzero(kind[:-1] == kind[1:]).tolist():
            top[candle + 1] = max(top[candle], top[candle + 1])
            bottom[candle + 1] = min(bottom[candle], bottom[candle + 1])
            kind[candle] = top[candle] = bottom[candle] = np.nan
    depth = -low
    for candle in np.flatnonzero(~np.isnan(kind)).tolist():
        if kind[candle] == 1.0:
            mitigated[candle] = first_beyond(depth, candle + 2, -top[candle], or_at=True)
        else:
            mitigated[candle] = first_beyond(high, candle + 2, bottom[candle], or_at=True)
    return kind, top, bottom, mitigated
