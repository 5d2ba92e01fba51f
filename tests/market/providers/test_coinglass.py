"""What Coinglass is asked, what the plan spares, and what its refusals inside HTTP 200 mean."""

import orjson
import pytest

from market import clock
from market.providers.coinglass import Coinglass, FundingWeight, Span
from market.providers.coinglass_limits import (
    check_envelope,
    classify,
    coinglass_policy,
    hold_s,
)
from market.providers.coinglass_payloads import LongShare
from market.providers.errors import (
    ProviderPayloadError,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)
from market.providers.plans import COINGLASS_PLANS, CoinglassInterval
from market.providers.refusals import EndpointRefused, KeyRefused
from market.store_sqlite import SqliteStore
from market.types import Listing, Venue
from tests.market.providers.keyed import AT_MS, KeyedTransport, ask, refusal, sample

HOBBYIST, STANDARD = COINGLASS_PLANS["hobbyist"], COINGLASS_PLANS["standard"]
BTC = Listing(Venue.BINANCE, "BTCUSDT")
H4 = Span(CoinglassInterval.H4, limit=180)
PAIR = {"exchange": "Binance", "symbol": "BTCUSDT"}
BARS = {"interval": "4h", "limit": 180}
EMPTY = {"code": "0", "data": []}


@pytest.fixture
def store(tmp_path):
    return SqliteStore(tmp_path / "store.sqlite3")


def asked(store, make, answer=EMPTY, plan=STANDARD):
    return ask(lambda transport, refused: Coinglass(transport, plan, refused), answer, make, store)


LISTS = {
    "coins": (lambda c: c.fetch_supported_coins(), "futures/supported-coins", {}),
    "exchanges": (lambda c: c.fetch_supported_exchanges(), "futures/supported-exchanges", {}),
    "pairs": (
        lambda c: c.fetch_exchange_pairs("Binance"),
        "futures/supported-exchange-pairs",
        {"exchange": "Binance"},
    ),
    "markets": (
        lambda c: c.fetch_coin_markets(page=2, per_page=50, exchanges=("Binance", "OKX")),
        "futures/coins-markets",
        {"exchange_list": "Binance,OKX", "page": 2, "per_page": 50},
    ),
    "price changes": (lambda c: c.fetch_price_changes(), "futures/coins-price-change", {}),
    "pairs of a coin": (
        lambda c: c.fetch_pair_markets("BTC"),
        "futures/pairs-markets",
        {"symbol": "BTC"},
    ),
    "open interest": (
        lambda c: c.fetch_open_interest_by_exchange("BTC"),
        "futures/open-interest/exchange-list",
        {"symbol": "BTC"},
    ),
    "funding": (
        lambda c: c.fetch_funding_by_exchange(),
        "futures/funding-rate/exchange-list",
        {},
    ),
    "liquidations": (
        lambda c: c.fetch_liquidations_by_exchange("BTC", "12h"),
        "futures/liquidation/exchange-list",
        {"symbol": "BTC", "range": "12h"},
    ),
    "liquidations of all coins": (
        lambda c: c.fetch_liquidations_by_coin("Binance"),
        "futures/liquidation/coin-list",
        {"exchange": "Binance"},
    ),
    "orders": (
        lambda c: c.fetch_liquidation_orders("BTC", least_usd=50_000),
        "futures/liquidation/order",
        {"exchange": "Binance", "symbol": "BTC", "min_liquidation_amount": "50000"},
    ),
    "whale alerts": (lambda c: c.fetch_whale_alerts(), "hyperliquid/whale-alert", {}),
    "whale positions": (lambda c: c.fetch_whale_positions(), "hyperliquid/whale-position", {}),
}
HISTORIES = {
    "open interest": (
        lambda c: c.fetch_open_interest_history("BTC", H4),
        "futures/open-interest/aggregated-history",
        {"symbol": "BTC", "unit": "usd"},
    ),
    "open interest of a pair": (
        lambda c: c.fetch_pair_open_interest_history(BTC, H4),
        "futures/open-interest/history",
        PAIR | {"unit": "usd"},
    ),
    "funding": (
        lambda c: c.fetch_funding_history("BTC", H4),
        "futures/funding-rate/oi-weight-history",
        {"symbol": "BTC"},
    ),
    "funding by volume": (
        lambda c: c.fetch_funding_history("BTC", H4, weight=FundingWeight.VOLUME),
        "futures/funding-rate/vol-weight-history",
        {"symbol": "BTC"},
    ),
    "funding of a pair": (
        lambda c: c.fetch_pair_funding_history(BTC, H4),
        "futures/funding-rate/history",
        PAIR,
    ),
    "all accounts": (
        lambda c: c.fetch_long_share(LongShare.ALL_ACCOUNTS, BTC, H4),
        "futures/global-long-short-account-ratio/history",
        PAIR,
    ),
    "top accounts": (
        lambda c: c.fetch_long_share(LongShare.TOP_TRADER_ACCOUNTS, BTC, H4),
        "futures/top-long-short-account-ratio/history",
        PAIR,
    ),
    "top positions": (
        lambda c: c.fetch_long_share(LongShare.TOP_TRADER_POSITIONS, BTC, H4),
        "futures/top-long-short-position-ratio/history",
        PAIR,
    ),
    "liquidations": (
        lambda c: c.fetch_liquidation_history("BTC", H4),
        "futures/liquidation/aggregated-history",
        {"symbol": "BTC", "exchange_list": "Binance,OKX,Bybit"},
    ),
    "liquidations of a pair": (
        lambda c: c.fetch_pair_liquidation_history(BTC, H4),
        "futures/liquidation/history",
        PAIR,
    ),
    "taker volume": (
        lambda c: c.fetch_taker_volumes("BTC", H4),
        "futures/aggregated-taker-buy-sell-volume/history",
        {"symbol": "BTC", "exchange_list": "Binance,OKX,Bybit", "unit": "usd"},
    ),
    "taker volume of a pair": (
        lambda c: c.fetch_pair_taker_volumes(BTC, H4),
        "futures/v2/taker-buy-sell-volume/history",
        PAIR,
    ),
    "depth": (
        lambda c: c.fetch_depth_history("BTC", H4, range_pct=0.5),
        "futures/orderbook/aggregated-ask-bids-history",
        {"symbol": "BTC", "exchange_list": "Binance,OKX,Bybit", "range": 0.5},
    ),
    "depth of a pair": (
        lambda c: c.fetch_pair_depth_history(BTC, H4),
        "futures/orderbook/ask-bids-history",
        PAIR | {"range": 1},
    ),
    "prices": (lambda c: c.fetch_prices(BTC, H4), "futures/price/history", PAIR),
}


@pytest.mark.parametrize("name", LISTS)
def test_each_list_asks_as_documented_and_costs_one_call(name, store):
    make, endpoint, params = LISTS[name]
    answer = {"code": "0", "data": {}} if name == "pairs" else EMPTY

    call, reply = asked(store, make, answer)

    assert (call.path, call.params) == (f"/api/{endpoint}", params)
    assert (call.pool, call.cost) == ("calls", 1)
    assert (reply.endpoint, reply.cost, reply.fetched_at_ms) == (endpoint, 1, AT_MS)


@pytest.mark.parametrize("name", HISTORIES)
def test_each_history_asks_as_documented_and_an_interval_is_refused_by_itself(name, store):
    make, endpoint, params = HISTORIES[name]

    call, reply = asked(store, make)

    assert (call.path, call.params) == (f"/api/{endpoint}", params | BARS)
    assert reply.endpoint == f"{endpoint} 4h"


def test_a_span_of_time_is_sent_in_milliseconds(store):
    span = Span(CoinglassInterval.H1, limit=5, start_ms=1000, end_ms=2000)

    call, _ = asked(store, lambda c: c.fetch_funding_history("BTC", span))

    assert call.params["start_time"] == 1000
    assert call.params["end_time"] == 2000


def test_the_index_and_the_key_are_asked_without_parameters(store):
    index = {"code": "0", "data": {"data_list": [30.0], "time_list": [1517443200000]}}
    key = {"code": "0", "data": {"level": "STARTUP", "expire_time": AT_MS, "expired": False}}

    call, reply = asked(store, lambda c: c.fetch_fear_greed(), index)
    key_call, key_reply = asked(store, lambda c: c.fetch_subscription(), key)

    assert (call.path, call.params) == ("/api/index/fear-greed-history", {})
    assert reply.value.values.tolist() == [30.0]
    assert (key_call.path, key_call.cache_ttl_s) == ("/api/user/account/subscription", 0.0)
    assert key_reply.value.level == "STARTUP"


@pytest.mark.parametrize(
    "make",
    [
        lambda c: c.fetch_coin_markets(),
        lambda c: c.fetch_price_changes(),
        lambda c: c.fetch_liquidation_orders("BTC"),
        lambda c: c.fetch_whale_alerts(),
        lambda c: c.fetch_funding_history("BTC", Span(CoinglassInterval.H1)),
    ],
)
def test_what_the_plan_excludes_is_refused_without_a_call(make, store):
    transport = KeyedTransport(EMPTY)

    with pytest.raises(EndpointRefused, match="hobbyist plan") as caught:
        ask(lambda _, refused: Coinglass(transport, HOBBYIST, refused), EMPTY, make, store)

    assert transport.calls == []
    assert caught.value.retry_after_s > 0


@pytest.mark.parametrize(
    "make",
    [
        lambda c: c.fetch_liquidations_by_exchange("BTC", "2h"),
        lambda c: c.fetch_pair_markets(""),
        lambda c: c.fetch_coin_markets(per_page=1001),
        lambda c: c.fetch_coin_markets(page=0),
        lambda c: c.fetch_liquidation_history("BTC", H4, exchanges=()),
        lambda c: c.fetch_depth_history("BTC", H4, range_pct=0.3),
        lambda c: c.fetch_prices(BTC, Span(CoinglassInterval.H4, limit=1001)),
    ],
)
def test_a_question_the_vendor_does_not_know_is_our_mistake(make, store):
    with pytest.raises(ValueError, match=r".+"):
        asked(store, make)


# --- budget --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plan", "calls"), [("hobbyist", 24), ("startup", 64), ("standard", 240), ("professional", 960)]
)
def test_the_budget_is_the_plans_calls_per_minute_times_the_share(plan, calls):
    (pool,) = coinglass_policy("k", COINGLASS_PLANS[plan], 0.8).pools["calls"]

    assert (pool.limit, pool.window_s, pool.aligned) == (calls, 60, False)


def test_the_key_travels_in_a_header_and_is_not_shown():
    policy = coinglass_policy("secret-key", HOBBYIST, 0.8)

    assert policy.headers == {"CG-API-KEY": "secret-key"}
    assert "secret-key" not in repr(policy)


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"api-key-max-limit": "30", "api-key-use-limit": "29"}, 0.0),
        ({"api-key-max-limit": "30", "api-key-use-limit": "30"}, 41.0),
        ({"api-key-max-limit": "30", "api-key-use-limit": "31"}, 41.0),
        ({"api-key-max-limit": "30"}, 0.0),
        ({"api-key-max-limit": "0", "api-key-use-limit": "0"}, 0.0),
        ({"api-key-max-limit": "many", "api-key-use-limit": "-1"}, 0.0),
        ({}, 0.0),
    ],
)
def test_a_used_up_minute_holds_all_calls_to_its_end(headers, wait_s, monkeypatch):
    monkeypatch.setattr(clock, "wall_s", lambda: 1_721_393_040.0 + 20.0)

    assert hold_s(headers) == pytest.approx(wait_s)


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("401", "Upgrade plan", EndpointRefused),
        ("40001", "Upgrade plan", EndpointRefused),
        ("401", "Invalid API key", KeyRefused),
        ("40100", "", KeyRefused),
        ("400", "API key missing.", KeyRefused),
        ("400", "Invalid API key provided", KeyRefused),
        ("30001", "API key missing.", KeyRefused),
        (
            "403",
            "The requested interval is not available for your current API plan.",
            EndpointRefused,
        ),
        ("403", "", EndpointRefused),
        ("404", "Endpoint not found. Please refer to the API documentation", EndpointRefused),
        ("400", "The requested pair does not exist on the exchange. Please", ProviderRejected),
        ("400", "limit is invalid", ProviderRejected),
        ("405", "", ProviderRejected),
        ("422", "", ProviderRejected),
        ("50001", "", ProviderRejected),
        ("408", "", ProviderUnavailable),
        ("500", "Server Error", ProviderUnavailable),
        (500, "Server Error", ProviderUnavailable),
        ("429", "Too Many Requests", ProviderRateLimited),
    ],
)
def test_each_refusal_inside_a_200_is_classed_by_what_to_do(code, message, kind):
    error = refusal(check_envelope, {"code": code, "msg": message})

    assert type(error) is kind


@pytest.mark.parametrize("code", ["0", 0])
def test_success_passes_with_or_without_a_message(code):
    assert check_envelope({"code": code, "data": []}) is None


@pytest.mark.parametrize("payload", [[], None, {}, {"code": None}, {"code": ["0"]}, "0", 0])
def test_an_answer_without_a_code_is_not_an_answer(payload):
    assert type(refusal(check_envelope, payload)) is ProviderPayloadError


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("error-plan-401", EndpointRefused),
        ("error-interval-403", EndpointRefused),
        ("error-key-missing-400", KeyRefused),
    ],
)
def test_every_recorded_refusal_is_classed(name, kind):
    assert type(refusal(check_envelope, sample(f"coinglass/{name}.json"))) is kind


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (404, {"code": "404", "msg": "Endpoint not found."}, EndpointRefused),
        (400, {"code": "400", "msg": "API key missing."}, KeyRefused),
        (400, b"<html>", ProviderRejected),
        (401, b"", KeyRefused),
        (403, {"code": "403", "msg": "not available for your current API plan."}, EndpointRefused),
        (403, b"<html>blocked</html>", ProviderRejected),
        (405, {"code": "0"}, ProviderRejected),
        (429, {"code": "429", "msg": "slow down"}, ProviderRateLimited),
        (429, b"<html>", ProviderRateLimited),
        (451, b"", ProviderRejected),
        (500, {"code": "401", "msg": "Upgrade plan"}, ProviderUnavailable),
        (502, b"<html>", ProviderUnavailable),
        (302, b"", ProviderUnavailable),
    ],
)
def test_each_http_refusal_is_classed_by_what_to_do(status, body, kind):
    raw = body if isinstance(body, bytes) else orjson.dumps(body)

    assert type(refusal(classify, status, {}, raw)) is kind


def test_a_200_is_left_to_the_envelope():
    assert classify(200, {}, b'{"code":"401"}') is None


def test_a_429_waits_as_asked_else_past_the_next_minute(monkeypatch):
    monkeypatch.setattr(clock, "wall_s", lambda: 1_721_393_040.0 + 45.0)

    assert refusal(classify, 429, {"retry-after": "7"}, b"").retry_after_s == 7.0
    assert refusal(classify, 429, {}, b"").retry_after_s == pytest.approx(16.0)
    assert refusal(check_envelope, {"code": "429"}).retry_after_s == pytest.approx(16.0)


def test_a_wrong_key_silences_the_provider_and_a_closed_endpoint_only_itself():
    key = refusal(check_envelope, {"code": "401", "msg": "x"})
    endpoint = refusal(check_envelope, {"code": "401", "msg": "Upgrade plan"})

    assert key.blocked_for_s > 0
    assert endpoint.blocked_for_s == 0
    assert endpoint.retry_after_s > 0


def test_refusals_quote_nothing_of_the_vendors_text():
    error = refusal(check_envelope, {"code": "400", "msg": "see https://docs.coinglass.com"})

    assert "coinglass.com" not in str(error)
