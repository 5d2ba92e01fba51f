"""Limits: the sandbox counts and refuses as each vendor documents."""

from __future__ import annotations

import pytest

from market.sandbox.metering import Charge, Meter, Pool
from tests.market.sandbox.upstream import (
    ALTERNATIVE_ME,
    BINANCE,
    COINGECKO,
    OKX,
    Upstream,
    Wall,
)

WINDOW = Pool("sliding", 3, 2.0)
MINUTE = Pool("clock minute", 10, 60.0, aligned=True)


@pytest.mark.parametrize(
    ("path", "params", "weight"),
    [
        ("/fapi/v1/time", {}, 1),
        ("/fapi/v1/exchangeInfo", {}, 1),
        ("/fapi/v1/openInterest", {"symbol": "BTCUSDT"}, 1),
        ("/fapi/v1/ticker/24hr", {"symbol": "BTCUSDT"}, 1),
        ("/fapi/v1/ticker/24hr", {}, 40),
        ("/fapi/v1/premiumIndex", {"symbol": "BTCUSDT"}, 1),
        ("/fapi/v1/premiumIndex", {}, 10),
        ("/fapi/v1/ticker/bookTicker", {"symbol": "BTCUSDT"}, 2),
        ("/fapi/v1/ticker/bookTicker", {}, 5),
        ("/fapi/v1/aggTrades", {"symbol": "BTCUSDT"}, 20),
        ("/fapi/v1/depth", {"symbol": "BTCUSDT", "limit": 50}, 2),
        ("/fapi/v1/depth", {"symbol": "BTCUSDT", "limit": 100}, 5),
        ("/fapi/v1/depth", {"symbol": "BTCUSDT"}, 10),
        ("/fapi/v1/depth", {"symbol": "BTCUSDT", "limit": 1000}, 20),
        *(
            ("/fapi/v1/klines", {"symbol": "BTCUSDT", "interval": "5m", "limit": limit}, weight)
            for limit, weight in ((99, 1), (100, 2), (499, 2), (500, 5), (1000, 5), (1001, 10))
        ),
        ("/fapi/v1/klines", {"symbol": "BTCUSDT", "interval": "5m"}, 5),
        ("/fapi/v1/klines", {"symbol": "NOPEUSDT", "interval": "5m", "limit": 10}, 1),
    ],
)
def test_the_used_weight_grows_by_the_documented_weight(
    upstream: Upstream, path: str, params: dict[str, str], weight: int
):
    response = upstream.get(BINANCE, path, **params)

    assert response.headers["x-mbx-used-weight-1m"] == str(weight)


def test_funding_and_statistics_have_pools_of_their_own_and_no_weight_header(upstream: Upstream):
    for path in ("/fapi/v1/fundingInfo", "/futures/data/openInterestHist"):
        response = upstream.get(BINANCE, path, symbol="BTCUSDT", period="1h")

        assert "x-mbx-used-weight-1m" not in response.headers
    after = upstream.get(BINANCE, "/fapi/v1/time")
    assert after.headers["x-mbx-used-weight-1m"] == "1"


def test_more_than_2400_in_a_clock_minute_is_429_until_the_next_one(upstream: Upstream, wall: Wall):
    for _ in range(120):
        trades = upstream.get(BINANCE, "/fapi/v1/aggTrades", symbol="BTCUSDT", limit=1)
        assert trades.status_code == 200

    refused = upstream.get(BINANCE, "/fapi/v1/time")
    wall.advance(49.0)
    too_early = upstream.get(BINANCE, "/fapi/v1/time")
    wall.advance(1.0)
    again = upstream.get(BINANCE, "/fapi/v1/time")

    assert refused.status_code == too_early.status_code == 429
    assert refused.json()["code"] == -1003
    assert refused.headers["retry-after"] == "50"
    assert again.status_code == 200
    assert again.headers["x-mbx-used-weight-1m"] == "1"
    violation = upstream.sandbox.violations[0]
    assert len(upstream.sandbox.violations) == 2
    assert (violation.provider, violation.path) == ("binance", "/fapi/v1/time")


def test_who_goes_on_calling_after_429_is_banned(upstream: Upstream, wall: Wall):
    upstream.sandbox.limit_scale = 1 / 2400
    for _ in range(25):
        last = upstream.get(BINANCE, "/fapi/v1/time")

    wall.advance(120.0)
    after = upstream.get(BINANCE, "/fapi/v1/time")

    assert last.status_code == 418
    assert "banned until" in last.json()["msg"]
    assert int(last.headers["retry-after"]) > 100
    assert after.status_code == 200


def test_okx_allows_so_many_calls_in_two_seconds_and_per_instrument(upstream: Upstream, wall: Wall):
    path = "/api/v5/rubik/stat/contracts/long-short-account-ratio-contract"
    statuses = [
        upstream.get(OKX, path, instId="BTC-USDT-SWAP", limit=1).status_code for _ in range(6)
    ]
    other = upstream.get(OKX, path, instId="ETH-USDT-SWAP", limit=1)
    refused = upstream.get(OKX, path, instId="BTC-USDT-SWAP", limit=1)
    wall.advance(2.0)
    later = upstream.get(OKX, path, instId="BTC-USDT-SWAP", limit=1)

    assert statuses[:5] == [200] * 5
    assert statuses[5] == 429
    assert other.status_code == 200
    assert refused.json() == {"msg": "Too Many Requests", "code": "50011"}
    assert later.status_code == 200


def test_coingecko_gives_ten_calls_a_minute_without_a_key_and_thirty_with_one(upstream: Upstream):
    key = {"x-cg-demo-api-key": "CG-demo"}

    without = [upstream.get(COINGECKO, "/ping").status_code for _ in range(11)]
    having = [upstream.get(COINGECKO, "/ping", headers=key).status_code for _ in range(31)]
    refused = upstream.get(COINGECKO, "/ping")

    assert without == [200] * 10 + [429]
    assert having == [200] * 30 + [429]
    assert refused.json()["status"]["error_code"] == 429


def test_alternative_me_counts_over_ten_minutes(upstream: Upstream):
    upstream.sandbox.limit_scale = 2 / 600

    statuses = [upstream.get(ALTERNATIVE_ME, "/fng/").status_code for _ in range(3)]

    assert statuses == [200, 200, 429]


def test_a_meter_forgets_at_the_minute_or_as_the_window_slides(wall: Wall):
    meter = Meter()

    first = [meter.charge("me", Charge(WINDOW)) for _ in range(4)]
    aligned = [meter.charge("me", Charge(MINUTE, 6)) for _ in range(2)]
    wall.advance(50.0)
    later = meter.charge("me", Charge(WINDOW)), meter.charge("me", Charge(MINUTE, 6))

    assert [refusal is None for refusal in first] == [True, True, True, False]
    assert [refusal is None for refusal in aligned] == [True, False]
    assert later == (None, None)


def test_callers_and_scopes_are_counted_apart_and_limits_can_be_scaled(wall: Wall):
    meter = Meter()
    for _ in range(3):
        meter.charge("me", Charge(WINDOW, scope="BTC"))

    assert meter.charge("me", Charge(WINDOW, scope="BTC")) is not None
    assert meter.charge("me", Charge(WINDOW, scope="ETH")) is None
    assert meter.charge("you", Charge(WINDOW, scope="BTC")) is None
    meter.scale = 2.0
    assert meter.charge("me", Charge(WINDOW, scope="BTC")) is None
