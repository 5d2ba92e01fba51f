"""Whose liquidations are taken together: several venues' sums only by the same venues' measure."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.liquidations import Watched, most_watched, unwatched_since_ms, watched_by_all
from market.types import HOUR_MS, MINUTE_MS, LiquidationBuckets, Venue

BUCKET_MS = 5 * MINUTE_MS
AT_MS = 1_790_000_100_000  # on the grid
DAY = 288  # buckets


def buckets(ago: list[int] | range, usd: float = 10.0) -> LiquidationBuckets:
    """Return buckets that ended so many buckets ago, each with as much of longs as of shorts."""
    start_ms = np.array(sorted(AT_MS - (n + 1) * BUCKET_MS for n in ago), dtype=np.int64)
    sums = np.full(len(start_ms), usd)
    return LiquidationBuckets(BUCKET_MS, start_ms, sums, sums)


def watched(venue: Venue, ago: list[int] | range, *, measured: bool = True) -> Watched:
    return Watched(venue, buckets(ago), (1e9, AT_MS) if measured else None)


def chosen(*venues: Watched) -> tuple[tuple[str, ...], int] | None:
    taken = most_watched(venues, AT_MS, HOUR_MS)
    return taken and (tuple(each.venue.value for each in taken[0]), len(taken[1]))


def binance(ago: list[int] | range, *, measured: bool = True) -> Watched:
    return watched(Venue.BINANCE, ago, measured=measured)


def okx(ago: list[int] | range, *, measured: bool = True) -> Watched:
    return watched(Venue.OKX, ago, measured=measured)


@pytest.mark.parametrize(
    ("venues", "taken"),
    [
        ([], None),
        ([okx(range(DAY))], (("okx",), DAY)),
        ([binance(range(12))], (("binance",), 12)),
        ([binance(range(DAY)), okx(range(DAY))], (("binance", "okx"), DAY)),
        # Ten minutes without a recorder cost ten minutes, not a venue.
        (
            [binance([n for n in range(DAY) if n not in (40, 41)]), okx(range(DAY))],
            (("binance", "okx"), DAY - 2),
        ),
        # A recorder that has just started waits until it covers nearly as much as the pages.
        ([binance(range(DAY * 8 // 10)), okx(range(DAY))], (("okx",), DAY)),
        ([binance(range(DAY * 95 // 100)), okx(range(DAY))], (("binance", "okx"), 273)),
        # Who has fallen silent is left out while another goes on, and serves alone while recent.
        ([binance(range(4, DAY)), okx(range(DAY))], (("okx",), DAY)),
        ([binance(range(2, DAY)), okx(range(DAY))], (("binance", "okx"), DAY - 2)),
        ([binance(range(4, DAY))], (("binance",), DAY - 4)),
        ([binance(range(13, DAY))], None),
        ([binance(range(20, DAY)), okx(range(13, DAY))], None),
        # Without its own open interest a venue's sum has no measure, unless nobody has one.
        ([binance(range(DAY), measured=False), okx(range(12))], (("okx",), 12)),
        ([okx(range(DAY), measured=False)], (("okx",), DAY)),
    ],
)
def test_which_venues_are_taken(
    venues: list[Watched], taken: tuple[tuple[str, ...], int] | None
) -> None:
    assert chosen(*venues) == taken


def test_a_bucket_that_one_of_two_missed_is_in_no_sum() -> None:
    together = watched_by_all([buckets([0, 1, 2], 10.0), buckets([1, 2, 3], 5.0)])

    assert together.start_ms.tolist() == buckets([1, 2]).start_ms.tolist()
    assert together.long_usd.tolist() == [15.0, 15.0]


def test_an_unknown_bucket_is_not_a_watched_one() -> None:
    unknown = buckets([0, 1])
    unknown.long_usd[0] = np.nan

    assert len(watched_by_all([unknown])) == 1


@pytest.mark.parametrize(
    ("ago", "since"),
    [(range(12), None), ([0, 1, 4, 5], 11), (range(2, 12), 1), ([], 11), (range(11), 11)],
)
def test_the_oldest_unwatched_bucket_of_an_hour(ago: list[int] | range, since: int | None) -> None:
    found = unwatched_since_ms(buckets(ago), AT_MS - HOUR_MS, AT_MS + 1)

    assert found == (None if since is None else AT_MS - (since + 1) * BUCKET_MS)


@given(
    st.lists(st.sets(st.integers(0, 20)), min_size=1, max_size=3),
)
def test_common_buckets_are_those_of_every_venue_and_their_sums_add_up(
    ago: list[set[int]],
) -> None:
    together = watched_by_all([buckets(sorted(each), 1.0) for each in ago])

    common = set.intersection(*ago)
    assert len(together) == len(common)
    assert together.long_usd.tolist() == [float(len(ago))] * len(common)
