"""CoinGecko: scarce calls, coins with holes, errors of several shapes."""

import asyncio
import gzip
from datetime import date

import orjson
import pytest

from market.providers.coingecko import (
    CoinGecko,
    classify,
    coingecko_policy,
    is_coin_id,
)
from market.providers.coingecko_payloads import (
    parse_categories,
    parse_coin_detail,
    parse_coins_list,
    parse_markets,
    parse_search,
    parse_simple_prices,
    parse_trending,
)
from market.providers.errors import (
    ProviderPayloadError,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)
from tests.market.providers.bodies import coin_detail, coin_market, trending
from tests.market.providers.fake_transport import FakeTransport
from tests.recordings import recording


def sample(name):
    return orjson.loads(recording(f"providers/samples/coingecko/{name}").read_bytes())


def recorded(name):
    return orjson.loads(gzip.decompress(recording(f"data/coingecko/{name}").read_bytes()))


def test_a_markets_row_reads_integers_and_nulls_alike():
    (coin,) = parse_markets([coin_market()]).value

    assert (coin.id, coin.symbol, coin.market_cap_rank) == ("bitcoin", "BTC", 1)
    assert coin.price_usd == 70187.0
    assert coin.price_change_24h_pct == 3.12502
    assert coin.max_supply is None
    assert coin.observed_at_ms == 1712508571736


def test_a_bad_number_is_unknown_and_told_and_the_coin_remains():
    parsed = parse_markets([coin_market(current_price=-1, total_volume="lots"), coin_market()])

    assert len(parsed.value) == 2
    assert parsed.value[0].price_usd is None
    assert parsed.value[0].volume_24h_usd is None
    assert parsed.refused == 2
    assert parsed.reasons == ("current_price: not positive", "total_volume: not a number")


def test_a_row_without_an_id_is_dropped_and_an_empty_page_is_the_end():
    assert len(parse_markets([coin_market(), coin_market(id=None)]).value) == 1
    assert parse_markets([]).value == ()


def test_a_capitalisation_of_zero_is_unknown():
    (coin,) = parse_markets([coin_market(market_cap=0, circulating_supply=0)]).value

    assert coin.market_cap_usd is None
    assert coin.circulating_supply is None


def test_a_coin_in_detail_has_votes_followers_and_age():
    parsed = parse_coin_detail(coin_detail())
    coin = parsed.value

    assert coin.sentiment_votes_up_pct == 84.07
    assert coin.watchlist_users == 1541900
    assert coin.genesis_date == date(2009, 1, 3)
    assert coin.categories == ("Layer 1 (L1)",)
    assert coin.market.price_usd == 69840.0
    assert coin.market.fully_diluted_valuation_usd is None  # an empty map
    assert coin.price_change_30d_pct is None
    assert coin.telegram_users is None
    assert coin.commits_4_weeks == 108
    assert parsed.refused == 0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sentiment_votes_up_percentage": 101}, "sentiment_votes_up_percentage"),
        ({"watchlist_portfolio_users": -5}, "watchlist_portfolio_users"),
        ({"market_data": []}, "market_data"),
        ({"genesis_date": "long ago"}, "genesis_date"),
        ({"categories": "all"}, "categories"),
    ],
)
def test_a_detail_that_cannot_be_is_unknown_and_told(changes, reason):
    parsed = parse_coin_detail(coin_detail(**changes))

    assert parsed.value.market.id == "bitcoin"
    assert parsed.refused == 1
    assert parsed.reasons[0].startswith(reason)


def test_missing_votes_are_unknown_not_zero():
    coin = parse_coin_detail(
        coin_detail(sentiment_votes_up_percentage=None, watchlist_portfolio_users=None)
    ).value

    assert coin.sentiment_votes_up_pct is None
    assert coin.watchlist_users is None


@pytest.mark.parametrize(
    ("price", "read"),
    [(9.04e-07, 9.04e-07), ("$1,234.5", 1234.5), ("$0.0017", 0.0017), ("n/a", None), (None, None)],
)
def test_trending_prices_come_as_number_or_dollar_text(price, read):
    (coin,) = parse_trending(trending(price=price)).value

    assert coin.price_usd == read
    assert (coin.id, coin.symbol, coin.rank) == ("qubic-network", "QUBIC", 0)
    assert coin.price_change_24h_pct == -6.386464466210091


def test_trending_coins_come_in_their_rank():
    body = trending(score=3)
    body["coins"] += trending(score=1)["coins"]

    assert [coin.rank for coin in parse_trending(body).value] == [1, 3]


def test_an_unknown_id_has_no_price_and_no_fault():
    assert parse_simple_prices({}).value == {}
    assert parse_simple_prices({"bitcoin": {"usd": None}, "x": {}}).value == {}
    prices = parse_simple_prices({"bitcoin": {"usd": 1, "last_updated_at": 1712508571}}).value
    assert prices["bitcoin"].observed_at_ms == 1712508571000


# --- calls ---------------------------------------------------------------------------------------

DETAIL = {
    "localization": "false",
    "tickers": "false",
    "market_data": "true",
    "community_data": "true",
    "developer_data": "true",
}
MARKETS = {"vs_currency": "usd", "order": "market_cap_desc", "per_page": 250, "page": 2}


@pytest.mark.parametrize(
    ("make", "answer", "path", "params"),
    [
        (lambda c: c.fetch_coins_list(), [], "/coins/list", {}),
        (lambda c: c.fetch_markets(page=2), [], "/coins/markets", MARKETS),
        (
            lambda c: c.fetch_markets(page=2, ids=["bitcoin", "ethereum"]),
            [],
            "/coins/markets",
            MARKETS | {"ids": "bitcoin,ethereum"},
        ),
        (lambda c: c.fetch_coin_detail("bitcoin"), coin_detail(), "/coins/bitcoin", DETAIL),
        (lambda c: c.fetch_search("eth"), {"coins": []}, "/search", {"query": "eth"}),
        (lambda c: c.fetch_trending(), {"coins": []}, "/search/trending", {}),
        (lambda c: c.fetch_categories(), [], "/coins/categories/list", {}),
    ],
)
def test_each_fetch_asks_as_documented(make, answer, path, params):
    transport = FakeTransport(answer)

    asyncio.run(make(CoinGecko(transport)))

    call = transport.only_call
    assert (call.path, call.params, call.pool, call.cost) == (path, params, "calls", 1)
    assert call.cache_ttl_s >= 300


def test_prices_are_asked_for_by_ids_in_dollars():
    transport = FakeTransport({})

    asyncio.run(CoinGecko(transport).fetch_simple_prices(["bitcoin", "pepe"]))

    assert transport.only_call.path == "/simple/price"
    assert transport.only_call.params["ids"] == "bitcoin,pepe"
    assert transport.only_call.params["vs_currencies"] == "usd"


@pytest.mark.parametrize("coin_id", ["", "a/b", "..", "../ping", "a b", "a?b", "é", "x" * 101])
def test_what_is_no_coin_id_never_becomes_a_path(coin_id):
    transport = FakeTransport({})

    with pytest.raises(ValueError, match="coin id"):
        asyncio.run(CoinGecko(transport).fetch_coin_detail(coin_id))

    assert transport.calls == []
    assert is_coin_id("matic-network")


def test_without_a_key_minutes_are_metered_and_no_header_is_sent():
    policy = coingecko_policy(calls_per_minute=5, calls_per_month=10_000)

    assert [(pool.limit, pool.window_s) for pool in policy.pools["calls"]] == [(5, 60)]
    assert policy.headers == {}


def test_with_a_demo_key_the_month_is_metered_too_and_the_key_goes_into_the_header():
    policy = coingecko_policy(calls_per_minute=30, calls_per_month=10_000, demo_api_key="CG-k")

    assert [(pool.limit, pool.window_s) for pool in policy.pools["calls"]] == [
        (30, 60),
        (10_000, 0),
    ]
    assert policy.headers == {"x-cg-demo-api-key": "CG-k"}


# --- refusals ------------------------------------------------------------------------------------


def refusal(status, body, headers=None):
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the table below names the class
        classify(status, headers or {}, raw)
    return caught.value


def coded(code):
    return {"status": {"error_code": code, "error_message": "see https://www.coingecko.com"}}


@pytest.mark.parametrize(
    ("status", "body", "kind", "blocked_s"),
    [
        (429, coded(429), ProviderRateLimited, None),
        (429, b"Throttled", ProviderRateLimited, None),
        (401, coded(10005), ProviderRejected, 0.0),
        (401, coded(10012), ProviderRejected, 0.0),
        (401, coded(10002), ProviderRejected, 600.0),
        (400, coded(10010), ProviderRejected, 600.0),
        (400, coded(10011), ProviderRejected, 600.0),
        (404, {"error": "coin not found"}, ProviderRejected, 0.0),
        (400, {"error": "Missing parameter vs_currency"}, ProviderRejected, 0.0),
        (400, {"status": []}, ProviderRejected, 0.0),
        (400, {"status": {"error_code": []}}, ProviderRejected, 0.0),
        (403, b"<html>error code: 1020</html>", ProviderRejected, 600.0),
        (500, b"", ProviderUnavailable, None),
        (503, b"<html>", ProviderUnavailable, None),
    ],
)
def test_each_refusal_is_classed_by_what_to_do(status, body, kind, blocked_s):
    error = refusal(status, body)

    assert type(error) is kind
    assert "coingecko.com" not in str(error)
    if blocked_s is not None:
        assert error.blocked_for_s == blocked_s


def test_success_passes():
    assert classify(200, {}, b"[]") is None


@pytest.mark.parametrize(("headers", "wait_s"), [({}, 60.0), ({"retry-after": "9"}, 9.0)])
def test_a_429_waits_a_minute_unless_told(headers, wait_s):
    assert refusal(429, b"", headers).retry_after_s == wait_s


def test_every_recorded_refusal_is_classed():
    expected = {429: ProviderRateLimited, 401: ProviderRejected, 404: ProviderRejected}

    for entry in sample("errors.json"):
        assert type(refusal(entry["http"], entry["body"])) is expected[entry["http"]]


# --- recorded answers ----------------------------------------------------------------------------


def test_recorded_lists():
    coins = parse_coins_list(sample("coins_list.include_platform.json")).value
    categories = parse_categories(sample("coins_categories_list.json")).value
    found = parse_search(sample("search.json")).value

    assert [(coin.id, coin.symbol) for coin in coins] == [("0chain", "ZCN"), ("01coin", "ZOC")]
    assert categories[0].id == "aave-tokens"
    assert [(coin.id, coin.symbol, coin.market_cap_rank) for coin in found] == [
        ("ethereum", "ETH", 2),
        ("ethereum-classic", "ETC", 27),
    ]


def test_recorded_prices_and_trends():
    prices = parse_simple_prices(sample("simple_price.json")).value
    trends = parse_trending(sample("search_trending.json"))

    assert prices["ethereum"].price_usd == 1498.64
    assert [(coin.symbol, coin.rank) for coin in trends.value] == [("QUBIC", 0), ("NOT", 1)]
    assert trends.value[0].price_usd == 9.04766669820536e-07
    assert trends.refused == 0


def test_recorded_detail():
    parsed = parse_coin_detail(sample("coins_id.json"))

    assert parsed.refused == 0
    assert parsed.value.sentiment_votes_up_pct == 84.07
    assert parsed.value.market.fully_diluted_valuation_usd == 1465975550097.0
    assert parsed.value.price_change_7d_pct == -0.89706


def test_a_recorded_page_of_250_coins_is_read_whole():
    parsed = parse_markets(recorded("coins_markets_2023-07-28.json.gz"))

    assert parsed.refused == 0
    assert len(parsed.value) == 250
    assert parsed.value[0].id == "bitcoin"
    assert sum(coin.fully_diluted_valuation_usd is None for coin in parsed.value) == 10
    assert sum(coin.max_supply is None for coin in parsed.value) == 102
    assert all(coin.price_usd is not None for coin in parsed.value)


def test_a_recorded_detail_of_2023_is_read_without_a_fault():
    parsed = parse_coin_detail(recorded("coins_matic-network_detail_2023-07-28.json.gz"))

    assert parsed.reasons == ()
    assert parsed.value.market.symbol == "MATIC"
    assert parsed.value.market.price_usd is not None


def test_a_detail_without_a_name_is_refused():
    with pytest.raises(ProviderPayloadError):
        parse_coin_detail(recorded("coins_bitcoin_detail_partial.json.gz"))


def test_a_recorded_list_with_platforms_is_read_whole():
    rows = recorded("coins_list_small.json.gz")

    assert len(parse_coins_list(rows).value) == len(rows)
