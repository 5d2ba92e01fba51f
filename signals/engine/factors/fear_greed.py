"""Fear and greed index of the whole market, followed but damped.

Over 2020-2025 its level correlates with the next 1, 3 and 7 days at +0.041, +0.069 and +0.105, yet
with the opposite sign since 2023 (−0.025, −0.048, −0.063). So it is followed at less than a third
of its range.
"""

from __future__ import annotations

from market.snapshot import ReadingName
from market.types import FloatArray
from signals.engine.curve import Curve
from signals.engine.types import FeatureRow, Features
from signals.engine.wording import plain

# Input: index, 0 extreme fear to 100 extreme greed; 98 % of recorded days lie between 10 and 94.
CURVE = Curve((0.0, 35.0), (50.0, 50.0), (100.0, 65.0), pivot=50.0)


def score_fear_greed(features: Features, scale: float = 1.0) -> FloatArray:
    """Score the market's mood, row by row.

    Parameters
    ----------
    features : Features
        Reads ``fear_greed_index``, shape (n,), 0-100; NaN where unknown.
    scale : float
        Stretches the input axis about 50.

    Returns
    -------
    ndarray of float64, shape (n,)
        In [35, 65], non-decreasing in the index; NaN where unknown.
    """
    return CURVE(features.fear_greed_index, scale)


def explain_fear_greed(row: FeatureRow, _lean: float, _scale: float) -> str:
    return (
        f"fear and greed index at {plain(row.fear_greed_index, 0)} of 100"
        f"{row.cite(ReadingName.FEAR_GREED)}"
    )


def lacks_fear_greed(_row: FeatureRow) -> str:
    return "fear and greed index unknown"
