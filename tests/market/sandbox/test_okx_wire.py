"""OKX as the stand-in speaks it: strings everywhere, newest first, errors inside HTTP 200."""

from __future__ import annotations

import json
from typing import Any

import pytest

from market import clock
from market.types import DAY_MS, HOUR_MS, MINUTE_MS
from tests.market.sandbox.upstream import NOW_MS, OKX, Upstream, decimal_text, millisecond_text
from tests.recordings import recording

BTC = {"instId": "BTC-USDT-SWAP"}
RUBIK = "/api/v5/rubik/stat"
BY_CONTRACT = (
    "contracts/long-short-account-ratio-contract",
    "contracts/long-short-account-ratio-contract-top-trader",
    "contracts/long-short-position-ratio-contract-top-trader",
    "contracts/open-interest-history",
    "taker-volume-contract",
)


def test_candles_are_nine_texts_newest_first_with_the_unfinished_one_on_top(upstream: Upstream):
    rows = upstream.okx("/api/v5/market/candles", bar="15m", limit=20, **BTC)

    assert len(rows) == 20
    for row in rows:
        assert len(row) == 9
        assert millisecond_text(row[0])
        assert all(decimal_text(cell) for cell in row[1:8])
    assert [row[8] for row in rows] == ["0"] + ["1"] * 19
    times = [int(row[0]) for row in rows]
    assert times == sorted(times, reverse=True)


def test_candle_volumes_are_contracts_coins_and_usd(upstream: Upstream):
    row = upstream.okx("/api/v5/market/candles", bar="1H", limit=2, **BTC)[1]

    contracts, coins, usd = (float(cell) for cell in row[5:8])
    assert contracts * 0.01 == pytest.approx(coins)
    assert usd / coins == pytest.approx(float(row[4]), rel=0.05)


def test_candles_page_backwards_with_after_and_forwards_with_before(upstream: Upstream):
    page = upstream.okx("/api/v5/market/candles", bar="1H", limit=10, **BTC)
    oldest = page[-1][0]

    older = upstream.okx("/api/v5/market/candles", bar="1H", limit=10, after=oldest, **BTC)
    newer = upstream.okx("/api/v5/market/candles", bar="1H", before=page[4][0], **BTC)

    assert int(older[0][0]) == int(oldest) - HOUR_MS
    assert newer == page[:4]


def test_candles_default_to_100_give_300_at_most_and_reach_back_1440(upstream: Upstream):
    default = upstream.okx("/api/v5/market/candles", bar="5m", **BTC)
    most = upstream.okx("/api/v5/market/candles", bar="5m", limit=9999, **BTC)
    too_old = upstream.okx(
        "/api/v5/market/candles", bar="5m", after=NOW_MS - 1500 * 5 * MINUTE_MS, **BTC
    )

    assert len(default) == 100
    assert len(most) == 300
    assert too_old == []


def test_history_candles_are_finished_and_go_further_back(upstream: Upstream):
    newest = upstream.okx("/api/v5/market/history-candles", bar="1H", limit=300, **BTC)
    old = upstream.okx(
        "/api/v5/market/history-candles", bar="1H", after=NOW_MS - 300 * DAY_MS, **BTC
    )

    assert len(newest) == 100
    assert {row[8] for row in newest + old} == {"1"}
    assert len(old) == 100


@pytest.mark.parametrize(("bar", "hour"), [("1D", 16), ("1Dutc", 0)])
def test_days_begin_at_midnight_in_hong_kong_unless_utc_is_asked_for(
    upstream: Upstream, bar: str, hour: int
):
    (row,) = upstream.okx("/api/v5/market/candles", bar=bar, limit=1, **BTC)

    assert clock.datetime_at(int(row[0])).hour == hour


def test_both_venues_show_the_same_market(upstream: Upstream):
    okx = upstream.okx("/api/v5/market/candles", bar="1H", limit=30, **BTC)
    binance = upstream.binance("/fapi/v1/klines", symbol="BTCUSDT", interval="1h", limit=30)

    for ours, theirs in zip(reversed(okx), binance, strict=True):
        assert int(ours[0]) == theirs[0]
        for column in range(1, 5):
            assert float(ours[column]) == pytest.approx(float(theirs[column]), rel=3e-4)


def test_a_multiplied_coin_is_priced_per_coin_here(upstream: Upstream):
    okx = upstream.okx("/api/v5/market/ticker", instId="PEPE-USDT-SWAP")[0]
    binance = upstream.binance("/fapi/v1/ticker/24hr", symbol="1000PEPEUSDT")

    assert float(okx["last"]) * 1000 == pytest.approx(float(binance["lastPrice"]), rel=1e-3)


def test_instruments_tell_linear_from_inverse_stocks_and_pre_markets(upstream: Upstream):
    rows = {
        row["instId"]: row for row in upstream.okx("/api/v5/public/instruments", instType="SWAP")
    }

    assert len(rows) > 300
    assert rows["BTC-USD-SWAP"]["ctType"] == "inverse"
    assert rows["BTC-USD-SWAP"]["settleCcy"] == "BTC"
    assert rows["BTC-USDT-SWAP"]["ctVal"] == "0.01"
    assert rows["BTC-USDT-SWAP"]["baseCcy"] == ""
    assert rows["TSLA-USDT-SWAP"]["instCategory"] == "3"
    assert {row["ruleType"] for row in rows.values()} == {"normal", "pre_market"}
    assert {row["state"] for row in rows.values()} == {"live", "suspend"}
    assert float(rows["PEPE-USDT-SWAP"]["ctVal"]) >= 100_000
    for row in rows.values():
        for key, value in row.items():
            others = {"instIdCode": int, "futureSettlement": bool}
            lists = ("tradeQuoteCcyList", "upcChg")
            assert isinstance(value, list if key in lists else others.get(key, str)), (key, value)


def test_tickers_have_no_percent_and_every_value_is_text(upstream: Upstream):
    rows = upstream.okx("/api/v5/market/tickers", instType="SWAP")

    assert len(rows) > 300
    for row in rows:
        assert all(isinstance(value, str) for value in row.values())
        assert float(row["low24h"]) <= float(row["last"]) <= float(row["high24h"])
        assert float(row["bidPx"]) < float(row["askPx"])


def test_funding_names_the_next_settlement_and_any_returns_all(upstream: Upstream):
    (row,) = upstream.okx("/api/v5/public/funding-rate", **BTC)
    everyone = upstream.okx("/api/v5/public/funding-rate", instId="ANY")

    assert row["nextFundingRate"] == ""
    assert int(row["fundingTime"]) > NOW_MS
    assert int(row["nextFundingTime"]) - int(row["fundingTime"]) == 8 * HOUR_MS
    assert len(everyone) > 300
    intervals = {int(r["nextFundingTime"]) - int(r["fundingTime"]) for r in everyone}
    assert intervals == {HOUR_MS, 4 * HOUR_MS, 8 * HOUR_MS}


def test_funding_history_is_newest_first_and_ends_after_three_months(upstream: Upstream):
    rows = upstream.okx("/api/v5/public/funding-rate-history", **BTC)
    older = upstream.okx(
        "/api/v5/public/funding-rate-history", after=rows[-1]["fundingTime"], **BTC
    )
    beyond = upstream.okx("/api/v5/public/funding-rate-history", after=NOW_MS - 95 * DAY_MS, **BTC)

    times = [int(row["fundingTime"]) for row in rows]
    assert times == sorted(times, reverse=True)
    assert len(rows) == 100
    assert int(older[0]["fundingTime"]) == times[-1] - 8 * HOUR_MS
    assert beyond == []


def test_open_interest_comes_in_contracts_coins_and_usd(upstream: Upstream):
    everyone = upstream.okx("/api/v5/public/open-interest", instType="SWAP")
    rows = {row["instId"]: row for row in everyone}

    linear, inverse = rows["BTC-USDT-SWAP"], rows["BTC-USD-SWAP"]
    assert float(linear["oi"]) * 0.01 == pytest.approx(float(linear["oiCcy"]))
    assert float(inverse["oi"]) * 100 == pytest.approx(float(inverse["oiUsd"]), rel=1e-3)


def test_liquidations_page_backwards_through_exactly_24_hours(upstream: Upstream):
    ask = {"instType": "SWAP", "instFamily": "BTC-USDT", "state": "filled"}
    orders: list[dict[str, str]] = []
    after: dict[str, str] = {}

    while page := upstream.okx("/api/v5/public/liquidation-orders", **ask, **after):
        details = page[0]["details"]
        assert 0 < len(details) <= 100
        orders += details
        after = {"after": details[-1]["ts"]}

    times = [int(order["ts"]) for order in orders]
    assert len(orders) > 100
    assert times == sorted(times, reverse=True)
    assert NOW_MS - DAY_MS <= times[-1] < times[0] <= NOW_MS
    for order in orders:
        assert {key: type(value) for key, value in order.items()} == dict.fromkeys(order, str)
        assert order["posSide"] in ("long", "short", "net")
        assert {"long": "sell", "short": "buy"}.get(order["posSide"], order["side"]) == order[
            "side"
        ]
        assert float(order["sz"]) > 0
    assert {"long", "short", "net"} == {order["posSide"] for order in orders}


def test_a_small_coin_has_few_liquidations_or_none(upstream: Upstream):
    families = [
        contract.family for contract in upstream.sandbox.source.universe(NOW_MS).okx.values()
    ]

    pages = [
        upstream.okx("/api/v5/public/liquidation-orders", instType="SWAP", instFamily=family)
        for family in families[280:300]
    ]

    assert all(len(page[0]["details"]) < 100 for page in pages if page)


@pytest.mark.parametrize("path", BY_CONTRACT)
def test_statistics_by_contract_are_texts_newest_first(upstream: Upstream, path: str):
    rows = upstream.okx(f"{RUBIK}/{path}", period="1H", **BTC)

    assert len(rows) == 100
    times = [int(row[0]) for row in rows]
    assert times == sorted(times, reverse=True)
    assert all(at % HOUR_MS == 0 for at in times)
    assert all(isinstance(cell, str) for row in rows for cell in row)
    assert NOW_MS - times[0] < 3 * HOUR_MS


def test_taker_volumes_name_the_sold_one_first_in_the_unit_asked_for(upstream: Upstream):
    path = f"{RUBIK}/taker-volume-contract"
    coins, contracts, usd = (
        upstream.okx(path, period="1H", unit=unit, limit=1, **BTC)[0] for unit in (0, 1, 2)
    )
    candle = next(
        row for row in upstream.okx("/api/v5/market/candles", bar="1H", **BTC) if row[0] == coins[0]
    )

    assert float(coins[1]) + float(coins[2]) == pytest.approx(float(candle[6]), rel=1e-4)
    assert float(contracts[1]) * 0.01 == pytest.approx(float(coins[1]), rel=1e-3)
    assert float(usd[2]) > float(coins[2])


@pytest.mark.parametrize(
    ("path", "params", "days"),
    [
        ("contracts/long-short-account-ratio", {}, 2),
        ("contracts/open-interest-volume", {"period": "1H"}, 30),
        ("taker-volume", {"instType": "CONTRACTS", "period": "1D"}, 180),
    ],
)
def test_statistics_by_coin_reach_back_as_far_as_documented(
    upstream: Upstream, path: str, params: dict[str, str], days: int
):
    rows = upstream.okx(f"{RUBIK}/{path}", ccy="BTC", **params)

    reach_ms = NOW_MS - int(rows[-1][0])
    assert (days - 1.1) * DAY_MS < reach_ms <= days * DAY_MS


def test_the_coins_with_statistics_are_an_object(upstream: Upstream):
    coins = upstream.okx(f"{RUBIK}/trading-data/support-coin")

    assert "BTC" in coins["contract"]
    assert set(coins) == {"contract", "option", "spot"}


@pytest.mark.parametrize(
    ("path", "params", "status", "code"),
    [
        ("/api/v5/market/candles", {"instId": "NOPE-USDT-SWAP"}, 200, "51001"),
        ("/api/v5/public/funding-rate", {"instId": "NOPE-USDT-SWAP"}, 200, "51001"),
        ("/api/v5/market/candles", {}, 400, "50014"),
        ("/api/v5/market/candles", {"bar": "7m", **BTC}, 400, "51000"),
        ("/api/v5/public/liquidation-orders", {"instType": "SWAP"}, 400, "50015"),
        ("/api/v5/public/instruments", {"instType": "NONSENSE"}, 400, "51000"),
        (f"{RUBIK}/contracts/open-interest-history", {"period": "7m", **BTC}, 400, "51000"),
        (f"{RUBIK}/contracts/long-short-account-ratio", {"ccy": "NOPE"}, 400, "51012"),
        ("/api/v5/no/such/path", {}, 404, 404),
    ],
)
def test_errors_have_the_documented_status_and_code(
    upstream: Upstream, path: str, params: dict[str, str], status: int, code: Any
):
    response = upstream.get(OKX, path, **params)

    assert response.status_code == status
    assert response.json()["code"] == code
    assert response.json()["data"] == []


@pytest.mark.parametrize(
    ("sample", "path", "params", "newer_keys"),
    [
        ("market_ticker.row-2022", "/api/v5/market/ticker", BTC, set()),
        ("public_mark-price", "/api/v5/public/mark-price", {"instType": "SWAP", **BTC}, set()),
        (
            "public_open-interest",
            "/api/v5/public/open-interest",
            {"instType": "SWAP", **BTC},
            set(),
        ),
        ("public_funding-rate", "/api/v5/public/funding-rate", BTC, {"prevFundingTime"}),
        ("public_funding-rate-history", "/api/v5/public/funding-rate-history", BTC, set()),
        (
            "public_instruments.swap",
            "/api/v5/public/instruments",
            {"instType": "SWAP"},
            {"instCategory", "upcChg"},
        ),
        (
            "public_liquidation-orders",
            "/api/v5/public/liquidation-orders",
            {"instType": "SWAP", "instFamily": "BTC-USDT"},
            set(),
        ),
    ],
)
def test_rows_have_the_keys_and_types_of_recorded_ones(
    upstream: Upstream, sample: str, path: str, params: dict[str, str], newer_keys: set[str]
):
    recorded = json.loads(recording(f"providers/samples/okx/{sample}.json").read_text())

    answer = upstream.get(OKX, path, **params).json()

    expected, row = recorded["data"][0], answer["data"][0]
    assert set(row) - newer_keys == set(expected)
    assert {key: type(row[key]) for key in expected} == {
        key: type(value) for key, value in expected.items()
    }


@pytest.mark.parametrize(
    ("sample", "path", "params"),
    [
        ("rubik_long-short-account-ratio", "contracts/long-short-account-ratio", {"ccy": "BTC"}),
        ("rubik_long-short-account-ratio-contract", BY_CONTRACT[0], BTC),
        (
            "rubik_long-short-account-ratio-contract-top-trader.documented",
            BY_CONTRACT[1],
            BTC,
        ),
        ("rubik_open-interest-history.documented", BY_CONTRACT[3], BTC),
        ("rubik_taker-volume-contract.documented", BY_CONTRACT[4], BTC),
        ("rubik_open-interest-volume.documented", "contracts/open-interest-volume", {"ccy": "BTC"}),
    ],
)
def test_statistic_rows_are_as_long_as_documented_ones(
    upstream: Upstream, sample: str, path: str, params: dict[str, str]
):
    recorded = json.loads(recording(f"providers/samples/okx/{sample}.json").read_text())

    rows = upstream.okx(f"{RUBIK}/{path}", **params)

    assert len(rows[0]) == len(recorded["data"][0])
