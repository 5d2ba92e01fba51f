"""What a published signal owes its subscribers: one alert event, written in its transaction.

The event holds facts, not words: ``signals.alerts`` words them for whom a delivery goes to.
"""

from __future__ import annotations

from typing import Any

from notifications.services import raise_alert
from signals.engine.explain import told_side
from signals.engine.types import Direction
from signals.models import Signal
from signals.publishing_rule import LastPublished
from signals.rendering import price_text

KIND = "signal"
_LIVE = "live"


def owe_alert(signal: Signal, previous: LastPublished | None, *, is_late: bool = False) -> None:
    """Write the alert event of a signal; call it in the transaction that stores the signal.

    ``previous`` is the link before it in its stream; ``is_late`` says that the signal waited in the
    backup files for the database.
    """
    raise_alert(
        environment=signal.environment,
        kind=KIND,
        dedup_key=dedup_key(signal),
        facts=alert_facts(signal, previous, is_late=is_late),
        occurred_at=signal.timestamp,
    )


def dedup_key(signal: Signal) -> str:
    """Return the key of a signal's alert event: its place in its chain."""
    return f"{KIND}:{signal.environment}:{signal.symbol}:{signal.profile_name}:{signal.seq}"


def alert_facts(
    signal: Signal, previous: LastPublished | None, *, is_late: bool = False
) -> dict[str, Any]:
    """Return the facts of an alert as plain JSON: what rules ask for and what a message tells."""
    score = float(signal.score)
    return {
        "environment": signal.environment,
        "is_simulated": signal.environment != _LIVE,
        "symbol": signal.symbol,
        "profile": signal.profile_name,
        "profile_version": signal.profile_version,
        "seq": signal.seq,
        "timestamp_ms": round(signal.timestamp.timestamp() * 1000),
        "direction": signal.signal,
        "price": price_text(signal.price),
        "score": score,
        "distance": round(abs(score - 50.0), 2),
        "confidence": signal.confidence,
        "coverage_pct": signal.coverage_pct,
        "missing": [
            factor for factor, told in signal.factors.items() if told["contribution"] is None
        ],
        "reasons": _reasons(signal),
        "sources": _sources(signal),
        "is_flip": previous is not None and previous.direction.value != signal.signal,
        "previous": None
        if previous is None
        else {
            "direction": previous.direction.value,
            "score": float(previous.score),
            "timestamp_ms": previous.at_ms,
        },
        "is_late": is_late,
    }


def _reasons(signal: Signal) -> list[dict[str, Any]]:
    """Return the signal's own reasons, each taken apart into side, points and fact."""
    told_by_reason = {told["reason"]: told for told in signal.factors.values()}
    reasons = []
    for reason in signal.reasons:
        points = told_by_reason[reason]["contribution"]
        reasons.append(
            {
                "side": (Direction.LONG if points > 0.0 else Direction.SHORT).value,
                "points": points,
                "fact": reason.removesuffix(told_side(points)),
            }
        )
    return reasons


def _sources(signal: Signal) -> list[dict[str, Any]]:
    """Return every source that was read; a fallback where any of its readings was one."""
    is_fallback: dict[str, bool] = {}
    for reading in signal.provenance.values():
        source = reading["source"]
        is_fallback[source] = is_fallback.get(source, False) or reading["fallback"]
    return [{"name": name, "is_fallback": fell} for name, fell in is_fallback.items()]
