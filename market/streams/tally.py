"""Forced orders of one venue → sums per coin and side, for each bucket that was watched. Pure.

The same orders give the same sums in whatever order and however often they come. A bucket that was
not watched from its first to its last instant is never told: it stays a gap, not a zero.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from market.streams.coverage import Coverage
from market.types import LiquidationOrder

# Orders come a second after they happened; this long after its end a bucket is taken as complete.
SETTLE_MS = 10_000
# Orders that come later than this are refused: whether they were counted is no longer known.
LATE_MS = 15 * 60_000
# A venue's clock may run ahead of ours.
EARLY_MS = 60_000

# Bucket's start → coin → (long, short) USD.
Sums = dict[int, dict[str, tuple[float, float]]]


@dataclass(slots=True)
class _Bucket:
    orders: dict[tuple[str, tuple[Any, ...]], LiquidationOrder] = field(default_factory=dict)
    told: bool = False
    changed: set[str] = field(default_factory=set)  # coins with orders since it was told


class Tally:
    """``coverage`` says when the stream was watched; the caller keeps it."""

    def __init__(self, coverage: Coverage, *, bucket_ms: int) -> None:
        self._coverage = coverage
        self._bucket_ms = bucket_ms
        self._buckets: defaultdict[int, _Bucket] = defaultdict(_Bucket)
        self._known_since_ms: dict[str, int] = {}

    def know(self, bases: Collection[str], at_ms: int) -> None:
        """Take the coins to be kept; a new one has sums from the next whole bucket on."""
        self._known_since_ms = {
            base: self._known_since_ms.get(base, at_ms) for base in sorted(bases)
        }

    def add(self, base: str, order: LiquidationOrder, at_ms: int) -> bool:
        """Count an order, once; return whether its time was plausible."""
        if not at_ms - LATE_MS <= order.ts_ms <= at_ms + EARLY_MS:
            return False
        bucket = self._buckets[order.ts_ms // self._bucket_ms * self._bucket_ms]
        known = bucket.orders.get((base, order.key))
        if known is None or known.usd < order.usd:
            bucket.orders[base, order.key] = order
            bucket.changed.add(base)
        return True

    def settle(self, at_ms: int) -> Sums:
        """Return the buckets that are complete now, and the coins of others that changed since."""
        settled: Sums = {}
        first_ms = (at_ms - LATE_MS - self._bucket_ms) // self._bucket_ms * self._bucket_ms
        for start_ms in [start for start in self._buckets if start < first_ms]:
            del self._buckets[start_ms]
        for start_ms in range(first_ms, at_ms, self._bucket_ms):
            end_ms = start_ms + self._bucket_ms
            bucket = self._buckets[start_ms]
            if not bucket.told:
                if not self._coverage.covers(start_ms, end_ms + SETTLE_MS):
                    continue
                bucket.told = True
                told: Collection[str] = self._known_since_ms
            else:
                told = bucket.changed
            bucket.changed = set()
            sums = self._sums(bucket, [b for b in told if self._whole(b, start_ms)])
            if sums:
                settled[start_ms] = sums
        return settled

    def _whole(self, base: str, start_ms: int) -> bool:
        since_ms = self._known_since_ms.get(base)
        return since_ms is not None and since_ms <= start_ms

    @staticmethod
    def _sums(bucket: _Bucket, bases: Collection[str]) -> dict[str, tuple[float, float]]:
        usd: Mapping[str, dict[str, list[float]]] = {
            base: {"long": [], "short": []} for base in bases
        }
        for (base, _), order in bucket.orders.items():
            if base in usd:
                usd[base][order.side].append(order.usd)
        # fsum: exact, whatever the order.
        return {
            base: (math.fsum(sides["long"]), math.fsum(sides["short"]))
            for base, sides in usd.items()
        }
