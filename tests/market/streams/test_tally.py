"""Orders in buckets: true sums where watched, nothing where not, and each order once."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.streams.coverage import Coverage
from market.streams.tally import EARLY_MS, LATE_MS, SETTLE_MS, Tally
from market.types import MINUTE_MS, LiquidationOrder

BUCKET_MS = 5 * MINUTE_MS
START = 1_790_000_100_000  # on the grid
assert START % BUCKET_MS == 0
COMPLETE = START + BUCKET_MS + SETTLE_MS


def order(after_ms: int = 0, usd: float = 100.0, side: str = "long") -> LiquidationOrder:
    return LiquidationOrder(START + after_ms, side, 1.0, usd, key=(after_ms, usd, side))


def tally(since_ms: int = START, until_ms: int = COMPLETE, *bases: str) -> Tally:
    """Return a tally of BTC and ETH whose stream was watched for a time."""
    coverage = Coverage(keep_ms=10**9)
    coverage.begin(1, since_ms)
    coverage.prove(1, until_ms)
    made = Tally(coverage, bucket_ms=BUCKET_MS)
    made.know(bases or ("BTC", "ETH"), since_ms)
    return made


def test_a_watched_bucket_has_the_sums_of_each_side_and_zeros_for_the_quiet_coins() -> None:
    made = tally()
    made.add("BTC", order(1, 100.0), START + 2)
    made.add("BTC", order(2, 50.0), START + 3)
    made.add("BTC", order(3, 7.0, "short"), START + 4)

    assert made.settle(COMPLETE) == {START: {"BTC": (150.0, 7.0), "ETH": (0.0, 0.0)}}


@pytest.mark.parametrize(
    ("since_ms", "until_ms", "told"),
    [
        (START, COMPLETE, True),
        (START, COMPLETE - 1, False),  # orders of its last second may still come
        (START + 1, COMPLETE, False),
        (START - 10 * BUCKET_MS, COMPLETE, True),
    ],
)
def test_a_bucket_counts_only_if_it_was_watched_whole(
    since_ms: int, until_ms: int, told: bool
) -> None:
    made = tally(since_ms, until_ms)
    made.add("BTC", order(BUCKET_MS // 2), START + BUCKET_MS // 2)

    assert (START in made.settle(until_ms + 1)) is told


def test_a_gap_is_never_told_however_much_comes_later() -> None:
    coverage = Coverage(keep_ms=10**9)
    made = Tally(coverage, bucket_ms=BUCKET_MS)
    coverage.begin(1, START)
    coverage.prove(1, START + BUCKET_MS + SETTLE_MS)  # then killed for ten minutes
    made.know(("BTC",), START)
    again_ms = START + 3 * BUCKET_MS + 1
    coverage.begin(2, again_ms)
    told: set[int] = set()
    for at_ms in range(again_ms, again_ms + 3 * BUCKET_MS, MINUTE_MS):
        coverage.prove(2, at_ms)
        told |= made.settle(at_ms).keys()

    assert told == {START, START + 4 * BUCKET_MS}


def test_a_bucket_is_told_once_and_again_only_for_the_coins_that_changed() -> None:
    made = tally()
    made.settle(COMPLETE)

    assert made.settle(COMPLETE + 1) == {}
    made.add("ETH", order(5, 30.0), COMPLETE + 2)
    assert made.settle(COMPLETE + 3) == {START: {"ETH": (30.0, 0.0)}}


def test_a_coin_that_was_listed_meanwhile_has_no_sums_before_its_first_whole_bucket() -> None:
    made = tally(START, START + 3 * BUCKET_MS)
    made.know(("BTC", "NEW"), START + 1)
    made.add("NEW", order(2), START + 2)

    settled = made.settle(START + 3 * BUCKET_MS)

    assert settled[START].keys() == {"BTC"}
    assert settled[START + BUCKET_MS].keys() == {"BTC", "NEW"}


def test_a_coin_that_is_no_longer_listed_is_dropped() -> None:
    made = tally()
    made.add("ETH", order(1), START + 1)
    made.know(("BTC",), START + 2)

    assert made.settle(COMPLETE)[START].keys() == {"BTC"}


@pytest.mark.parametrize(
    ("ago_ms", "counted"),
    [(0, True), (LATE_MS, True), (LATE_MS + 1, False), (-EARLY_MS, True), (-EARLY_MS - 1, False)],
)
def test_an_order_of_an_implausible_time_is_refused(ago_ms: int, counted: bool) -> None:
    assert tally().add("BTC", order(0), START + ago_ms) is counted


def test_what_is_over_is_forgotten() -> None:
    made = tally()
    made.add("BTC", order(1), START + 1)
    made.settle(START + 10 * BUCKET_MS)

    assert len(made._buckets) <= LATE_MS // BUCKET_MS + 2


ORDERS = st.lists(
    st.tuples(
        st.sampled_from(("BTC", "ETH")),
        st.builds(
            order,
            st.integers(0, BUCKET_MS - 1),
            st.floats(0.01, 1e9),
            st.sampled_from(("long", "short")),
        ),
    ),
    max_size=30,
)


@given(orders=ORDERS, chance=st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_changes_a_sum(
    orders: list[tuple[str, LiquidationOrder]], chance: random.Random
) -> None:
    mixed = orders + [each for each in orders if chance.random() < 0.5]
    chance.shuffle(mixed)
    plain, other = tally(), tally()
    for base, each in orders:
        plain.add(base, each, each.ts_ms)
    for base, each in mixed:
        other.add(base, each, each.ts_ms)

    sums = plain.settle(COMPLETE)

    assert other.settle(COMPLETE) == sums
    for base in ("BTC", "ETH"):
        once = {each.key: each for of, each in orders if of == base}
        for column, side in enumerate(("long", "short")):
            usd = math.fsum(each.usd for each in once.values() if each.side == side)
            assert sums[START][base][column] == pytest.approx(usd)
