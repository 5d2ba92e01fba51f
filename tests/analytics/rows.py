"""Stored rows for the tests of analytics: signals, their outcomes, and the sums of a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from analytics.models import BaseRateDay, FactorDay, Outcome, OutcomeDay
from analytics.rollup_models import ALL_COINS
from signals.models import EvaluationCount, Signal
from tests.analytics import stored

# Market time of the tests: the middle of a day.
NOW = datetime(2025, 10, 11, 12, tzinfo=UTC)
TODAY = NOW.date()


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def store_signal(symbol: str = "BTC", at: datetime = NOW, **changes: Any) -> Signal:
    return stored.store_signal(
        symbol, **{"timestamp": at, "created_at": at, "confidence": "medium", **changes}
    )


def store_imported(symbol: str = "BTC", at: datetime = NOW, **changes: Any) -> Signal:
    return stored.store_imported(symbol, **{"timestamp": at, "created_at": at, **changes})


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


def store_outcome(signal: Signal, *, is_hit: bool = True, **changes: Any) -> Outcome:
    """Store a filled outcome: 1 % net gained or lost, of 0.1 % more before costs."""
    return stored.store_outcome(
        signal,
        **{
            "net_return_pct": 1.0 if is_hit else -1.0,
            "first_touch": "target" if is_hit else "stop",
            **changes,
        },
    )


def store_pending(signal: Signal, **changes: Any) -> Outcome:
    unknown = dict.fromkeys(
        ("entry_price", "exit_price", "return_pct", "favourable_pct", "adverse_pct", "is_hit")
    )
    outcome = {"state": "waiting", "result": "pending", "first_touch": "", **unknown, **changes}
    return stored.store_outcome(signal, **outcome)


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
