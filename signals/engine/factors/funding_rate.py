"""Funding rate, read against the crowd: the side that pays, and more than usual, is crowded.

Funding alone showed no use at daily horizons (rank correlation with the next day −0.007 to −0.017
for its level), a little as a z-score over 30 days (−0.040; BTC, ETH and SOL, 2020-2025). So half of
the score asks how unusual the rate is for this coin and half whether it is extreme at all.
"""

from __future__ import annotations

import numpy as np

from market.snapshot import ReadingName
from market.types import FloatArray
from signals.engine.curve import Curve
from signals.engine.types import FeatureRow, Features
from signals.engine.wording import against_30_days, signed

# Input: % per 8 h. Flat about zero and the venues' resting rate of 0.01 %; 95 % of recorded days
# lie between −0.01 and 0.05, 98 % between −0.02 (SOL −0.13) and 0.10.
LEVEL_CURVE = Curve(
    (-0.10, 85.0), (-0.03, 65.0), (-0.005, 50.0), (0.015, 50.0), (0.03, 38.0), (0.10, 15.0)
)

# Input: standard deviations from the mean of 30 days; 90 % of recorded settlements lie within 1.8.
Z_CURVE = Curve((-3.0, 80.0), (-1.0, 50.0), (1.0, 50.0), (3.0, 20.0))


def score_funding_rate(features: Features, scale: float = 1.0) -> FloatArray:
    """Score the funding rate against zero and against its own 30 days, row by row.

    Parameters
    ----------
    features : Features
        Reads ``funding_rate_8h_pct``, shape (n,), percent per 8 hours, longs pay when positive,
        and ``funding_rate_z``, standard deviations. NaN where unknown.
    scale : float
        Stretches both input axes.

    Returns
    -------
    ndarray of float64, shape (n,)
        In [15, 85], non-increasing in both inputs; the mean of both curves, the level's alone
        where there is no 30-day history; NaN where the rate is unknown.
    """
    level = LEVEL_CURVE(features.funding_rate_8h_pct, scale)
    relative = Z_CURVE(features.funding_rate_z, scale)
    return np.where(np.isnan(relative), level, 0.5 * (level + relative))


def explain_funding_rate(row: FeatureRow, _lean: float, _scale: float) -> str:
    rate_pct = row.funding_rate_8h_pct
    payer = "longs pay" if rate_pct > 0.0 else "shorts pay" if rate_pct < 0.0 else "nobody pays"
    unusual = against_30_days(row.funding_rate_z, "its")
    return f"{payer} {signed(rate_pct, 4)} % per 8 h{unusual}{row.cite(ReadingName.FUNDING)}"


def lacks_funding_rate(_row: FeatureRow) -> str:
    return "funding rate unknown"
