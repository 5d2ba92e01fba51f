"""The universe: built once, kept, renewed, and found by any name."""

from __future__ import annotations

import threading

import pytest
from django.db import connections

from market import clock, universe
from market.instruments import UnknownSymbol
from market.models import ListedSymbol
from market.sandbox.handle import Sandbox
from market.selectors import tradable_symbols
from market.services import MarketUnavailable, refresh_universe, resolve_symbol
from tests.market.conftest import AT_MS, Later

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("text", ["BTC", "btc", "BTCUSDT", "BTC-USDT", "BTC-USDT-SWAP", "bitcoin"])
def test_any_usual_spelling_is_the_same_coin(sandbox: Sandbox, text: str) -> None:
    coin = resolve_symbol(text)

    assert coin.symbol.base == "BTC"
    assert coin.binance is not None
    assert coin.okx is not None
    assert coin.coingecko_id == "bitcoin"


def test_an_unknown_name_gets_the_closest_ones(sandbox: Sandbox) -> None:
    with pytest.raises(UnknownSymbol) as unknown:
        resolve_symbol("SOLL")

    assert "SOL" in unknown.value.suggestions


def test_the_universe_is_kept_and_another_process_asks_nobody(sandbox: Sandbox) -> None:
    first = resolve_symbol("BTC")
    asked = sandbox.calls()

    universe.reset()
    second = resolve_symbol("BTC")

    assert second == first
    assert sandbox.calls() == asked
    assert tradable_symbols().count() > 300


def test_a_name_is_looked_up_in_memory(sandbox: Sandbox, django_assert_num_queries: object) -> None:
    resolve_symbol("BTC")

    with django_assert_num_queries(0):  # type: ignore[operator]
        assert resolve_symbol("eth").symbol.base == "ETH"


def test_blocked_by_binance_the_universe_is_what_okx_lists(sandbox: Sandbox) -> None:
    sandbox.scenario("binance_geo_blocked")

    coin = resolve_symbol("BTCUSDT")

    assert coin.binance is None
    assert coin.okx is not None


def test_with_no_venue_answering_there_is_no_universe(sandbox: Sandbox) -> None:
    sandbox.scenario("exchanges_dead")

    with pytest.raises(MarketUnavailable) as raised:
        resolve_symbol("BTC")

    assert {failure.provider for failure in raised.value.failures} == {"binance", "okx"}


def test_a_universe_once_built_outlives_its_venues(sandbox: Sandbox, later: Later) -> None:
    resolve_symbol("BTC")
    sandbox.scenario("all_dead")

    with later(24 * 60):
        universe.reset()
        assert resolve_symbol("BTC").symbol.base == "BTC"


def test_a_venue_that_does_not_answer_keeps_its_listings(sandbox: Sandbox, later: Later) -> None:
    resolve_symbol("BTC")
    sandbox.fault("okx", "dead")

    with later(120):
        coin = refresh_universe().resolve("BTC")

    assert coin.okx is not None
    assert coin.binance is not None


def test_a_coin_that_is_no_longer_listed_keeps_its_row_and_is_found_no_more(
    sandbox: Sandbox, later: Later
) -> None:
    gone = ListedSymbol.objects.create(
        environment="test",
        base="GONECOIN",
        binance_symbol="GONECOINUSDT",
        binance_multiplier=1,
        binance_contract_size_base=1.0,
        first_seen_at=clock.datetime_at(AT_MS - 1000),
        last_seen_at=clock.datetime_at(AT_MS - 1000),
    )
    assert resolve_symbol("GONECOIN").symbol.base == "GONECOIN"

    refresh_universe()
    universe.reset()

    gone.refresh_from_db()
    assert gone.delisted_at == clock.now()
    with pytest.raises(UnknownSymbol):
        resolve_symbol("GONECOIN")


def test_a_refresh_keeps_when_a_coin_was_first_seen(sandbox: Sandbox, later: Later) -> None:
    resolve_symbol("BTC")

    with later(60):
        refresh_universe()

    bitcoin = ListedSymbol.objects.get(environment="test", base="BTC")
    assert bitcoin.first_seen_at == clock.datetime_at(AT_MS)
    assert bitcoin.last_seen_at > bitcoin.first_seen_at


def test_pages_of_coins_come_one_by_one_and_none_is_lost(sandbox: Sandbox, later: Later) -> None:
    resolve_symbol("BTC")
    on_first_page = ListedSymbol.objects.exclude(coingecko_id=None).count()

    with later(2):
        refresh_universe()

    assert sandbox.calls("coingecko", "/coins/markets") == 2
    assert ListedSymbol.objects.exclude(coingecko_id=None).count() > on_first_page
    assert ListedSymbol.objects.get(base="BTC").coingecko_id == "bitcoin"


def test_without_coingecko_coins_lack_a_rank_and_nothing_else(sandbox: Sandbox) -> None:
    sandbox.fault("coingecko", "dead")

    coin = resolve_symbol("BTC")

    assert coin.binance is not None
    assert coin.market_cap_rank is None


def test_an_old_universe_is_renewed_behind_the_scenes_by_one_process(
    sandbox: Sandbox, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewals: list[str] = []
    resolve_symbol("BTC")
    monkeypatch.setattr(universe, "start_renewal", lambda: renewals.append("started"))
    monkeypatch.setattr(universe, "_LOOK_EVERY_S", 0.0)

    with later(120):
        resolve_symbol("BTC")
        resolve_symbol("ETH")

    assert renewals == ["started"]


@pytest.mark.django_db(transaction=True)
def test_of_many_first_requests_one_builds_the_universe(sandbox: Sandbox) -> None:
    found: list[str] = []
    together = threading.Barrier(4)

    def ask() -> None:
        try:
            together.wait(10)
            found.append(resolve_symbol("BTC").symbol.base)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert found == ["BTC"] * 4
    assert sandbox.calls("binance", "/fapi/v1/exchangeInfo") == 1
