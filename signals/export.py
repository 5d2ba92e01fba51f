"""The stored signals as a stream: chunk by chunk, whatever their number, in little memory.

Rows are fetched by the key of the one before. No cursor and no connection is held while the reader
takes its time, and a chunk is all that is ever in memory.

The web server ends a response that breaks off as if it were whole, so a broken export says in its
last line that it is broken.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from django.db.models import Max, QuerySet

from market.pool import give_back_pooled_connections
from signals.export_formats import ExportFormat
from signals.history import as_read
from signals.models import Signal

logger = logging.getLogger(__name__)

# Each row brings its inputs, some tens of kilobytes.
CHUNK_ROWS = 100

Chunk = list[tuple[Any, ...]]


class Export:
    """One export, fixed when it is made: what is stored later is not in it. Iterate it once."""

    def __init__(self, signals: QuerySet[Signal], form: ExportFormat) -> None:
        self._form = form
        # A link is written after the one before it is committed. So up to here no stream has a
        # gap, whatever is stored while the export runs.
        newest: int = Signal.objects.aggregate(newest=Max("pk"))["newest"] or 0
        self._rows = (
            signals.filter(pk__lte=newest).order_by("pk").values_list(*map(as_read, form.columns))
        )
        # Asked now: a database that is away is a refusal then, and not a broken stream.
        self._first = self._chunk(0)

    def __iter__(self) -> Iterator[bytes]:
        told = 0
        try:
            yield self._form.head()
            for chunk in self._chunks():
                yield self._form.rows(chunk)
                told += len(chunk)
            yield self._form.end(told)
        except Exception:
            # The outer edge of the stream: whatever it was, the reader must learn of it.
            logger.exception("export broke off", extra={"rows": told})
            yield self._form.broken(told)

    def _chunks(self) -> Iterator[Chunk]:
        chunk, self._first = self._first, []
        while chunk:
            yield chunk
            chunk = self._chunk(chunk[-1][0]) if len(chunk) == CHUNK_ROWS else []

    def _chunk(self, behind: int) -> Chunk:
        chunk = list(self._rows.filter(pk__gt=behind)[:CHUNK_ROWS])
        give_back_pooled_connections()
        return chunk
