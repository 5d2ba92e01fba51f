"""Answers of ``/history`` as plain values under the public key names."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from signals.history import storage
from signals.history_clearing import Cleared
from signals.history_pages import HistoryPage
from signals.history_streams import ALGORITHM, Streams

_DESCRIPTION = (
    "Every LONG and SHORT that was published, as it was published, and what was imported from "
    "elsewhere. NEUTRAL is not stored: it is counted, see evaluations of /history/statistics."
)
_RETENTION = "For ever. Nothing deletes or changes a stored signal; a clear hides it from lists."
_VERIFICATION = (
    "Note streams down, or have somebody else do so. docs/verify_export.py checks an export "
    "(/history/export?include_cleared=true) against them without this program."
)
_ENDPOINTS = {
    "signals": "GET /history/signals",
    "signal": "GET /history/signals/{id}",
    "statistics": "GET /history/statistics",
    "export": "GET /history/export?format=jsonl|csv",
    "clear": "DELETE /history/clear?confirm=true",
}


def page_answer(page: HistoryPage) -> dict[str, Any]:
    return {
        "success": True,
        "total": page.total,
        "filtered": page.filtered,
        "signals": page.items,
        "nextCursor": None if page.next_cursor is None else str(page.next_cursor),
        "storage": storage(),
    }


def statistics_answer(figures: dict[str, Any]) -> dict[str, Any]:
    return {"success": True, **figures, "storage": storage()}


def info_answer(streams: Streams) -> dict[str, Any]:
    cut = streams.cut
    return {
        "success": True,
        "description": _DESCRIPTION,
        "environment": settings.ENVIRONMENT,
        "storage": storage(),
        "retention": _RETENTION,
        "counts": {
            "streams": streams.streams,
            "own": streams.links,
            "imported": streams.imported,
        },
        "newestCut": None
        if cut is None
        else {"hiddenUntil": cut.hidden_until, "madeAt": cut.made_at},
        "algorithm": ALGORITHM,
        "verification": _VERIFICATION,
        "streams": streams.heads,
        "nextCursor": streams.next_cursor,
        "endpoints": _ENDPOINTS,
    }


def cleared_answer(cleared: Cleared) -> dict[str, Any]:
    return {
        "success": True,
        "message": "Signals evaluated up to hiddenUntil are no longer listed. None was deleted: "
        "their chain, their outcomes and each of them by its id stay.",
        "hiddenUntil": cleared.hidden_until,
        "newlyHidden": cleared.newly_hidden,
        "deleted": 0,
    }
