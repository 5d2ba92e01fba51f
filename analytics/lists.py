"""Lists of published signals, newest first: the latest, one coin's, those of a range of time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet

from analytics.filters import Span
from signals.history import (
    NEWEST_FIRST,
    history_item,
    history_items,
    history_rows,
    listed_signals,
)
from signals.history_pages import Cursor, behind
from signals.models import Signal

Items = list[dict[str, Any]]
Statement = tuple[str, tuple[Any, ...]]
# The connection as ``config.postgres`` makes it, for what it can beyond Django's.
_postgres: Any = connection


@dataclass(frozen=True, slots=True)
class Page:
    items: Items
    next_cursor: Cursor | None


def latest(limit: int) -> Items:
    """Return the newest signals of all coins."""
    if connection.vendor != "postgresql":
        return history_items(_newest(limit))  # whose values need what Django does to them
    return [history_item(row) for row in _fetched(latest_statement(settings.ENVIRONMENT, limit))]


def latest_ids(limit: int) -> tuple[int, ...]:
    """Return the ids of :func:`latest`, which the index alone tells."""
    return tuple(pk for (pk,) in _fetched(_ids_statement(settings.ENVIRONMENT, limit)))


# To compile a statement takes Django longer than the database takes to answer it.
@lru_cache(maxsize=64)
def latest_statement(environment: str, limit: int) -> Statement:  # noqa: ARG001
    return _statement(history_rows(_newest(limit)))


@lru_cache(maxsize=64)
def _ids_statement(environment: str, limit: int) -> Statement:  # noqa: ARG001
    return _statement(_newest(limit).values_list("pk"))


def _statement(queryset: QuerySet[Signal, tuple[Any, ...]]) -> Statement:
    sql, values = queryset.query.sql_with_params()
    if connection.vendor == "postgresql":  # keeps its plan if the values are in it
        return _postgres.ops.compose_sql(sql, values), ()
    return sql, values


def _fetched(statement: Statement) -> list[tuple[Any, ...]]:
    sql, values = statement
    if connection.vendor == "postgresql":
        planned: list[tuple[Any, ...]] = _postgres.fetch_prepared(sql)
        return planned
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _newest(limit: int) -> QuerySet[Signal]:
    return listed_signals().order_by(*NEWEST_FIRST)[:limit]


def recent_signals(symbol: str, limit: int) -> Items:
    """Return a coin's newest signals; their evidence is ready JSON for ``dump_json``."""
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
