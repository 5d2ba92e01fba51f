"""Forced orders → sums per side in 5-minute buckets. Pure.

A page of orders tells what happened since its oldest row, or in the venue's whole 24 h when there
are no older ones. Buckets of that time without an order are true zeros; buckets before it are not
known and stay absent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from market.chains import BUCKET_MS
from market.providers.observations import LiquidationPage
from market.types import DAY_MS, HOUR_MS, FloatArray, LiquidationBuckets, Venue
from market.windows import LIQUIDATION_WINDOWS_H

# What a venue keeps and answers with.
VENUE_KEEPS_MS = DAY_MS

# A venue whose newest watched bucket ended this recently is being watched now.
CURRENT_MS = 3 * BUCKET_MS
# Share of the best single venue's buckets that several must have in common to be used together.
NEARLY_ALL = 0.9


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


def unwatched_since_ms(buckets: LiquidationBuckets, from_ms: int, to_ms: int) -> int | None:
    """Return the start of the first whole bucket between two instants that is not known."""
    step_ms = buckets.bucket_ms
    wanted = np.arange(-(-from_ms // step_ms), to_ms // step_ms, dtype=np.int64) * step_ms
    known = buckets.start_ms[np.isfinite(buckets.long_usd) & np.isfinite(buckets.short_usd)]
    missing = wanted[~np.isin(wanted, known)]
    return int(missing[0]) if len(missing) else None


def watched_by_all(watched: Sequence[LiquidationBuckets]) -> LiquidationBuckets:
    """Return the sums over several venues, of the buckets that every one of them watched."""
    first, *others = (_known(buckets) for buckets in watched)
    for other in others:
        common, mine, its = np.intersect1d(first.start_ms, other.start_ms, return_indices=True)
        first = LiquidationBuckets(
            first.bucket_ms,
            common,
            first.long_usd[mine] + other.long_usd[its],
            first.short_usd[mine] + other.short_usd[its],
        )
    return first


@dataclass(frozen=True, slots=True)
class Watched:
    """What one venue's liquidations are known of, and the open interest to measure them by.

    The open interest is None where it is unknown, else (USD, observed at).
    """

    venue: Venue
    buckets: LiquidationBuckets
    open_interest: tuple[float, int] | None


def most_watched(
    venues: Sequence[Watched], at_ms: int, max_age_ms: int
) -> tuple[tuple[Watched, ...], LiquidationBuckets] | None:
    """Return whose liquidations to take together, and their sums; None when nobody's are recent.

    All venues together where their common buckets cover nearly as much as the best one's alone:
    sums over several venues are measured by the open interest of just these, so a bucket that one
    of them missed cannot be used. Who has fallen silent is left out as long as another goes on, and
    who has no measure as long as another has one.
    """
    together = tuple(each for each in venues if each.open_interest is not None)
    sets = [together] if len(together) > 1 else []
    sets += [(each,) for each in together or venues]
    found = [(chosen, watched_by_all([each.buckets for each in chosen])) for chosen in sets]
    for age_ms in (CURRENT_MS, max_age_ms):
        recent = [
            (chosen, buckets)
            for chosen, buckets in found
            if len(buckets) and at_ms - int(buckets.start_ms[-1]) - buckets.bucket_ms <= age_ms
        ]
        most = max((len(buckets) for _, buckets in recent), default=0)
        for chosen, buckets in recent:
            if len(buckets) >= NEARLY_ALL * most:
                return chosen, buckets
    return None


def _known(buckets: LiquidationBuckets) -> LiquidationBuckets:
    known = np.isfinite(buckets.long_usd) & np.isfinite(buckets.short_usd)
    return LiquidationBuckets(
        buckets.bucket_ms,
        buckets.start_ms[known],
        buckets.long_usd[known],
        buckets.short_usd[known],
    )


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
