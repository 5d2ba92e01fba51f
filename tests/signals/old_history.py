"""A history file of the first release, made up: each signal twice, under two ids."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

SIGNALS = 24
COINS = ("BTC", "ETH", "SOL", "DOGE")
BEGAN = datetime(2025, 11, 3, 4, 5, 6, 123456, tzinfo=UTC)
SAVED_AFTER = timedelta(milliseconds=40)


def old_history() -> list[dict[str, Any]]:
    """Return 48 entries, oldest first, with the metric groups in each of their combinations."""
    return [
        old_entry(old_signal(number), copy=copy) for number in range(SIGNALS) for copy in (0, 1)
    ]


def old_entry(signal: dict[str, Any], *, copy: int = 0) -> dict[str, Any]:
    evaluated_at = datetime.fromisoformat(signal["timestamp"])
    saved_at = evaluated_at + (1 + copy) * SAVED_AFTER
    return {
        "id": f"sig_{saved_at:%Y%m%d%H%M%S%f}",
        "saved_at": saved_at.isoformat(),
        "data": signal,
    }


def old_signal(number: int = 0, **changes: Any) -> dict[str, Any]:
    evaluated_at = BEGAN + timedelta(hours=number)
    signal: dict[str, Any] = {
        "symbol": COINS[number % len(COINS)],
        # The first release wrote UTC without saying so.
        "timestamp": evaluated_at.replace(tzinfo=None).isoformat(),
        "signal": "SHORT" if number % 12 == 5 else "LONG",
        "score": 41.7 if number % 12 == 5 else 52.0 + number % SIGNALS,
        "confidence": ("low", "medium")[number % 2],
        "price": 3.25 + number,
        "reasons": ["one", "two", "three"],
        "metrics": {
            "fundingRate": 0.0123,
            "openInterest": 45000000.5,
            "socialScore": 61.0,
            "priceTrend": "neutral",
        },
        "comprehensiveMetrics": {"multiTimeframeTrend": "bearish", "priceChanges": {"1h": -0.8}},
        "premiumMetrics": {"liquidationImbalance": "long", "fearGreedIndex": 44},
    }
    if number % 3:
        signal["lunarCrushMetrics"] = {"altRank": 210, "momentum": {"momentumScore": 33.3}}
    if number % 4:
        signal["coinAPIMetrics"] = {
            "orderbook": {
                "imbalance": 0.0,
                "spreadPercent": 0.0,
                "whaleBids": 0,
                "whaleAsks": 0,
            },
            "trades": {"buyPressure": 38.5, "sellPressure": 61.5, "avgTradeSize": 12.4},
            "volatility7d": 18.2,
        }
    return {**signal, **changes}
