"""Lists of published signals, newest first: the latest, one coin's, and those of a range of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from analytics.filters import Span
from signals.history import NEWEST_FIRST, history_items, listed_signals
from signals.models import Signal

Items = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last signal of a page. The next page begins after it, whatever was stored meanwhile."""

    timestamp: datetime
    id: int

    def __str__(self) -> str:
        return f"{self.timestamp.isoformat()}~{self.id}"

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Read what ``str`` wrote. Raises ValueError."""
        timestamp, _, number = text.partition("~")
        read = cls(datetime.fromisoformat(timestamp), int(number))
        if str(read) != text or read.timestamp.tzinfo is None or not 0 < read.id < 2**63:
            raise ValueError("no cursor of ours")
        return read


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
    if after is not None:
        found = _beyond(found, after)
    items = history_items(found.order_by(*NEWEST_FIRST)[: limit + 1])
    if len(items) <= limit:
        return Page(items, None)
    last = items[limit - 1]
    return Page(items[:limit], Cursor(last["timestamp"], last["id"]))


def _beyond(signals: QuerySet[Signal], cursor: Cursor) -> QuerySet[Signal]:
    earlier = Q(timestamp__lt=cursor.timestamp)
    same_instant = Q(timestamp=cursor.timestamp, pk__lt=cursor.id)
    # The first condition alone is one that an index can begin at.
    return signals.filter(Q(timestamp__lte=cursor.timestamp), earlier | same_instant)
