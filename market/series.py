"""The series store: what was read once is kept, joined and never asked for again.

Stands between collection and the database; sync ORM only. Many coins load in one query. Appending
is one transaction that locks what it rewrites, so two writers of one series both keep their rows.
The layout of the rows is told in ``market.models``.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from market.chains import BUCKET_MS, LAYOUTS, SeriesLayout, width_of
from market.clock import datetime_at, now, now_ms
from market.models import HEAD_AT, Series, SeriesKind
from market.tables import Joined, Table, join, join_floors, pack, unpack
from market.types import DAY_MS

logger = logging.getLogger(__name__)


class SeriesKey(NamedTuple):
    base: str
    kind: SeriesKind
    source: str
    resolution: str


@dataclass(frozen=True, slots=True)
class Held:
    """What the store has of one series, and when its source was last asked."""

    table: Table
    fetched_at_ms: int


@dataclass(frozen=True, slots=True)
class Update:
    """Rows just fetched, possibly none: that the source was asked is worth knowing too."""

    key: SeriesKey
    table: Table
    fetched_at_ms: int


Book = Mapping[SeriesKey, Held]


def load(bases: Collection[str]) -> dict[SeriesKey, Held]:
    """Return the heads of every series of some coins, in one query."""
    return _heads(
        Series.objects.filter(
            environment=settings.ENVIRONMENT, base__in=bases, chunk_start_at=HEAD_AT
        )
    )


def load_kind(
    bases: Collection[str], kind: SeriesKind, source: str, resolution: str
) -> dict[SeriesKey, Held]:
    """Return the heads of one quantity of some coins from one source, in one query."""
    return _heads(
        Series.objects.filter(
            environment=settings.ENVIRONMENT,
            base__in=bases,
            kind=kind,
            source=source,
            resolution=resolution,
            chunk_start_at=HEAD_AT,
        )
    )


def liquidation_coverage(source: str) -> float:
    """Return the known share of a source's last 24 h, of the coin that is known best."""
    chunk = (
        Series.objects.filter(
            environment=settings.ENVIRONMENT,
            kind=SeriesKind.LIQUIDATIONS,
            source=source,
            chunk_start_at=HEAD_AT,
            last_at__gt=now() - timedelta(milliseconds=DAY_MS),
        )
        .order_by("-rows", "base")
        .values_list("columns", "rows")
        .first()
    )
    if chunk is None:
        return 0.0
    buckets = _unpacked(*chunk, SeriesKind.LIQUIDATIONS).since(now_ms() - DAY_MS)
    known = int(np.isfinite(buckets.values).all(axis=0).sum())
    return round(min(1.0, known * BUCKET_MS / DAY_MS), 4)


def kinds_of(bases: Collection[str]) -> dict[str, frozenset[SeriesKind]]:
    """Return of which kinds there are rows of each coin, from any source."""
    rows = Series.objects.filter(
        environment=settings.ENVIRONMENT, base__in=bases, chunk_start_at=HEAD_AT, rows__gt=0
    ).values_list("base", "kind")
    found: dict[str, set[SeriesKind]] = defaultdict(set)
    for base, kind in rows:
        found[base].add(SeriesKind(kind))
    return {base: frozenset(kinds) for base, kinds in found.items()}


def load_all(key: SeriesKey) -> Table:
    """Return everything ever kept of one series: its archive and its head."""
    chunks = Series.objects.filter(environment=settings.ENVIRONMENT, **key._asdict()).order_by(
        "fetched_at", "chunk_start_at"
    )
    whole = Table.empty(width_of(key.kind))
    for columns, rows in chunks.values_list("columns", "rows"):
        whole = join(whole, _unpacked(columns, rows, key.kind)).table
    return whole


def merged(held: Held | None, update: Update) -> Held:
    """Return what is known with the update in it; nothing is written."""
    return _merged(held, update)[0]


def append(updates: Sequence[Update]) -> None:
    """Join fetched rows to what is stored; concurrent appends lose nothing of each other."""
    if not updates:
        return
    by_key: dict[SeriesKey, list[Update]] = defaultdict(list)
    for update in updates:
        by_key[update.key].append(update)
    with transaction.atomic():
        heads = _locked_heads(by_key)
        missing = [key for key in by_key if key not in heads]
        if missing:
            # Another writer may insert the same heads now; then its rows are locked and joined.
            Series.objects.bulk_create(
                [_chunk(key, Table.empty(width_of(key.kind)), HEAD_AT, HEAD_AT) for key in missing],
                ignore_conflicts=True,
            )
            heads |= _locked_heads(missing)
        written: list[Series] = []
        for key, pending in by_key.items():
            written.extend(_rewritten(key, heads[key], pending))
        Series.objects.bulk_create(
            written,
            update_conflicts=True,
            unique_fields=[
                "environment", "base", "chunk_start_at", "kind", "source", "resolution",
            ],
            update_fields=["columns", "rows", "first_at", "last_at", "fetched_at"],
        )  # fmt: skip


def forget_old() -> int:
    """Delete archived chunks older than they are kept; return how many. Heads always stay."""
    if not settings.SERIES_RETENTION_DAYS:
        return 0
    before = now() - timedelta(days=settings.SERIES_RETENTION_DAYS)
    archived = Series.objects.filter(environment=settings.ENVIRONMENT, last_at__lt=before).exclude(
        chunk_start_at=HEAD_AT
    )
    return archived.delete()[0]


def _locked_heads(keys: Collection[SeriesKey]) -> dict[SeriesKey, Held]:
    return _heads(
        Series.objects.select_for_update()
        .filter(
            environment=settings.ENVIRONMENT,
            base__in={key.base for key in keys},
            kind__in={key.kind for key in keys},
            source__in={key.source for key in keys},
            resolution__in={key.resolution for key in keys},
            chunk_start_at=HEAD_AT,
        )
        .order_by("pk")  # every writer locks in the same order
    )


def _heads(chunks: QuerySet[Series]) -> dict[SeriesKey, Held]:
    rows = chunks.values_list(
        "base", "kind", "source", "resolution", "columns", "rows", "fetched_at"
    )
    return {
        SeriesKey(base, SeriesKind(kind), source, resolution): Held(
            _unpacked(columns, count, kind), _ms(fetched_at)
        )
        for base, kind, source, resolution, columns, count, fetched_at in rows
    }


def _rewritten(key: SeriesKey, held: Held, pending: Sequence[Update]) -> list[Series]:
    for update in pending:
        held, joined = _merged(held, update)
        if joined.rewritten and key.kind == SeriesKind.CANDLES:
            logger.warning(
                "closed bars changed at their source, the later fetch stands",
                extra={**key._asdict(), "bars": joined.rewritten},
            )
    fetched_at = datetime_at(held.fetched_at_ms)
    head, sealed = split(held.table, LAYOUTS[key.kind, key.resolution])
    chunks = [_chunk(key, head, HEAD_AT, fetched_at)]
    for start_ms, rows in sealed:
        start_at = datetime_at(start_ms)
        chunks.append(_chunk(key, _with_archived(key, start_at, rows), start_at, fetched_at))
    return chunks


def _merged(held: Held | None, update: Update) -> tuple[Held, Joined]:
    if held is None:
        return Held(update.table, update.fetched_at_ms), Joined(update.table, len(update.table), 0)
    unite = join_floors if update.key.kind == SeriesKind.LIQUIDATIONS else join
    if update.fetched_at_ms >= held.fetched_at_ms:
        joined = unite(held.table, update.table)
    else:  # an answer that was overtaken: what was fetched after it stands
        joined = unite(update.table, held.table)
    return Held(joined.table, max(held.fetched_at_ms, update.fetched_at_ms)), joined


def split(table: Table, layout: SeriesLayout) -> tuple[Table, list[tuple[int, Table]]]:
    """Return the head and, per calendar span, the rows that leave it."""
    if not len(table):
        return table, []
    boundary_ms = (table.last_ms - layout.keep_ms) // layout.span_ms * layout.span_ms
    leaving = table.until(boundary_ms - 1)
    if not len(leaving):
        return table, []
    spans_ms = leaving.times_ms // layout.span_ms * layout.span_ms
    starts_ms, first = np.unique(spans_ms, return_index=True)
    edges = [*first.tolist(), len(leaving)]
    return table.since(boundary_ms), [
        (int(start_ms), leaving.rows(slice(edges[i], edges[i + 1])))
        for i, start_ms in enumerate(starts_ms)
    ]


def _with_archived(key: SeriesKey, start_at: datetime, rows: Table) -> Table:
    """Return the rows of a sealed chunk, should some of its span have been sealed before."""
    sealed = Series.objects.filter(
        environment=settings.ENVIRONMENT, chunk_start_at=start_at, **key._asdict()
    ).values_list("columns", "rows")
    for columns, count in sealed:
        rows = join(_unpacked(columns, count, key.kind), rows).table
    return rows


def _chunk(key: SeriesKey, table: Table, start_at: datetime, fetched_at: datetime) -> Series:
    return Series(
        environment=settings.ENVIRONMENT,
        **key._asdict(),
        chunk_start_at=start_at,
        columns=pack(table),
        rows=len(table),
        first_at=datetime_at(table.first_ms) if len(table) else None,
        last_at=datetime_at(table.last_ms) if len(table) else None,
        fetched_at=fetched_at,
    )


def _unpacked(columns: bytes | memoryview, rows: int, kind: str) -> Table:
    return unpack(columns, rows) if rows else Table.empty(width_of(kind))


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
