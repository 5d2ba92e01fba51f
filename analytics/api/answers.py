"""From what selectors return to the documented answers: names and shapes, no figures of their own.

``outcome_answers`` does the same for what came of the signals.
"""

from __future__ import annotations

from typing import Any

from analytics.filters import Span
from analytics.lists import Items, Page
from analytics.selectors import Overview, SignalSummary


def summary_answer(summary: SignalSummary) -> dict[str, Any]:
    evaluations = summary.evaluations
    return {
        "period_days": summary.days,
        "since": summary.since,
        "symbol": summary.symbol,
        "total_signals": summary.total,
        "signal_distribution": {
            **summary.directions,
            "NEUTRAL": evaluations["neutral"] + evaluations["insufficient"],
        },
        "evaluations": evaluations,
        "score_stats": {
            "average": summary.score_average,
            "min": summary.score_min,
            "max": summary.score_max,
        },
        "confidence_distribution": summary.confidences,
    }


def overview_answer(overview: Overview) -> dict[str, Any]:
    return {
        "total_signals": overview.total,
        "recent_signals_analyzed": overview.recent,
        "top_symbols": [
            {"symbol": symbol, "count": count} for symbol, count in overview.top_symbols
        ],
        "last_7_days": summary_answer(overview.last_week),
        "database": overview.database,
        "status": "ok",
    }


def range_answer(span: Span, symbol: str | None, limit: int, page: Page) -> dict[str, Any]:
    return {
        "success": True,
        "since": span.since,
        "until": span.until,
        "symbol": symbol,
        "count": len(page.items),
        "limit": limit,
        "has_more": page.next_cursor is not None,
        "next_cursor": None if page.next_cursor is None else str(page.next_cursor),
        "signals": page.items,
    }


def symbol_history_answer(
    symbol: str, limit: int, offset: int, total: int, items: Items
) -> dict[str, Any]:
    return {
        "success": True,
        "symbol": symbol,
        "total": total,
        "count": len(items),
        "offset": offset,
        "limit": limit,
        "has_more": offset + len(items) < total,
        "signals": items,
    }
