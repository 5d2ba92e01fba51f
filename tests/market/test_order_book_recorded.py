"""Real books: Binance's snapshots of four coins, and OKX's BTC book over eleven seconds."""

from __future__ import annotations

import math
from collections import Counter
from itertools import islice

import pytest

from market.book_memory import BookMemory, WallState, decode, encode, remember
from market.order_book import OrderBook, Side, imbalance_pct, spread_of
from market.order_book_walls import find_walls
from market.whale_evidence import whale_evidence
from tests.market.order_books import (
    plain_walls,
    recomputed,
    recorded_binance_books,
    recorded_okx_books,
)

pytestmark = pytest.mark.recordings


def folded(history: list[OrderBook]) -> BookMemory:
    memory: BookMemory | None = None
    for each in history:
        memory = remember(memory, each)
    assert memory is not None
    return memory


def test_four_coins_have_the_walls_of_the_definition() -> None:
    books = list(recorded_binance_books())

    for book in books:
        memory = remember(None, book)
        for side in Side:
            remembered = {wall.price for wall in memory.walls if wall.side is side}
            assert remembered == plain_walls(book, side)
    assert [[len(find_walls(book, side)) for side in Side] for book in books] == [
        [48, 37], [15, 37], [12, 25], [6, 27],
    ]  # fmt: skip


def test_old_orders_far_from_mid_do_not_pass_for_accumulation() -> None:
    _, akro, _, _ = recorded_binance_books()

    evidence = whale_evidence(akro)

    # The bids are 99 % below mid, by the coin almost free, and outnumber everything else.
    assert evidence.imbalance_pct == pytest.approx(85.84, abs=0.01)
    assert evidence.leaning_imbalance is not None
    assert evidence.leaning_imbalance.within_pct == 1.0
    assert evidence.leaning_imbalance.imbalance_pct == pytest.approx(9.91, abs=0.01)
    assert any("near balance" in reason for reason in evidence.reasons)
    assert not any("accumulating" in reason for reason in evidence.reasons)


def test_every_figure_of_a_real_book_is_finite() -> None:
    for book in recorded_binance_books():
        evidence, spread = whale_evidence(book), spread_of(book)

        assert spread is not None
        assert 0 < spread.spread_bps < 100
        for _, imbalance in evidence.imbalance_within_pct:
            assert imbalance is not None
            assert -100 < imbalance < 100
        for shown in (*evidence.bid_walls, *evidence.ask_walls):
            assert math.isfinite(shown.wall.ratio * shown.wall.usd)


def test_a_book_of_400_levels_does_not_reach_one_percent() -> None:
    first = next(recorded_okx_books())

    assert imbalance_pct(first, 0.5) is not None
    assert imbalance_pct(first, 1.0) is None


def test_eleven_seconds_of_bitcoin_show_walls_that_stand_and_walls_that_are_pulled() -> None:
    history = list(recorded_okx_books())

    memory = folded(history)

    by_price = {wall.price: wall for wall in memory.walls}
    round_number = by_price[30600.0]
    assert (round_number.seen_count, round_number.presence_share) == (98, 1)
    assert round_number.stood_ms == history[-1].observed_at_ms - history[0].observed_at_ms
    states = Counter(wall.state for wall in memory.walls)
    assert states[WallState.PULLED] > states[WallState.STANDING] > 10
    pulled = [wall.weight for wall in memory.walls if wall.state is WallState.PULLED]
    assert max(pulled) < round_number.weight
    assert len(encode(memory)) < 25_000
    assert decode(encode(memory)) == memory


def test_folding_real_books_gives_what_their_history_says() -> None:
    # Every eighth book: all of them show more walls than a memory keeps.
    history = list(islice(recorded_okx_books(), 0, None, 8))

    assert set(folded(history).walls) == recomputed(history)
