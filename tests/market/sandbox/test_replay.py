"""Replayed recordings: what had been published by the instant of the clock, and nothing else."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import Any

import pytest

from market import clock
from market.sandbox.handle import Sandbox
from market.sandbox.replay import ReplayedMarket
from market.types import DAY_MS, HOUR_MS, MINUTE_MS
from tests.market.sandbox.recorded_market import (
    DAYS,
    QUARTER_MS,
    START_MS,
    write_recordings,
)
from tests.market.sandbox.upstream import ALTERNATIVE_ME, COINGECKO, Upstream
from tests.recordings import recording

DAY_5_MS = START_MS + 5 * DAY_MS
# On a bar's end, within one, just after a settlement, and shortly before the recordings end.
INSTANTS = (
    DAY_5_MS,
    DAY_5_MS + 5 * MINUTE_MS,
    DAY_5_MS + 8 * HOUR_MS + 1,
    DAY_5_MS + 21 * HOUR_MS + 37 * MINUTE_MS,
    START_MS + DAYS * DAY_MS - 1,
)
CRASH_MS = 1_760_141_100_000  # 2025-10-11T00:05:00Z
BTC = {"symbol": "BTCUSDT"}
SWAP = {"instType": "SWAP"}
QUESTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/binance/fapi/v1/exchangeInfo", {}),
    ("/binance/fapi/v1/ticker/24hr", {}),
    *(
        ("/binance/fapi/v1/klines", {"interval": interval, "limit": 1500, **BTC})
        for interval in ("15m", "30m", "1h", "4h", "1d", "1w", "1M")
    ),
    ("/binance/fapi/v1/premiumIndex", {}),
    ("/binance/fapi/v1/fundingRate", {"limit": 1000, **BTC}),
    ("/binance/fapi/v1/openInterest", BTC),
    ("/binance/futures/data/openInterestHist", {"period": "4h", "limit": 500, **BTC}),
    ("/binance/futures/data/takerlongshortRatio", {"period": "4h", "limit": 500, **BTC}),
    ("/okx/api/v5/public/instruments", SWAP),
    ("/okx/api/v5/public/open-interest", SWAP),
    ("/okx/api/v5/public/liquidation-orders", {"instFamily": "BTC-USDT", **SWAP}),
    ("/alternative_me/fng/", {"limit": 0}),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recordings(tmp_path_factory.mktemp("recordings"))


def replayed(folder: Path, symbols: tuple[str, ...] = ()) -> Upstream:
    sandbox = Sandbox(ReplayedMarket(folder, symbols))
    sandbox.limit_scale = 1_000.0
    return Upstream(sandbox)


@pytest.mark.parametrize("at_ms", INSTANTS)
def test_nothing_of_the_future_is_in_any_answer(folder: Path, tmp_path: Path, at_ms: int):
    """Other numbers after the instant change not one byte of what is answered at it."""
    other = replayed(write_recordings(tmp_path, scrambled_after_ms=at_ms))
    upstream = replayed(folder)

    with clock.frozen(at_ms):
        for path, params in QUESTIONS:
            answer = upstream.get("http://127.0.0.1", path, **params)

            assert answer.status_code == 200
            assert other.get("http://127.0.0.1", path, **params).content == answer.content, path


def test_the_scrambled_recordings_do_differ_later(folder: Path, tmp_path: Path):
    other = replayed(write_recordings(tmp_path, scrambled_after_ms=DAY_5_MS))
    upstream = replayed(folder)
    unchanged = ("exchangeInfo", "instruments")

    with clock.frozen(DAY_5_MS + 30 * HOUR_MS):
        for path, params in QUESTIONS:
            if not path.endswith(unchanged):
                answer = upstream.get("http://127.0.0.1", path, **params)

                assert other.get("http://127.0.0.1", path, **params).content != answer.content


def test_recorded_bars_come_as_they_are_with_the_unknown_columns_empty(folder: Path):
    with clock.frozen(DAY_5_MS):
        rows = replayed(folder).binance("/fapi/v1/klines", interval="15m", limit=3, **BTC)

    with (folder / "candles" / "BTCUSDT_perp_15m_test.csv").open() as file:
        recorded = {int(row["open_time_ms"]): row for row in csv.DictReader(file)}
    assert [row[0] for row in rows] == [DAY_5_MS - 2 * QUARTER_MS, DAY_5_MS - QUARTER_MS, DAY_5_MS]
    for row in rows[:2]:
        cells = recorded[row[0]]
        for column, name in ((1, "open"), (2, "high"), (3, "low"), (4, "close"), (5, "volume")):
            assert float(row[column]) == float(cells[name])
        assert (row[7], row[8], row[9], row[10]) == ("", None, "", "")


def test_the_forming_bar_is_made_of_finer_closed_ones_else_opens_at_the_last_close(folder: Path):
    at_ms = DAY_5_MS + 2 * QUARTER_MS + 4 * MINUTE_MS
    with clock.frozen(at_ms):
        upstream = replayed(folder)
        quarters = upstream.binance("/fapi/v1/klines", interval="15m", limit=3, **BTC)
        (hour,) = upstream.binance("/fapi/v1/klines", interval="1h", limit=1, **BTC)

    first, second, forming = quarters
    assert hour[0] == DAY_5_MS
    assert hour[1] == first[1]
    assert float(hour[2]) == max(float(first[2]), float(second[2]))
    assert hour[4] == second[4]
    assert float(hour[5]) == pytest.approx(float(first[5]) + float(second[5]))
    assert forming[1:5] == [second[4]] * 4
    assert float(forming[5]) == 0.0


def test_a_bar_length_without_a_recording_fine_enough_is_empty(folder: Path):
    with clock.frozen(DAY_5_MS):
        assert replayed(folder).binance("/fapi/v1/klines", interval="5m", **BTC) == []


def test_the_last_settled_rate_stands_for_the_running_one(folder: Path):
    with clock.frozen(DAY_5_MS + 3 * HOUR_MS):
        upstream = replayed(folder)
        premium = upstream.binance("/fapi/v1/premiumIndex", **BTC)
        history = upstream.binance("/fapi/v1/fundingRate", limit=1000, **BTC)

    assert history[-1]["fundingTime"] == DAY_5_MS
    assert premium["lastFundingRate"] == history[-1]["fundingRate"]
    assert premium["nextFundingTime"] == DAY_5_MS + 8 * HOUR_MS
    assert len(history) == 16


def test_open_interest_is_told_in_usd_when_its_bar_has_ended_on_both_venues(folder: Path):
    with clock.frozen(DAY_5_MS + 5 * MINUTE_MS):
        upstream = replayed(folder)
        history = upstream.binance("/futures/data/openInterestHist", period="4h", limit=500, **BTC)
        now = upstream.binance("/fapi/v1/openInterest", **BTC)
        (okx,) = upstream.okx("/api/v5/public/open-interest", **SWAP)
        (bar,) = upstream.binance(
            "/fapi/v1/klines", interval="15m", endTime=DAY_5_MS - QUARTER_MS, limit=1, **BTC
        )

    newest = history[-1]
    assert newest["timestamp"] == DAY_5_MS == now["time"] == int(okx["ts"])
    assert len(history) == 5 * 6
    assert float(okx["oiUsd"]) == float(newest["sumOpenInterestValue"])
    coins = float(newest["sumOpenInterestValue"]) / float(bar[4])
    assert float(now["openInterest"]) == pytest.approx(coins)


def test_liquidations_add_up_to_the_recorded_bars_within_one_page(folder: Path):
    with clock.frozen(DAY_5_MS + 5 * MINUTE_MS):
        ((page,), (contract,)) = (
            replayed(folder).okx(
                "/api/v5/public/liquidation-orders", instFamily="BTC-USDT", **SWAP
            ),
            replayed(folder).okx("/api/v5/public/instruments", **SWAP),
        )
    with (folder / "liquidations" / "coinglass_BTC_liquidation_4h_test.csv").open() as file:
        recorded = [
            row for row in csv.DictReader(file) if DAY_5_MS - DAY_MS <= int(row["ts_ms"]) < DAY_5_MS
        ]

    orders = page["details"]
    value = float(contract["ctVal"]) * float(contract["ctMult"])
    for side, column in (("long", "liq_long_usd"), ("short", "liq_short_usd")):
        usd = sum(
            float(order["sz"]) * value * float(order["bkPx"])
            for order in orders
            if order["posSide"] == side
        )
        assert usd == pytest.approx(sum(float(row[column]) for row in recorded), rel=1e-6)
    assert len(orders) == 96
    assert [int(order["ts"]) for order in orders] == sorted(
        (int(order["ts"]) for order in orders), reverse=True
    )


def test_every_hour_of_a_bar_has_the_same_share_of_its_liquidations(folder: Path):
    with clock.frozen(DAY_5_MS):
        (page,) = replayed(folder).okx(
            "/api/v5/public/liquidation-orders", instFamily="BTC-USDT", **SWAP
        )

    longs = [order for order in page["details"] if order["posSide"] == "long"]
    last_bar = [order for order in longs if int(order["ts"]) >= DAY_5_MS - 4 * HOUR_MS]
    usd = {float(order["sz"]) * float(order["bkPx"]) for order in last_bar}
    assert len(last_bar) == 8
    assert max(usd) == pytest.approx(min(usd), rel=1e-6)


def test_taker_shares_are_told_at_the_recorded_period_only(folder: Path):
    with clock.frozen(DAY_5_MS + MINUTE_MS):
        upstream = replayed(folder)
        told = upstream.binance("/futures/data/takerlongshortRatio", period="4h", **BTC)
        finer = upstream.binance("/futures/data/takerlongshortRatio", period="1h", **BTC)

    assert told[-1]["timestamp"] == DAY_5_MS - 4 * HOUR_MS
    assert float(told[-1]["buyVol"]) > 0
    assert finer == []


def test_what_was_not_recorded_is_no_data(folder: Path):
    with clock.frozen(DAY_5_MS):
        upstream = replayed(folder)
        for path in ("globalLongShortAccountRatio", "topLongShortPositionRatio"):
            assert upstream.binance(f"/futures/data/{path}", period="4h", **BTC) == []
        assert upstream.okx("/api/v5/market/candles", instId="BTC-USDT-SWAP") == []
        assert upstream.okx("/api/v5/public/funding-rate", instId="ANY") == []
        assert upstream.okx("/api/v5/market/tickers", **SWAP) == []
        assert upstream.binance("/fapi/v1/aggTrades", **BTC) == []
        assert upstream.binance("/fapi/v1/depth", **BTC)["bids"] == []
        assert upstream.coingecko("/coins/list") == []
        assert upstream.get(COINGECKO, "/coins/bitcoin").status_code == 404


def test_only_recorded_coins_are_listed_and_only_while_a_recording_reaches_the_instant(
    folder: Path,
):
    upstream = replayed(folder)

    def listed(at_ms: int) -> list[str]:
        with clock.frozen(at_ms):
            rows = upstream.binance("/fapi/v1/exchangeInfo")["symbols"]
            return [row["symbol"] for row in rows]

    assert listed(DAY_5_MS) == ["BTCUSDT"]
    assert listed(START_MS - DAY_MS) == []
    assert listed(START_MS + DAYS * DAY_MS + HOUR_MS) == []
    with clock.frozen(START_MS + (DAYS + 3) * DAY_MS):
        late = upstream.get(ALTERNATIVE_ME, "/fng/").json()
    assert late["data"] == []


def test_the_index_keeps_the_recorded_label_or_none(folder: Path):
    with clock.frozen(DAY_5_MS + HOUR_MS):
        rows = replayed(folder).get(ALTERNATIVE_ME, "/fng/", limit=0).json()["data"]

    assert len(rows) == 6
    assert rows[0]["timestamp"] == str(DAY_5_MS // 1000)
    assert {row["value_classification"] for row in rows} == {"Fear", ""}
    assert all((int(row["value"]) < 50) == bool(row["value_classification"]) for row in rows)


def test_a_selection_of_coins_can_be_replayed(folder: Path):
    with clock.frozen(DAY_5_MS):
        upstream = replayed(folder, ("ETH",))

        assert upstream.binance("/fapi/v1/exchangeInfo")["symbols"] == []


# --- the recordings beside the project -----------------------------------------------------------


@pytest.fixture(scope="module")
def crash() -> Upstream:
    return replayed(recording("data"))


@pytest.mark.recordings
def test_the_crash_of_october_2025_is_replayed_from_the_recordings_that_reach_it(crash: Upstream):
    with clock.frozen(CRASH_MS):
        symbols = [row["symbol"] for row in crash.binance("/fapi/v1/exchangeInfo")["symbols"]]
        pages = {
            interval: crash.binance("/fapi/v1/klines", interval=interval, limit=130, **BTC)
            for interval in ("15m", "1h", "4h", "1d")
        }
        funding = crash.binance("/fapi/v1/fundingRate", limit=200, **BTC)
        (page,) = crash.okx("/api/v5/public/liquidation-orders", instFamily="BTC-USDT", **SWAP)
        index = crash.get(ALTERNATIVE_ME, "/fng/", limit=30).json()["data"]

    assert symbols == ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
    assert all(len(rows) == 130 for rows in pages.values())
    assert float(pages["15m"][-1][4]) == 112_714.9
    assert float(pages["1d"][-2][3]) == pytest.approx(101_516.5)
    assert len(funding) == 200
    longs = [order for order in page["details"] if order["posSide"] == "long"]
    flushed = sum(float(order["sz"]) * 0.01 * float(order["bkPx"]) for order in longs[:8])
    assert flushed == pytest.approx(235.6e6, rel=0.001)
    assert len(page["details"]) <= 100
    assert index[0]["value"] == "27"


@pytest.mark.recordings
def test_longer_bars_of_the_recordings_agree_with_their_own_files(crash: Upstream):
    path = recording("data/candles/BTCUSDT_perp_4h_2024-2025.csv.gz")
    with gzip.open(path, "rt") as file:
        recorded = {int(row["open_time_ms"]): row for row in csv.DictReader(file)}

    with clock.frozen(CRASH_MS):
        hours = crash.binance("/fapi/v1/klines", interval="2h", limit=60, **BTC)

    for first, second in zip(hours[:-1:2], hours[1::2], strict=False):
        if first[0] % (4 * HOUR_MS) == 0 and second[6] < CRASH_MS:
            assert float(second[4]) == float(recorded[first[0]]["close"])
            assert max(float(first[2]), float(second[2])) == float(recorded[first[0]]["high"])


@pytest.mark.recordings
@pytest.mark.parametrize("kind", ["global", "top positions"])
def test_ratios_are_served_where_they_were_recorded(crash: Upstream, kind: str):
    path = {"global": "globalLongShortAccountRatio", "top positions": "topLongShortPositionRatio"}
    with clock.frozen(1_748_736_000_000 + 5 * MINUTE_MS):  # 2025-06-01T00:05:00Z
        rows = crash.binance(f"/futures/data/{path[kind]}", period="4h", limit=180, **BTC)

    assert len(rows) == 30
    assert all(row["timestamp"] % DAY_MS == 0 for row in rows)
    assert all(0.0 < float(row["longAccount"]) < 1.0 for row in rows)


@pytest.mark.recordings
def test_okx_recordings_are_served_by_okx_only(crash: Upstream):
    with clock.frozen(1_781_000_000_000):  # 2026-06-09T10:13:20Z
        candles = crash.okx("/api/v5/market/candles", instId="SOL-USDT-SWAP", bar="1H")
        ratio = crash.okx(
            "/api/v5/rubik/stat/contracts/long-short-account-ratio-contract",
            instId="SOL-USDT-SWAP",
            period="1H",
        )
        binance = crash.binance("/fapi/v1/exchangeInfo")["symbols"]

    assert len(candles) == 100
    assert (candles[0][8], candles[1][8]) == ("0", "1")
    assert len(ratio) == 100
    assert binance == []
