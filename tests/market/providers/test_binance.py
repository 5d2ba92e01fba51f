"""What Binance is asked, what it is charged, and what its refusals mean."""

import asyncio

import orjson
import pytest

from market import clock
from market.providers.binance import BinanceFutures, LongShare
from market.providers.binance_limits import (
    binance_policy,
    classify,
    hold_s,
    klines_weight,
)
from market.providers.errors import (
    ProviderLacksSymbol,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)
from market.types import Interval, Listing, Venue
from tests.market.providers.bodies import (
    QUARTER_H,
    T0,
    binance_kline,
    exchange_info,
    premium_index,
)
from tests.market.providers.fake_transport import FakeTransport
from tests.recordings import recording

BTC = Listing(Venue.BINANCE, "BTCUSDT")
PEPE = Listing(Venue.BINANCE, "1000PEPEUSDT", multiplier=1000)


def asked(answer, make):
    """Run one fetch against a transport that answers so; return (call, result)."""
    transport = FakeTransport(answer)
    with clock.frozen(T0 + 5 * QUARTER_H + 1234):
        result = asyncio.run(make(BinanceFutures(transport)))
    return transport.only_call, result


ENDPOINTS = {
    "exchange info": (
        lambda b: b.fetch_exchange_info(),
        exchange_info(),
        ("/fapi/v1/exchangeInfo", {}, "weight", 1),
    ),
    "bars": (
        lambda b: b.fetch_klines(BTC, Interval.M15, limit=99),
        [],
        (
            "/fapi/v1/klines",
            {
                "symbol": "BTCUSDT",
                "interval": "15m",
                "limit": 99,
                "endTime": T0 + 5 * QUARTER_H,
            },
            "weight",
            1,
        ),
    ),
    "bars of a time": (
        lambda b: b.fetch_klines(BTC, Interval.H4, start_ms=5, end_ms=6, limit=1500),
        [],
        (
            "/fapi/v1/klines",
            {"symbol": "BTCUSDT", "interval": "4h", "limit": 1500, "startTime": 5, "endTime": 6},
            "weight",
            10,
        ),
    ),
    "all premium indices": (
        lambda b: b.fetch_premium_indices(),
        [],
        ("/fapi/v1/premiumIndex", {}, "weight", 10),
    ),
    "one premium index": (
        lambda b: b.fetch_premium_index(BTC),
        premium_index(),
        ("/fapi/v1/premiumIndex", {"symbol": "BTCUSDT"}, "weight", 1),
    ),
    "funding intervals": (
        lambda b: b.fetch_funding_intervals(),
        [],
        ("/fapi/v1/fundingInfo", {}, "funding", 1),
    ),
    "funding history": (
        lambda b: b.fetch_funding_history(BTC, interval_h=8, limit=90),
        [],
        ("/fapi/v1/fundingRate", {"symbol": "BTCUSDT", "limit": 90}, "funding", 1),
    ),
    "open interest": (
        lambda b: b.fetch_open_interest(BTC),
        {"symbol": "BTCUSDT", "openInterest": "1", "time": T0},
        ("/fapi/v1/openInterest", {"symbol": "BTCUSDT"}, "weight", 1),
    ),
    "open interest history": (
        lambda b: b.fetch_open_interest_history(BTC, Interval.H4, limit=180),
        [],
        (
            "/futures/data/openInterestHist",
            {"symbol": "BTCUSDT", "period": "4h", "limit": 180},
            "data",
            1,
        ),
    ),
    "all accounts": (
        lambda b: b.fetch_long_share(LongShare.ALL_ACCOUNTS, BTC, Interval.H1),
        [],
        (
            "/futures/data/globalLongShortAccountRatio",
            {"symbol": "BTCUSDT", "period": "1h", "limit": 30},
            "data",
            1,
        ),
    ),
    "top positions": (
        lambda b: b.fetch_long_share(LongShare.TOP_TRADER_POSITIONS, BTC, Interval.M5),
        [],
        (
            "/futures/data/topLongShortPositionRatio",
            {"symbol": "BTCUSDT", "period": "5m", "limit": 30},
            "data",
            1,
        ),
    ),
    "top accounts": (
        lambda b: b.fetch_long_share(LongShare.TOP_TRADER_ACCOUNTS, BTC, Interval.M5),
        [],
        (
            "/futures/data/topLongShortAccountRatio",
            {"symbol": "BTCUSDT", "period": "5m", "limit": 30},
            "data",
            1,
        ),
    ),
    "taker volume": (
        lambda b: b.fetch_taker_buy_share(BTC, Interval.H1, start_ms=T0),
        [],
        (
            "/futures/data/takerlongshortRatio",
            {"symbol": "BTCUSDT", "period": "1h", "limit": 30, "startTime": T0},
            "data",
            1,
        ),
    ),
    "tickers": (
        lambda b: b.fetch_tickers(),
        [],
        ("/fapi/v1/ticker/24hr", {}, "weight", 40),
    ),
}


@pytest.mark.parametrize("name", ENDPOINTS)
def test_each_fetch_asks_as_documented_and_is_charged_to_its_pool(name):
    make, answer, (path, params, pool, cost) = ENDPOINTS[name]

    call, _ = asked(answer, make)

    assert (call.path, call.params, call.pool, call.cost) == (path, params, pool, cost)
    assert call.pool in binance_policy(0.8).pools


@pytest.mark.parametrize(
    ("limit", "weight"),
    [(1, 1), (99, 1), (100, 2), (499, 2), (500, 5), (1000, 5), (1001, 10), (1500, 10)],
)
def test_bars_weigh_by_their_number(limit, weight):
    assert klines_weight(limit) == weight


def test_more_rows_than_the_vendor_gives_are_our_mistake():
    with pytest.raises(ValueError, match="1500"):
        asked([], lambda b: b.fetch_klines(BTC, Interval.M15, limit=1501))


def test_bars_are_never_served_from_a_cache_and_metadata_is():
    bars, _ = asked([], ENDPOINTS["bars"][0])
    metadata, _ = asked(exchange_info(), ENDPOINTS["exchange info"][0])

    assert bars.cache_ttl_s == 0
    assert metadata.cache_ttl_s == 3600


def test_a_bar_that_ends_while_the_answer_travels_counts_as_unfinished():
    class SlowTransport(FakeTransport):
        async def get_json(self, *args, **kwargs):
            clock.fix(T0 + QUARTER_H)  # the bar ends now
            return await super().get_json(*args, **kwargs)

    with clock.frozen(T0 + QUARTER_H - 2):
        client = BinanceFutures(SlowTransport([binance_kline(T0)]))
        page = asyncio.run(client.fetch_klines(BTC, Interval.M15)).value

    assert len(page.closed) == 0
    assert page.forming is not None


def test_bars_and_open_interest_are_told_per_coin_of_the_listing():
    _, bars = asked([binance_kline(T0)], lambda b: b.fetch_klines(PEPE, Interval.M15))
    _, interest = asked(
        {"symbol": "1000PEPEUSDT", "openInterest": "7", "time": T0},
        lambda b: b.fetch_open_interest(PEPE),
    )

    assert bars.value.closed.close.tolist() == [0.105]
    assert interest.open_interest_base == 7000.0


def test_the_budgets_are_the_documented_limits_times_the_share():
    pools = binance_policy(0.8).pools

    assert [(p.limit, p.window_s, p.aligned) for p in pools["weight"]] == [(1920, 60, True)]
    assert [(p.limit, p.window_s, p.aligned) for p in pools["funding"]] == [(400, 300, False)]
    assert [(p.limit, p.window_s, p.aligned) for p in pools["data"]] == [(800, 300, False)]


def test_the_smallest_budget_still_grants_the_heaviest_call():
    assert binance_policy(0.01).pools["weight"][0].limit == 40


# --- refusals ------------------------------------------------------------------------------------

NOW_S = 1_721_393_000.0


def refusal(status, body=b"", headers=None):
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the table below names the class
        classify(status, headers or {}, raw)
    return caught.value


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"code": -1121, "msg": "Invalid symbol."}, ProviderLacksSymbol),
        (400, {"code": -1120, "msg": "Invalid interval."}, ProviderRejected),
        (400, {"code": -1102, "msg": "Mandatory parameter missing"}, ProviderRejected),
        (400, {"code": -1000, "msg": "unknown"}, ProviderUnavailable),
        (400, {"code": -1007, "msg": "Timeout"}, ProviderUnavailable),
        (400, {"code": -1003, "msg": "Too many requests"}, ProviderRateLimited),
        (401, {"code": -2014, "msg": "API-key format invalid."}, ProviderRejected),
        (403, b"<html>blocked</html>", ProviderRejected),
        (404, b"", ProviderRejected),
        (408, b"", ProviderUnavailable),
        (418, {"code": -1003, "msg": "banned"}, ProviderRejected),
        (429, {"code": -1003, "msg": "Too many requests"}, ProviderRateLimited),
        (429, b"<html>", ProviderRateLimited),
        (451, {"code": 0, "msg": "restricted location"}, ProviderRejected),
        (500, b"<html>oops</html>", ProviderUnavailable),
        (503, b"{", ProviderUnavailable),
        (302, b"", ProviderUnavailable),
        (400, b'{"code": []}', ProviderRejected),
        (400, b'[{"code": -1121}]', ProviderRejected),
    ],
)
def test_each_refusal_is_classed_by_what_to_do(status, body, kind):
    assert type(refusal(status, body)) is kind


def test_success_passes():
    assert classify(200, {}, b"anything") is None


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [({"retry-after": "7"}, 7.0), ({}, 60.0), ({"retry-after": "soon"}, 60.0)],
)
def test_a_429_waits_as_asked_else_past_the_next_minute(headers, wait_s):
    assert refusal(429, b"", headers).retry_after_s == wait_s


@pytest.mark.parametrize(
    ("headers", "message", "blocked_s"),
    [
        ({"retry-after": "300"}, "banned until 1721393459728.", 300.0),
        ({}, "Way too many requests; IP(1.2.3.4) banned until 1721393459728. Please", 459.728),
        ({}, "Way too much request weight used; IP banned until 1721393459728.", 459.728),
        ({}, "banned until 1621393459728.", 120.0),  # already over: the shortest ban
        ({}, "banned until 9999999999999.", 3 * 24 * 3600.0),  # beyond the longest ban
        ({}, "banned", 120.0),
        ({}, None, 120.0),
    ],
)
def test_a_ban_lasts_as_long_as_it_says(headers, message, blocked_s, monkeypatch):
    monkeypatch.setattr(clock, "wall_s", lambda: NOW_S)

    error = refusal(418, {"code": -1003, "msg": message}, headers)

    assert error.blocked_for_s == pytest.approx(blocked_s)


def test_an_excluded_country_blocks_for_an_hour_and_a_firewall_for_five_minutes():
    assert refusal(451, {"code": 0, "msg": "x"}).blocked_for_s == 3600
    assert refusal(403, b"<html>").blocked_for_s == 300
    assert refusal(400, {"code": -1121, "msg": "x"}).blocked_for_s == 0


def test_refusals_quote_nothing_of_the_vendors_text():
    error = refusal(451, {"code": 0, "msg": "see https://www.binance.com/en/terms 1.2.3.4"})

    assert "binance.com" not in str(error)
    assert "1.2.3.4" not in str(error)


def test_every_recorded_refusal_is_classed():
    expected = {
        400: ProviderRejected,
        401: ProviderRejected,
        418: ProviderRejected,
        429: ProviderRateLimited,
        451: ProviderRejected,
    }
    entries = orjson.loads(recording("providers/samples/binance/errors.json").read_bytes())

    for entry in entries:
        assert isinstance(refusal(entry["http"], entry["body"]), expected[entry["http"]]), entry


@pytest.mark.parametrize(
    ("used", "second", "wait_s"),
    [
        ("1920", 30, 0.0),
        ("1921", 30, 30.0),
        ("2399", 59, 1.0),
        ("5", 1, 0.0),
        ("", 1, 0.0),
        ("many", 1, 0.0),
        ("-1", 1, 0.0),
    ],
)
def test_most_of_the_weight_used_holds_until_the_next_minute(used, second, wait_s, monkeypatch):
    monkeypatch.setattr(clock, "wall_s", lambda: 1_721_393_040.0 + second)

    assert hold_s({"x-mbx-used-weight-1m": used}) == pytest.approx(wait_s)


def test_without_the_header_nothing_is_held():
    assert hold_s({}) == 0.0
