"""A book says spread, depth and imbalance; what it cannot say is None."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.order_book import (
    IMBALANCE_RANGES_PCT,
    OrderBook,
    Side,
    Trades,
    depth_of,
    imbalance_pct,
    spread_of,
)
from tests.market.order_books import AT_MS, SIZES, book, books, mirrored

CENTRE = 1 << 30


def test_rows_in_any_order_become_levels_best_price_first() -> None:
    made = book([(98, 1), (99, 2)], [(103, 4), (101, 3)])

    assert made.bids.tolist() == [[99, 2], [98, 1]]
    assert made.asks.tolist() == [[101, 3], [103, 4]]
    assert made.levels(Side.BID) is made.bids
    assert made.levels(Side.ASK) is made.asks


def test_rows_of_size_zero_are_no_level() -> None:
    made = book([(99, 0), (98, 1)], [(101, 0)])

    assert made.bids.tolist() == [[98, 1]]
    assert len(made.asks) == 0


def test_orders_of_one_price_are_one_level() -> None:
    made = book([(272.83, 18), (272.83, 0.5)], [(272.89, 1), (272.9, 18), (272.89, 2)])

    assert made.bids.tolist() == [[272.83, 18.5]]
    assert made.asks.tolist() == [[272.89, 3], [272.9, 18]]


def test_rows_may_carry_more_than_price_and_size() -> None:
    made = OrderBook.of("okx", AT_MS, [(99.0, 2.0, 0.0, 1.0)], [(101.0, 3.0, 0.0, 4.0)])

    assert made.bids.tolist() == [[99, 2]]


@pytest.mark.parametrize(
    ("price", "size"),
    [
        (0.0, 1.0),
        (-1.0, 1.0),
        (math.nan, 1.0),
        (math.inf, 1.0),
        (99.0, -1.0),
        (99.0, math.nan),
        (99.0, math.inf),
        (99.0, 1.1e18),
        (0.9e-18, 1.0),
    ],
)
def test_an_impossible_number_is_refused(price: float, size: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        book([(price, size)], [])
    with pytest.raises(ValueError, match="finite"):
        book([], [(price, size)])


def test_a_crossed_book_is_refused_and_a_locked_one_is_not() -> None:
    with pytest.raises(ValueError, match="crossed"):
        book([(100.5, 1)], [(100, 1)])

    locked = spread_of(book([(100, 1)], [(100, 1)]))

    assert locked is not None
    assert locked.spread_bps == 0.0


@pytest.mark.parametrize(
    "levels",
    [
        np.array([[1.0, 2.0, 3.0]]),
        np.array([1.0, 2.0]),
        np.array([[1, 2]]),
        np.array([[2.0, 1.0], [2.0, 1.0]]),
    ],
)
def test_levels_of_another_form_are_refused(levels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="bid"):
        OrderBook("binance", AT_MS, levels, np.empty((0, 2)))


def test_levels_given_worst_first_are_refused() -> None:
    rising = np.array([[98.0, 1.0], [99.0, 1.0]])

    with pytest.raises(ValueError, match="best first"):
        OrderBook("binance", AT_MS, rising, np.empty((0, 2)))
    with pytest.raises(ValueError, match="best first"):
        OrderBook("binance", AT_MS, np.empty((0, 2)), rising[::-1].copy())


def test_the_spread_is_a_share_of_mid() -> None:
    spread = spread_of(book([(99.5, 1)], [(100.5, 1)]))

    assert spread is not None
    assert (spread.best_bid, spread.best_ask, spread.mid) == (99.5, 100.5, 100)
    assert (spread.spread_usd, spread.spread_pct, spread.spread_bps) == (1, 1, 100)


def test_depth_adds_coins_and_dollars() -> None:
    depth = depth_of(book([(99, 2), (98, 1)], [(101, 3)]))

    assert (depth.bid_levels, depth.bid_base, depth.bid_usd) == (2, 3, 296)
    assert (depth.ask_levels, depth.ask_base, depth.ask_usd) == (1, 3, 303)


@pytest.mark.parametrize(
    ("bids", "asks"), [([], [(101, 3)]), ([(99, 2)], []), ([], []), ([(99, 0)], [(101, 0)])]
)
def test_an_empty_side_leaves_unknown_what_needs_two(
    bids: list[tuple[float, float]], asks: list[tuple[float, float]]
) -> None:
    made = book(bids, asks)

    assert spread_of(made) is None
    assert imbalance_pct(made) is None
    assert imbalance_pct(made, 1.0) is None
    depth = depth_of(made)
    assert (depth.bid_base is None) == (depth.bid_levels == 0) == (depth.bid_usd is None)
    assert (depth.ask_base is None) == (depth.ask_levels == 0) == (depth.ask_usd is None)


@pytest.mark.parametrize(
    ("bid", "ask", "expected"), [(3, 1, 50), (1, 3, -50), (2, 2, 0), (1, 0.25, 60)]
)
def test_imbalance_is_the_difference_over_the_sum(bid: float, ask: float, expected: float) -> None:
    assert imbalance_pct(book([(99, bid)], [(101, ask)])) == expected


@pytest.mark.parametrize(
    ("last_bid", "counted"),
    # Mid is 1000 and the edge of 0.5 % at 995: on the edge counts, beyond does not.
    [(995.0, True), (994.9, False)],
)
def test_a_level_counts_up_to_the_edge_of_the_range(last_bid: float, counted: bool) -> None:
    made = book([(999, 1), (last_bid, 2)], [(1001, 1), (1006, 50)])

    assert imbalance_pct(made, 0.5) == (50 if counted else 0)


@pytest.mark.parametrize(
    ("last_ask", "known"),
    [(1005.1, True), (1005.0, True), (1004.9, False)],
)
def test_a_book_that_ends_before_the_range_says_nothing_of_it(last_ask: float, known: bool) -> None:
    made = book([(999, 1), (900, 1)], [(1001, 1), (last_ask, 1)])

    assert (imbalance_pct(made, 0.5) is not None) == known
    assert imbalance_pct(made) is not None


def test_a_spread_wider_than_the_range_leaves_nothing_to_compare() -> None:
    assert imbalance_pct(book([(990, 1)], [(1010, 1)]), 0.5) is None


@given(books())
@settings(deadline=None)
def test_swapping_the_sides_turns_the_sign(drawn: OrderBook) -> None:
    swapped = mirrored(drawn, CENTRE)

    for within_pct in (None, 1e-5, 1e-4, *IMBALANCE_RANGES_PCT):
        here, there = imbalance_pct(drawn, within_pct), imbalance_pct(swapped, within_pct)
        assert there == (None if here is None else -here)
    spread, other = spread_of(drawn), spread_of(swapped)
    assert spread is not None
    assert other is not None
    assert other.spread_usd == spread.spread_usd


@given(books(), st.integers(-20, 20))
@settings(deadline=None)
def test_neither_the_unit_of_size_nor_that_of_price_matters(drawn: OrderBook, power: int) -> None:
    factor = 2.0**power
    sizes = OrderBook("x", AT_MS, drawn.bids * [1, factor], drawn.asks * [1, factor])
    prices = OrderBook("x", AT_MS, drawn.bids * [factor, 1], drawn.asks * [factor, 1])

    for within_pct in (None, 1e-5, 1e-4):
        expected = imbalance_pct(drawn, within_pct)
        assert imbalance_pct(sizes, within_pct) == expected
        assert imbalance_pct(prices, within_pct) == expected
    before, after = spread_of(drawn), spread_of(prices)
    assert before is not None
    assert after is not None
    assert after.spread_bps == before.spread_bps


@given(books(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_rows_does_not_matter(drawn: OrderBook, luck: random.Random) -> None:
    bids, asks = drawn.bids.tolist() * 2, drawn.asks.tolist() * 2  # every price twice
    expected = book(bids, asks)
    luck.shuffle(bids)
    luck.shuffle(asks)

    shuffled = book(bids, asks)

    assert shuffled.bids.tolist() == expected.bids.tolist()
    assert shuffled.asks.tolist() == expected.asks.tolist()


EXTREMES = st.one_of(SIZES, st.sampled_from((1e-18, 1e-9, 1e9, 1e18)))


@given(
    st.lists(st.tuples(EXTREMES, EXTREMES), max_size=8),
    st.lists(st.tuples(EXTREMES, EXTREMES), max_size=8),
    st.sampled_from((None, 0.1, 0.5, 1.0, 100.0)),
)
@settings(deadline=None)
def test_everything_is_finite_and_bounded(
    bids: list[tuple[float, float]], asks: list[tuple[float, float]], within_pct: float | None
) -> None:
    bids, asks = list(dict(bids).items()), list(dict(asks).items())
    try:
        drawn = book(bids, asks)
    except ValueError:  # crossed
        drawn = book(bids, [])

    imbalance, spread, depth = imbalance_pct(drawn, within_pct), spread_of(drawn), depth_of(drawn)

    assert imbalance is None or -100 <= imbalance <= 100
    assert spread is None or 0 <= spread.spread_pct <= 200
    for total in (depth.bid_base, depth.bid_usd, depth.ask_base, depth.ask_usd):
        assert total is None or 0 < total < math.inf


def test_trades_in_any_order_become_ascending() -> None:
    trades = Trades.of([3, 1, 2], [10, 11, 12], [1, 2, 3], [True, None, False])

    assert trades.ts_ms.tolist() == [1, 2, 3]
    assert trades.price.tolist() == [11, 12, 10]
    assert np.isnan(trades.taker_is_buyer[0])
    assert trades.taker_is_buyer[1:].tolist() == [0, 1]


def test_a_print_of_size_zero_is_left_out() -> None:
    assert Trades.of([1, 2], [10, 11], [0, 2], [True, True]).size_base.tolist() == [2]


@pytest.mark.parametrize(
    ("price", "size"),
    [(0.0, 1.0), (math.nan, 1.0), (1.0, -1.0), (1.0, math.nan), (math.inf, 1.0)],
)
def test_an_impossible_print_is_refused(price: float, size: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        Trades.of([1], [price], [size], [True])


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        Trades.of([1, 2], [1.0, 1.0], [1.0], [True, True])
    with pytest.raises(ValueError, match="one length"):
        Trades(np.array([1]), np.array([1.0]), np.array([1.0]), np.array([[1.0]]))


def test_falling_times_and_other_sides_are_refused() -> None:
    two = np.array([1.0, 1.0])

    with pytest.raises(ValueError, match="ascend"):
        Trades(np.array([2, 1]), two, two, two)
    with pytest.raises(ValueError, match="taker"):
        Trades(np.array([1, 2]), two, two, np.array([0.5, 1.0]))
