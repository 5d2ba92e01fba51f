"""Answers of ``/mss/watch`` as plain values under the public key names."""

from __future__ import annotations

from typing import Any

from market.clock import wall_now
from mss.api.answers import score_row, time_text
from mss.models import MssScore, WatchlistEntry

_NOT_WATCHED = "Not watched; POST /mss/watch adds it."


def watched_answer(entry: WatchlistEntry, newest: MssScore | None) -> dict[str, Any]:
    """Return a watched coin with its newest stored score."""
    now = wall_now()
    active = entry.expires_at is None or entry.expires_at > now
    due_in_s = max(0.0, (entry.next_at - now).total_seconds())
    return {
        "symbol": entry.symbol,
        "coingecko_id": entry.coingecko_id or None,
        "monitoring": {
            "active": active,
            "interval_minutes": entry.interval_minutes,
            "next_update_in_minutes": round(due_in_s / 60, 1) if active else None,
            "expires_at": None if entry.expires_at is None else time_text(entry.expires_at),
        },
        "current_state": _state(newest),
        "alerts": {"score_threshold": entry.min_score},
        "note": entry.note,
    }


def not_watched_answer(
    symbol: str, coingecko_id: str | None, interval_minutes: int, newest: MssScore | None
) -> dict[str, Any]:
    """Return the same of a coin that nobody watches."""
    return {
        "symbol": symbol,
        "coingecko_id": coingecko_id,
        "monitoring": {
            "active": False,
            "interval_minutes": interval_minutes,
            "next_update_in_minutes": None,
            "expires_at": None,
        },
        "current_state": _state(newest),
        "alerts": {"score_threshold": None},
        "note": _NOT_WATCHED,
    }


def _state(newest: MssScore | None) -> dict[str, Any] | None:
    return None if newest is None else score_row(newest.document)
