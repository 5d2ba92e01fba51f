"""The eight factors: what each reads, how it scores a column, how it is told, what it lacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from market.snapshot import ReadingName
from market.types import FloatArray
from signals.engine.factors.fear_greed import (
    explain_fear_greed,
    lacks_fear_greed,
    score_fear_greed,
)
from signals.engine.factors.funding_rate import (
    explain_funding_rate,
    lacks_funding_rate,
    score_funding_rate,
)
from signals.engine.factors.liquidations import (
    explain_liquidations,
    lacks_liquidations,
    score_liquidations,
)
from signals.engine.factors.long_short_ratio import (
    explain_long_short_ratio,
    lacks_long_short_ratio,
    score_long_short_ratio,
)
from signals.engine.factors.open_interest_trend import (
    explain_open_interest_trend,
    lacks_open_interest_trend,
    score_open_interest_trend,
)
from signals.engine.factors.price_momentum import (
    explain_price_momentum,
    lacks_price_momentum,
    score_price_momentum,
)
from signals.engine.factors.smart_money import (
    explain_smart_money,
    lacks_smart_money,
    score_smart_money,
)
from signals.engine.factors.social_sentiment import (
    explain_social_sentiment,
    lacks_social_sentiment,
    score_social_sentiment,
)
from signals.engine.types import Factor, FeatureRow, Features


@dataclass(frozen=True, slots=True)
class FactorSpec:
    """One factor. All three functions are pure; ``readings`` has the main one first."""

    weight: int  # percent points in the balanced profile
    readings: tuple[ReadingName, ...]
    score: Callable[[Features, float], FloatArray]  # (features, curve scale) -> 0-100, NaN unknown
    # (row, score − 50, curve scale) -> the fact that speaks for that side
    explain: Callable[[FeatureRow, float, float], str]
    lacks: Callable[[FeatureRow], str]  # why the row's score is unknown


FACTORS: Mapping[Factor, FactorSpec] = MappingProxyType(
    {
        Factor.LIQUIDATIONS: FactorSpec(
            20,
            (
                ReadingName.LIQUIDATIONS,
                ReadingName.LIQUIDATION_VENUE_OI,
                ReadingName.OPEN_INTEREST,
            ),
            score_liquidations,
            explain_liquidations,
            lacks_liquidations,
        ),
        Factor.FUNDING_RATE: FactorSpec(
            15,
            (ReadingName.FUNDING,),
            score_funding_rate,
            explain_funding_rate,
            lacks_funding_rate,
        ),
        Factor.PRICE_MOMENTUM: FactorSpec(
            15,
            (ReadingName.CANDLES,),
            score_price_momentum,
            explain_price_momentum,
            lacks_price_momentum,
        ),
        Factor.LONG_SHORT_RATIO: FactorSpec(
            15,
            (ReadingName.LONG_ACCOUNTS,),
            score_long_short_ratio,
            explain_long_short_ratio,
            lacks_long_short_ratio,
        ),
        Factor.SMART_MONEY: FactorSpec(
            10,
            (ReadingName.TOP_TRADERS, ReadingName.LONG_ACCOUNTS, ReadingName.TAKER_BUY),
            score_smart_money,
            explain_smart_money,
            lacks_smart_money,
        ),
        Factor.OI_TREND: FactorSpec(
            10,
            (ReadingName.OPEN_INTEREST, ReadingName.CANDLES),
            score_open_interest_trend,
            explain_open_interest_trend,
            lacks_open_interest_trend,
        ),
        Factor.SOCIAL_SENTIMENT: FactorSpec(
            10,
            (
                ReadingName.SOCIAL_SENTIMENT,
                ReadingName.SOCIAL_MOMENTUM,
                ReadingName.SOCIAL_TRENDING,
            ),
            score_social_sentiment,
            explain_social_sentiment,
            lacks_social_sentiment,
        ),
        Factor.FEAR_GREED: FactorSpec(
            5,
            (ReadingName.FEAR_GREED,),
            score_fear_greed,
            explain_fear_greed,
            lacks_fear_greed,
        ),
    }
)
