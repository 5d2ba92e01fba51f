"""Scores, runs and watched coins as the plain JSON rows of lists.

One coin is told whole (``mss.documents``); fifty of them have to fit what an assistant can take.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from market.clock import wall_now
from mss.engine.types import PhaseName
from mss.models import MssRun, MssScore, WatchlistEntry

Document = Mapping[str, Any]

_DIGITS = 2
_COPIED = (
    "symbol", "name", "coingecko_id", "timestamp", "mss_score", "signal", "confidence",
    "coverage_pct", "has_futures", "whale",
)  # fmt: skip
_NOT_WATCHED = "Not watched; POST /mss/watch adds it."


def score_row(document: Document) -> dict[str, Any]:
    """Return a score, fresh or stored, as lists show it."""
    figures = document["figures"]
    return {
        **{key: document[key] for key in _COPIED},
        "raw_scores": raw_scores(document),
        "fdv_usd": figures["fdv_usd"],
        "age_hours": rounded(figures["age_hours"]),
        "missing": document["missing"],
        "warnings": [warning["kind"] for warning in document["warnings"]],
    }


def score_page(found: QuerySet[MssScore], limit: int, offset: int) -> dict[str, Any]:
    """Return a page of stored scores, and how many there are."""
    total = found.count()
    scores = [score_row(score.document) for score in found[offset : offset + limit]]
    return {
        "total": total,
        "count": len(scores),
        "limit": limit,
        "offset": offset,
        "has_more": offset + len(scores) < total,
        "scores": scores,
    }


def raw_scores(document: Document) -> dict[str, float]:
    return {name.value: document["phases"][name.value]["score"] for name in PhaseName}


def rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)


def time_text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def run_row(run: MssRun) -> dict[str, Any]:
    """Return how far a background run is; how many coins it has is unknown until it found them."""
    return {
        "id": str(run.pk),
        "state": run.progress,
        "coins_requested": run.requested if run.is_discovered else None,
        "coins_answered": run.answered,
        "coins_failed": len(run.failed),
        "started_at": time_text(run.started_at),
        "finished_at": None if run.finished_at is None else time_text(run.finished_at),
    }


def watched_row(entry: WatchlistEntry, newest: MssScore | None) -> dict[str, Any]:
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


def not_watched_row(symbol: str, interval_minutes: int, newest: MssScore | None) -> dict[str, Any]:
    """Return the same of a coin that is not watched."""
    return {
        "symbol": symbol,
        "coingecko_id": None if newest is None else newest.document["coingecko_id"],
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
