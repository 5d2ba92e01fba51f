"""BOS and CHoCH as the library defines them: patterns of four swings, stamped on the second."""

from __future__ import annotations

import numpy as np

from market.types import FloatArray
from smartmoney.smc.compat.search import first_beyond


def bos_choch(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    high_low: FloatArray,
    level: FloatArray,
    *,
    close_break: bool = True,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Mark the swings whose level was broken after a pattern of four.

    Parameters
    ----------
    high, low, close : ndarray of float64, shape (n,)
    high_low, level : ndarray of float64, shape (n,)
        Of :func:`~smartmoney.smc.compat.swing_highs_lows`.
    close_break : bool
        Whether a close must lie beyond the level; otherwise a wick is enough.

    Returns
    -------
    bos, choch, level, broken : ndarray of float64, shape (n,)
        ±1 on the third of the last four swings' predecessor, its level in single precision and the
        candle that broke it. Events broken at or after a later one are withdrawn; the library then
        leaves their ``BrokenIndex`` behind, here it is NaN.
    """
    count = len(close)
    bos, choch, broken_level, broken = (np.full(count, np.nan) for _ in range(4))
    up, down = (close, -close) if close_break else (high, -low)
    swings = np.flatnonzero(~np.isnan(high_low))
    kept: list[tuple[int, float, float, float, int]] = []
    for last in range(3, len(swings)):
        four = swings[last - 3 : last + 1]
        direction = high_low[four[3]]
        if (np.diff(high_low[four]) == 0.0).any():  # they alternate, but for the made-up ends
            continue
        first, second, third, fourth = (direction * level[four]).tolist()
        is_bos = first < third < second < fourth
        if not (is_bos or fourth > second > first > third):
            continue
        edge = float(np.float32(direction * second))
        candle = int(four[1])
        at = first_beyond(up if direction > 0.0 else down, candle + 2, direction * edge)
        if at == 0:
            continue
        while kept and kept[-1][-1] >= at:
            kept.pop()
        kept.append(
            (candle, direction if is_bos else np.nan, np.nan if is_bos else direction, edge, at)
        )
    for candle, *values in kept:
        bos[candle], choch[candle], broken_level[candle], broken[candle] = values
    return bos, choch, broken_level, broken
