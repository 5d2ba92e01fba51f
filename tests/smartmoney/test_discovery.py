"""Discovery: joined by the registry, filtered by what is known, honest about who did not answer."""

from __future__ import annotations

import pytest

from market.discovery import Wanted, discover
from market.sandbox.coingecko import category_of
from market.sandbox.handle import Sandbox
from market.types import Venue
from market.universe import MarketUnavailable, instrument_registry
from smartmoney.choices import Criteria, chosen_coins, named_coins, watchlist_coins
from smartmoney.discovery import (
    Filters,
    Source,
    find_coins,
    list_contracts,
    search_coins,
    trending_coins,
)
from smartmoney.exceptions import BadChoice, DiscoveryUnavailable

pytestmark = pytest.mark.usefixtures("listed")

ANY_CAP_USD = 1e14


def filters(
    *,
    max_market_cap_usd: float = ANY_CAP_USD,
    min_volume_usd: float = 0.0,
    source: Source = Source.ALL,
    category: str = "",
) -> Filters:
    return Filters(max_market_cap_usd, min_volume_usd, source, 5000, category)


def test_a_coin_of_both_lists_is_one_row() -> None:
    coins = find_coins(filters()).coins

    [bitcoin] = [coin for coin in coins if coin.symbol == "BTC"]
    assert bitcoin.sources == (Venue.BINANCE, Venue.COINGECKO)
    assert bitcoin.instrument is not None
    with_futures = [coin.symbol for coin in coins if coin.instrument is not None]
    assert len(with_futures) == len(set(with_futures))


def test_a_contract_of_a_thousand_coins_is_told_by_the_coin() -> None:
    contracts, _, _ = list_contracts(0.0)

    [pepe] = [each for each in contracts if each.instrument.symbol.base == "PEPE"]
    assert pepe.instrument.binance is not None
    assert pepe.instrument.binance.venue_symbol == "1000PEPEUSDT"
    assert pepe.price_usd < 0.001
    assert pepe.low_24h_usd is not None
    assert pepe.high_24h_usd is not None
    assert pepe.low_24h_usd <= pepe.price_usd <= pepe.high_24h_usd


def test_only_live_perpetuals_are_listed() -> None:
    contracts, total, _ = list_contracts(0.0)

    assert total == len(contracts)
    assert {each.instrument.symbol.base for each in contracts} <= {
        each.symbol.base for each in instrument_registry() if each.binance is not None
    }


def test_a_cap_that_nobody_tells_is_not_small_and_every_filter_holds() -> None:
    found = find_coins(filters(max_market_cap_usd=100e6, min_volume_usd=100e3))

    assert found.coins
    for coin in found.coins:
        assert coin.market_cap_usd is not None
        assert 0.0 < coin.market_cap_usd <= 100e6
        assert coin.volume_24h_usd is not None
        assert coin.volume_24h_usd >= 100e3
    volumes = [coin.volume_24h_usd or 0.0 for coin in found.coins]
    assert volumes == sorted(volumes, reverse=True)


def test_of_the_exchange_alone_are_no_coins_that_only_coingecko_knows() -> None:
    coins = find_coins(filters(source=Source.BINANCE)).coins

    assert coins
    assert all(Venue.BINANCE in coin.sources for coin in coins)


def test_of_a_category_are_only_its_coins() -> None:
    coins = find_coins(filters(category="meme-token")).coins

    assert coins
    assert {category_of(coin.coingecko_id or "") for coin in coins} == {"meme-token"}


def test_a_category_that_is_not_there_is_refused() -> None:
    with pytest.raises(BadChoice) as refused:
        find_coins(filters(category="meme"))

    assert refused.value.parameter == "category"
    assert "meme-token" in refused.value.detail


def test_okx_stands_in_for_binance_and_the_answer_says_so(sandbox: Sandbox) -> None:
    sandbox.fault("binance", "http_5xx", status=503)

    contracts, _, problems = list_contracts(0.0)

    assert {each.venue for each in contracts} == {Venue.OKX}
    assert [(each.reading, each.source) for each in problems] == [("contracts", "binance")]


def test_without_coingecko_the_exchange_still_answers_and_is_told_apart(sandbox: Sandbox) -> None:
    sandbox.fault("coingecko", "http_5xx", status=503)

    discovery = discover(Wanted(contracts=True, pages=(1,)))

    assert discovery.contracts
    assert discovery.coins == []
    assert {each.source for each in discovery.problems} == {"coingecko"}


def test_with_nobody_answering_there_is_no_answer(sandbox: Sandbox) -> None:
    sandbox.fault("*", "http_5xx", status=503)

    with pytest.raises(MarketUnavailable):
        list_contracts(0.0)


def test_trends_are_in_order_and_say_what_has_futures() -> None:
    trending = trending_coins()

    assert [each.coin.rank for each in trending] == list(range(15))
    assert any(each.instrument is not None for each in trending)


def test_nobody_but_coingecko_tells_what_trends(sandbox: Sandbox) -> None:
    sandbox.fault("coingecko", "http_5xx", status=503)

    with pytest.raises(DiscoveryUnavailable):
        trending_coins()


def test_a_search_finds_coins_with_futures_first_by_nearness() -> None:
    result = search_coins("btc", 10)

    assert result.instruments[0].symbol.base == "BTC"
    assert all("BTC" in each.symbol.base for each in result.instruments)


def test_a_search_without_coingecko_still_knows_what_is_tradable(sandbox: Sandbox) -> None:
    sandbox.fault("coingecko", "http_5xx", status=503)

    result = search_coins("eth", 10)

    assert "ETH" in [each.symbol.base for each in result.instruments]
    assert [each.source for each in result.problems] == ["coingecko"]


def test_a_search_says_that_our_own_calls_are_used_up(coingecko_spent: None) -> None:
    [problem] = search_coins("eth", 10).problems

    assert problem.detail == "our own budget for these calls is used up"


# --- Choices --------------------------------------------------------------------------------------


def changes(criteria: Criteria) -> list[float]:
    by_base = {
        each.instrument.symbol.base: each.change_24h_pct or 0.0 for each in list_contracts(0.0)[0]
    }
    return [by_base[each.symbol.base] for each in chosen_coins(criteria, 10).instruments]


def test_gainers_rose_most_first() -> None:
    rose = changes(Criteria.GAINERS)

    assert all(change >= 5.0 for change in rose)
    assert rose == sorted(rose, reverse=True)


def test_losers_fell_most_first() -> None:
    fell = changes(Criteria.LOSERS)

    assert all(change <= -5.0 for change in fell)
    assert fell == sorted(fell)


def test_by_volume_the_most_traded_are_first() -> None:
    chosen = chosen_coins(Criteria.VOLUME, 10).instruments
    most_traded = [each.instrument for each in list_contracts(1e6)[0]][:10]

    assert chosen == most_traded


def test_small_caps_can_be_traded() -> None:
    chosen = chosen_coins(Criteria.SMALL_CAP, 10)

    assert all(each.binance or each.okx for each in chosen.instruments)


def test_names_of_one_coin_are_one_coin() -> None:
    choice = named_coins(["BTC", "btcusdt", "BTC-USDT-SWAP", "NOSUCHCOIN"])

    assert [each.symbol.base for each in choice.instruments] == ["BTC"]
    assert list(choice.failed) == ["NOSUCHCOIN"]


def test_without_a_name_the_watched_coins_are_meant() -> None:
    assert watchlist_coins(None, 3).instruments
    with pytest.raises(BadChoice):
        watchlist_coins("no such list", 3)
