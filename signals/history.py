"""What of the stored signals is listed, and how a row of a list looks.

Everything that lists signals asks here: the history, analytics and the export. A "clear" hides rows
from these lists (``HistoryCut``); the rows and their chain stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import orjson
from django.conf import settings
from django.db import connection
from django.db.models import DateTimeField, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Cast, Coalesce

from signals.models import HistoryCut, Signal

Item = dict[str, Any]

# The order of every list; the index ``signal_listing`` is in it.
NEWEST_FIRST = ("-timestamp", "-pk")

# What an item shows, by its public key; the names of the first release are kept.
HISTORY_COLUMNS = {
    "id": "id",
    "symbol": "symbol",
    "signal": "signal",
    "score": "score",
    "confidence": "confidence",
    "price": "price",
    "timestamp": "timestamp",
    "reasons": "reasons",
    "metrics": "metrics",
    "comprehensiveMetrics": "comprehensive_metrics",
    "lunarCrushMetrics": "lunarcrush_metrics",
    "coinAPIMetrics": "coinapi_metrics",
    "smcAnalysis": "smc_analysis",
    "ai_validation": "ai_validation",
    "created_at": "created_at",
    "seq": "seq",
    "profile": "profile_name",
    "coveragePct": "coverage_pct",
    "contentHash": "content_hash",
}
# Columns of JSON: their text goes into the answer as it is, neither parsed nor written anew.
EVIDENCE = frozenset(
    {
        "reasons", "factors", "metrics", "comprehensive_metrics", "lunarcrush_metrics",
        "coinapi_metrics", "smc_analysis", "ai_validation", "provenance", "problems", "profile",
        "source_extra",
    }
)  # fmt: skip


def evidence_keys(columns: Mapping[str, str]) -> tuple[str, ...]:
    """Return the keys whose columns are JSON."""
    return tuple(key for key, column in columns.items() if column in EVIDENCE)


_HISTORY_EVIDENCE = evidence_keys(HISTORY_COLUMNS)
_BEGINNING = datetime.min.replace(tzinfo=UTC)


def stored_signals() -> QuerySet[Signal]:
    """Return this environment's signals, hidden ones among them. Unordered."""
    return Signal.objects.filter(environment=settings.ENVIRONMENT)


def listed_signals() -> QuerySet[Signal]:
    """Return this environment's signals, own and imported, after the newest cut. Unordered."""
    hidden_until = Coalesce(
        Subquery(_cuts().values("hidden_until")[:1]),
        Value(_BEGINNING, output_field=DateTimeField()),
    )
    return stored_signals().filter(timestamp__gt=hidden_until)


def newest_cut() -> HistoryCut | None:
    """Return the cut that reaches furthest: signals up to it are not listed."""
    return _cuts().first()


def storage() -> str:
    """Return what the signals are stored in: ``postgresql`` or ``sqlite``."""
    return connection.vendor


def _cuts() -> QuerySet[HistoryCut]:
    return HistoryCut.objects.filter(environment=settings.ENVIRONMENT).order_by("-hidden_until")


def history_items(signals: QuerySet[Signal]) -> list[Item]:
    """Return signals as items of a list, newest first, in one query.

    ``signals`` may be a slice: which rows it has is decided by the index alone, and only those are
    read. Evidence is ready JSON (``orjson.Fragment``) for ``config.api.renderers.dump_json``.
    """
    return [history_item(row) for row in history_rows(signals)]


def history_rows(signals: QuerySet[Signal]) -> QuerySet[Signal, tuple[Any, ...]]:
    """Return the query behind :func:`history_items`."""
    return _rows().filter(pk__in=signals.values("pk"))


@cache
def _rows() -> QuerySet[Signal, tuple[Any, ...]]:
    # Built once: naming its columns anew takes Django as long as Postgres takes to answer.
    columns = map(as_read, HISTORY_COLUMNS.values())
    return Signal.objects.order_by(*NEWEST_FIRST).values_list(*columns)


def as_read(column: str) -> str | Cast:
    """Return what to ask of a column: of evidence its JSON text."""
    return Cast(column, TextField()) if column in EVIDENCE else column


def item_of(columns: Mapping[str, str], evidence: Iterable[str], row: Sequence[Any]) -> Item:
    """Return a row that was asked for by :func:`as_read` under its public keys."""
    item = dict(zip(columns, row, strict=True))
    for key in evidence:
        if item[key] is not None:
            item[key] = orjson.Fragment(item[key])
    return item


def history_item(row: Sequence[Any]) -> Item:
    """Return one row of :func:`history_rows` as an item of a list."""
    item = item_of(HISTORY_COLUMNS, _HISTORY_EVIDENCE, row)
    item["score"] = float(item["score"])
    item["price"] = float(item["price"])
    item["contentHash"] = item["contentHash"] or None
    item["origin"] = "imported" if item["seq"] is None else "own"
    return item
