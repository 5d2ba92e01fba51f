"""Binance as the stand-in speaks it: types, order, defaults and errors as documented."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from market import clock
from market.types import DAY_MS, HOUR_MS, MINUTE_MS
from tests.market.sandbox.upstream import BINANCE, NOW_MS, Upstream, decimal_text, whole
from tests.recordings import recording

RATIO_PATHS = (
    "/futures/data/globalLongShortAccountRatio",
    "/futures/data/topLongShortAccountRatio",
    "/futures/data/topLongShortPositionRatio",
)
TEXTS = "text"  # a key whose value is any text


def check(row: dict[str, Any], **types: Any) -> None:
    """Check that an object has exactly these keys, each of its type."""
    assert set(row) == set(types)
    for key, kind in types.items():
        good = isinstance(row[key], str) if kind is TEXTS else kind(row[key])
        assert good, (key, row[key])


def test_a_kline_has_twelve_cells_texts_for_numbers_and_numbers_for_times(upstream: Upstream):
    rows = upstream.binance("/fapi/v1/klines", symbol="BTCUSDT", interval="15m", limit=5)

    assert len(rows) == 5
    for row in rows:
        assert len(row) == 12
        assert whole(row[0])
        assert all(decimal_text(cell) for cell in [*row[1:6], row[7], row[9], row[10]])
        assert row[6] == row[0] + 15 * MINUTE_MS - 1
        assert whole(row[8])
        assert row[11] == "0"
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    assert rows[-1][6] > NOW_MS  # unfinished
    assert rows[-2][6] < NOW_MS


def test_klines_default_to_500_and_take_1500_at_most(upstream: Upstream):
    page = upstream.binance("/fapi/v1/klines", symbol="BTCUSDT", interval="5m")
    largest = upstream.binance("/fapi/v1/klines", symbol="BTCUSDT", interval="5m", limit=1500)
    too_many = upstream.get(BINANCE, "/fapi/v1/klines", symbol="BTCUSDT", interval="5m", limit=1501)

    assert len(page) == 500
    assert len(largest) == 1500
    assert too_many.status_code == 400
    assert too_many.json()["code"] == -1130


def test_klines_from_a_start_come_oldest_first_and_filter_on_the_opening_time(upstream: Upstream):
    start_ms = NOW_MS - 10 * DAY_MS
    ask = {"symbol": "BTCUSDT", "interval": "1h"}

    from_start = upstream.binance("/fapi/v1/klines", startTime=start_ms, limit=3, **ask)
    between = upstream.binance(
        "/fapi/v1/klines", startTime=start_ms, endTime=start_ms + 5 * HOUR_MS, **ask
    )
    until = upstream.binance("/fapi/v1/klines", endTime=start_ms, limit=2, **ask)

    first_ms = start_ms // HOUR_MS * HOUR_MS + HOUR_MS
    assert [row[0] for row in from_start] == [first_ms + n * HOUR_MS for n in range(3)]
    assert len(between) == 5
    assert [row[0] for row in until] == [first_ms - 2 * HOUR_MS, first_ms - HOUR_MS]


@pytest.mark.parametrize("interval", ["1m", "3m", "30m", "2h", "8h", "12h", "1d", "3d", "1w", "1M"])
def test_every_interval_is_served_and_its_bars_do_not_overlap(upstream: Upstream, interval: str):
    rows = upstream.binance("/fapi/v1/klines", symbol="ETHUSDT", interval=interval, limit=4)

    assert len(rows) == 4
    for before, after in pairwise(rows):
        assert after[0] == before[6] + 1


def test_weeks_begin_on_monday_and_months_on_the_first(upstream: Upstream):
    (week,) = upstream.binance("/fapi/v1/klines", symbol="ETHUSDT", interval="1w", limit=1)
    (month,) = upstream.binance("/fapi/v1/klines", symbol="ETHUSDT", interval="1M", limit=1)

    assert clock.datetime_at(week[0]).isoweekday() == 1
    assert clock.datetime_at(month[0]).day == 1


def test_the_kept_rows_equal_freshly_rendered_ones(upstream: Upstream):
    ask = {"symbol": "SOLUSDT", "interval": "1h", "limit": 200}
    whole_page = upstream.binance("/fapi/v1/klines", **ask)

    with clock.frozen(NOW_MS + 5 * HOUR_MS):
        later = upstream.binance("/fapi/v1/klines", **ask)
    again = upstream.binance("/fapi/v1/klines", **ask)

    assert again == whole_page
    assert later[:194] == whole_page[5:199]


def test_a_new_listing_returns_fewer_rows(upstream: Upstream):
    universe = upstream.sandbox.source.universe(NOW_MS).binance.values()
    newest = max((c for c in universe if c.listed_ms <= NOW_MS), key=lambda c: c.listed_ms)

    rows = upstream.binance("/fapi/v1/klines", symbol=newest.symbol, interval="1d", limit=130)

    assert 1 <= len(rows) < 20


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        ("/fapi/v1/klines", {"symbol": "NOPEUSDT", "interval": "1h"}, -1121),
        ("/fapi/v1/klines", {"symbol": "BTCUSDT", "interval": "1s"}, -1120),
        ("/fapi/v1/klines", {"symbol": "", "interval": "1h"}, -1105),
        ("/fapi/v1/klines", {"interval": "1h"}, -1102),
        ("/fapi/v1/openInterest", {}, -1102),
        ("/fapi/v1/depth", {"symbol": "BTCUSDT", "limit": 7}, -4021),
        ("/fapi/v1/aggTrades", {"symbol": "BTCUSDT", "startTime": NOW_MS - 3 * DAY_MS}, -4166),
        ("/fapi/v1/fundingRate", {"symbol": "BTCUSDT", "limit": 1001}, -1130),
        ("/futures/data/openInterestHist", {"symbol": "BTCUSDT", "period": "1m"}, -1130),
        ("/futures/data/openInterestHist", {"period": "1h"}, -1102),
        (
            "/futures/data/openInterestHist",
            {"symbol": "BTCUSDT", "period": "1h", "startTime": NOW_MS - 31 * DAY_MS},
            -1130,
        ),
    ],
)
def test_caller_errors_have_the_documented_codes(
    upstream: Upstream, path: str, params: dict[str, Any], code: int
):
    response = upstream.get(BINANCE, path, **params)

    assert response.status_code == 400
    assert response.json()["code"] == code
    assert isinstance(response.json()["msg"], str)


def test_the_documented_error_texts_are_used(upstream: Upstream):
    documented = json.loads(
        recording("providers/samples/binance/errors.json").read_text(encoding="utf-8")
    )
    texts = {entry["body"]["msg"] for entry in documented}

    for path, params in (
        ("/fapi/v1/klines", {"symbol": "NOPEUSDT", "interval": "1h"}),
        ("/fapi/v1/klines", {"symbol": "BTCUSDT", "interval": "1s"}),
        ("/fapi/v1/klines", {"symbol": "BTCUSDT", "interval": "1h", "limit": 9999}),
        ("/fapi/v1/depth", {"symbol": "BTCUSDT", "limit": 7}),
    ):
        assert upstream.get(BINANCE, path, **params).json()["msg"] in texts


def test_lower_case_symbols_are_accepted_and_answered_in_upper_case(upstream: Upstream):
    assert upstream.binance("/fapi/v1/openInterest", symbol="btcusdt")["symbol"] == "BTCUSDT"


def test_an_api_key_that_is_none_turns_a_public_request_into_401(upstream: Upstream):
    response = upstream.get(BINANCE, "/fapi/v1/time", headers={"X-MBX-APIKEY": "anything"})

    assert response.status_code == 401
    assert response.json()["code"] == -2014


def test_exchange_info_is_the_whole_list_whatever_symbol_is_asked_for(upstream: Upstream):
    info = upstream.binance("/fapi/v1/exchangeInfo", symbol="BTCUSDT")
    rows = {row["symbol"]: row for row in info["symbols"]}

    assert info["serverTime"] == NOW_MS
    assert info["rateLimits"][0]["limit"] == 2400
    assert len(rows) > 350
    assert rows["1000BONKUSDT"]["baseAsset"] == "1000BONK"
    assert rows["MATICUSDT"]["status"] == "SETTLING"
    assert rows["BTCSUSDT"]["status"] == "PENDING_TRADING"
    assert rows["BTCSUSDT"]["contractType"] == ""
    assert rows["BTCUSDT"]["deliveryDate"] == 4_133_404_800_000
    assert any(not symbol.isascii() for symbol in rows)
    filters = {f["filterType"]: f for f in rows["BTCUSDT"]["filters"]}
    assert decimal_text(filters["PRICE_FILTER"]["tickSize"])
    assert isinstance(filters["PERCENT_PRICE"]["multiplierDecimal"], str)


def test_quarterlies_have_no_funding_and_expire_on_a_friday(upstream: Upstream):
    rows = upstream.binance("/fapi/v1/exchangeInfo")["symbols"]
    quarterly = next(row for row in rows if row["contractType"] == "CURRENT_QUARTER")

    premium = upstream.binance("/fapi/v1/premiumIndex", symbol=quarterly["symbol"])

    assert premium["lastFundingRate"] == ""
    assert premium["nextFundingTime"] == 0
    assert clock.datetime_at(quarterly["deliveryDate"]).isoweekday() == 5


def test_the_ticker_of_one_is_an_object_and_of_all_a_list(upstream: Upstream):
    types = {
        "symbol": TEXTS,
        **dict.fromkeys(
            ("priceChange", "priceChangePercent", "weightedAvgPrice", "lastPrice", "lastQty"),
            decimal_text,
        ),
        **dict.fromkeys(
            ("openPrice", "highPrice", "lowPrice", "volume", "quoteVolume"), decimal_text
        ),
        **dict.fromkeys(("openTime", "closeTime", "firstId", "lastId", "count"), whole),
    }

    one = upstream.binance("/fapi/v1/ticker/24hr", symbol="ETHUSDT")
    everyone = {row["symbol"]: row for row in upstream.binance("/fapi/v1/ticker/24hr")}

    for row in everyone.values():
        check(row, **types)
    assert everyone["ETHUSDT"] == one
    assert one["openTime"] % MINUTE_MS == 0
    assert everyone["MATICUSDT"]["closeTime"] < NOW_MS - DAY_MS  # stale: it was settled


def test_premium_rows_are_typed_and_settled_ones_stand_there_with_zeros(upstream: Upstream):
    everyone = {row["symbol"]: row for row in upstream.binance("/fapi/v1/premiumIndex")}

    check(
        everyone["BTCUSDT"],
        symbol=TEXTS,
        markPrice=decimal_text,
        indexPrice=decimal_text,
        estimatedSettlePrice=decimal_text,
        lastFundingRate=decimal_text,
        interestRate=decimal_text,
        nextFundingTime=lambda at: at > NOW_MS and at % (8 * HOUR_MS) == 0,
        time=whole,
    )
    assert everyone["MATICUSDT"]["lastFundingRate"] == "0.00000000"
    assert everyone["BTCUSDT"] == upstream.binance("/fapi/v1/premiumIndex", symbol="BTCUSDT")


def test_funding_history_is_ascending_and_bounded_by_its_times(upstream: Upstream):
    rows = upstream.binance("/fapi/v1/fundingRate", symbol="BTCUSDT")
    start_ms = NOW_MS - 5 * DAY_MS
    some = upstream.binance(
        "/fapi/v1/fundingRate", symbol="BTCUSDT", startTime=start_ms, endTime=NOW_MS, limit=4
    )
    of_all = upstream.binance("/fapi/v1/fundingRate")

    assert len(rows) == 100
    for row in rows:
        check(
            row,
            symbol=TEXTS,
            fundingTime=whole,
            fundingRate=decimal_text,
            markPrice=decimal_text,
            rateType=TEXTS,
        )
    times = [row["fundingTime"] for row in rows]
    assert times == sorted(times)
    assert any(at % 1000 for at in times)  # the venue's jitter
    assert [row["fundingTime"] for row in some] == sorted(row["fundingTime"] for row in some)
    assert len(some) == 4
    assert some[0]["fundingTime"] - start_ms < 9 * HOUR_MS
    assert len({row["symbol"] for row in of_all}) > 10


def test_funding_intervals_hold_adjusted_contracts_and_a_coin_margined_one(upstream: Upstream):
    rows = {row["symbol"]: row for row in upstream.binance("/fapi/v1/fundingInfo")}

    assert rows["TRBUSDT"]["fundingIntervalHours"] == 4
    assert rows["BTCUSDT"]["updateTime"] is None
    assert whole(rows["TRBUSDT"]["updateTime"])
    assert "BTCUSD_PERP" in rows
    assert {row["fundingIntervalHours"] for row in rows.values()} == {1, 4, 8}
    assert "XVGUSDT" not in rows  # 8 hours, not adjusted


def test_depth_is_best_first_on_both_sides(upstream: Upstream):
    book = upstream.binance("/fapi/v1/depth", symbol="BTCUSDT", limit=20)
    best = upstream.binance("/fapi/v1/ticker/bookTicker", symbol="BTCUSDT")

    bids = [float(price) for price, _ in book["bids"]]
    asks = [float(price) for price, _ in book["asks"]]
    assert len(bids) == len(asks) == 20
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]
    assert (best["bidPrice"], best["askPrice"]) == (book["bids"][0][0], book["asks"][0][0])
    assert all(decimal_text(cell) for level in book["bids"] for cell in level)


def test_trades_are_ascending_and_near_the_last_price(upstream: Upstream):
    trades = upstream.binance("/fapi/v1/aggTrades", symbol="BTCUSDT", limit=50)
    price = float(upstream.binance("/fapi/v1/ticker/24hr", symbol="BTCUSDT")["lastPrice"])

    assert len(trades) == 50
    assert [trade["T"] for trade in trades] == sorted(trade["T"] for trade in trades)
    assert all(float(trade["q"]) > 0 for trade in trades)
    assert all(abs(float(trade["p"]) / price - 1) < 0.01 for trade in trades)
    assert {trade["m"] for trade in trades} == {True, False}


@pytest.mark.parametrize("path", RATIO_PATHS)
def test_ratios_are_ascending_texts_whose_shares_add_up(upstream: Upstream, path: str):
    rows = upstream.binance(path, symbol="ETHUSDT", period="4h", limit=180)

    assert len(rows) == 180
    for row in rows:
        check(
            row,
            symbol=TEXTS,
            longShortRatio=decimal_text,
            longAccount=decimal_text,
            shortAccount=decimal_text,
            timestamp=lambda at: whole(at) and at % (4 * HOUR_MS) == 0,
        )
        longs, shorts = float(row["longAccount"]), float(row["shortAccount"])
        assert longs + shorts == pytest.approx(1.0, abs=1e-9)
        assert float(row["longShortRatio"]) == pytest.approx(longs / shorts, rel=1e-3)
    assert [row["timestamp"] for row in rows] == sorted(row["timestamp"] for row in rows)
    assert len({row["longShortRatio"] for row in rows}) > 100


def test_statistics_default_to_30_rows_and_reach_back_30_days_only(upstream: Upstream):
    ask = {"symbol": "BTCUSDT", "period": "1d"}

    default = upstream.binance("/futures/data/openInterestHist", symbol="BTCUSDT", period="1h")
    most = upstream.binance("/futures/data/openInterestHist", limit=500, **ask)

    assert len(default) == 30
    assert 29 <= len(most) <= 30
    assert most[0]["timestamp"] >= NOW_MS - 30 * DAY_MS


def test_open_interest_history_is_in_coins_and_usd(upstream: Upstream):
    rows = upstream.binance("/futures/data/openInterestHist", symbol="ETHUSDT", period="5m")
    mark = float(upstream.binance("/fapi/v1/premiumIndex", symbol="ETHUSDT")["markPrice"])
    now = float(upstream.binance("/fapi/v1/openInterest", symbol="ETHUSDT")["openInterest"])

    newest = rows[-1]
    check(
        newest,
        symbol=TEXTS,
        sumOpenInterest=decimal_text,
        sumOpenInterestValue=decimal_text,
        timestamp=whole,
    )
    price = float(newest["sumOpenInterestValue"]) / float(newest["sumOpenInterest"])
    assert price == pytest.approx(mark, rel=0.02)
    assert float(newest["sumOpenInterest"]) == pytest.approx(now, rel=0.02)
    assert NOW_MS - newest["timestamp"] < 7 * MINUTE_MS


def test_taker_volumes_have_no_symbol_and_equal_the_klines(upstream: Upstream):
    rows = upstream.binance(
        "/futures/data/takerlongshortRatio", symbol="BTCUSDT", period="1h", limit=24
    )
    klines = {
        row[0]: row
        for row in upstream.binance("/fapi/v1/klines", symbol="BTCUSDT", interval="1h", limit=30)
    }

    for row in rows:
        check(
            row,
            buySellRatio=decimal_text,
            buyVol=decimal_text,
            sellVol=decimal_text,
            timestamp=whole,
        )
        kline = klines[row["timestamp"]]
        assert kline[6] < NOW_MS  # told when the hour is over
        assert float(row["buyVol"]) == pytest.approx(float(kline[9]))
        assert float(row["buyVol"]) + float(row["sellVol"]) == pytest.approx(float(kline[5]))


@pytest.mark.parametrize("path", [*RATIO_PATHS, "/futures/data/openInterestHist"])
def test_an_unknown_symbol_has_an_empty_list_of_statistics(upstream: Upstream, path: str):
    assert upstream.binance(path, symbol="NOPEUSDT", period="1h") == []


def test_an_unknown_path_is_an_html_page(upstream: Upstream):
    response = upstream.get(BINANCE, "/fapi/v1/allForceOrders")

    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("sample", "path", "params"),
    [
        ("ticker_24hr.symbol", "/fapi/v1/ticker/24hr", {"symbol": "BTCUSDT"}),
        ("ticker_24hr.all", "/fapi/v1/ticker/24hr", {}),
        ("premiumIndex.symbol", "/fapi/v1/premiumIndex", {"symbol": "BTCUSDT"}),
        ("premiumIndex.all", "/fapi/v1/premiumIndex", {}),
        ("fundingRate", "/fapi/v1/fundingRate", {"symbol": "BTCUSDT"}),
        ("fundingInfo", "/fapi/v1/fundingInfo", {}),
        ("openInterest", "/fapi/v1/openInterest", {"symbol": "BTCUSDT"}),
        ("depth", "/fapi/v1/depth", {"symbol": "BTCUSDT", "limit": 5}),
        ("aggTrades", "/fapi/v1/aggTrades", {"symbol": "BTCUSDT"}),
        ("bookTicker.symbol", "/fapi/v1/ticker/bookTicker", {"symbol": "BTCUSDT"}),
        ("time", "/fapi/v1/time", {}),
        (
            "openInterestHist",
            "/futures/data/openInterestHist",
            {"symbol": "BTCUSDT", "period": "5m"},
        ),
        *(
            (path.rsplit("/", 1)[1], path, {"symbol": "BTCUSDT", "period": "5m"})
            for path in (*RATIO_PATHS, "/futures/data/takerlongshortRatio")
        ),
        ("exchangeInfo.recorded-2025-08", "/fapi/v1/exchangeInfo", {}),
    ],
)
def test_answers_have_the_keys_and_types_of_recorded_ones(
    upstream: Upstream, sample: str, path: str, params: dict[str, Any]
):
    recorded = json.loads(recording(f"providers/samples/binance/{sample}.json").read_text())

    answer = upstream.binance(path, **params)

    assert_same_shape(recorded, answer)


def test_symbol_rows_have_the_keys_of_recorded_ones(upstream: Upstream):
    recorded = json.loads(
        recording("providers/samples/binance/exchangeInfo.symbol-rows.json").read_text()
    )
    rows = {row["symbol"]: row for row in upstream.binance("/fapi/v1/exchangeInfo")["symbols"]}

    assert_same_shape(recorded[0], rows["BTCUSDT"])
    assert_same_shape(recorded[1], rows["XAUUSDT"])
    assert rows["XAUUSDT"]["underlyingType"] == recorded[1]["underlyingType"]


def assert_same_shape(recorded: Any, answer: Any) -> None:
    """Check that types agree, and in objects the keys, down to the first element of lists."""
    if isinstance(recorded, list):
        assert isinstance(answer, list)
        assert answer
        assert_same_shape(recorded[0], answer[0])
    elif isinstance(recorded, dict):
        assert isinstance(answer, dict)
        assert set(answer) == set(recorded)
        for key, value in recorded.items():
            if value not in ([], None) and answer[key] not in ([], None):
                assert_same_shape(value, answer[key])
    else:
        assert type(answer) is type(recorded), (recorded, answer)
