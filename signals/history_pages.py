"""Pages of the history, newest first, each going on where the last ended; and one signal whole."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from signals.history import (
    NEWEST_FIRST,
    as_read,
    evidence_keys,
    history_items,
    item_of,
    listed_signals,
    stored_signals,
)
from signals.history_filters import SignalFilter
from signals.history_statistics import listed_count
from signals.models import Signal

# Counting reads an index entry for each signal: so many take some 5 ms. More are told as null.
COUNTED_TO = 10_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Fifteen hexadecimal digits stay below what a database takes for a number.
_CURSOR = re.compile(r"([0-9a-f]{1,15})-([0-9a-f]{1,15})")

# What one signal shows beyond an item of a list.
_WHOLE_COLUMNS = {
    "factors": "factors",
    "provenance": "provenance",
    "problems": "problems",
    "confidenceScore": "confidence_score",
    "environment": "environment",
    "engineVersion": "engine_version",
    "profileVersion": "profile_version",
    "profileSettings": "profile",
    "inputHash": "input_hash",
    "prevHash": "prev_hash",
    "importedAt": "imported_at",
    "sourceReference": "source_reference",
    "sourceExtra": "source_extra",
}
_WHOLE_EVIDENCE = evidence_keys(_WHOLE_COLUMNS)


class InvalidCursor(ValueError):
    """A cursor that no page was given out with."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last signal of a page: the next one begins behind it."""

    timestamp: datetime
    pk: int

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Return what :meth:`__str__` wrote; raise InvalidCursor."""
        match = _CURSOR.fullmatch(text)
        if match is None:
            raise InvalidCursor(text)
        try:
            return cls(_EPOCH + int(match[1], 16) * _MICROSECOND, int(match[2], 16))
        except OverflowError as e:
            raise InvalidCursor(text) from e

    def __str__(self) -> str:
        return f"{(self.timestamp - _EPOCH) // _MICROSECOND:x}-{self.pk:x}"


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Items; how many are listed, and how many pass the filters (None: more than COUNTED_TO)."""

    total: int
    filtered: int | None
    items: list[dict[str, Any]]
    next_cursor: Cursor | None


def history_page(filters: Mapping[str, Any], *, limit: int, cursor: Cursor | None) -> HistoryPage:
    """Return one page of the listed signals that pass the filters (``SignalFilter``)."""
    listed = listed_signals()
    wanted = SignalFilter(filters, listed).qs
    items = history_items(behind(cursor, wanted).order_by(*NEWEST_FIRST)[: limit + 1])
    shown, is_last = items[:limit], len(items) <= limit
    total = listed_count()
    if not filters:
        filtered: int | None = total
    elif cursor is None and is_last:
        filtered = len(shown)  # a rare match is not searched for twice
    else:
        filtered = count_to_limit(wanted)
    return HistoryPage(
        total=total,
        filtered=filtered,
        items=shown,
        next_cursor=None if is_last else Cursor(shown[-1]["timestamp"], shown[-1]["id"]),
    )


def whole_signal(pk: int) -> dict[str, Any] | None:
    """Return one signal with all its evidence and its place in the chain, also when hidden."""
    columns = map(as_read, _WHOLE_COLUMNS.values())
    row = stored_signals().filter(pk=pk).values_list(*columns).first()
    if row is None:
        return None
    [item] = history_items(stored_signals().filter(pk=pk))
    whole = {**item, **item_of(_WHOLE_COLUMNS, _WHOLE_EVIDENCE, row)}
    for key in ("inputHash", "prevHash", "sourceReference"):
        whole[key] = whole[key] or None
    return {**whole, "listed": listed_signals().filter(pk=pk).exists()}


def count_to_limit(signals: QuerySet[Signal]) -> int | None:
    """Return how many there are, None when they are more than COUNTED_TO."""
    count = signals.values("pk")[: COUNTED_TO + 1].count()
    return count if count <= COUNTED_TO else None


def behind(cursor: Cursor | None, signals: QuerySet[Signal]) -> QuerySet[Signal]:
    """Return those of some signals, newest first, that come after a page's last."""
    if cursor is None:
        return signals
    # The first condition says nothing new; it is the one that an index finds the place by.
    return signals.filter(timestamp__lte=cursor.timestamp).filter(
        Q(timestamp__lt=cursor.timestamp) | Q(pk__lt=cursor.pk)
    )
