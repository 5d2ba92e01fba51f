"""Stored signals and outcomes, made to order: a test names only what it is about."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from analytics.engine.sums import stances_of
from analytics.models import Outcome
from market.clock import datetime_at
from market.snapshot import MarketSnapshot, compress_snapshot
from signals.models import Signal
from signals.storing import store_signals
from tests.builders import make_snapshot
from tests.market.conftest import AT_MS

HOUR_MS = 3_600_000
FACTORS = {
    "funding_rate": {"contribution": 7.5, "reason": "funding"},
    "oi_trend": {"contribution": -2.5, "reason": "open interest"},
    "fear_greed": {"contribution": 0.0, "reason": "greed"},
    "liquidations": {"contribution": None, "reason": "no source answered"},
}
BLANK_HASH = "0" * 64


def store_signal(
    symbol: str = "BTC",
    direction: str = "LONG",
    *,
    at_ms: int = AT_MS - 30 * HOUR_MS,
    price: str = "100000",
    source: str | None = "binance",
    snapshot: MarketSnapshot | None = None,
    funding_rate: float | None = 0.01,
    **changes: Any,
) -> Signal:
    """Store a signal of this market; ``source`` is its price's, None says none."""
    seq = Signal.objects.filter(symbol=symbol).count() + 1
    columns: dict[str, Any] = {
        "environment": "test",
        "symbol": symbol,
        "signal": direction,
        "score": Decimal("62.50"),
        "confidence": "high",
        "confidence_score": 0.6,
        "coverage_pct": 100.0,
        "price": Decimal(price),
        "timestamp": datetime_at(at_ms),
        "reasons": [],
        "factors": FACTORS,
        "metrics": {"fundingRate": funding_rate},
        "provenance": {} if source is None else {"price": {"source": source}},
        "problems": [],
        "engine_version": "1",
        "profile_name": "balanced",
        "profile_version": 1,
        "profile": {},
        "inputs": compress_snapshot(snapshot or make_snapshot(symbol, at_ms=at_ms)),
        "input_hash": BLANK_HASH,
        "seq": seq,
        "prev_hash": BLANK_HASH,
        "content_hash": f"{seq:064x}",
        "created_at": datetime_at(at_ms),
    }
    signal = Signal(**{**columns, **changes})
    store_signals([signal])
    return signal


def store_imported(symbol: str = "BTC", direction: str = "LONG", **changes: Any) -> Signal:
    """Store a signal as an import leaves it: outside the chain, without inputs or provenance."""
    return store_signal(
        symbol,
        direction,
        source=None,
        **{
            "inputs": None,
            "seq": None,
            "confidence_score": None,
            "coverage_pct": None,
            "imported_at": datetime_at(AT_MS),
            "metrics": {},
            "factors": {},
            **changes,
        },
    )


def store_outcome(signal: Signal, horizon_h: int = 24, **changes: Any) -> Outcome:
    """Store an outcome of a signal: filled, a hit of 2 % net."""
    net_return_pct = changes.get("net_return_pct", 2.0)
    columns: dict[str, Any] = {
        "signal": signal,
        "horizon_h": horizon_h,
        "due_at": signal.timestamp + timedelta(hours=horizon_h),
        "environment": signal.environment,
        "symbol": signal.symbol,
        "direction": signal.signal,
        "confidence": signal.confidence,
        "profile_name": signal.profile_name,
        "is_imported": signal.imported_at is not None,
        "signal_at": signal.timestamp,
        "factor_stances": stances_of(signal.signal, signal.factors),
        "state": "done",
        "result": "filled",
        "venue": "binance",
        "entry_price": signal.price,
        "exit_price": signal.price,
        "return_pct": net_return_pct + 0.1,
        "net_return_pct": net_return_pct,
        "fees_pct": 0.1,
        "funding_pct": 0.0,
        "funding_basis": "settled",
        "favourable_pct": 3.0,
        "adverse_pct": -1.0,
        "is_hit": net_return_pct > 0.0,
        "first_touch": "target",
        "filled_at": signal.timestamp,
    }
    return Outcome.objects.create(**{**columns, **changes})
