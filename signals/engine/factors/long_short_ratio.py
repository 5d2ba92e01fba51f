"""Long/short accounts, read against the crowd: many more longs than usual speak for SHORT.

The ratio's level correlates with the return of the next 1, 3 and 7 days at −0.025, −0.051 and
−0.079, its z-score over 30 days at −0.026, −0.033 and −0.041 (BTC, ETH and SOL, 2020-2025). The
z-score is used: the usual share differs by coin (medians 60 %, 66 %, 73 %) and by year.
"""

from __future__ import annotations

from market.snapshot import ReadingName
from market.types import FloatArray
from signals.engine.curve import Curve
from signals.engine.types import FeatureRow, Features
from signals.engine.wording import against_30_days, plain

# Input: standard deviations from the mean of 30 days; 90 % of recorded days lie within 1.9.
CURVE = Curve((-3.0, 85.0), (-1.5, 65.0), (-0.5, 50.0), (0.5, 50.0), (1.5, 35.0), (3.0, 15.0))


def score_long_short_ratio(features: Features, scale: float = 1.0) -> FloatArray:
    """Score the share of accounts that are long against its own 30 days, row by row.

    Parameters
    ----------
    features : Features
        Reads ``long_account_z``, shape (n,), standard deviations; NaN where unknown.
    scale : float
        Stretches the input axis.

    Returns
    -------
    ndarray of float64, shape (n,)
        In [15, 85], non-increasing in the share; NaN where unknown.
    """
    return CURVE(features.long_account_z, scale)


def explain_long_short_ratio(row: FeatureRow, _lean: float, _scale: float) -> str:
    return (
        f"{plain(row.long_account_pct, 1)} % of accounts are long"
        f"{against_30_days(row.long_account_z, 'their')}{row.cite(ReadingName.LONG_ACCOUNTS)}"
    )


def lacks_long_short_ratio(row: FeatureRow) -> str:
    if row.long_account_pct != row.long_account_pct:
        return "share of long accounts unknown"
    return "share of long accounts known for fewer than 10 of its last 30 days"
