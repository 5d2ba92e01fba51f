"""Forced orders in buckets: true zeros where watched, nothing where not."""

from __future__ import annotations

from market.liquidations import buckets_of, covered_h, joined_pages
from market.providers.observations import LiquidationPage
from market.types import DAY_MS, HOUR_MS, MINUTE_MS, LiquidationOrder

AT_MS = 1_790_683_620_000  # 12:07
BUCKET_MS = 5 * MINUTE_MS


def order(ago_ms: int, usd: float = 100.0, side: str = "long") -> LiquidationOrder:
    return LiquidationOrder(AT_MS - ago_ms, side, 1.0, usd, key=(ago_ms, usd, side))


def page(*orders: LiquidationOrder, older_may_exist: bool = False) -> LiquidationPage:
    ascending = tuple(sorted(orders, key=lambda each: each.ts_ms))
    oldest = ascending[0].ts_ms if ascending else None
    return LiquidationPage(ascending, oldest, older_may_exist)


def test_a_day_without_orders_is_a_day_of_zeros() -> None:
    buckets = buckets_of(page(), AT_MS)

    assert covered_h(buckets) >= 23.9
    assert buckets.long_usd.sum() == buckets.short_usd.sum() == 0.0


def test_orders_are_summed_by_side_in_the_bucket_of_their_time() -> None:
    buckets = buckets_of(
        page(
            order(10 * MINUTE_MS, 100.0),
            order(11 * MINUTE_MS, 50.0),
            order(10 * MINUTE_MS, 7.0, "short"),
        ),
        AT_MS,
    )

    long_usd = dict(zip(buckets.start_ms.tolist(), buckets.long_usd.tolist(), strict=True))
    short_usd = dict(zip(buckets.start_ms.tolist(), buckets.short_usd.tolist(), strict=True))
    bucket = (AT_MS - 11 * MINUTE_MS) // BUCKET_MS * BUCKET_MS
    assert long_usd[bucket] == 150.0
    assert short_usd[bucket] == 7.0


def test_the_bucket_that_has_not_ended_is_left_for_later() -> None:
    buckets = buckets_of(page(order(MINUTE_MS)), AT_MS)

    assert buckets.start_ms[-1] + BUCKET_MS <= AT_MS
    assert buckets.long_usd.sum() == 0.0


def test_a_full_page_says_nothing_of_the_time_before_its_oldest_order() -> None:
    buckets = buckets_of(page(order(HOUR_MS), order(10 * MINUTE_MS), older_may_exist=True), AT_MS)

    assert buckets.start_ms[0] == (AT_MS - HOUR_MS) // BUCKET_MS * BUCKET_MS
    assert 1.0 <= covered_h(buckets) <= 1.1


def test_a_full_page_without_a_usable_order_covers_nothing() -> None:
    assert len(buckets_of(page(older_may_exist=True), AT_MS)) == 0


def test_orders_older_than_the_venue_keeps_leave_no_half_counted_bucket() -> None:
    buckets = buckets_of(page(order(DAY_MS - 1)), AT_MS)

    assert buckets.start_ms[0] >= AT_MS - DAY_MS


def test_an_order_on_two_pages_counts_once() -> None:
    newer = page(order(20 * MINUTE_MS), order(10 * MINUTE_MS), older_may_exist=True)
    older = page(order(30 * MINUTE_MS), order(20 * MINUTE_MS))

    joined = joined_pages(newer, older)

    assert [each.ts_ms for each in joined.orders] == [
        AT_MS - 30 * MINUTE_MS,
        AT_MS - 20 * MINUTE_MS,
        AT_MS - 10 * MINUTE_MS,
    ]
    assert not joined.older_may_exist
