"""Handmade evaluations for tests of storing and answering, where scoring is not the point."""

from __future__ import annotations

from typing import Any

from market.snapshot import MarketHistory, MarketSnapshot, Problem, Reading, ReadingName, input_hash
from market.types import Symbol
from signals.engine.types import (
    ENGINE_VERSION,
    Confidence,
    Direction,
    Factor,
    FactorResult,
    ScoringProfile,
    SignalResult,
)
from signals.services import Evaluation

AT_MS = 1_760_140_800_000  # 2025-10-11T00:00:00Z
HOUR_MS = 3_600_000

PROFILE = ScoringProfile(
    name="balanced",
    version=1,
    weights={
        Factor.LIQUIDATIONS: 20,
        Factor.FUNDING_RATE: 15,
        Factor.PRICE_MOMENTUM: 15,
        Factor.LONG_SHORT_RATIO: 15,
        Factor.SMART_MONEY: 10,
        Factor.OI_TREND: 10,
        Factor.SOCIAL_SENTIMENT: 10,
        Factor.FEAR_GREED: 5,
    },
)


def make_reading(**changes: Any) -> Reading:
    values: dict[str, Any] = {
        "value": -0.0125,
        "unit": "% per 8 h",
        "source": "okx",
        "observed_at_ms": AT_MS - 30_000,
        "fetched_at_ms": AT_MS - 1_000,
        "fallback": True,
        "note": "binance did not answer",
    }
    return Reading(**{**values, **changes})


def make_small_snapshot(symbol: str = "BTC", at_ms: int = AT_MS) -> MarketSnapshot:
    return MarketSnapshot(
        symbol=Symbol(symbol),
        at_ms=at_ms,
        environment="test",
        history=MarketHistory(),
        readings={ReadingName.FUNDING: make_reading(observed_at_ms=at_ms - 30_000)},
        problems=(Problem("candles", "binance", "unreadable answer from klines"),),
    )


def make_result(
    score: float | None = 62.5,
    *,
    symbol: str = "BTC",
    at_ms: int = AT_MS,
    price: float | None = 0.00000621,
    direction: Direction | None = None,
    neutral_reason: str | None = None,
    profile: ScoringProfile = PROFILE,
) -> SignalResult:
    snapshot = make_small_snapshot(symbol, at_ms)
    if direction is None:
        direction = _direction(score)
    if direction is Direction.NEUTRAL and neutral_reason is None:
        neutral_reason = "between_thresholds"
    known = score is not None
    factors = {
        factor: FactorResult(factor, weight, None, None, "no source answered", ())
        for factor, weight in profile.weights.items()
    }
    factors[Factor.FUNDING_RATE] = FactorResult(
        Factor.FUNDING_RATE,
        15,
        70.0 if known else None,
        round(score - 50, 2) if score is not None else None,
        "funding -0.0125 % per 8 h (okx): shorts pay",
        (ReadingName.FUNDING,),
    )
    return SignalResult(
        symbol=symbol,
        at_ms=at_ms,
        environment="test",
        direction=direction,
        score=score,
        confidence=Confidence.LOW,
        confidence_score=0.1,
        coverage_pct=15.0 if known else 0.0,
        price=price,
        reasons=("funding -0.0125 % per 8 h (okx): shorts pay",) if known else (),
        neutral_reason=neutral_reason,
        insufficient=(),
        factors=factors,
        missing=tuple(factor for factor, told in factors.items() if told.score is None),
        readings=snapshot.readings,
        problems=snapshot.problems,
        metrics={"funding_rate_8h_pct": -0.0125},
        engine_version=ENGINE_VERSION,
        profile_name=profile.name,
        profile_version=profile.version,
        input_hash=input_hash(snapshot),
    )


def make_evaluation(score: float | None = 62.5, **changes: Any) -> Evaluation:
    result = make_result(score, **changes)
    profile = changes.get("profile", PROFILE)
    return Evaluation(result, make_small_snapshot(result.symbol, result.at_ms), profile)


def _direction(score: float | None) -> Direction:
    if score is None or 45 < score < 55:
        return Direction.NEUTRAL
    return Direction.LONG if score >= 55 else Direction.SHORT
