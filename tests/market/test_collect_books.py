"""Order books of several coins: read beside the rest, without prints, and inside their budget."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from market.providers import registry
from market.sandbox.handle import Sandbox
from market.services import collect_snapshots
from market.snapshot import ReadingName
from market.types import Instrument

Coins = Callable[..., list[Instrument]]

pytestmark = pytest.mark.django_db


def test_each_of_several_coins_has_its_book_and_no_prints(coins: Coins, sandbox: Sandbox) -> None:
    snapshots = collect_snapshots(coins("BTC", "ETH", "SOL"), with_evidence=True)

    books = [snapshot.shown["book"] for snapshot in snapshots]
    assert [book["source"] for book in books] == ["binance"] * 3
    assert [book["trades"] for book in books] == [None] * 3
    assert sandbox.calls("binance", "/fapi/v1/depth") == 3
    assert sandbox.calls("binance", "/fapi/v1/aggTrades") == 0


def test_without_being_asked_for_no_book_is_read(coins: Coins, sandbox: Sandbox) -> None:
    snapshots = collect_snapshots(coins("BTC", "ETH"))

    assert all("book" not in snapshot.shown for snapshot in snapshots)
    assert sandbox.calls("binance", "/fapi/v1/depth") == 0


def test_books_beyond_their_budget_are_left_out_and_the_scores_data_is_not(
    coins: Coins, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The least there is for books: 22 of weight a minute, half of it for scans, 2 for each book.
    monkeypatch.setattr(registry, "_BOOK_WEIGHT_PER_MINUTE", 1)
    names = ("BTC", "ETH", "SOL", "XRP", "DOGE", "ADA", "LINK", "AVAX")

    snapshots = collect_snapshots(coins(*names), with_evidence=True)

    with_book = [snapshot for snapshot in snapshots if "book" in snapshot.shown]
    assert len(with_book) == 5
    assert sandbox.calls("binance", "/fapi/v1/depth") == 5
    # Of CoinGecko's votes a few a minute are affordable; of all else every coin has the same.
    others = [snapshot.readings.keys() - {ReadingName.SOCIAL_SENTIMENT} for snapshot in snapshots]
    assert others == [others[0]] * len(names)


def test_a_book_that_cannot_be_read_costs_nothing_but_itself(
    coins: Coins, sandbox: Sandbox
) -> None:
    sandbox.fault("binance", "http_5xx", path="/fapi/v1/depth", status=503)

    snapshots = collect_snapshots(coins("BTC", "ETH"), with_evidence=True)

    assert all("book" not in snapshot.shown for snapshot in snapshots)
    assert all(snapshot.readings for snapshot in snapshots)
