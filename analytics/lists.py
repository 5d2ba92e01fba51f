"""Lists of published signals, newest first: the latest, one coin's, those of a range of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analytics.filters import Span
from signals.history import NEWEST_FIRST, history_items, listed_signals
from signals.history_pages import Cursor, behind

Items = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Page:
    items: Items
    next_cursor: Cursor | None


def latest(limit: int) -> Items:
    return history_items(listed_signals().order_by(*NEWEST_FIRST)[:limit])


def recent_signals(symbol: str, limit: int) -> Items:
    return of_coin(symbol, limit, 0)[1]


def of_coin(symbol: str, limit: int, offset: int) -> tuple[int, Items]:
    """Return how many signals of a coin are listed, and some of them."""
    found = listed_signals().filter(symbol=symbol)
    page = found.order_by(*NEWEST_FIRST)[offset : offset + limit]
    return found.count(), history_items(page)


def between(span: Span, symbol: str | None, limit: int, after: Cursor | None) -> Page:
    """Return one page of the signals of a span."""
    found = listed_signals().filter(timestamp__gte=span.since, timestamp__lt=span.until)
    if symbol is not None:
        found = found.filter(symbol=symbol)
    items = history_items(behind(after, found).order_by(*NEWEST_FIRST)[: limit + 1])
    shown = items[:limit]
    return Page(shown, Cursor(shown[-1]["timestamp"], shown[-1]["id"]) if items[limit:] else None)
