"""Liquidity as the library defines it: groups of swings within a share of the whole price range."""

from __future__ import annotations

import numpy as np

from market.types import FloatArray
from smartmoney.smc.compat.search import first_beyond


def liquidity(
    high: FloatArray,
    low: FloatArray,
    high_low: FloatArray,
    level: FloatArray,
    range_percent: float = 0.01,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Mark the first swings of groups of near-equal highs or lows.

    Parameters
    ----------
    high, low, high_low, level : ndarray of float64, shape (n,)
        Candles and the swings of :func:`~smartmoney.smc.compat.swing_highs_lows`.
    range_percent : float
        Tolerance as a fraction of highest high less lowest low of all candles, later ones included.

    Returns
    -------
    kind, mean_level, end, swept : ndarray of float64, shape (n,)
        1 for highs, −1 for lows; mean price in single precision, last swing of the group and the
        candle that reached the far edge (0 when none did).
    """
    kind, mean_level, end, swept = (np.full(len(high), np.nan) for _ in range(4))
    if not len(high):
        return kind, mean_level, end, swept
    tolerance = float((high.max() - low.min()) * range_percent)
    for sign, reach in ((1.0, high), (-1.0, -low)):
        swings = np.flatnonzero(high_low == sign).tolist()
        levels = level[swings].tolist()
        is_used = [False] * len(swings)
        for row, swing in enumerate(swings):
            if is_used[row]:
                continue
            lowest, highest = levels[row] - tolerance, levels[row] + tolerance
            edge = highest if sign > 0.0 else -lowest
            at = first_beyond(reach, swing + 1, edge, or_at=True)
            group = [row]
            for later in range(row + 1, len(swings)):
                if at and swings[later] >= at:
                    break
                if not is_used[later] and lowest <= levels[later] <= highest:
                    is_used[later] = True
                    group.append(later)
            if len(group) > 1:
                kind[swing] = sign
                mean_level[swing] = np.float32(sum(levels[each] for each in group) / len(group))
                end[swing] = swings[group[-1]]
                swept[swing] = at
    return kind, mean_level, end, swept
