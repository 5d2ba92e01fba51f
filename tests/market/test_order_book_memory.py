"""A wall weighs more the longer it stood; successive books tell a pulled wall from a traded one."""

from __future__ import annotations

import itertools

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.book_memory import (
    FORGET_MS,
    FULL_WEIGHT_S,
    SINGLE_BOOK_WEIGHT,
    WALLS_KEPT,
    BookMemory,
    RememberedWall,
    WallState,
    decode,
    encode,
    remember,
)
from market.order_book import OrderBook, Side
from tests.market.order_books import (
    AT_MS,
    Rows,
    book,
    recomputed,
    successive_books,
)

ASKS = [(1001.0, 1.0), (1010.0, 1.0), (1100.0, 1.0)]
# Mid is 1000; the side is read down to 900, so everything within 2 % of mid is in sight.
QUIET: list[tuple[float, float]] = [(999.0, 1.0), (998.0, 1.0), (997.0, 1.0), (900.0, 1.0)]
WALL = 995.0
SIZE = 50.0


def with_wall(at_s: float, size: float = SIZE, price: float = WALL) -> OrderBook:
    return book([*QUIET, (price, size)], ASKS, at_s)


def without_wall(at_s: float, bids: Rows = QUIET, asks: Rows = ASKS) -> OrderBook:
    return book(bids, asks, at_s)


def fold(*history: OrderBook) -> BookMemory:
    memory: BookMemory | None = None
    for each in history:
        memory = remember(memory, each)
    assert memory is not None
    return memory


def only(memory: BookMemory) -> RememberedWall:
    (wall,) = memory.walls
    return wall


def test_one_book_says_only_that_the_wall_is_there() -> None:
    memory = fold(with_wall(0))

    wall = only(memory)
    assert (memory.books, memory.first_at_ms, memory.last_at_ms) == (1, AT_MS, AT_MS)
    assert (wall.side, wall.price, wall.size_base, wall.usd) == (Side.BID, WALL, SIZE, 49_750)
    assert (wall.seen_count, wall.presence_share, wall.stood_ms) == (1, 1, 0)
    assert wall.weight == SINGLE_BOOK_WEIGHT
    assert wall.state is WallState.STANDING


def test_a_wall_is_followed_from_first_to_last_sight() -> None:
    wall = only(fold(with_wall(0), with_wall(5, size=60), with_wall(12, size=70)))

    assert (wall.first_seen_ms, wall.last_seen_ms) == (AT_MS, AT_MS + 12_000)
    assert (wall.seen_count, wall.watched_count, wall.stood_ms) == (3, 3, 12_000)
    assert wall.size_base == 70


@pytest.mark.parametrize(
    ("seconds", "weight"),
    [(0, 0.1), (1, 0.1075), (60, 0.55), (119, 0.9925), (120, 1.0), (121, 1.0), (6000, 1.0)],
)
def test_the_weight_grows_with_the_seconds_a_wall_stood(seconds: int, weight: float) -> None:
    wall = only(fold(*(with_wall(second) for second in range(seconds + 1))))

    assert wall.weight == pytest.approx(weight)


@pytest.mark.parametrize(
    ("gap_s", "credited_s"), [(29.999, 29.999), (30, 30), (30.001, 30), (1800, 30)]
)
def test_of_a_long_gap_only_thirty_seconds_count(gap_s: float, credited_s: float) -> None:
    wall = only(fold(with_wall(0), with_wall(gap_s)))

    assert wall.stood_ms == credited_s * 1000


def test_a_wall_pulled_within_seconds_is_reported_and_counts_little() -> None:
    wall = only(fold(with_wall(0), with_wall(3), without_wall(6)))

    assert wall.state is WallState.PULLED
    assert wall.stood_ms == 3000
    assert wall.presence_share == pytest.approx(2 / 3)
    assert wall.weight < 0.1
    assert wall.last_seen_ms == AT_MS + 3000


def test_a_wall_that_flickers_counts_for_the_share_it_was_there() -> None:
    wall = only(fold(with_wall(0), without_wall(10), with_wall(20), with_wall(30)))

    assert wall.state is WallState.STANDING
    assert (wall.seen_count, wall.watched_count) == (3, 4)
    assert wall.stood_ms == 10_000


@pytest.mark.parametrize(
    ("left", "state"),
    [(0, "pulled"), (24.9, "pulled"), (25, "shrunk"), (40, "shrunk")],
)
def test_less_than_half_left_is_pulled(left: float, state: str) -> None:
    others = [(price, 10.0) for price, _ in QUIET]  # with ten each, 50 was no wall

    wall = only(fold(with_wall(0), without_wall(1, [*others, (WALL, left)])))

    assert wall.state == state


@pytest.mark.parametrize(("gap_s", "state"), [(30, "pulled"), (30.001, "gone")])
def test_what_is_gone_after_a_long_gap_may_have_been_traded(gap_s: float, state: str) -> None:
    assert only(fold(with_wall(0), without_wall(gap_s))).state == state


@pytest.mark.parametrize(
    ("best_bid", "state"),
    [
        (996.0, "pulled"),  # the price had not come as far as the wall
        (995.0, "gone"),  # it stands at it, with little left
        (994.0, "gone"),  # and past it
    ],
)
def test_a_wall_that_the_price_reached_may_have_been_taken(best_bid: float, state: str) -> None:
    after = without_wall(1, [(best_bid, 1.0), (993.0, 1.0), (900.0, 1.0)])

    assert only(fold(with_wall(0), after)).state == state


def test_the_same_holds_for_asks() -> None:
    bids = [(999.0, 1.0), (900.0, 1.0)]
    quiet = [(1001.0, 1.0), (1002.0, 1.0), (1003.0, 1.0), (1100.0, 1.0)]
    before = book(bids, [*quiet, (1005.0, SIZE)], 0)

    pulled = only(fold(before, book(bids, quiet, 1)))
    gone = only(fold(before, book([*bids, (1005.5, 1.0)], [(1006.0, 1.0), (1100.0, 1.0)], 1)))

    assert (pulled.side, pulled.state) == (Side.ASK, WallState.PULLED)
    assert gone.state is WallState.GONE


def test_a_wall_beyond_the_levels_read_is_out_of_sight_and_no_worse_for_it() -> None:
    wall = only(fold(with_wall(0), with_wall(10), without_wall(20, QUIET[:2])))

    assert wall.state is WallState.OUT_OF_SIGHT
    assert wall.presence_share == 1
    assert wall.stood_ms == 10_000


@pytest.mark.parametrize("empty", ["bids", "asks"])
def test_a_book_with_an_empty_side_shows_no_wall_and_pulls_none(empty: str) -> None:
    after = without_wall(1, **{empty: []})

    memory = fold(with_wall(0), after)

    assert memory.books == 2
    assert only(memory).state is WallState.OUT_OF_SIGHT


def test_a_wall_that_comes_back_from_out_of_sight_smaller_was_not_seen_to_be_pulled() -> None:
    wall = only(fold(with_wall(0), without_wall(1, QUIET[:2]), without_wall(2)))

    assert wall.state is WallState.GONE


def test_a_pulled_wall_stays_pulled_until_it_stands_again() -> None:
    history = [with_wall(0), without_wall(1), without_wall(2, [(994.0, 1.0), (900.0, 1.0)])]

    assert only(fold(*history)).state is WallState.PULLED
    assert only(fold(*history, with_wall(3))).state is WallState.STANDING


@pytest.mark.parametrize(
    ("price", "remembered"), [(980.0, 1), (979.9, 0)]
)  # Mid is 1000 and the edge of 2 % at 980.
def test_walls_beyond_two_percent_are_not_remembered(price: float, remembered: int) -> None:
    assert len(fold(with_wall(0, price=price)).walls) == remembered


@pytest.mark.parametrize(("late_ms", "remembered"), [(0, 1), (1, 0)])
def test_a_wall_unseen_for_half_an_hour_is_forgotten(late_ms: int, remembered: int) -> None:
    unseen = [without_wall(minute * 60) for minute in range(1, 30)]
    last = without_wall((FORGET_MS + late_ms) / 1000)

    assert len(fold(with_wall(0), *unseen, last).walls) == remembered


@pytest.mark.parametrize(("late_ms", "books"), [(0, 2), (1, 1)])
def test_after_half_an_hour_without_a_book_the_memory_starts_anew(late_ms: int, books: int) -> None:
    memory = fold(with_wall(0), with_wall((FORGET_MS + late_ms) / 1000))

    assert memory.books == books
    assert only(memory).seen_count == books


def test_a_book_that_is_not_newer_changes_nothing() -> None:
    memory = fold(with_wall(0), with_wall(5))

    assert remember(memory, without_wall(5)) is memory
    assert remember(memory, without_wall(4)) is memory


def test_books_of_another_venue_start_their_own_memory() -> None:
    okx = book([*QUIET, (WALL, SIZE)], ASKS, 5, venue="okx")

    memory = remember(fold(with_wall(0)), okx)

    assert (memory.venue, memory.books, only(memory).seen_count) == ("okx", 1, 1)


def test_a_wall_that_the_price_reached_is_gone_even_beyond_the_range() -> None:
    ground = [(1005.0 + n, 1.0) for n in range(7)]
    seen = book([(999.0, 1.0)], [*ground, (1022.0, SIZE)], 0)
    # The spread opened so far that the best ask itself lies over 2 % from mid.
    wide = book([(981.0, 1.0)], [(1022.0, 1.0)], 1)

    memory = fold(seen, wide)

    wall = only(memory)
    assert wall.state is WallState.GONE
    assert wall.watched_count == 1


def test_the_memory_is_bounded_and_lets_the_longest_unseen_go_first() -> None:
    prices = [999.0 - n / 32 for n in range(WALLS_KEPT + 20)]
    ground = [(1100.0, 1.0), (1100.5, 1.0)]
    filler = [(500.0 - n / 8, 1.0) for n in range(1500)]

    memory = fold(
        *(
            book([*filler, (price, SIZE)], [(1001.0, 1.0), *ground], second)
            for second, price in enumerate(prices)
        )
    )

    assert {wall.price for wall in memory.walls} == set(prices[-WALLS_KEPT:])


@given(successive_books())
@settings(deadline=None)
def test_folding_book_by_book_gives_what_the_whole_history_says(history: list[OrderBook]) -> None:
    memory = fold(*history)

    assert set(memory.walls) == recomputed(history)
    assert memory.last_at_ms == history[-1].observed_at_ms


@given(successive_books())
@settings(deadline=None)
def test_weights_are_bounded_and_never_fall_while_the_wall_stands(
    history: list[OrderBook],
) -> None:
    memories = [fold(*history[: count + 1]) for count in range(len(history))]

    for before, after in itertools.pairwise(memories):
        known = {(wall.side, wall.price): wall for wall in before.walls}
        for wall in after.walls:
            assert 0 < wall.weight <= 1
            assert 0 < wall.presence_share <= 1
            assert wall.first_seen_ms <= wall.last_seen_ms
            assert wall.stood_ms <= wall.last_seen_ms - wall.first_seen_ms
            old = known.get((wall.side, wall.price))
            if wall.state is WallState.STANDING and old and old.first_seen_ms == wall.first_seen_ms:
                assert wall.weight >= old.weight


@given(successive_books(), st.integers(-20, 20))
@settings(deadline=None)
def test_the_unit_of_size_changes_sizes_only(history: list[OrderBook], power: int) -> None:
    scaled = [
        OrderBook(b.venue, b.observed_at_ms, b.bids * [1, 2.0**power], b.asks * [1, 2.0**power])
        for b in history
    ]

    expected, found = fold(*history).walls, fold(*scaled).walls

    assert [(w.price, w.state, w.weight) for w in found] == [
        (w.price, w.state, w.weight) for w in expected
    ]


@given(successive_books())
@settings(deadline=None)
def test_a_memory_survives_the_store(history: list[OrderBook]) -> None:
    memory = fold(*history)

    assert decode(encode(memory)) == memory


STORED = encode(fold(with_wall(0), with_wall(5)))


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        STORED[:-3],
        STORED.replace(b'"standing"', b'"leaning"'),
        STORED.replace(b'"bid"', b'"both"'),
        STORED.replace(b"995.0", b'"995"'),
        STORED.replace(b"995.0", b"-995.0"),
        STORED.replace(b"[1,", b"[0,", 1),
        orjson.dumps([1, "binance", 0, 0, 1, [["bid", 1.0, 1.0, 0, 0, 2, 1, 0, "standing"]]]),
    ],
)
def test_bytes_that_are_no_memory_are_refused(stored: bytes) -> None:
    assert stored != STORED

    with pytest.raises(ValueError, match="memory"):
        decode(stored)


def test_full_weight_takes_two_minutes_of_books() -> None:
    history = [with_wall(second) for second in range(0, int(FULL_WEIGHT_S) + 1, 30)]

    assert only(fold(*history)).weight == 1
    assert only(fold(*history[:-1])).weight < 1
