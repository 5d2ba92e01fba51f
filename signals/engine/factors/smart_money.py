"""Smart money: top traders' positions against the crowd's accounts; the difference is followed.

Top traders' level moves with the crowd, and following it was wrong (−0.022 with the next day's
return). Their difference to the crowd was right: its z-score over 30 days correlates with the next
1, 3 and 7 days at +0.024, +0.030 and +0.040 (BTC, ETH and SOL, 2020-2025). The difference is taken
in percent points of long share. Taker buying showed no use alone and only modifies.
"""

from __future__ import annotations

import numpy as np

from market.snapshot import ReadingName
from market.types import FloatArray
from signals.engine.curve import Curve
from signals.engine.types import FeatureRow, Features
from signals.engine.wording import against_30_days, plain, signed

# Input: standard deviations from the mean of 30 days; 90 % of recorded days lie within 2.0.
CURVE = Curve((-3.0, 20.0), (-1.5, 37.0), (-0.5, 50.0), (0.5, 50.0), (1.5, 63.0), (3.0, 80.0))

# Input: percent of volume bought by takers; output: points added. 90 % of recorded 4 h bars lie
# between 44.6 and 53.9.
TAKER_CURVE = Curve((44.0, -4.0), (48.0, 0.0), (52.0, 0.0), (56.0, 4.0), pivot=50.0, neutral=0.0)


def score_smart_money(features: Features, scale: float = 1.0) -> FloatArray:
    """Score how top traders differ from the crowd, against their own 30 days, row by row.

    Parameters
    ----------
    features : Features
        Reads ``top_minus_crowd_z``, shape (n,), standard deviations, and ``taker_buy_pct``,
        percent of volume. NaN where unknown.
    scale : float
        Stretches both input axes.

    Returns
    -------
    ndarray of float64, shape (n,)
        In [16, 84], non-decreasing in both inputs; an unknown taker share modifies nothing; NaN
        where the difference is unknown.
    """
    difference = CURVE(features.top_minus_crowd_z, scale)
    return difference + _taker_points(features, scale)


def _taker_points(features: Features, scale: float) -> FloatArray:
    points = TAKER_CURVE(features.taker_buy_pct, scale)
    return np.where(np.isnan(points), 0.0, points)


def explain_smart_money(row: FeatureRow, lean: float, scale: float) -> str:
    difference = CURVE(row.features.top_minus_crowd_z, scale)[0] - 50.0
    if lean * difference < 0.0 or (difference == 0.0 and lean != 0.0):
        return (
            f"takers bought {plain(row.taker_buy_pct, 1)} % of the volume"
            f"{row.cite(ReadingName.TAKER_BUY)}"
        )
    return (
        f"top traders' positions are {plain(row.top_trader_long_pct, 1)} % long,"
        f" {signed(row.top_minus_crowd_pct, 1)} points to the crowd"
        f"{against_30_days(row.top_minus_crowd_z, 'their')}"
        f"{row.cite(ReadingName.TOP_TRADERS, ReadingName.LONG_ACCOUNTS)}"
    )


def lacks_smart_money(row: FeatureRow) -> str:
    if row.top_trader_long_pct != row.top_trader_long_pct:
        return "top traders' positions unknown"
    if row.long_account_pct != row.long_account_pct:
        return "share of long accounts unknown, so top traders have nothing to differ from"
    return "top traders' difference to the crowd known for fewer than 10 of its last 30 days"
