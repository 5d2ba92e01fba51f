"""From a snapshot to the evidence and its score: what is unknown there stays unknown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from market.figures import figures_of
from market.snapshot import MarketSnapshot, ReadingName
from market.types import Direction
from smartmoney.engine.accumulation import BOOK_POINTS, Positioning
from smartmoney.engine.positioning import positioning_of, score_snapshot, structure_of
from smartmoney.scored import ScoredCoin, pack_scored, unpack_scored
from smartmoney.signal_views import SignalView
from tests.builders import make_buckets, make_history, make_snapshot

NOTHING = {name.value: None for name in ReadingName if name is not ReadingName.PRICE}


def with_book(snapshot: MarketSnapshot, **orderbook: Any) -> MarketSnapshot:
    prints = {"largePrints": {"count": 2, "buyUsd": 300.0, "sellUsd": 100.0}}
    book = {"source": "binance", "venue": "binance", "orderbook": orderbook, "trades": prints}
    return replace(snapshot, shown={"book": book})


def evidence(snapshot: MarketSnapshot) -> Positioning:
    alignment = structure_of(snapshot).alignment
    return positioning_of(snapshot, figures_of(snapshot), alignment)


def test_every_reading_arrives_under_its_own_name() -> None:
    snapshot = make_snapshot(
        taker_buy_pct=53.0,
        funding_rate_8h_pct=-0.02,
        social_momentum=20.0,
        top_trader_long_pct=64.0,
        long_account_pct=51.0,
    )

    seen = evidence(snapshot)

    assert seen.taker_buy_pct == 53.0
    assert seen.funding_rate_8h_pct == -0.02
    assert seen.social_momentum == 20.0
    assert (seen.top_trader_long_pct, seen.long_account_pct) == (64.0, 51.0)
    assert seen.change_4h_pct is not None
    assert seen.change_24h_pct is not None


def test_liquidations_are_summed_over_the_watched_buckets_and_measured_on_their_venues() -> None:
    history = make_history(liquidations=make_buckets(long_usd=2_000.0, short_usd=500.0, hours=24))
    snapshot = make_snapshot(history=history, liquidation_venue_open_interest_usd=2e9)

    seen = evidence(snapshot)

    assert seen.liquidations_long_usd == pytest.approx(288 * 2_000.0)
    assert seen.liquidations_short_usd == pytest.approx(288 * 500.0)
    assert seen.open_interest_usd == pytest.approx(2e9)


@pytest.mark.parametrize(("hours", "known"), [(0.9, False), (1.0, True)])
def test_under_an_hour_of_watched_liquidations_says_nothing(hours: float, known: bool) -> None:
    history = make_history(liquidations=make_buckets(hours=hours))

    seen = evidence(make_snapshot(history=history))

    assert (seen.liquidations_long_usd is not None) is known


@pytest.mark.parametrize(
    ("within", "whole", "expected"),
    [
        ({"0.1%": 1.0, "0.5%": 2.0, "1%": 3.0}, 90.0, 3.0),
        ({"0.1%": 1.0, "0.5%": 2.0, "1%": None}, 90.0, 2.0),
        ({"0.1%": None, "0.5%": None, "1%": None}, 90.0, 90.0),
    ],
)
def test_a_book_leans_by_the_widest_range_near_the_price(
    within: dict[str, float | None], whole: float, expected: float
) -> None:
    snapshot = with_book(make_snapshot(), imbalance=whole, imbalanceWithin=within)

    assert evidence(snapshot).book_imbalance_pct == expected


def test_prints_and_walls_come_from_the_book_that_was_read() -> None:
    seen = evidence(with_book(make_snapshot(), wallImbalance=-30.0))

    assert seen.wall_imbalance_pct == -30.0
    assert (seen.large_buys_usd, seen.large_sells_usd) == (300.0, 100.0)


def test_a_coin_without_any_data_has_no_points_on_either_side_and_all_is_named() -> None:
    coin = score_snapshot(make_snapshot(price=None, **NOTHING))

    assert (coin.score.accumulation, coin.score.distribution) == (0, 0)
    assert coin.score.known_points == 0
    assert not coin.is_known
    assert len(coin.score.missing) == 8


def test_without_a_book_its_points_are_out_of_reach_and_it_is_named() -> None:
    without = score_snapshot(make_snapshot()).score
    with_one = score_snapshot(with_book(make_snapshot(), imbalance=0.0, imbalanceWithin={})).score

    assert "order_book" in without.missing
    assert "order_book" not in with_one.missing
    assert with_one.known_points == without.known_points + BOOK_POINTS


def test_the_same_snapshot_always_has_the_same_score() -> None:
    assert score_snapshot(make_snapshot()) == score_snapshot(make_snapshot())


@pytest.mark.parametrize(
    "view", [None, SignalView(Direction.LONG, 61.5), SignalView(Direction.NEUTRAL, None)]
)
def test_a_score_comes_back_from_its_bytes_as_it_was(view: SignalView | None) -> None:
    scored = ScoredCoin(score_snapshot(make_snapshot()), view)

    assert unpack_scored(pack_scored(scored)) == scored
