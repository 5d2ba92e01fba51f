"""What goes into the engine and what comes out. Pure, frozen, columns of float64.

``Features`` and ``Scores`` hold one row per (coin, instant): a live scan has one row per coin, a
backtest one per bar, a replay one. ``SignalResult`` is one row of ``Scores`` told to people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from market.snapshot import Problem, Reading, ReadingName
from market.types import Candles, FloatArray, Int64Array, Interval, public_name
from market.types import Direction as Direction

BoolArray = NDArray[np.bool_]

# Raised whenever the same inputs could score differently; stored with every signal.
ENGINE_VERSION = "1.0.0"


class Confidence(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Factor(StrEnum):
    """The eight factors, in the order of the design; the value is the public key."""

    LIQUIDATIONS = "liquidations"
    FUNDING_RATE = "funding_rate"
    PRICE_MOMENTUM = "price_momentum"
    LONG_SHORT_RATIO = "long_short_ratio"
    SMART_MONEY = "smart_money"
    OI_TREND = "oi_trend"
    SOCIAL_SENTIMENT = "social_sentiment"
    FEAR_GREED = "fear_greed"


@dataclass(frozen=True, slots=True)
class Features:
    """Everything the factors read: equal-length float64 columns of shape (n,), NaN unknown.

    One row per (coin, instant). ``…_15m`` to ``…_1d`` are the bar lengths of price momentum; a
    frame's four columns are known together or not at all. ``…_z`` counts standard deviations from
    the mean of the row's own last 30 days. ``…_atr`` counts average true ranges of 14 bars.
    """

    price_usd: FloatArray  # live: last trade; over a history: the newest close
    newest_bar_age_bars: FloatArray  # age of the newest closed bar of the finest interval

    ema_spread_atr_15m: FloatArray  # (EMA 20 − EMA 50) ÷ ATR
    ema_spread_atr_1h: FloatArray
    ema_spread_atr_4h: FloatArray
    ema_spread_atr_1d: FloatArray
    return_30_atr_15m: FloatArray  # change over 30 bars ÷ (ATR · √30)
    return_30_atr_1h: FloatArray
    return_30_atr_4h: FloatArray
    return_30_atr_1d: FloatArray
    last_bar_atr_15m: FloatArray  # change over the newest bar ÷ ATR
    last_bar_atr_1h: FloatArray
    last_bar_atr_4h: FloatArray
    last_bar_atr_1d: FloatArray
    rsi_14_15m: FloatArray  # 0-100
    rsi_14_1h: FloatArray
    rsi_14_4h: FloatArray
    rsi_14_1d: FloatArray
    price_change_4h_pct: FloatArray
    price_change_24h_pct: FloatArray

    funding_rate_8h_pct: FloatArray  # longs pay when positive
    funding_rate_z: FloatArray
    long_account_pct: FloatArray  # of all accounts
    long_account_z: FloatArray
    top_trader_long_pct: FloatArray  # of top traders' positions
    top_minus_crowd_pct: FloatArray  # top_trader_long_pct − long_account_pct
    top_minus_crowd_z: FloatArray
    taker_buy_pct: FloatArray

    open_interest_usd: FloatArray
    open_interest_change_4h_pct: FloatArray
    open_interest_change_24h_pct: FloatArray

    liquidated_long_1h_usd: FloatArray  # a floor: the sum over what of the window was watched
    liquidated_long_4h_usd: FloatArray
    liquidated_long_12h_usd: FloatArray
    liquidated_long_24h_usd: FloatArray
    liquidated_short_1h_usd: FloatArray
    liquidated_short_4h_usd: FloatArray
    liquidated_short_12h_usd: FloatArray
    liquidated_short_24h_usd: FloatArray
    liquidations_covered_1h_h: FloatArray  # watched hours of the window; 0 where none were
    liquidations_covered_4h_h: FloatArray
    liquidations_covered_12h_h: FloatArray
    liquidations_covered_24h_h: FloatArray
    liquidation_open_interest_usd: FloatArray  # of the venues watched, else open_interest_usd

    social_sentiment_pct: FloatArray  # 0-100
    social_momentum: FloatArray  # 0-100, 50 = unchanged
    social_trending_rank: FloatArray  # 0 = first; NaN when not trending
    fear_greed_index: FloatArray  # 0-100

    def __post_init__(self) -> None:
        rows = self.price_usd.shape
        for name in FEATURE_NAMES:
            column = getattr(self, name)
            if column.dtype != np.float64 or column.ndim != 1 or column.shape != rows:
                raise ValueError(f"{name}: {column.dtype} of shape {column.shape}, not {rows}")

    def __len__(self) -> int:
        return len(self.price_usd)

    def block(self, start: int, stop: int) -> Features:
        """Return rows ``start`` to ``stop`` without copying them."""
        return Features(**{name: getattr(self, name)[start:stop] for name in FEATURE_NAMES})


FEATURE_NAMES = tuple(column.name for column in fields(Features))


@dataclass(frozen=True)
class FeatureRow:
    """One row of ``Features`` to be told to people, with where its numbers came from.

    Every feature is an attribute holding a float (``row.funding_rate_8h_pct``), NaN unknown.
    """

    features: Features  # of length 1
    readings: Mapping[ReadingName, Reading] = field(default_factory=dict)

    def __getattr__(self, name: str) -> float:
        if name not in FEATURE_NAMES:
            raise AttributeError(name)
        return float(getattr(self.features, name)[0])

    def cite(self, *names: ReadingName) -> str:
        """Return " (binance)": the sources of some readings, or "" where none is stated."""
        sources: list[str] = []
        for asked in names:
            reading = self.readings.get(asked)
            if reading is None:
                continue
            name = public_name(reading.source)
            source = f"{name}, fallback" if reading.fallback else name
            if source not in sources:
                sources.append(source)
        return f" ({'; '.join(sources)})" if sources else ""


def profile_errors(
    *,
    weights: Mapping[Factor, int],
    curve_scales: Mapping[Factor, float],
    long_at: float,
    short_at: float,
    min_coverage_pct: float,
    cooldown_h: float,
    rescore_distance: float,
) -> list[str]:
    """Return a sentence for each fault of a profile's settings; none when it can score."""
    errors = [
        f"weights: {factor} must be a whole number of percent points, not negative"
        for factor, weight in weights.items()
        if isinstance(weight, bool) or not isinstance(weight, int) or weight < 0
    ]
    unweighted = [factor.value for factor in Factor if factor not in weights]
    if unweighted:
        errors.append(f"weights: {', '.join(unweighted)} without a weight")
    elif not errors and sum(weights.values()) != 100:
        errors.append(f"weights: they sum to {sum(weights.values())}, not to 100")
    low, high = CURVE_SCALE_RANGE
    errors.extend(
        f"curve_scales: {factor} must lie between {low} and {high}"
        for factor, scale in curve_scales.items()
        if not low <= scale <= high
    )
    errors.extend(
        f"{name}: {stray} is not a factor"
        for name, keys in (("weights", weights), ("curve_scales", curve_scales))
        for stray in keys
        if stray not in set(Factor)
    )
    if not 50.0 < long_at <= 100.0:
        errors.append("long_at: must lie above 50 and not above 100")
    if not 0.0 <= short_at < 50.0:
        errors.append("short_at: must lie below 50 and not below 0")
    if not 0.0 < min_coverage_pct <= 100.0:
        errors.append("min_coverage_pct: must lie above 0 and not above 100")
    if not 0.0 <= cooldown_h <= MAX_COOLDOWN_H:
        errors.append(f"cooldown_h: must lie between 0 and {MAX_COOLDOWN_H:g}")
    if not 0.0 < rescore_distance <= 50.0:
        errors.append("rescore_distance: must lie above 0 and not above 50")
    return errors


# Beyond these a curve is a step or a flat line.
CURVE_SCALE_RANGE = (0.1, 10.0)
MAX_COOLDOWN_H = 24.0 * 30


@dataclass(frozen=True, slots=True)
class ScoringProfile:
    """Everything about scoring that people may change. Immutable: a change is a new version.

    ``curve_scales`` stretches a factor's input axis: 0.8 reaches the curve's ends with 80 % of the
    input (bolder), 1.25 needs 125 % (calmer). Validation is ``profile_errors``; building an invalid
    profile raises ValueError naming the fields.
    """

    name: str
    version: int
    weights: Mapping[Factor, int]  # percent points; sum to 100
    curve_scales: Mapping[Factor, float] = field(default_factory=dict)  # 1.0 where absent
    long_at: float = 55.0
    short_at: float = 45.0
    min_coverage_pct: float = 60.0
    cooldown_h: float = 4.0  # publishing: same direction again only after this
    rescore_distance: float = 10.0  # … or when the score moved this much further from 50

    def __post_init__(self) -> None:
        errors = profile_errors(
            weights=self.weights,
            curve_scales=self.curve_scales,
            long_at=self.long_at,
            short_at=self.short_at,
            min_coverage_pct=self.min_coverage_pct,
            cooldown_h=self.cooldown_h,
            rescore_distance=self.rescore_distance,
        )
        if errors:
            raise ValueError("; ".join(errors))

    def scale(self, factor: Factor) -> float:
        return self.curve_scales.get(factor, 1.0)


@dataclass(frozen=True, slots=True)
class Scores:
    """Row-aligned results. ``factor_scores`` and ``contributions`` have shape (n, 8), Factor order.

    ``contributions`` are int64 hundredths of a score point (0 where the factor is unknown);
    ``score_hundredths`` is 5000 + their sum, valid where ``known`` is True.
    """

    factor_scores: FloatArray  # (n, 8), 0-100, NaN unknown
    contributions: Int64Array  # (n, 8)
    score_hundredths: Int64Array  # (n,)
    known: BoolArray  # (n,) at least one factor known
    coverage_pct: FloatArray  # (n,)
    direction: Int64Array  # (n,) +1 LONG, -1 SHORT, 0 NEUTRAL
    sufficient: BoolArray  # (n,) False: NEUTRAL because of insufficient data
    confidence_score: FloatArray  # (n,) 0-1


@dataclass(frozen=True, slots=True)
class FactorResult:
    """One factor of one row, told. ``reason`` never contradicts the sign of ``contribution``."""

    factor: Factor
    weight: int
    score: float | None  # 0-100, None unknown
    contribution: float | None  # signed score points, two decimals; None unknown
    reason: str  # a sentence with number, unit, source and side; or why it is missing
    readings: tuple[ReadingName, ...]  # what it read, the main one first


@dataclass(frozen=True, slots=True)
class SignalResult:
    """The answer for one coin at one instant; everything REST, storage and alerts need."""

    symbol: str
    at_ms: int
    environment: str
    direction: Direction
    score: float | None  # two decimals; None when no factor is known
    confidence: Confidence
    confidence_score: float  # 0-1
    coverage_pct: float
    price: float | None
    reasons: tuple[str, ...]  # up to three, largest |contribution| first
    neutral_reason: str | None  # "insufficient_data", "between_thresholds" or None
    insufficient: tuple[str, ...]  # sentences: what was lacking
    factors: Mapping[Factor, FactorResult]  # all eight, in order
    missing: tuple[Factor, ...]
    readings: Mapping[ReadingName, Reading]
    problems: tuple[Problem, ...]
    metrics: Mapping[str, float | str | None]  # flat raw numbers for `debug` and the metrics group
    engine_version: str
    profile_name: str
    profile_version: int
    input_hash: str
    # Beside the score, never part of it: see MarketSnapshot.shown.
    shown: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, float | None] = field(default_factory=dict)
    # The bars it was computed from, for what reads market structure beside it.
    candles: Mapping[Interval, Candles] = field(default_factory=dict, compare=False, repr=False)
