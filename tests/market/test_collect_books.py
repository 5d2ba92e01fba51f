"""Order books of several coins: read beside the rest, without prints, and inside their budget."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest_django import Settings

from market.sandbox.handle import Sandbox
from market.services import collect_snapshots
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
    coins: Coins, sandbox: Sandbox, settings: Settings
) -> None:
    # The least share there is: 22 of weight a minute, half of it for scans, 2 for each book.
    settings.PROVIDER_BUDGET_SHARE = 0.03
    names = ("BTC", "ETH", "SOL", "XRP", "DOGE", "ADA", "LINK", "AVAX")

    snapshots = collect_snapshots(coins(*names), with_evidence=True)

    with_book = [snapshot for snapshot in snapshots if "book" in snapshot.shown]
    assert 0 < len(with_book) < len(names)
    assert sandbox.calls("binance", "/fapi/v1/depth") == len(with_book)


def test_a_book_that_cannot_be_read_costs_nothing_but_itself(
    coins: Coins, sandbox: Sandbox
) -> None:
    sandbox.fault("binance", "http_5xx", path="/fapi/v1/depth", status=503)

    snapshots = collect_snapshots(coins("BTC", "ETH"), with_evidence=True)

    assert all("book" not in snapshot.shown for snapshot in snapshots)
    assert all(snapshot.readings for snapshot in snapshots)
