"""What OKX is asked, which budget pays, the envelope, and the second host."""

import asyncio

import orjson
import pytest

from market import clock
from market.providers.errors import (
    ProviderCircuitOpen,
    ProviderLacksSymbol,
    ProviderPayloadError,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)
from market.providers.okx import LongShare, Okx
from market.providers.okx_limits import check_envelope, classify, okx_policy
from market.types import HOUR_MS, Interval, Listing, Venue
from tests.market.providers.bodies import T0, okx
from tests.market.providers.fake_transport import FakeTransport
from tests.recordings import recording

BTC = Listing(Venue.OKX, "BTC-USDT-SWAP", contract_size_base=0.01)
INST = "BTC-USDT-SWAP"
RUBIK = "/api/v5/rubik/stat"


def asked(make, answer=None):
    transport = FakeTransport(okx([]) if answer is None else answer)
    with clock.frozen(T0 + 1234):
        asyncio.run(make(Okx(transport)))
    return transport.only_call


ENDPOINTS = {
    "instruments": (
        lambda o: o.fetch_instruments(),
        ("/api/v5/public/instruments", {"instType": "SWAP"}, "instruments", ""),
    ),
    "bars": (
        lambda o: o.fetch_candles(BTC, Interval.H1),
        ("/api/v5/market/candles", {"instId": INST, "bar": "1H", "limit": 300}, "candles", ""),
    ),
    "days are UTC days": (
        lambda o: o.fetch_candles(BTC, Interval.D1, limit=5, older_than_ms=9, newer_than_ms=3),
        (
            "/api/v5/market/candles",
            {"instId": INST, "bar": "1Dutc", "limit": 5, "after": 9, "before": 3},
            "candles",
            "",
        ),
    ),
    "old bars": (
        lambda o: o.fetch_candles(BTC, Interval.M15, history=True, limit=100),
        (
            "/api/v5/market/history-candles",
            {"instId": INST, "bar": "15m", "limit": 100},
            "history-candles",
            "",
        ),
    ),
    "tickers": (
        lambda o: o.fetch_tickers(),
        ("/api/v5/market/tickers", {"instType": "SWAP"}, "tickers", ""),
    ),
    "all mark prices": (
        lambda o: o.fetch_mark_prices(),
        ("/api/v5/public/mark-price", {"instType": "SWAP"}, "mark-price", "SWAP"),
    ),
    "one mark price": (
        lambda o: o.fetch_mark_prices(BTC),
        ("/api/v5/public/mark-price", {"instType": "SWAP", "instId": INST}, "mark-price", INST),
    ),
    "all funding": (
        lambda o: o.fetch_funding_rates(),
        ("/api/v5/public/funding-rate", {"instId": "ANY"}, "funding-rate", "ANY"),
    ),
    "one funding": (
        lambda o: o.fetch_funding_rates(BTC),
        ("/api/v5/public/funding-rate", {"instId": INST}, "funding-rate", INST),
    ),
    "funding history": (
        lambda o: o.fetch_funding_history(BTC, interval_h=8, older_than_ms=9),
        (
            "/api/v5/public/funding-rate-history",
            {"instId": INST, "limit": 100, "after": 9},
            "funding-rate-history",
            INST,
        ),
    ),
    "all open interest": (
        lambda o: o.fetch_open_interest(),
        ("/api/v5/public/open-interest", {"instType": "SWAP"}, "open-interest", "SWAP"),
    ),
    "one open interest": (
        lambda o: o.fetch_open_interest(BTC),
        (
            "/api/v5/public/open-interest",
            {"instType": "SWAP", "instId": INST},
            "open-interest",
            INST,
        ),
    ),
    "open interest history": (
        lambda o: o.fetch_open_interest_history(BTC, Interval.H4, start_ms=3, end_ms=9),
        (
            f"{RUBIK}/contracts/open-interest-history",
            {"instId": INST, "period": "4H", "limit": 100, "begin": 3, "end": 9},
            "open-interest-history",
            INST,
        ),
    ),
    "all accounts": (
        lambda o: o.fetch_long_share(LongShare.ALL_ACCOUNTS, BTC, Interval.H1),
        (
            f"{RUBIK}/contracts/long-short-account-ratio-contract",
            {"instId": INST, "period": "1H", "limit": 100},
            "long-short-account-ratio-contract",
            INST,
        ),
    ),
    "top positions": (
        lambda o: o.fetch_long_share(LongShare.TOP_TRADER_POSITIONS, BTC, Interval.H1),
        (
            f"{RUBIK}/contracts/long-short-position-ratio-contract-top-trader",
            {"instId": INST, "period": "1H", "limit": 100},
            "long-short-position-ratio-contract-top-trader",
            INST,
        ),
    ),
    "top accounts": (
        lambda o: o.fetch_long_share(LongShare.TOP_TRADER_ACCOUNTS, BTC, Interval.H1),
        (
            f"{RUBIK}/contracts/long-short-account-ratio-contract-top-trader",
            {"instId": INST, "period": "1H", "limit": 100},
            "long-short-account-ratio-contract-top-trader",
            INST,
        ),
    ),
    "taker volume": (
        lambda o: o.fetch_taker_buy_share(BTC, Interval.H1),
        (
            f"{RUBIK}/taker-volume-contract",
            {"instId": INST, "period": "1H", "unit": 0, "limit": 100, "end": T0},
            "taker-volume-contract",
            INST,
        ),
    ),
    "liquidations": (
        lambda o: o.fetch_liquidation_orders(BTC),
        (
            "/api/v5/public/liquidation-orders",
            {"instType": "SWAP", "instFamily": "BTC-USDT", "state": "filled", "limit": 100},
            "liquidation-orders",
            "",
        ),
    ),
    "older liquidations": (
        lambda o: o.fetch_liquidation_orders(BTC, older_than_ms=9),
        (
            "/api/v5/public/liquidation-orders",
            {
                "instType": "SWAP",
                "instFamily": "BTC-USDT",
                "state": "filled",
                "limit": 100,
                "after": 9,
            },
            "liquidation-orders",
            "",
        ),
    ),
}


@pytest.mark.parametrize("name", ENDPOINTS)
def test_each_fetch_asks_as_documented_and_is_charged_to_its_pool(name):
    make, (path, params, pool, scope) = ENDPOINTS[name]

    call = asked(make)

    assert (call.path, call.params, call.pool, call.scope) == (path, params, pool, scope)
    pools = okx_policy(0.8).pools[call.pool]
    assert all(pool.scoped == bool(scope) for pool in pools)


@pytest.mark.parametrize(
    ("pool", "limit", "scoped"),
    [
        ("tickers", 16, False),
        ("instruments", 16, False),
        ("candles", 32, False),
        ("history-candles", 16, False),
        ("liquidation-orders", 16, False),
        ("funding-rate", 8, True),
        ("open-interest", 16, True),
        ("taker-volume-contract", 4, True),
    ],
)
def test_the_budgets_are_the_documented_limits_times_the_share(pool, limit, scoped):
    (budget,) = okx_policy(0.8).pools[pool]

    assert (budget.limit, budget.window_s, budget.scoped) == (limit, 2, scoped)


def test_waits_without_a_named_time_double_up_to_a_minute():
    assert okx_policy(0.8).longest_doubled_wait_s == 60.0


def test_the_smallest_share_still_grants_a_call():
    assert all(pool.limit == 1 for (pool,) in okx_policy(0.01).pools.values())


@pytest.mark.parametrize("name", ["bars", "liquidations"])
def test_bars_and_liquidations_are_never_served_from_a_cache(name):
    assert asked(ENDPOINTS[name][0]).cache_ttl_s == 0


def test_more_rows_than_the_vendor_gives_are_our_mistake():
    with pytest.raises(ValueError, match="100"):
        asked(lambda o: o.fetch_open_interest_history(BTC, Interval.H1, limit=101))


def test_a_taker_share_asked_before_a_bars_end_is_not_final():
    rows = okx([[str(T0), "1", "1"], [str(T0 - HOUR_MS), "1", "3"]])
    transport = FakeTransport(rows)

    with clock.frozen(T0 + HOUR_MS - 1):
        parsed = asyncio.run(Okx(transport).fetch_taker_buy_share(BTC, Interval.H1))

    assert parsed.value.values.tolist() == [75.0]


# --- the second host -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trouble",
    [
        ProviderUnavailable("okx", "cannot be reached"),
        ProviderCircuitOpen("okx", "resting", retry_after_s=9),
    ],
)
def test_when_the_first_host_cannot_be_reached_the_second_is_asked(trouble):
    first, second = FakeTransport(trouble), FakeTransport(okx([]))

    asyncio.run(Okx(first, second).fetch_tickers())

    assert second.only_call == first.only_call


@pytest.mark.parametrize(
    "refusal",
    [
        ProviderRateLimited("okx", "limit", retry_after_s=2),
        ProviderRejected("okx", "no such instrument"),
        ProviderPayloadError("okx", "tickers", "odd"),
    ],
)
def test_a_refusal_is_an_answer_and_no_reason_to_ask_the_second_host(refusal):
    second = FakeTransport(okx([]))

    with pytest.raises(type(refusal)):
        asyncio.run(Okx(FakeTransport(refusal), second).fetch_tickers())

    assert second.calls == []


def test_without_a_second_host_the_trouble_of_the_first_is_told():
    with pytest.raises(ProviderUnavailable):
        asyncio.run(Okx(FakeTransport(ProviderUnavailable("okx", "down"))).fetch_tickers())


# --- refusals ------------------------------------------------------------------------------------


def judge(status, headers, raw):
    classify(status, headers, raw)
    check_envelope(orjson.loads(raw))


def refusal(status, body, headers=None):
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the table below names the class
        judge(status, headers or {}, raw)
    return caught.value


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, {"msg": "Too Many Requests", "code": "50011"}, ProviderRateLimited),
        (200, {"msg": "Too Many Requests", "code": "50011"}, ProviderRateLimited),
        (200, {"code": 50011}, ProviderRateLimited),
        (503, {"code": "50001", "msg": "x"}, ProviderUnavailable),
        (400, {"code": "50004", "msg": "timeout"}, ProviderUnavailable),
        (500, {"code": "50026", "msg": "x"}, ProviderUnavailable),
        (200, {"code": "50013", "msg": "busy"}, ProviderUnavailable),
        (400, {"code": "50014", "msg": "empty"}, ProviderRejected),
        (400, {"code": "50015", "msg": "uly"}, ProviderRejected),
        (400, {"code": "51000", "msg": "period"}, ProviderRejected),
        (200, {"code": "51001", "data": [], "msg": "no instrument"}, ProviderLacksSymbol),
        (200, {"code": "51012", "data": []}, ProviderRejected),
        (404, {"code": 404, "msg": "Not Found"}, ProviderRejected),
        (403, b"<html>blocked</html>", ProviderRejected),
        (502, b"<html>bad gateway</html>", ProviderUnavailable),
        (200, {"code": "1", "msg": "failed"}, ProviderRejected),
        (200, {"data": []}, ProviderPayloadError),
        (200, {"code": None, "data": []}, ProviderPayloadError),
        (200, {"code": True, "data": []}, ProviderPayloadError),
        (200, [], ProviderPayloadError),
        (200, b"null", ProviderPayloadError),
    ],
)
def test_each_refusal_is_classed_by_what_to_do(status, body, kind):
    assert type(refusal(status, body)) is kind


@pytest.mark.parametrize("code", ["0", 0])
def test_success_passes_whether_its_code_is_text_or_number(code):
    assert classify(200, {}, b"") is None
    assert check_envelope({"code": code, "data": []}) is None


@pytest.mark.parametrize(("headers", "wait_s"), [({}, 2.0), ({"retry-after": "5"}, 5.0)])
def test_a_429_waits_two_seconds_unless_asked_for_more(headers, wait_s):
    assert refusal(429, b"", headers).retry_after_s == wait_s


def test_every_recorded_refusal_is_classed():
    expected = {
        "50011": ProviderRateLimited,
        "50015": ProviderRejected,
        "51000": ProviderRejected,
        "51001": ProviderLacksSymbol,
    }
    entries = orjson.loads(recording("providers/samples/okx/errors.json").read_bytes())

    for entry in entries:
        assert type(refusal(entry["http"], entry["body"])) is expected[entry["body"]["code"]]
