"""Social sentiment, followed but damped: no recording says how much it is worth.

Votes and posts about a coin are nearly always positive: LunarCrush's sentiment of BTC lay between
75 and 80 in every hour of a recorded week, CoinGecko's votes at 76 % for BTC. So the usual 70 to 82
is neutral, not 50. Sources are named in the reason, and CoinGecko's votes as the proxy they are.
"""

from __future__ import annotations

import numpy as np

from market.snapshot import ReadingName
from market.types import FloatArray
from signals.engine.curve import Curve
from signals.engine.types import FeatureRow, Features
from signals.engine.wording import plain

# Input: % positive.
SENTIMENT_CURVE = Curve((40.0, 35.0), (70.0, 50.0), (82.0, 50.0), (95.0, 60.0), pivot=76.0)

# Input: LunarCrush momentum, 50 = unchanged; output: points added.
MOMENTUM_CURVE = Curve((0.0, -5.0), (40.0, 0.0), (60.0, 0.0), (100.0, 5.0), pivot=50.0, neutral=0.0)

# Input: place in CoinGecko's list of 15 trending coins, 0 = first; output: points added.
TRENDING_CURVE = Curve((0.0, 3.0), (15.0, 0.0), pivot=15.0, neutral=0.0)


def score_social_sentiment(features: Features, scale: float = 1.0) -> FloatArray:
    """Score what people say about a coin, row by row.

    Parameters
    ----------
    features : Features
        Reads ``social_sentiment_pct`` and ``social_momentum``, 0-100, and
        ``social_trending_rank``, 0 = first; shape (n,), NaN where unknown.
    scale : float
        Stretches the input axes.

    Returns
    -------
    ndarray of float64, shape (n,)
        In [30, 68], non-decreasing in sentiment and momentum, non-increasing in rank; unknown
        momentum or no rank modify nothing; NaN where sentiment is unknown.
    """
    sentiment = SENTIMENT_CURVE(features.social_sentiment_pct, scale)
    momentum = MOMENTUM_CURVE(features.social_momentum, scale)
    trending = TRENDING_CURVE(features.social_trending_rank, scale)
    return (
        sentiment
        + np.where(np.isnan(momentum), 0.0, momentum)
        + np.where(np.isnan(trending), 0.0, trending)
    )


def explain_social_sentiment(row: FeatureRow, _lean: float, _scale: float) -> str:
    facts = [f"social sentiment {plain(row.social_sentiment_pct, 0)} % positive, 70 to 82 is usual"]
    if row.social_momentum == row.social_momentum:
        facts.append(f"momentum {plain(row.social_momentum, 0)} of 100")
    if row.social_trending_rank == row.social_trending_rank:
        facts.append(f"trending at place {plain(row.social_trending_rank + 1.0, 0)}")
    reading = row.readings.get(ReadingName.SOCIAL_SENTIMENT)
    note = f", {reading.note}" if reading is not None and reading.note else ""
    return f"{', '.join(facts)}{note}{row.cite(ReadingName.SOCIAL_SENTIMENT)}"


def lacks_social_sentiment(_row: FeatureRow) -> str:
    return "social sentiment unknown"
