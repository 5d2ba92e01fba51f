"""How far a background scan is, as plain JSON under the public key names."""

from __future__ import annotations

from typing import Any

from smartmoney.documents import time_text
from smartmoney.models import SmartMoneyScan


def background_document(scan: SmartMoneyScan) -> dict[str, Any]:
    """Return how far a background scan is."""
    return {
        "success": True,
        "id": str(scan.pk),
        "name": scan.name,
        "state": scan.progress,
        "coinsRequested": scan.requested,
        "coinsAnswered": scan.answered,
        "coinsFailed": len(scan.failed),
        "progressPct": round(100.0 * scan.answered / scan.requested, 1),
        "startedAt": time_text(scan.started_at),
        "finishedAt": None if scan.finished_at is None else time_text(scan.finished_at),
    }
