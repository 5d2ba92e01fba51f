"""A wall is larger than five times the average of the other levels of its side."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.order_book import OrderBook, Side
from market.order_book_walls import WALL_RATIO, find_walls
from tests.market.order_books import AT_MS, book, books, mirrored, plain_walls, side_of

CENTRE = 1 << 30
BIDS = [(99.0, 1.0)]


@pytest.mark.parametrize(
    ("sizes", "walls"),
    [
        ([1], []),
        ([1e9], []),  # one level has no others
        ([5, 1], []),  # exactly five times
        ([5.000001, 1], [5.000001]),
        ([5, 1, 1, 1, 1], []),
        ([5.000001, 1, 1, 1, 1], [5.000001]),
        ([0.5, 0.1, 0.1, 0.1], []),  # five times, though tenths are not exact
        ([1, 1, 1, 1, 1e9], [1e9]),
        ([1] * 99 + [5], []),
        ([1] * 99 + [5.000001], [5.000001]),
        ([20, 1, 1, 1, 1, 1, 1, 1, 1, 20], [20, 20]),
        ([100, 100, 1, 1], []),  # two walls hide each other
    ],
)
@pytest.mark.parametrize("side", list(Side))
def test_a_wall_is_strictly_larger_than_five_times_the_others(
    side: Side, sizes: list[float], walls: list[float]
) -> None:
    made = (
        book(side_of(sizes, 99, -0.01), [(101, 1)])
        if side is Side.BID
        else book(BIDS, side_of(sizes, 101, 0.01))
    )

    found = find_walls(made, side)

    assert [wall.size_base for wall in found] == walls
    assert all(wall.side is side for wall in found)


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_a_wall_does_not_inflate_what_it_is_measured_against(count: int) -> None:
    """With five levels or fewer no level exceeds five times an average that it is part of."""
    sizes = [1e6] + [1.0] * (count - 1)

    (wall,) = find_walls(book(BIDS, side_of(sizes, 101, 1)), Side.ASK)

    assert wall.size_base <= WALL_RATIO * sum(sizes) / count
    assert wall.ratio == 1e6


def test_a_wall_says_what_it_is_worth_and_how_far_away() -> None:
    made = book([(995, 60), (999, 1), (990, 2)], [(1001, 1)])

    (wall,) = find_walls(made, Side.BID)

    assert (wall.price, wall.size_base, wall.usd) == (995, 60, 59_700)
    assert wall.ratio == pytest.approx(40)
    assert wall.distance_bps == pytest.approx(50)


def test_without_the_other_side_the_distance_is_unknown() -> None:
    (wall,) = find_walls(book([(99, 1), (98, 60)], []), Side.BID)

    assert wall.distance_bps is None
    assert find_walls(book([(99, 1), (98, 60)], []), Side.ASK) == ()


def test_walls_come_best_price_first() -> None:
    sizes = [1, 50, 1, 1, 1, 1, 1, 1, 1, 1, 60]
    made = book(side_of(sizes, 99, -1), side_of(sizes, 101, 1))

    assert [wall.price for wall in find_walls(made, Side.BID)] == [98, 89]
    assert [wall.price for wall in find_walls(made, Side.ASK)] == [102, 111]


def test_a_wall_that_dwarfs_its_side_has_a_finite_ratio() -> None:
    made = book(side_of([1e18, 1e-18, 1e-18], 99, -1), [(101, 1)])

    (wall,) = find_walls(made, Side.BID)

    assert wall.ratio == pytest.approx(1e36)


@given(books())
@settings(deadline=None)
def test_walls_are_those_of_the_definition(drawn: OrderBook) -> None:
    for side in Side:
        assert {wall.price for wall in find_walls(drawn, side)} == plain_walls(drawn, side)


@given(books())
@settings(deadline=None)
def test_swapping_the_sides_swaps_the_walls(drawn: OrderBook) -> None:
    swapped = mirrored(drawn, CENTRE)

    for side, other in ((Side.BID, Side.ASK), (Side.ASK, Side.BID)):
        here, there = find_walls(drawn, side), find_walls(swapped, other)
        assert [2 * CENTRE - wall.price for wall in there] == [wall.price for wall in here]
        assert [wall.ratio for wall in there] == [wall.ratio for wall in here]
        # Mid and price differ by a few ticks around 2^30 of them.
        assert [wall.distance_bps for wall in there] == pytest.approx(
            [wall.distance_bps for wall in here], rel=1e-5
        )


@given(books(), st.integers(-20, 20))
@settings(deadline=None)
def test_neither_the_unit_of_size_nor_that_of_price_matters(drawn: OrderBook, power: int) -> None:
    factor = 2.0**power
    sizes = OrderBook("x", AT_MS, drawn.bids * [1, factor], drawn.asks * [1, factor])
    prices = OrderBook("x", AT_MS, drawn.bids * [factor, 1], drawn.asks * [factor, 1])

    for side in Side:
        expected = find_walls(drawn, side)
        for same in (find_walls(sizes, side), find_walls(prices, side)):
            assert [wall.ratio for wall in same] == [wall.ratio for wall in expected]
            assert [w.distance_bps for w in same] == [w.distance_bps for w in expected]
            assert [wall.usd for wall in same] == [wall.usd * factor for wall in expected]


@given(st.lists(st.sampled_from((1e-18, 1e-9, 1.0, 7.0, 1e9, 1e18)), max_size=40))
@settings(deadline=None)
def test_walls_are_few_and_their_numbers_finite(sizes: list[float]) -> None:
    made = book(BIDS, side_of(sizes, 101, 1))

    found = find_walls(made, Side.ASK)

    assert len(found) <= (len(sizes) + 4) / 5
    for wall in found:
        assert wall.ratio > WALL_RATIO * (1 - 1e-9)
        assert math.isfinite(wall.ratio)
        assert math.isfinite(wall.usd)
        assert wall.distance_bps is not None
        assert math.isfinite(wall.distance_bps)
