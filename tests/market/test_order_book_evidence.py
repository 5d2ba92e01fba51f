"""Book, memory and trades become one piece of evidence that says its numbers in sentences."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.book_memory import WallState, remember
from market.order_book import OrderBook, Trades
from market.whale_evidence import SINGLE_BOOK, WALLS_SHOWN, WhaleEvidence, whale_evidence
from market.whale_reasons import imbalance_sentence, pressure_sentence
from tests.market.order_books import AT_MS, book, books, mirrored, side_of, successive_books

CENTRE = 1 << 30
BIDS = [(999.0, 1.0), (998.0, 1.0), (997.0, 1.0), (900.0, 4.0)]
ASKS = [(1001.0, 1.0), (1002.0, 1.0), (1003.0, 1.0), (1100.0, 4.0)]


def followed(*history: OrderBook, trades: Trades | None = None) -> WhaleEvidence:
    memory = None
    for each in history:
        memory = remember(memory, each)
    return whale_evidence(history[-1], trades, memory)


def said(evidence: WhaleEvidence, *words: str) -> str:
    (found,) = [reason for reason in evidence.reasons if all(word in reason for word in words)]
    return found


def test_a_quiet_book_has_no_walls_and_no_weight() -> None:
    evidence = whale_evidence(book(BIDS, ASKS))

    assert (evidence.bid_wall_count, evidence.ask_wall_count) == (0, 0)
    assert evidence.wall_imbalance_pct is None
    assert evidence.reasons == ("bids less asks are +0.0 % within 1 % of mid: near balance",)


def test_a_single_book_says_that_it_cannot_tell_how_long() -> None:
    evidence = whale_evidence(book([*BIDS, (995, 50)], ASKS))

    assert evidence.persistence == SINGLE_BOOK
    assert (evidence.books, evidence.watched_s) == (1, 0)
    assert evidence.wall_imbalance_pct == pytest.approx(10)
    assert said(evidence, "bid wall") == (
        "bid wall of 49,750 USD at 995, 50.0 bps below mid, 28.6 × the average of the other bid "
        "levels; seen in one book (weight 0.10)"
    )
    assert said(evidence, "single book") == (
        "a single book cannot say how long a wall stays: each counts with weight 0.1"
    )


def test_a_wall_that_stays_moves_the_imbalance_outwards() -> None:
    history = [book(BIDS, [*ASKS, (1005, 50)], second) for second in range(0, 121, 20)]

    lean = [followed(*history[: n + 1]).wall_imbalance_pct or 0.0 for n in range(len(history))]

    assert lean[0] == pytest.approx(-10)
    assert lean[-1] == pytest.approx(-100)
    assert lean == sorted(lean, reverse=True)


def test_a_fresh_wall_weighs_less_than_an_old_one_of_the_same_value() -> None:
    history = [book([*BIDS, (995, 50)], ASKS, second) for second in range(0, 121, 20)]
    last = book([*BIDS, (995, 50)], [*ASKS, (1005, 60)], 125)

    evidence = followed(*history, last)

    assert evidence.wall_imbalance_pct is not None
    assert evidence.wall_imbalance_pct > 30
    assert evidence.persistence == "8 books over 125 s"
    assert "lean" in said(evidence, "walls within 2 %", "bid side")
    assert not any("single book" in reason for reason in evidence.reasons)


def test_a_pulled_wall_is_reported_and_no_longer_weighs() -> None:
    wall = [*ASKS, (1005.0, 50.0)]

    evidence = followed(book(BIDS, wall, 0), book(BIDS, wall, 3), book(BIDS, ASKS, 4))

    (pulled,) = evidence.pulled_walls
    assert (pulled.price, pulled.state) == (1005, WallState.PULLED)
    assert evidence.wall_imbalance_pct is None
    assert said(evidence, "pulled") == (
        "ask wall of 50,250 USD at 1005 was pulled before the price reached it; it had stood at "
        "least 3.0 s, in 2 of 3 books that could show it"
    )


def test_walls_beyond_two_percent_are_shown_and_not_weighed() -> None:
    evidence = whale_evidence(book([*BIDS, (950, 50)], ASKS))

    (far,) = evidence.bid_walls
    assert far.wall.distance_bps == pytest.approx(500)
    assert far.remembered is None
    assert evidence.bid_wall_count == 1
    assert evidence.wall_imbalance_pct is None


def test_the_first_walls_are_listed_and_all_are_counted() -> None:
    sizes = [1.0, 60.0, *[1.0] * 8] * 12
    asks = side_of(sizes, 1001, 0.125)

    evidence = whale_evidence(book(BIDS, asks))

    assert evidence.ask_wall_count == 12
    assert len(evidence.ask_walls) == WALLS_SHOWN
    prices = [shown.wall.price for shown in evidence.ask_walls]
    assert prices == sorted(prices)
    assert prices[0] == 1001.125


def test_the_wall_that_is_told_is_the_one_that_weighs_most() -> None:
    old = [book([*BIDS, (995, 50)], ASKS, second) for second in range(0, 121, 20)]
    last = book([*BIDS, *side_of([1.0] * 30, 950, -1), (995, 50), (996, 60)], ASKS, 125)

    evidence = followed(*old, last)

    assert evidence.bid_wall_count == 2
    assert "at 995," in said(evidence, "bid wall")


@pytest.mark.parametrize(
    ("bids", "asks", "empty"), [([], ASKS, "bid"), (BIDS, [], "ask"), ([], [], "")]
)
def test_an_empty_side_is_unknown_and_said_so(
    bids: list[tuple[float, float]], asks: list[tuple[float, float]], empty: str
) -> None:
    evidence = whale_evidence(book([*bids, (995, 50)] if bids else [], asks))

    assert evidence.spread is None
    assert evidence.imbalance_pct is None
    assert evidence.leaning_imbalance is None
    assert evidence.wall_imbalance_pct is None
    assert {imbalance for _, imbalance in evidence.imbalance_within_pct} == {None}
    assert (evidence.bid_wall_count is None) == (not bids)
    assert (evidence.ask_wall_count is None) == (not asks)
    assert all(shown.remembered is None for shown in evidence.bid_walls)
    silent = [reason for reason in evidence.reasons if f"no {empty}" in reason]
    assert len(silent) == (1 if empty else 2)


def test_a_side_of_one_level_cannot_say_whether_it_is_a_wall() -> None:
    evidence = whale_evidence(book([(999, 1e6)], [*ASKS, (1005, 50)]))

    assert evidence.bid_wall_count is None
    assert evidence.ask_wall_count == 1
    assert evidence.wall_imbalance_pct is None


def test_the_leaning_comes_from_the_widest_range_that_was_read() -> None:
    short = [(1001.0, 1.0), (1006.0, 1.0)]  # ends between 0.5 % and 1 %

    leaning = whale_evidence(book([(999, 3), (900, 1)], short)).leaning_imbalance

    assert leaning is not None
    assert (leaning.within_pct, leaning.imbalance_pct) == (0.5, 50)


def test_a_book_too_short_for_any_range_is_judged_as_a_whole() -> None:
    evidence = whale_evidence(book([(999.9, 3)], [(1000.1, 1)]))

    assert evidence.leaning_imbalance is not None
    assert evidence.leaning_imbalance.within_pct is None
    assert said(evidence, "of the book as read").startswith("bids outweigh asks by 50.0 %")


@pytest.mark.parametrize(
    ("bid", "ask", "word"),
    [
        (600, 400, "near balance"),  # exactly +20
        (601, 400, "accumulating"),
        (400, 600, "near balance"),
        (400, 601, "distributing"),
        (500, 500, "near balance"),
    ],
)
def test_a_book_leans_strictly_beyond_twenty(bid: float, ask: float, word: str) -> None:
    evidence = whale_evidence(book([(999.9, bid)], [(1000.1, ask)]))

    assert said(evidence, "of the book as read").endswith(word)


@pytest.mark.parametrize(
    ("buy", "sell", "start", "word"),
    [
        (60, 40, "takers bought 60.0 %", "near balance"),
        (60.1, 39.9, "takers bought 60.1 %", "buy pressure"),
        (40, 60, "takers bought 40.0 %", "near balance"),
        (39.9, 60.1, "takers sold 60.1 %", "sell pressure"),
    ],
)
def test_takers_press_strictly_beyond_sixty_percent(
    buy: float, sell: float, start: str, word: str
) -> None:
    trades = Trades.of([0, 42_000], [10, 10], [buy, sell], [True, False])

    evidence = whale_evidence(book(BIDS, ASKS), trades)

    assert said(evidence, "takers") == f"{start} of the volume in 2 trades over 42 s: {word}"


def test_trades_of_unknown_side_are_named() -> None:
    trades = Trades.of([0, 1, 2], [10, 10, 10], [3, 1, 4], [True, False, None])

    evidence = whale_evidence(book(BIDS, ASKS), trades)

    assert said(evidence, "takers").endswith(
        "; 1 trade of unknown side left out (50.0 % of the volume)"
    )
    none = whale_evidence(book(BIDS, ASKS), Trades.of([0], [10], [3], [None]))
    assert said(none, "taker side unknown for all 1 trade over")


def test_large_prints_are_told_with_the_rule_that_found_them() -> None:
    few = Trades.of([0, 1], [1000, 1000], [60, 70], [True, None])
    many = Trades.of(range(21), [1000.0] * 21, [0.1] * 20 + [6.0], [False] * 21)

    assert said(whale_evidence(book(BIDS, ASKS), few), "large print") == (
        "2 large prints (from 50,000 USD): 60,000 USD bought, 0 USD sold, "
        "70,000 USD of unknown side"
    )
    assert said(whale_evidence(book(BIDS, ASKS), many), "large print") == (
        "1 large print (from 50,000 USD, or over 50 × the median print of 100 USD): "
        "0 USD bought, 6,000 USD sold"
    )


def test_without_trades_their_part_is_unknown() -> None:
    for trades in (None, Trades.of([], [], [], [])):
        evidence = whale_evidence(book(BIDS, ASKS), trades)

        assert evidence.pressure is None
        assert evidence.prints is None


def test_a_memory_of_another_venue_is_not_believed() -> None:
    okx = book([*BIDS, (995, 50)], ASKS, venue="okx")
    memory = remember(None, book([*BIDS, (995, 50)], ASKS))

    evidence = whale_evidence(okx, memory=remember(memory, book(BIDS, ASKS, 5)))

    assert evidence.books == 1
    assert evidence.pulled_walls == ()


def test_a_book_older_than_the_memory_is_still_answered() -> None:
    late = book([*BIDS, *side_of([1.0] * 30, 950, -1), (995, 50), (996, 50)], ASKS, -1)
    memory = remember(None, book([*BIDS, (995, 50)], ASKS))

    evidence = whale_evidence(late, memory=remember(memory, late))

    assert evidence.bid_wall_count == 2
    assert evidence.observed_at_ms == AT_MS - 1000
    assert all(shown.remembered is not None for shown in evidence.bid_walls)


def numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [n for each in value.values() for n in numbers(each)]
    if isinstance(value, list | tuple):
        return [n for each in value for n in numbers(each)]
    return [value] if isinstance(value, float) else []


@given(successive_books())
@settings(deadline=None)
def test_all_numbers_are_finite_and_all_shares_bounded(history: list[OrderBook]) -> None:
    evidence = followed(*history)

    assert all(math.isfinite(number) for number in numbers(asdict(evidence)))
    for share in (evidence.imbalance_pct, evidence.wall_imbalance_pct):
        assert share is None or -100 <= share <= 100
    assert all(len(reason) < 300 for reason in evidence.reasons)
    assert len(evidence.reasons) <= 9


@given(st.lists(books(), min_size=1, max_size=3))
@settings(deadline=None)
def test_swapping_the_sides_turns_every_sign(drawn: list[OrderBook]) -> None:
    history = [
        OrderBook(each.venue, AT_MS + 1000 * n, each.bids, each.asks)
        for n, each in enumerate(drawn)
    ]

    here, there = followed(*history), followed(*(mirrored(each, CENTRE) for each in history))

    assert (there.bid_wall_count, there.ask_wall_count) == (
        here.ask_wall_count,
        here.bid_wall_count,
    )
    assert len(there.pulled_walls) == len(here.pulled_walls)
    if here.wall_imbalance_pct is None:
        assert there.wall_imbalance_pct is None
    else:
        # Prices, and so USD, differ by a few parts in a million between the sides.
        assert there.wall_imbalance_pct == pytest.approx(-here.wall_imbalance_pct, abs=0.01)


@given(books())
@settings(deadline=None)
def test_a_sentence_never_contradicts_its_number(drawn: OrderBook) -> None:
    evidence = whale_evidence(drawn)

    leaning = evidence.leaning_imbalance
    assert leaning is not None
    sentence = imbalance_sentence(leaning)
    assert ("accumulating" in sentence) == (leaning.imbalance_pct > 20)
    assert ("distributing" in sentence) == (leaning.imbalance_pct < -20)
    walls = [reason for reason in evidence.reasons if reason.startswith("walls within")]
    if evidence.wall_imbalance_pct is not None:
        assert ("to the bid side" in walls[0]) == (evidence.wall_imbalance_pct > 0)
        assert ("to the ask side" in walls[0]) == (evidence.wall_imbalance_pct < 0)


def test_a_window_of_one_trade_has_no_length() -> None:
    evidence = whale_evidence(book(BIDS, ASKS), Trades.of([5], [10], [3], [True]))

    assert evidence.pressure is not None
    assert evidence.pressure.window_s == 0
    assert pressure_sentence(evidence.pressure) == (
        "takers bought 100.0 % of the volume in 1 trade over 0.0 s: buy pressure"
    )
