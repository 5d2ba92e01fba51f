"""Stored rows for the tests of analytics: signals, their outcomes, and the sums of a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from analytics.models import BaseRateDay, FactorDay, Outcome, OutcomeDay
from analytics.rollup_models import ALL_COINS
from signals.models import EvaluationCount, Signal

# Market time of the tests: the middle of a day.
NOW = datetime(2025, 10, 11, 12, tzinfo=UTC)
TODAY = NOW.date()

_seqs = count(1)


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def store_signal(symbol: str = "BTC", at: datetime = NOW, **changes: Any) -> Signal:
    """Store a link of a chain whose hashes are made up."""
    values: dict[str, Any] = {
        "environment": "test",
        "symbol": symbol,
        "signal": "LONG",
        "score": Decimal("62.50"),
        "confidence": "medium",
        "confidence_score": 0.3,
        "coverage_pct": 100.0,
        "price": Decimal("0.00000621"),
        "timestamp": at,
        "created_at": at,
        "reasons": ["funding -0.0125 % per 8 h (okx): shorts pay"],
        "factors": {},
        "metrics": {
            "fundingRate": -0.0125,
            "openInterest": None,
            "socialScore": None,
            "priceTrend": "bullish",
        },
        "provenance": {},
        "problems": [],
        "engine_version": "1.0.0",
        "profile_name": "balanced",
        "profile_version": 1,
        "profile": {},
        "inputs": b"-",
        "input_hash": "a" * 64,
        "seq": next(_seqs),
        "prev_hash": "b" * 64,
        "content_hash": "c" * 64,
    }
    return Signal.objects.create(**{**values, **changes})


def store_imported(symbol: str = "BTC", at: datetime = NOW, **changes: Any) -> Signal:
    return store_signal(
        symbol,
        at,
        **{
            "seq": None,
            "inputs": None,
            "coverage_pct": None,
            "confidence_score": None,
            "imported_at": NOW,
            "content_hash": "",
            **changes,
        },
    )


def store_evaluations(symbol: str, day: date, **counts: int) -> None:
    """Store a day's counts; ``evaluated`` is their sum."""
    EvaluationCount.objects.create(
        environment="test",
        symbol=symbol,
        profile_name="balanced",
        day=day,
        evaluated=sum(counts.values()),
        **counts,
    )


def store_outcome(signal: Signal, *, is_hit: bool | None = True, **changes: Any) -> Outcome:
    """Store a filled outcome; a pending one when ``is_hit`` is None."""
    values: dict[str, Any] = {
        "signal": signal,
        "horizon_h": 24,
        "due_at": signal.timestamp + timedelta(hours=24),
        "environment": signal.environment,
        "symbol": signal.symbol,
        "direction": signal.signal,
        "confidence": signal.confidence,
        "profile_name": signal.profile_name,
        "is_imported": signal.seq is None,
        "signal_at": signal.timestamp,
        "result": "pending",
    }
    if is_hit is not None:
        gain_pct = 1.0 if is_hit else -1.0
        values |= {
            "state": "done",
            "result": "filled",
            "entry_price": signal.price,
            "exit_price": signal.price,
            "return_pct": gain_pct + 0.1,
            "net_return_pct": gain_pct,
            "favourable_pct": 2.0,
            "adverse_pct": -2.0,
            "first_touch": "target" if is_hit else "stop",
            "is_hit": is_hit,
        }
    return Outcome.objects.create(**{**values, **changes})


def store_base_rate(day: date, symbol: str = "BTC", **changes: Any) -> None:
    """Store a day's windows: of 24 a long would have been right in 12, a short in 6."""
    values: dict[str, Any] = {
        "environment": "test",
        "symbol": symbol,
        "venue": "binance",
        "day": day,
        "horizon_h": 24,
        "windows": 24,
        "long_hits": 12,
        "short_hits": 6,
    }
    BaseRateDay.objects.create(**{**values, **changes})


def store_sums(day: date = TODAY, symbol: str = ALL_COINS, **changes: Any) -> None:
    """Store the sums of a day: of ten outcomes six hits, where nothing else is said."""
    values: dict[str, Any] = {
        "environment": "test",
        "day": day,
        "symbol": symbol,
        "profile_name": "balanced",
        "direction": "LONG",
        "confidence": "medium",
        "horizon_h": 24,
        "is_imported": False,
        "n": 10,
        "hits": 6,
        "unavailable": 0,
        "sum_return_pct": 3.0,
        "sum_net_return_pct": 2.0,
        "sum_net_return_sq": 4.0,
        "sum_favourable_pct": 12.0,
        "sum_adverse_pct": -8.0,
        "targets": 4,
        "stops": 3,
        "neithers": 2,
        "base_n": 10,
        "base_hits": 6,
        "sum_base_rate": 4.5,
        "sum_base_rate_sq": 2.05,
        "sum_base_rate_of_hits": 2.7,
        "sum_stated": 6.5,
        "sum_stated_sq": 4.25,
        "sum_stated_of_hits": 4.0,
    }
    OutcomeDay.objects.create(**{**values, **changes})


def store_factor_sums(
    factor: str = "funding_rate", stance: str = "supports", day: date = TODAY, **changes: Any
) -> None:
    values: dict[str, Any] = {
        "environment": "test",
        "day": day,
        "profile_name": "balanced",
        "direction": "LONG",
        "horizon_h": 24,
        "is_imported": False,
        "factor": factor,
        "stance": stance,
        "n": 10,
        "hits": 6,
        "sum_net_return_pct": 2.0,
        "base_n": 10,
        "base_hits": 6,
        "sum_base_rate": 4.5,
    }
    FactorDay.objects.create(**{**values, **changes})
