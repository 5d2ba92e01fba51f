"""What CoinAPI is asked, what it costs in credits, and what its refusals mean."""

import orjson
import pytest

from market.providers.coinapi import CoinApi
from market.providers.coinapi_candle_payloads import Period
from market.providers.coinapi_limits import check_payload, classify, coinapi_policy, hold_s
from market.providers.errors import (
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)
from market.providers.plans import COINAPI_PLANS, coinapi_credits
from market.providers.refusals import EndpointRefused, KeyRefused
from market.store_sqlite import SqliteStore
from market.types import DAY_MS
from tests.market.providers.bodies import T0
from tests.market.providers.keyed import ask, refusal, sample

STARTUP = COINAPI_PLANS["startup"]
BTC = "BINANCEFTS_PERP_BTC_USDT"
BOOK = {
    "symbol_id": BTC,
    "time_exchange": "2026-09-15T00:00:00.1234567Z",
    "asks": [{"price": 101, "size": 1}],
    "bids": [{"price": 100, "size": 2}],
}
QUOTE = {"symbol_id": BTC, "time_exchange": "2026-09-15T00:00:00.0000000Z", "bid_price": 100}
RATE = {
    "time": "2026-09-15T00:00:00.0000000Z",
    "asset_id_base": "BTC",
    "asset_id_quote": "USD",
    "rate": 1.5,
}
DAY = {"time_start": "2026-09-15T00:00:00", "time_end": "2026-09-16T00:00:00"}


@pytest.fixture
def store(tmp_path):
    return SqliteStore(tmp_path / "store.sqlite3")


def asked(store, make, answer):
    return ask(lambda transport, refused: CoinApi(transport, STARTUP, refused), answer, make, store)


ENDPOINTS = {
    "newest bars": (
        lambda c: c.fetch_candles(BTC, Period.M15),
        [],
        (f"/v1/ohlcv/{BTC}/latest", {"period_id": "15MIN", "limit": 100}, 1),
    ),
    "many bars": (
        lambda c: c.fetch_candles(BTC, Period.H1, limit=101),
        [],
        (f"/v1/ohlcv/{BTC}/latest", {"period_id": "1HRS", "limit": 101}, 2),
    ),
    "bars of a day": (
        lambda c: c.fetch_candle_history(
            BTC, Period.H4, start_ms=T0, end_ms=T0 + DAY_MS, limit=1000
        ),
        [],
        (f"/v1/ohlcv/{BTC}/history", {"period_id": "4HRS", "limit": 1000} | DAY, 10),
    ),
    "book": (
        lambda c: c.fetch_order_book(BTC, levels=20),
        BOOK,
        (f"/v1/orderbooks/{BTC}/current", {"limit_levels": 20}, 1),
    ),
    "whole book": (
        lambda c: c.fetch_order_book(BTC),
        BOOK,
        (f"/v1/orderbooks/{BTC}/current", {}, 1),
    ),
    "books": (
        lambda c: c.fetch_order_books(BTC),
        [BOOK],
        (f"/v1/orderbooks/{BTC}/latest", {"limit": 5}, 1),
    ),
    "trades": (
        lambda c: c.fetch_trades(BTC, limit=1000),
        [],
        (f"/v1/trades/{BTC}/latest", {"limit": 1000}, 10),
    ),
    "quote": (lambda c: c.fetch_quote(BTC), QUOTE, (f"/v1/quotes/{BTC}/current", {}, 1)),
    "quotes": (
        lambda c: c.fetch_quotes("_SPOT_BTC_USDT"),
        [QUOTE],
        ("/v1/quotes/current", {"filter_symbol_id": "_SPOT_BTC_USDT"}, 1),
    ),
    "rate": (lambda c: c.fetch_rate("BTC"), RATE, ("/v1/exchangerate/BTC/USD", {}, 1)),
    "rates of a day": (
        lambda c: c.fetch_rate_history(
            "BTC", "USD", Period.D1, start_ms=T0, end_ms=T0 + DAY_MS, limit=7
        ),
        [],
        ("/v1/exchangerate/BTC/USD/history", {"period_id": "1DAY", "limit": 7} | DAY, 1),
    ),
    "symbols": (
        lambda c: c.fetch_symbols("BINANCEFTS_PERP_"),
        [],
        ("/v1/symbols", {"filter_symbol_id": "BINANCEFTS_PERP_"}, 1),
    ),
    "exchanges": (lambda c: c.fetch_exchanges(), [], ("/v1/exchanges", {}, 1)),
    "periods": (lambda c: c.fetch_periods(), [], ("/v1/ohlcv/periods", {}, 1)),
    "metrics": (
        lambda c: c.fetch_metrics(BTC, "DERIVATIVES_MARK_PRICE"),
        [],
        (
            "/v1/metrics/symbol/current",
            {"metric_id": "DERIVATIVES_MARK_PRICE", "symbol_id": BTC},
            1,
        ),
    ),
    "metrics through time": (
        lambda c: c.fetch_metric_history(BTC, "LIQUIDATION_PRICE", Period.H1),
        [],
        (
            "/v1/metrics/symbol/history",
            {
                "metric_id": "LIQUIDATION_PRICE",
                "symbol_id": BTC,
                "period_id": "1HRS",
                "limit": 100,
            },
            1,
        ),
    ),
}


@pytest.mark.parametrize("name", ENDPOINTS)
def test_each_fetch_asks_as_documented_and_pays_by_what_it_asks_for(name, store):
    make, answer, (path, params, credits_paid) = ENDPOINTS[name]

    call, reply = asked(store, make, answer)

    assert (call.path, call.params) == (path, params)
    assert (call.pool, call.cost, reply.cost) == ("calls", credits_paid, credits_paid)


@pytest.mark.parametrize(
    ("items", "credits_paid"),
    [(None, 1), (1, 1), (100, 1), (101, 2), (200, 2), (201, 3), (1000, 10)],
)
def test_a_credit_buys_a_call_or_a_hundred_rows_of_it(items, credits_paid):
    assert coinapi_credits(items) == credits_paid


@pytest.mark.parametrize(
    "make",
    [
        lambda c: c.fetch_candles(BTC, Period.H1, limit=1001),
        lambda c: c.fetch_candles(BTC, Period.H1, limit=0),
        lambda c: c.fetch_candles("../x", Period.H1),
        lambda c: c.fetch_candles("a/b", Period.H1),
        lambda c: c.fetch_order_books(BTC, limit=21),
        lambda c: c.fetch_quote(".."),
        lambda c: c.fetch_symbols(""),
        lambda c: c.fetch_rate("B T C"),
    ],
)
def test_a_question_that_would_cost_for_nothing_is_our_mistake(make, store):
    with pytest.raises(ValueError, match=r".+"):
        asked(store, make, [])


# --- budget --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plan", "credits_a_day"), [("startup", 800), ("streamer", 8_000), ("pro", 80_000)]
)
def test_the_budget_is_the_plans_credits_of_any_24_hours_times_the_share(plan, credits_a_day):
    (pool,) = coinapi_policy("k", COINAPI_PLANS[plan], 0.8).pools["calls"]

    assert (pool.limit, pool.window_s, pool.aligned) == (credits_a_day, 86_400, False)


def test_the_smallest_share_still_grants_the_dearest_call():
    (pool,) = coinapi_policy("k", STARTUP, 0.001).pools["calls"]

    assert pool.limit == coinapi_credits(1000)


def test_the_key_travels_in_a_header_and_is_not_shown():
    policy = coinapi_policy("secret-key", STARTUP, 0.8)

    assert policy.headers == {"X-CoinAPI-Key": "secret-key"}
    assert "secret-key" not in repr(policy)


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"x-ratelimit-quota-remaining": "5"}, 0.0),
        ({"x-ratelimit-quota-remaining": "0"}, 3600.0),
        ({"x-ratelimit-remaining": "-3"}, 3600.0),
        ({"x-ratelimit-remaining": "-66181", "x-ratelimit-overage": "enabled"}, 0.0),
        ({"x-ratelimit-remaining": "-1", "x-ratelimit-quota-overage": "ENABLED"}, 0.0),
        ({"x-ratelimit-remaining": "-1", "x-ratelimit-quota-overage": "DISABLED"}, 3600.0),
        ({"x-ratelimit-remaining": "some"}, 0.0),
        ({}, 0.0),
    ],
)
def test_used_up_credits_hold_all_calls_for_an_hour_unless_more_are_sold(headers, wait_s):
    assert hold_s(headers) == wait_s


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": "unknown period"}, ProviderRejected),
        (401, {"error": "Invalid API key"}, KeyRefused),
        (401, b"", KeyRefused),
        (403, {"detail": "Quota exceeded: Insufficient Usage Credits"}, ProviderRateLimited),
        (403, {"QuotaKey": "BA"}, ProviderRateLimited),
        (403, {"error": "Forbidden"}, EndpointRefused),
        (403, b"<html>", ProviderRejected),
        (404, b"", ProviderRejected),
        (429, {"error": "Too many requests"}, ProviderRateLimited),
        (550, {"error": "You requested specific single item"}, ProviderRejected),
        (550, b"", ProviderRejected),
        (500, b"", ProviderUnavailable),
        (504, b"<html>", ProviderUnavailable),
        (204, b"", ProviderUnavailable),
    ],
)
def test_each_refusal_is_classed_by_what_to_do(status, body, kind):
    raw = body if isinstance(body, bytes) else orjson.dumps(body)

    assert type(refusal(classify, status, {}, raw)) is kind


def test_success_passes():
    assert classify(200, {}, b"[]") is None
    assert check_payload([]) is None
    assert check_payload({"rate": 1}) is None


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ({"error": "Invalid API key"}, KeyRefused),
        ({"error": "Forbidden (Quota exceeded)"}, ProviderRateLimited),
        ({"error": "oops"}, ProviderRejected),
        ({"error": None}, ProviderRejected),
    ],
)
def test_an_error_inside_a_200_is_one(payload, kind):
    assert type(refusal(check_payload, payload)) is kind


def test_a_429_waits_as_asked_else_briefly_else_for_the_quota():
    no_credits = {"x-ratelimit-quota-remaining": "0"}

    assert refusal(classify, 429, {"retry-after": "30"}, b"").retry_after_s == 30.0
    assert refusal(classify, 429, {}, b"").retry_after_s == 2.0
    assert refusal(classify, 429, no_credits, b"").retry_after_s == 3600.0


def test_no_data_concerns_one_question_and_a_wrong_key_them_all():
    assert refusal(classify, 550, {}, b"").blocked_for_s == 0
    assert refusal(classify, 401, {}, b"").blocked_for_s > 0


def test_every_recorded_error_is_classed():
    quota, wrong_key, no_data = (
        orjson.dumps(sample(f"coinapi/error-{name}.json"))
        for name in ("403-quota", "documented", "550-no-data")
    )

    assert refusal(classify, 403, {}, quota).retry_after_s == 3600.0
    assert type(refusal(classify, 401, {}, wrong_key)) is KeyRefused
    assert "no data" in refusal(classify, 550, {}, no_data).detail
