"""What each funding settlement took, out of series that hold rates per 8 h. Pure."""

from __future__ import annotations

import numpy as np

from market.types import HOUR_MS, FloatArray, Series

_PERIOD_H = 8.0
# Funding is settled every 1, 2, 4, 6 or 8 hours; other gaps between rows are missing rows.
_INTERVALS_H = (1.0, 2.0, 4.0, 6.0, 8.0)


def paid_at_settlements(settled: Series) -> FloatArray:
    """Return what longs paid at each settlement.

    Parameters
    ----------
    settled : Series
        Settled rates, percent per 8 h, as the providers' parsers scale them: by the gap to the row
        before, the first row by the gap after it.

    Returns
    -------
    ndarray of float64, shape (n,)
        Percent of the position, the rate undone to its own interval.
    """
    intervals_h = np.full(len(settled), _PERIOD_H)
    if len(settled) > 1:
        gaps_h = np.diff(settled.ts_ms) / HOUR_MS
        intervals_h[1:] = np.where(np.isin(gaps_h, _INTERVALS_H), gaps_h, _PERIOD_H)
        intervals_h[0] = intervals_h[1]
    return settled.values * (intervals_h / _PERIOD_H)
