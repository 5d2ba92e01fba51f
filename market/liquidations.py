"""Forced orders → sums per side in 5-minute buckets. Pure.

A page of orders tells what happened since its oldest row, or in the venue's whole 24 h when there
are no older ones. Buckets of that time without an order are true zeros; buckets before it are not
known and stay absent.
"""

from __future__ import annotations

import numpy as np

from market.chains import BUCKET_MS
from market.providers.observations import LiquidationPage
from market.types import DAY_MS, HOUR_MS, FloatArray, LiquidationBuckets
from market.windows import LIQUIDATION_WINDOWS_H

# What a venue keeps and answers with.
VENUE_KEEPS_MS = DAY_MS


def covered_since_ms(page: LiquidationPage, at_ms: int) -> int:
    """Return since when a page holds every order; the present when it holds none of many."""
    if not page.older_may_exist:
        return at_ms - VENUE_KEEPS_MS
    return at_ms if page.oldest_at_ms is None else page.oldest_at_ms


def joined_pages(newer: LiquidationPage, older: LiquidationPage) -> LiquidationPage:
    """Return two neighbouring pages as one; pages overlap, an order counts once."""
    orders = {order.key: order for order in (*older.orders, *newer.orders)}
    ascending = tuple(sorted(orders.values(), key=lambda order: order.ts_ms))
    return LiquidationPage(
        orders=ascending,
        oldest_at_ms=ascending[0].ts_ms if ascending else None,
        older_may_exist=older.older_may_exist,
    )


def buckets_of(page: LiquidationPage, at_ms: int) -> LiquidationBuckets:
    """Return the buckets that had ended at ``at_ms``, as far as the page covers them.

    The first bucket of a full page is usually covered in part; it is kept, since every sum here is
    a floor. Without orders in a full page nothing is covered.
    """
    since_ms = covered_since_ms(page, at_ms)
    if not page.older_may_exist:
        since_ms += BUCKET_MS - 1  # orders of the partial first bucket have expired at the venue
    first = since_ms // BUCKET_MS
    end = at_ms // BUCKET_MS
    count = max(0, end - first)
    long_usd, short_usd = np.zeros(count), np.zeros(count)
    for order in page.orders:
        index = order.ts_ms // BUCKET_MS - first
        if 0 <= index < count:
            side_usd = long_usd if order.side == "long" else short_usd
            side_usd[index] += order.usd
    start_ms = (first + np.arange(count, dtype=np.int64)) * BUCKET_MS
    return LiquidationBuckets(BUCKET_MS, start_ms, long_usd, short_usd)


def buckets_of_windows(sums: FloatArray, ended_ms: int) -> LiquidationBuckets:
    """Return hours that add up to a vendor's own sums over the last 1, 4, 12 and 24 hours.

    ``sums`` are long and short USD per window, the shortest first, all ending at ``ended_ms``. What
    one window has more than the next shorter one is spread evenly over the hours between them: no
    figure that is computed from the windows depends on where within them it fell.
    """
    per_window = sums.reshape(len(LIQUIDATION_WINDOWS_H), 2)
    hours = LIQUIDATION_WINDOWS_H[-1]
    usd = np.zeros((2, hours))
    earlier_h, earlier = 0, np.zeros(2)
    for window_h, window in zip(LIQUIDATION_WINDOWS_H, per_window, strict=True):
        share = (window - earlier) / (window_h - earlier_h)
        usd[:, hours - window_h : hours - earlier_h] = share[:, np.newaxis]
        earlier_h, earlier = window_h, window
    start_ms = ended_ms - (hours - np.arange(hours, dtype=np.int64)) * HOUR_MS
    return LiquidationBuckets(HOUR_MS, start_ms, usd[0], usd[1])


def covered_h(buckets: LiquidationBuckets) -> float:
    """Return how many hours were watched."""
    known = np.isfinite(buckets.long_usd) & np.isfinite(buckets.short_usd)
    return float(np.count_nonzero(known)) * buckets.bucket_ms / HOUR_MS
