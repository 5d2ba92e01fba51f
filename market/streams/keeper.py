"""Settled buckets → the series store; with the database away they wait, as long as there is room.

One write per bucket and venue holds every listed coin: zeros say that it was watched.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import numpy as np
from django.db import DatabaseError

from market import series
from market.chains import BUCKET_MS, BUCKETS
from market.models import SeriesKind
from market.series import SeriesKey, Update
from market.streams.tally import Sums
from market.tables import Table
from market.types import DAY_MS, Venue

logger = logging.getLogger(__name__)

# A day of buckets of 400 coins is some 20 MB; what waits longer becomes a gap.
MOST_WAITING = DAY_MS // BUCKET_MS
# Coins of one transaction: SQLite has one writer, and others wait for it.
COINS_PER_WRITE = 100


class Keeper:
    """What of one venue is still to be written. Lives on the recorder's loop."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        self._waiting: Sums = {}

    def take(self, settled: Sums) -> None:
        """Add buckets to those that wait; the oldest are given up when there are too many."""
        for start_ms, sums in settled.items():
            self._waiting.setdefault(start_ms, {}).update(sums)
        for start_ms in sorted(self._waiting)[: max(0, len(self._waiting) - MOST_WAITING)]:
            del self._waiting[start_ms]
            logger.error(
                "a watched bucket is lost, the database was away too long",
                extra={"venue": self.venue.value, "bucket_ms": start_ms},
            )

    def waiting(self) -> Sums:
        return {start_ms: dict(sums) for start_ms, sums in self._waiting.items()}

    def written(self, batch: Sums) -> None:
        """Forget what was written, unless it changed meanwhile."""
        for start_ms, sums in batch.items():
            left = self._waiting.get(start_ms, {})
            for base in [base for base in left if left[base] == sums.get(base)]:
                del left[base]
            if not left:
                self._waiting.pop(start_ms, None)


def write(venue: Venue, batch: Sums, at_ms: int) -> bool:
    """Append buckets to the series store; return whether the database took them."""
    updates = _updates(venue, batch, at_ms)
    try:
        for start in range(0, len(updates), COINS_PER_WRITE):
            series.append(updates[start : start + COINS_PER_WRITE])
    except DatabaseError:
        logger.exception(
            "liquidations not kept yet, the database is away",
            extra={"venue": venue.value, "buckets": len(batch)},
        )
        return False
    return True


def _updates(venue: Venue, batch: Sums, at_ms: int) -> Sequence[Update]:
    by_coin: dict[str, dict[int, tuple[float, float]]] = {}
    for start_ms, sums in batch.items():
        for base, usd in sums.items():
            by_coin.setdefault(base, {})[start_ms] = usd
    return [
        Update(SeriesKey(base, SeriesKind.LIQUIDATIONS, venue.value, BUCKETS), _table(rows), at_ms)
        for base, rows in sorted(by_coin.items())
    ]


def _table(rows: Mapping[int, tuple[float, float]]) -> Table:
    starts = sorted(rows)
    return Table(
        np.array(starts, dtype=np.int64),
        np.array([rows[start] for start in starts], dtype=np.float64).T,
    )
