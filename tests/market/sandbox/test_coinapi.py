"""CoinAPI as the stand-in speaks it: bare bodies, seven-digit times, credits in a rolling day."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from market import clock
from market.sandbox.handle import Sandbox
from market.sandbox.replay import ReplayedMarket
from market.types import DAY_MS, MINUTE_MS
from tests.market.sandbox.recorded_market import START_MS, write_recordings
from tests.market.sandbox.upstream import NOW_MS, Upstream, simulated
from tests.recordings import recording

COINAPI = "https://rest.coinapi.io"
BTC = "BINANCEFTS_PERP_BTC_USDT"
BYBIT = "BYBIT_PERP_BTC_USDT"
RATE = "DERIVATIVES_FUNDING_RATE_CURRENT"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z")
_TIME_NAMES = ("time", "entry_time", "recv_time")

# (path, parameters, sample)
ANSWERS: tuple[tuple[str, dict[str, Any], str], ...] = (
    (f"/v1/ohlcv/{BTC}/latest", {"period_id": "1HRS", "limit": 10}, "ohlcv-latest"),
    (f"/v1/ohlcv/{BTC}/history", {"period_id": "1HRS", "limit": 10}, "ohlcv-history"),
    ("/v1/ohlcv/periods", {}, "ohlcv-periods"),
    (f"/v1/orderbooks3/{BTC}/current", {}, "orderbooks3-current"),
    (f"/v1/orderbooks/{BTC}/latest", {"limit": 3}, "orderbooks-latest"),
    (f"/v1/trades/{BTC}/latest", {"limit": 20}, "trades-latest"),
    (f"/v1/quotes/{BTC}/latest", {"limit": 5}, "quotes-latest"),
    ("/v1/quotes/current", {"filter_symbol_id": "_PERP_BTC_"}, "quotes-symbol-current"),
    ("/v1/symbols", {"filter_symbol_id": "BYBIT_PERP_B"}, "symbols"),
    ("/v1/exchanges", {}, "exchanges"),
    ("/v1/exchangerate/BTC/USD", {}, "exchangerate-specific"),
    (
        "/v1/exchangerate/BTC/USD/history",
        {"period_id": "1HRS", "limit": 5},
        "exchangerate-history",
    ),
    (
        "/v1/metrics/symbol/current",
        {"metric_id": RATE, "symbol_id": BTC},
        "metrics-symbol-current",
    ),
    (
        "/v1/metrics/symbol/history",
        {"metric_id": "DERIVATIVES_OPEN_INTEREST", "symbol_id": BYBIT, "limit": 5},
        "metrics-symbol-history",
    ),
)
IDS = [path for path, *_ in ANSWERS]


def ask(upstream: Upstream, path: str, plan: str = "pro", **params: Any) -> httpx.Response:
    headers = {"X-CoinAPI-Key": f"sandbox-coinapi-{plan}", "Accept": "application/json"}
    return upstream.get(COINAPI, path, headers=headers, **params)


def told(upstream: Upstream, path: str, plan: str = "pro", **params: Any) -> Any:
    response = ask(upstream, path, plan, **params)
    assert response.status_code == 200, response.text[:300]
    return response.json()


def sample(name: str) -> Any:
    return json.loads(recording(f"providers/samples/coinapi/{name}.json").read_text())


def bars(upstream: Upstream, how: str, **params: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = told(upstream, f"/v1/ohlcv/{BTC}/{how}", **params)
    return rows


@pytest.mark.parametrize(("path", "params", "name"), ANSWERS, ids=IDS)
def test_an_answer_has_no_envelope_and_the_keys_of_the_sample(
    upstream: Upstream, path: str, params: dict[str, Any], name: str
):
    wanted = sample(name)

    body = told(upstream, path, **params)

    assert type(body) is type(wanted)
    first, other = (value[0] if isinstance(value, list) else value for value in (body, wanted))
    assert list(first) == list(other)
    for key, value in first.items():
        if isinstance(value, list):
            assert list(value[0]) == list(other[key][0])
        else:
            assert _kind(value) == _kind(other[key]), key


@pytest.mark.parametrize(("path", "params", "_name"), ANSWERS, ids=IDS)
def test_times_have_seven_digits(upstream: Upstream, path: str, params: dict[str, Any], _name: str):
    for key, value in _leaves(told(upstream, path, **params)):
        if key in _TIME_NAMES or key.startswith("time_"):
            assert _TIME.fullmatch(value), key


def test_the_latest_bars_come_newest_first_and_past_ones_oldest_first(upstream: Upstream):
    latest = bars(upstream, "latest", period_id="1HRS", limit=5)
    past = bars(upstream, "history", period_id="1HRS", limit=5, time_start="2026-09-20T00:00:00")

    assert latest[0]["time_period_start"] == "2026-09-21T14:00:00.0000000Z"
    assert latest[0]["time_close"] < latest[0]["time_period_end"]
    assert [row["time_period_start"] for row in latest] == sorted(
        (row["time_period_start"] for row in latest), reverse=True
    )
    assert [row["time_period_start"] for row in past] == [
        f"2026-09-20T0{hour}:00:00.0000000Z" for hour in range(5)
    ]


def test_bars_are_the_exchanges_own(upstream: Upstream):
    row = bars(upstream, "latest", period_id="1HRS", limit=2)[1]
    own = upstream.binance("/fapi/v1/klines", symbol="BTCUSDT", interval="1h", limit=2)[0]

    prices = [row[f"price_{name}"] for name in ("open", "high", "low", "close")]
    assert prices == [float(text) for text in own[1:5]]
    assert row["volume_traded"] == pytest.approx(float(own[5]))
    assert row["trades_count"] == own[8]
    assert type(row["trades_count"]) is int
    assert all(type(price) is float for price in prices)


def test_a_history_is_cut_by_its_times_and_the_end_is_not_in_it(upstream: Upstream):
    rows = bars(
        upstream,
        "history",
        period_id="15MIN",
        time_start="2026-09-20T00:00:00Z",
        time_end="2026-09-20T01:00:00Z",
    )

    assert [row["time_period_start"][11:16] for row in rows] == [
        "00:00", "00:15", "00:30", "00:45",
    ]  # fmt: skip


def test_empty_periods_are_skipped_or_told_with_null_prices(upstream: Upstream):
    small = next(
        row["symbol_id"]
        for row in reversed(told(upstream, "/v1/symbols", filter_exchange_id="BINANCEFTS"))
        if row["symbol_id"].startswith("BINANCEFTS_PERP_WIN_")
    )
    path, params = f"/v1/ohlcv/{small}/latest", {"period_id": "1SEC", "limit": 120}

    skipped = told(upstream, path, **params)
    whole = told(upstream, path, include_empty_items="true", **params)

    empty = [row for row in whole if row["trades_count"] == 0]
    assert len(whole) == 120
    assert len(skipped) == 120 - len(empty) < 120
    for row in empty:
        assert row["volume_traded"] == 0.0
        assert row["price_open"] is row["price_close"] is row["time_open"] is None


def test_a_book_has_asks_ascending_and_bids_descending(upstream: Upstream):
    book = told(upstream, f"/v1/orderbooks/{BTC}/current", limit_levels=20)
    depth = told(upstream, f"/v1/orderbooks/{BTC}/depth/current")

    asks, bids = ([level["price"] for level in book[side]] for side in ("asks", "bids"))
    assert asks == sorted(asks)
    assert bids == sorted(bids, reverse=True)
    assert bids[0] < asks[0]
    assert (len(asks), len(bids)) == (20, 20)
    assert set(book["asks"][0]) == {"price", "size"}
    assert depth["ask_levels"] == 200
    assert depth["ask_depth"] > sum(level["size"] for level in book["asks"])


def test_trades_are_of_the_last_minute_newest_first(upstream: Upstream):
    trades = told(upstream, f"/v1/trades/{BTC}/latest", limit=1000)

    times = [clock_ms(trade["time_exchange"]) for trade in trades]
    assert times == sorted(times, reverse=True)
    assert NOW_MS - MINUTE_MS <= times[-1] < times[0] <= NOW_MS
    assert {trade["taker_side"] for trade in trades} == {"BUY", "SELL"}
    assert len({trade["uuid"] for trade in trades}) == len(trades)


def test_a_quote_is_an_object_live_and_an_array_as_documented(upstream: Upstream):
    live = told(upstream, f"/v1/quotes/{BTC}/current")
    upstream.sandbox.documented = ["coinapi"]
    documented = told(upstream, f"/v1/quotes/{BTC}/current")

    assert [live] == documented
    assert live["bid_price"] < live["ask_price"]
    assert set(live) == set(sample("quotes-symbol-current")[0])


def test_exchanges_agree_within_basis_points_but_not_exactly(upstream: Upstream):
    quotes = told(upstream, "/v1/quotes/current", filter_symbol_id="_PERP_BTC_USDT,SPOT_BTC_USD")

    middle = {q["symbol_id"]: (q["bid_price"] + q["ask_price"]) / 2 for q in quotes}
    assert {"BINANCEFTS", "OKEX", "BYBIT", "BINANCE", "COINBASE", "KRAKEN"} <= {
        symbol_id.split("_")[0] for symbol_id in middle
    }
    assert all(price == pytest.approx(middle[BTC], rel=1e-3) for price in middle.values())
    assert len(set(middle.values())) == len(middle)


def test_symbols_are_filtered_by_parts_and_name_the_exchanges_own(upstream: Upstream):
    futures = told(upstream, "/v1/symbols", filter_symbol_id="BINANCEFTS_PERP_")
    own = {row["symbol_id"]: row["symbol_id_exchange"] for row in futures}
    by_path = told(upstream, "/v1/symbols/OKEX")

    assert own[BTC] == "BTCUSDT"
    assert own["BINANCEFTS_PERP_1000PEPE_USDT"] == "1000PEPEUSDT"
    assert not any(row["symbol_id_exchange"] == "MATICUSDT" for row in futures)
    assert {row["exchange_id"] for row in by_path} == {"OKEX"}
    okx = next(row for row in by_path if row["symbol_id"] == "OKEX_PERP_BTC_USDT")
    assert okx["future_contract_unit"] == 0.01
    assert okx["symbol_id_exchange"] == "BTC-USDT-SWAP"


def test_volume_of_a_futures_exchange_is_counted_in_contracts(upstream: Upstream):
    row = told(upstream, "/v1/ohlcv/OKEX_PERP_BTC_USDT/latest", period_id="1HRS", limit=2)[1]
    own = upstream.okx("/api/v5/market/candles", instId="BTC-USDT-SWAP", bar="1H", limit=2)[1]

    assert row["volume_traded"] == pytest.approx(float(own[5]), rel=1e-4)


def test_binance_futures_have_funding_as_a_fraction_but_no_open_interest(upstream: Upstream):
    own = upstream.binance("/fapi/v1/premiumIndex", symbol="BTCUSDT")
    path = "/v1/metrics/symbol/current"

    (funding,) = told(upstream, path, symbol_id=BTC, metric_id=RATE)
    none = told(upstream, path, symbol_id=BTC, metric_id="DERIVATIVES_OPEN_INTEREST")
    some = told(upstream, path, symbol_id=BYBIT, metric_id="DERIVATIVES_OPEN_INTEREST")

    assert funding["value_decimal"] == pytest.approx(float(own["lastFundingRate"]), abs=1e-7)
    assert none == []
    assert some[0]["value_decimal"] > 0.0


def test_a_metrics_history_has_two_shapes(upstream: Upstream):
    path, params = "/v1/metrics/symbol/history", {"symbol_id": BYBIT, "limit": 3}
    metric = {"metric_id": "DERIVATIVES_MARK_PRICE"}
    live = told(upstream, path, **metric, **params)
    upstream.sandbox.documented = ["coinapi"]
    documented = told(upstream, path, **metric, **params)

    assert [row["last"] for row in live] == [row["value"] for row in documented]
    assert set(documented[0]) == {"symbol_id", "time", "value"}


def test_rates_of_coins_divide(upstream: Upstream):
    rate = told(upstream, "/v1/exchangerate/ETH/BTC")["rate"]
    bitcoin = told(upstream, "/v1/exchangerate/BTC", filter_asset_id="USD,ETH")

    by_quote = {row["asset_id_quote"]: row["rate"] for row in bitcoin["rates"]}
    assert set(by_quote) == {"USD", "ETH"}
    assert rate * by_quote["ETH"] == pytest.approx(1.0)


# --- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key", ["", "sandbox-coinapi-pro-revoked", "sandbox-coinglass-standard", "nonsense"]
)
def test_a_wrong_key_is_401_in_the_new_shape_or_the_documented_one(upstream: Upstream, key: str):
    headers = {"X-CoinAPI-Key": key} if key else {}
    path = "/v1/symbols/OKEX"
    live = upstream.get(COINAPI, path, headers=headers)
    upstream.sandbox.documented = ["coinapi"]
    documented = upstream.get(COINAPI, path, headers=headers)

    assert live.status_code == documented.status_code == 401
    assert set(live.json()) == {"title", "status", "detail", "error"}
    assert documented.json() == sample("error-documented")


def test_a_key_without_credits_is_403_with_the_recorded_body(upstream: Upstream):
    response = ask(upstream, f"/v1/quotes/{BTC}/current", "none")

    assert response.status_code == 403
    assert response.json() == sample("error-403-quota")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/quotes/NOSUCH_SPOT_A_B/current",
        "/v1/orderbooks/NOSUCH_SPOT_A_B/current",
        "/v1/exchangerate/NOSUCH/USD",
    ],
)
def test_one_thing_that_is_not_there_is_550(upstream: Upstream, path: str):
    response = ask(upstream, path)

    assert response.status_code == 550
    assert response.json() == sample("error-550-no-data")


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"period_id": "7MIN"},
        {"period_id": "1HRS", "limit": 0},
        {"period_id": "1HRS", "limit": 100_001},
        {"period_id": "1HRS", "time_start": "yesterday"},
    ],
)
def test_bad_parameters_are_400(upstream: Upstream, params: dict[str, Any]):
    response = ask(upstream, f"/v1/ohlcv/{BTC}/history", **params)

    assert response.status_code == 400
    assert response.json()["status"] == 400


def test_without_the_accept_header_the_same_body_is_called_text(upstream: Upstream):
    path, params = f"/v1/ohlcv/{BTC}/latest", {"period_id": "1DAY", "limit": 1}
    headers = {"X-CoinAPI-Key": "sandbox-coinapi-pro", "Accept": "*/*"}

    plain = upstream.get(COINAPI, path, headers=headers, **params)
    declared = ask(upstream, path, **params)

    assert plain.headers["content-type"].startswith("text/plain")
    assert declared.headers["content-type"].startswith("application/json")
    assert plain.content == declared.content


@pytest.mark.parametrize(
    ("path", "params", "cost"),
    [
        (f"/v1/ohlcv/{BTC}/latest", {"period_id": "1MIN"}, 1),
        (f"/v1/ohlcv/{BTC}/latest", {"period_id": "1MIN", "limit": 1}, 1),
        (f"/v1/ohlcv/{BTC}/latest", {"period_id": "1HRS", "limit": 100}, 1),
        (f"/v1/ohlcv/{BTC}/latest", {"period_id": "1HRS", "limit": 101}, 2),
        (f"/v1/ohlcv/{BTC}/history", {"period_id": "1HRS", "limit": 1000}, 10),
        (f"/v1/quotes/{BTC}/current", {"limit": 1000}, 1),
        (f"/v1/orderbooks/{BTC}/current", {"limit_levels": 200}, 1),
    ],
)
def test_a_call_costs_a_credit_per_hundred_items_asked(
    upstream: Upstream, path: str, params: dict[str, Any], cost: int
):
    response = ask(upstream, path, "streamer", **params)

    assert response.headers["x-ratelimit-request-cost"] == str(cost)
    assert response.headers["x-ratelimit-used"] == str(cost)
    assert response.headers["x-ratelimit-quota-remaining"] == str(10_000 - cost)
    assert upstream.sandbox.spent("coinapi") == {
        "sandbox-coinapi-streamer": {"streamer credits per 24 h": cost}
    }


def test_limit_headers_are_missing_now_and_then(upstream: Upstream):
    answers = [ask(upstream, f"/v1/quotes/{BTC}/current") for _ in range(8)]

    seen = ["x-ratelimit-used" in answer.headers for answer in answers]
    assert 0 < seen.count(False) < seen.count(True)


def test_credits_come_back_a_day_after_they_were_spent(upstream: Upstream, wall: Any):
    path, half = f"/v1/ohlcv/{BTC}/history", {"period_id": "1MIN", "limit": 50_000}
    first = ask(upstream, path, "startup", **half)
    wall.advance(3_600.0)
    second = ask(upstream, path, "startup", **half)
    refused = ask(upstream, path, "startup", **half)
    wall.advance(82_000.0)
    too_early = ask(upstream, path, "startup", **half)
    wall.advance(900.0)
    recovered = ask(upstream, path, "startup", **half)

    assert [first.status_code, second.status_code, refused.status_code] == [200, 200, 403]
    assert set(refused.json()) == set(sample("error-403-quota"))
    assert "x-ratelimit-used" not in refused.headers
    assert (too_early.status_code, recovered.status_code) == (403, 200)
    assert {v.pool for v in upstream.sandbox.violations} == {"startup credits per 24 h"}


def test_a_call_that_costs_more_than_there_ever_is_is_refused(upstream: Upstream):
    upstream.sandbox.limit_scale = 0.5

    refused = ask(upstream, f"/v1/ohlcv/{BTC}/latest", "startup", period_id="1DAY", limit=100_000)

    assert refused.status_code == 403


def test_an_exhausted_quota_is_429_with_retry_after_as_documented(upstream: Upstream):
    upstream.sandbox.documented = ["coinapi"]
    path, all_of_it = f"/v1/ohlcv/{BTC}/history", {"period_id": "1MIN", "limit": 100_000}
    ask(upstream, path, "startup", **all_of_it)

    refused = ask(upstream, f"/v1/quotes/{BTC}/current", "startup")

    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "86400"


def test_a_busy_vendor_says_how_long_to_wait(upstream: Upstream):
    upstream.sandbox.scenario("coinapi_busy")

    response = ask(upstream, f"/v1/quotes/{BTC}/current")

    assert response.status_code == 429
    assert int(response.headers["retry-after"]) > 0
    assert response.json()["status"] == 429


# --- where the numbers come from --------------------------------------------------------------


def test_the_same_seed_and_instant_give_the_same_bytes_in_any_order():
    def all_told(backwards: bool) -> dict[str, bytes]:
        upstream = Upstream(Sandbox(simulated()))
        asked = ANSWERS[::-1] if backwards else ANSWERS
        return {path: ask(upstream, path, **params).content for path, params, _ in asked}

    with clock.frozen(NOW_MS):
        assert all_told(backwards=False) == all_told(backwards=True)


def test_a_replay_has_bars_but_no_books(tmp_path: Path):
    folder = write_recordings(tmp_path)
    with clock.frozen(START_MS + 5 * DAY_MS + 7 * MINUTE_MS):
        upstream = Upstream(Sandbox(ReplayedMarket(folder)))
        rows = bars(upstream, "latest", period_id="15MIN", limit=4)
        own = upstream.binance("/fapi/v1/klines", symbol="BTCUSDT", interval="15m", limit=4)
        symbols = told(upstream, "/v1/symbols", filter_symbol_id="BTC")
        book = ask(upstream, f"/v1/orderbooks/{BTC}/current")
        quote = ask(upstream, f"/v1/quotes/{BTC}/current")
        trades = told(upstream, f"/v1/trades/{BTC}/latest")

    assert [row["price_close"] for row in rows[::-1]] == [float(bar[4]) for bar in own]
    assert {row["exchange_id"] for row in symbols} == {"BINANCEFTS", "OKEX"}
    assert (book.status_code, quote.status_code) == (550, 550)
    assert trades == []


def clock_ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def _kind(value: Any) -> Any:
    return "number" if type(value) in (int, float) else type(value)


def _leaves(value: Any, key: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [leaf for name, inner in value.items() for leaf in _leaves(inner, name)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in _leaves(inner, key)]
    return [(key, value)]
