"""Positioning → accumulation and distribution, 0 to 10 each. Pure."""

from smartmoney.engine.accumulation import (
    BOOK_POINTS,
    MAX_POINTS,
    AccumulationScore,
    Pattern,
    Positioning,
    ScoreLevel,
    score_accumulation,
    score_level,
)

__all__ = [
    "BOOK_POINTS",
    "MAX_POINTS",
    "AccumulationScore",
    "Pattern",
    "Positioning",
    "ScoreLevel",
    "score_accumulation",
    "score_level",
]
