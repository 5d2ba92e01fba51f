"""Coinglass as the stand-in speaks it: texts or numbers per endpoint, refusals inside HTTP 200."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from market import clock
from market.sandbox.handle import Sandbox
from market.sandbox.replay import ReplayedMarket
from market.types import DAY_MS, HOUR_MS, MINUTE_MS
from tests.market.sandbox.recorded_market import START_MS, write_recordings
from tests.market.sandbox.upstream import NOW_MS, Upstream, decimal_text, simulated, whole
from tests.recordings import recording

COINGLASS = "https://open-api-v4.coinglass.com"
F = "/api/futures"
PAIR = {"exchange": "Binance", "symbol": "BTCUSDT"}
COIN = {"symbol": "BTC"}
OVER = {"symbol": "BTC", "exchange_list": "Binance,OKX,Bybit"}
H4 = {"interval": "4h", "limit": 50}
LOWEST = "hobbyist"

# (path, parameters, sample, whether its values are texts)
HISTORIES: tuple[tuple[str, dict[str, Any], str, bool], ...] = (
    (f"{F}/price/history", PAIR, "price-history", True),
    (f"{F}/open-interest/history", PAIR, "open-interest-history", True),
    (f"{F}/open-interest/aggregated-history", COIN, "open-interest-aggregated-history", True),
    (f"{F}/open-interest/aggregated-stablecoin-history", OVER, "open-interest-history", True),
    (f"{F}/open-interest/aggregated-coin-margin-history", OVER, "open-interest-history", True),
    (f"{F}/funding-rate/history", PAIR, "funding-rate-history", True),
    (f"{F}/funding-rate/oi-weight-history", COIN, "funding-rate-oi-weight-history", True),
    (f"{F}/funding-rate/vol-weight-history", COIN, "funding-rate-vol-weight-history", True),
    (
        f"{F}/global-long-short-account-ratio/history",
        PAIR,
        "global-long-short-account-ratio-history",
        False,
    ),
    (
        f"{F}/top-long-short-account-ratio/history",
        PAIR,
        "top-long-short-account-ratio-history",
        False,
    ),
    (
        f"{F}/top-long-short-position-ratio/history",
        PAIR,
        "top-long-short-position-ratio-history",
        False,
    ),
    (
        f"{F}/v2/taker-buy-sell-volume/history",
        PAIR,
        "taker-buy-sell-volume-history-v2",
        True,
    ),
    (
        f"{F}/aggregated-taker-buy-sell-volume/history",
        OVER,
        "aggregated-taker-buy-sell-volume-history",
        False,
    ),
    (f"{F}/liquidation/history", PAIR, "liquidation-history", True),
    (f"{F}/liquidation/aggregated-history", OVER, "liquidation-aggregated-history", False),
    (
        f"{F}/orderbook/ask-bids-history",
        {**PAIR, "range": "1"},
        "orderbook-ask-bids-history",
        False,
    ),
    (
        f"{F}/orderbook/aggregated-ask-bids-history",
        {**OVER, "range": "1"},
        "orderbook-aggregated-ask-bids-history",
        False,
    ),
)
HISTORY_IDS = [path.removeprefix(F) for path, *_ in HISTORIES]
# (path, parameters, sample, plan)
PAGES: tuple[tuple[str, dict[str, Any], str, str], ...] = (
    (f"{F}/coins-markets", {"per_page": 5}, "coins-markets", "standard"),
    (f"{F}/coins-price-change", {}, "coins-price-change", "standard"),
    (f"{F}/pairs-markets", COIN, "pairs-markets", LOWEST),
    (f"{F}/open-interest/exchange-list", COIN, "open-interest-exchange-list", LOWEST),
    (f"{F}/funding-rate/exchange-list", {}, "funding-rate-exchange-list", LOWEST),
    (
        f"{F}/taker-buy-sell-volume/exchange-list",
        {**COIN, "range": "4h"},
        "taker-buy-sell-volume-exchange-list",
        LOWEST,
    ),
    (
        f"{F}/liquidation/exchange-list",
        {**COIN, "range": "24h"},
        "liquidation-exchange-list",
        LOWEST,
    ),
    (f"{F}/liquidation/coin-list", {"exchange": "Binance"}, "liquidation-coin-list", LOWEST),
    (
        f"{F}/liquidation/order",
        {"exchange": "Binance", "symbol": "BTC", "min_liquidation_amount": "1000"},
        "liquidation-order",
        "standard",
    ),
    ("/api/hyperliquid/whale-alert", {}, "hyperliquid-whale-alert", "startup"),
    ("/api/hyperliquid/whale-position", {}, "hyperliquid-whale-position", "startup"),
    ("/api/index/fear-greed-history", {}, "fear-greed-history.shape", LOWEST),
    ("/api/user/account/subscription", {}, "user-account-subscription", LOWEST),
)
PAGE_IDS = [path.removeprefix("/api") for path, *_ in PAGES]


def ask(upstream: Upstream, path: str, plan: str = LOWEST, **params: Any) -> dict[str, Any]:
    """Return the envelope of an answer."""
    headers = {"CG-API-KEY": f"sandbox-coinglass-{plan}"}
    response = upstream.get(COINGLASS, path, headers=headers, **params)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def data(upstream: Upstream, path: str, plan: str = LOWEST, **params: Any) -> Any:
    body = ask(upstream, path, plan, **params)
    assert body["code"] == "0", body
    return body["data"]


def sample(name: str) -> Any:
    return json.loads(recording(f"providers/samples/coinglass/{name}.json").read_text())["data"]


def number(value: Any) -> bool:
    return type(value) in (int, float)


@pytest.mark.parametrize(("path", "params", "_sample", "texts"), HISTORIES, ids=HISTORY_IDS)
def test_a_history_ascends_to_the_open_bar_in_texts_or_numbers(
    upstream: Upstream, path: str, params: dict[str, Any], _sample: str, texts: bool
):
    rows = data(upstream, path, **params, **H4)

    times = [row["time"] for row in rows]
    assert all(whole(time_ms) for time_ms in times)
    assert times == list(range(times[0], times[0] + 4 * HOUR_MS * len(rows), 4 * HOUR_MS))
    # Ratios appear a minute after the instant they are about; all have it by now.
    assert times[-1] == NOW_MS - NOW_MS % (4 * HOUR_MS)
    assert len(rows) == 50
    fits = decimal_text if texts else number
    assert all(fits(value) for row in rows for name, value in row.items() if name != "time")


@pytest.mark.parametrize(("path", "params", "name", "_texts"), HISTORIES, ids=HISTORY_IDS)
def test_a_history_has_the_keys_and_types_of_the_sample(
    upstream: Upstream, path: str, params: dict[str, Any], name: str, _texts: bool
):
    wanted = sample(name)[-1]

    row = data(upstream, path, **params, **H4)[-1]

    assert list(row) == list(wanted)
    assert [isinstance(v, str) for v in row.values()] == [
        isinstance(v, str) for v in wanted.values()
    ]


@pytest.mark.parametrize(("path", "params", "name", "plan"), PAGES, ids=PAGE_IDS)
def test_a_page_has_the_keys_and_types_of_the_sample(
    upstream: Upstream, path: str, params: dict[str, Any], name: str, plan: str
):
    wanted = sample(name)

    told = data(upstream, path, plan, **params)

    assert _shape(told) == _shape(wanted)


def test_success_has_a_message_as_documented_but_not_live(upstream: Upstream):
    live = ask(upstream, f"{F}/supported-coins")
    upstream.sandbox.documented = ["coinglass"]
    documented = ask(upstream, f"{F}/supported-coins")

    assert set(live) == {"code", "data"}
    assert documented["msg"] == "success"
    assert live["code"] == documented["code"] == "0"


def test_liquidations_by_exchange_have_two_spellings(upstream: Upstream):
    path, params = f"{F}/liquidation/exchange-list", {**COIN, "range": "24h"}
    live = data(upstream, path, **params)
    upstream.sandbox.documented = ["coinglass"]
    documented = data(upstream, path, **params)

    assert live[0]["exchange"] == documented[0]["exchange"] == "All"
    assert live[0]["longLiquidation_usd"] == documented[0]["long_liquidation_usd"]
    assert "long_liquidation_usd" not in live[0]
    assert set(documented[0]) == set(sample("liquidation-exchange-list.documented")[0])


def test_fear_and_greed_is_an_object_live_and_a_list_as_documented(upstream: Upstream):
    live = data(upstream, "/api/index/fear-greed-history")
    upstream.sandbox.documented = ["coinglass"]
    (documented,) = data(upstream, "/api/index/fear-greed-history")

    assert live["data_list"] == documented["data_list"]
    assert all(type(value) is float for value in live["data_list"])
    assert len(live["data_list"]) == len(live["price_list"]) == len(live["time_list"])
    assert live["time_list"] == [1000 * at_s for at_s in documented["time_list"]]
    assert live["time_list"] == sorted(live["time_list"])
    assert clock.datetime_at(live["time_list"][0]).date().isoformat() == "2018-02-01"


def test_the_total_comes_first_and_is_the_sum_of_the_exchanges(upstream: Upstream):
    held = data(upstream, f"{F}/open-interest/exchange-list", **COIN)
    closed = data(upstream, f"{F}/liquidation/exchange-list", range="4h", **COIN)

    for rows, name in ((held, "open_interest_usd"), (closed, "liquidation_usd")):
        assert rows[0]["exchange"] == "All"
        assert rows[0][name] == pytest.approx(sum(row[name] for row in rows[1:]), rel=1e-6)


def test_open_interest_of_all_exchanges_is_more_than_binances_which_is_binances_own(
    upstream: Upstream,
):
    rows = {
        row["exchange"]: row for row in data(upstream, f"{F}/open-interest/exchange-list", **COIN)
    }
    history = data(upstream, f"{F}/open-interest/aggregated-history", **COIN, **H4)
    own = upstream.binance("/fapi/v1/openInterest", symbol="BTCUSDT")

    assert rows["All"]["open_interest_usd"] > 2.5 * rows["Binance"]["open_interest_usd"]
    assert rows["Binance"]["open_interest_quantity_by_stable_coin_margin"] == pytest.approx(
        float(own["openInterest"]), rel=1e-4
    )
    assert float(history[-1]["close"]) == pytest.approx(rows["All"]["open_interest_usd"], rel=1e-6)


def test_prices_are_those_of_the_exchanges_to_a_few_basis_points(upstream: Upstream):
    own = float(upstream.binance("/fapi/v1/ticker/24hr", symbol="BTCUSDT")["lastPrice"])

    pairs = data(upstream, f"{F}/pairs-markets", **COIN)
    history = data(upstream, f"{F}/price/history", **PAIR, **H4)

    assert {pair["exchange_name"] for pair in pairs} >= {"Binance", "OKX", "Bybit", "CME"}
    assert all(pair["current_price"] == pytest.approx(own, rel=5e-4) for pair in pairs)
    assert float(history[-1]["close"]) == pytest.approx(own, rel=1e-4)


def test_weighted_funding_is_near_the_venues_own(upstream: Upstream):
    own_pct = 100.0 * float(
        upstream.binance("/fapi/v1/premiumIndex", symbol="BTCUSDT")["lastFundingRate"]
    )

    weighted = data(upstream, f"{F}/funding-rate/oi-weight-history", **COIN, **H4)
    listed = data(upstream, f"{F}/funding-rate/exchange-list", symbol="ignored")

    assert float(weighted[-1]["close"]) == pytest.approx(own_pct, abs=0.01)
    assert len(listed) > 200
    bitcoin = next(row for row in listed if row["symbol"] == "BTC")
    binance = bitcoin["stablecoin_margin_list"][0]
    assert binance["funding_rate"] == pytest.approx(own_pct, abs=0.0005)
    assert binance["next_funding_time"] > NOW_MS


def test_liquidations_grow_with_the_window_and_hold_what_okx_tells(upstream: Upstream):
    told = {}
    for window in ("1h", "4h", "12h", "24h"):
        rows = data(upstream, f"{F}/liquidation/exchange-list", range=window, **COIN)
        told[window] = {row["exchange"]: row for row in rows}
    orders = upstream.okx(
        "/api/v5/public/liquidation-orders",
        instType="SWAP",
        instFamily="BTC-USDT",
        state="filled",
        limit=100,
    )
    hour_usd = sum(
        float(row["sz"]) * 0.01 * float(row["bkPx"])
        for page in orders
        for row in page["details"]
        if int(row["ts"]) >= NOW_MS - HOUR_MS
    )

    totals = [told[window]["All"]["liquidation_usd"] for window in ("1h", "4h", "12h", "24h")]
    assert 0.0 < totals[0] < totals[1] < totals[2] < totals[3]
    # Six hundredths more are of the coin-margined contracts.
    assert told["1h"]["OKX"]["liquidation_usd"] == pytest.approx(hour_usd * 1.06, rel=0.001)
    for row in told["24h"].values():
        both = row["longLiquidation_usd"] + row["shortLiquidation_usd"]
        assert row["liquidation_usd"] == pytest.approx(both)


def test_liquidation_histories_add_up_over_exchanges_and_bars(upstream: Upstream):
    path = f"{F}/liquidation/aggregated-history"
    names = ("aggregated_long_liquidation_usd", "aggregated_short_liquidation_usd")
    both = data(upstream, path, interval="4h", limit=60, symbol="BTC", exchange_list="Binance,OKX")
    each = [
        data(upstream, path, interval="4h", limit=60, symbol="BTC", exchange_list=exchange)
        for exchange in ("Binance", "OKX")
    ]
    days = data(upstream, path, interval="1d", limit=3, symbol="BTC", exchange_list="Binance,OKX")

    for row, *parts in zip(both, *each, strict=True):
        assert [row[n] for n in names] == pytest.approx(
            [sum(part[n] for part in parts) for n in names], rel=1e-6, abs=1e-3
        )
    day = days[1]
    within = [row for row in both if day["time"] <= row["time"] < day["time"] + DAY_MS]
    # The shares of sizes wander within a day; both exchanges here have none.
    assert day[names[0]] == pytest.approx(sum(row[names[0]] for row in within), rel=1e-6)


def test_ratios_are_percents_that_fit_each_other_and_the_exchange(upstream: Upstream):
    own = upstream.binance(
        "/futures/data/globalLongShortAccountRatio", symbol="BTCUSDT", period="4h", limit=1
    )[0]

    row = data(upstream, f"{F}/global-long-short-account-ratio/history", **PAIR, **H4)[-1]

    longs, shorts, ratio = (value for name, value in row.items() if name != "time")
    assert longs + shorts == pytest.approx(100.0)
    assert ratio == pytest.approx(longs / shorts, abs=0.01)
    assert row["time"] == own["timestamp"]
    assert longs == pytest.approx(100.0 * float(own["longAccount"]), abs=0.01)


def test_whale_alerts_and_orders_come_newest_first(upstream: Upstream):
    alerts = data(upstream, "/api/hyperliquid/whale-alert", "startup")
    orders = data(
        upstream,
        f"{F}/liquidation/order",
        "standard",
        exchange="Binance",
        symbol="BTC",
        min_liquidation_amount="20000",
    )

    for rows, name in ((alerts, "create_time"), (orders, "time")):
        times = [row[name] for row in rows]
        assert times == sorted(times, reverse=True)
        assert times[0] <= NOW_MS
        assert len(rows) <= 200
    assert all(row["usd_value"] >= 20_000 for row in orders)
    assert all(abs(row["position_value_usd"]) > 1_000_000 for row in alerts)
    assert {row["side"] for row in orders} == {1, 2}


def test_a_heatmap_is_of_levels_cells_and_candles_in_seconds(upstream: Upstream):
    path = f"{F}/liquidation/aggregated-heatmap/model1"

    told = data(upstream, path, "professional", symbol="BTC", range="24h")

    assert set(told) == {"y_axis", "liquidation_leverage_data", "price_candlesticks"}
    columns, rows = len(told["price_candlesticks"]), len(told["y_axis"])
    assert all(
        0 <= x < columns and 0 <= y < rows and usd >= 0
        for x, y, usd in told["liquidation_leverage_data"]
    )
    candle = told["price_candlesticks"][-1]
    assert candle[0] == NOW_MS // 300_000 * 300
    assert all(decimal_text(value) for value in candle[1:])


# --- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, "API key missing."),
        ({"coinglassSecret": "sandbox-coinglass-hobbyist"}, "API key missing."),
        ({"CG-API-KEY": "sandbox-coinglass-hobbyist-revoked"}, "Invalid API key provided"),
        ({"CG-API-KEY": "sandbox-lunarcrush-builder"}, "Invalid API key provided"),
        ({"CG-API-KEY": "0123456789abcdef"}, "Invalid API key provided"),
    ],
)
def test_a_missing_or_wrong_key_is_refused_inside_http_200(
    upstream: Upstream, headers: dict[str, str], message: str
):
    response = upstream.get(COINGLASS, f"{F}/supported-coins", headers=headers)

    assert response.status_code == 200
    assert response.json() == {"code": "400", "msg": message}


def test_a_wrong_key_has_the_documented_status_when_that_is_asked_for(upstream: Upstream):
    upstream.sandbox.documented = ["coinglass"]

    response = upstream.get(COINGLASS, f"{F}/supported-coins")

    assert (response.status_code, response.json()["code"]) == (401, "401")


def test_a_key_without_a_plan_may_not_ask_anything(upstream: Upstream):
    for path in (f"{F}/supported-coins", "/api/user/account/subscription"):
        assert ask(upstream, path, "none") == {"code": "401", "msg": "Upgrade plan"}


@pytest.mark.parametrize(
    ("path", "params", "too_low", "enough"),
    [
        (f"{F}/coins-markets", {}, "startup", "standard"),
        (f"{F}/coins-price-change", {}, "startup", "standard"),
        (
            f"{F}/liquidation/order",
            {"exchange": "OKX", "symbol": "BTC", "min_liquidation_amount": "1"},
            "startup",
            "standard",
        ),
        ("/api/hyperliquid/whale-alert", {}, "hobbyist", "startup"),
        ("/api/hyperliquid/whale-position", {}, "hobbyist", "startup"),
        (
            f"{F}/liquidation/heatmap/model2",
            {**PAIR, "range": "12h"},
            "standard",
            "professional",
        ),
    ],
)
def test_a_plan_too_low_for_an_endpoint_is_refused_inside_http_200(
    upstream: Upstream, path: str, params: dict[str, Any], too_low: str, enough: str
):
    refused = ask(upstream, path, too_low, **params)
    told = ask(upstream, path, enough, **params)

    assert refused == {"code": "401", "msg": "Upgrade plan"}
    assert told["code"] == "0"


def test_the_list_of_liquidated_coins_is_closed_to_hobbyists_on_paper_only(upstream: Upstream):
    path, params = f"{F}/liquidation/coin-list", {"exchange": "Binance"}
    live = ask(upstream, path, **params)
    upstream.sandbox.documented = ["coinglass"]
    documented = ask(upstream, path, **params)

    assert live["code"] == "0"
    assert documented["code"] == "401"


@pytest.mark.parametrize(
    ("plan", "refused", "allowed"),
    [
        ("hobbyist", "1h", "4h"),
        ("hobbyist", "h1", "h4"),
        ("startup", "15m", "30m"),
        ("standard", None, "1m"),
        ("professional", None, "1m"),
    ],
)
def test_an_interval_below_the_plans_smallest_is_refused(
    upstream: Upstream, plan: str, refused: str | None, allowed: str
):
    path = f"{F}/funding-rate/oi-weight-history"
    told = ask(upstream, path, plan, interval=allowed, limit=2, **COIN)

    assert told["code"] == "0"
    if refused:
        assert ask(upstream, path, plan, interval=refused, limit=2, **COIN) == {
            "code": "403",
            "msg": "The requested interval is not available for your current API plan.",
        }


def test_history_reaches_back_as_far_as_the_plan_allows(upstream: Upstream):
    path = f"{F}/global-long-short-account-ratio/history"

    rows = data(upstream, path, interval="4h", **PAIR)
    more = data(upstream, path, "standard", interval="4h", **PAIR)

    assert rows[0]["time"] >= NOW_MS - 180 * DAY_MS
    assert (len(rows), len(more)) == (1000, 1000)
    short = data(upstream, path, "standard", interval="15m", end_time=NOW_MS - 91 * DAY_MS, **PAIR)
    assert short == []


def test_pages_go_back_with_an_end_time(upstream: Upstream):
    path = f"{F}/open-interest/aggregated-history"
    newest = data(upstream, path, **COIN, **H4)

    older = data(upstream, path, end_time=newest[0]["time"], **COIN, **H4)

    assert older[-1]["time"] == newest[0]["time"]
    assert older[-2]["close"] == newest[0]["open"]


@pytest.mark.parametrize(
    ("path", "params", "message"),
    [
        (f"{F}/price/history", {**PAIR, "symbol": "BTC", **H4}, "The requested pair does not"),
        (f"{F}/price/history", {"exchange": "Binance", **H4}, "Required parameter 'symbol'"),
        (f"{F}/liquidation/aggregated-history", {**COIN, **H4}, "Required parameter 'exchange_l"),
        (f"{F}/liquidation/exchange-list", COIN, "Required parameter 'range'"),
        (f"{F}/funding-rate/oi-weight-history", {**COIN, "interval": "7m"}, "The requested inter"),
        (f"{F}/pairs-markets", {"symbol": "NOSUCH"}, "The requested coin"),
    ],
)
def test_bad_parameters_are_code_400_inside_http_200(
    upstream: Upstream, path: str, params: dict[str, Any], message: str
):
    body = ask(upstream, path, **params)

    assert body["code"] == "400"
    assert body["msg"].startswith(message)


def test_an_unknown_path_is_http_404_with_the_envelope(upstream: Upstream):
    headers = {"CG-API-KEY": "sandbox-coinglass-hobbyist"}
    response = upstream.get(COINGLASS, f"{F}/hyperliquid/whale-alert", headers=headers)

    assert response.status_code == 404
    assert response.json()["code"] == "404"
    assert response.json()["msg"].startswith("Endpoint not found.")


@pytest.mark.parametrize(("plan", "calls"), [("hobbyist", 30), ("startup", 80)])
def test_calls_over_the_plans_minute_get_429_until_the_next_one(
    upstream: Upstream, wall: Any, plan: str, calls: int
):
    headers = {"CG-API-KEY": f"sandbox-coinglass-{plan}"}

    def call() -> Any:
        return upstream.get(COINGLASS, f"{F}/supported-coins", headers=headers)

    answers = [call() for _ in range(calls)]
    refused = call()
    wall.advance(50.0)
    recovered = call()

    assert {answer.status_code for answer in answers} == {200}
    assert answers[0].headers["api-key-max-limit"] == str(calls)
    assert [a.headers["api-key-use-limit"] for a in answers] == [
        str(n) for n in range(1, calls + 1)
    ]
    assert refused.status_code == 429
    assert refused.json()["code"] == "429"
    assert recovered.status_code == 200
    assert recovered.headers["api-key-use-limit"] == "1"
    assert [v.provider for v in upstream.sandbox.violations] == ["coinglass"]


def test_keys_have_budgets_of_their_own_and_what_they_spent_is_told(upstream: Upstream):
    for _ in range(3):
        data(upstream, f"{F}/supported-coins", "hobbyist")
    data(upstream, f"{F}/supported-coins", "hobbyist-2")

    assert upstream.sandbox.spent("coinglass") == {
        "sandbox-coinglass-hobbyist": {"hobbyist calls per minute": 3},
        "sandbox-coinglass-hobbyist-2": {"hobbyist calls per minute": 1},
    }


def test_faults_speak_in_the_vendors_voice(upstream: Upstream):
    headers = {"CG-API-KEY": "sandbox-coinglass-hobbyist"}
    upstream.sandbox.scenario("coinglass_rate_limited")
    limited = upstream.get(COINGLASS, f"{F}/supported-coins", headers=headers)
    upstream.sandbox.scenario("coinglass_empty")
    empty = data(upstream, f"{F}/supported-coins")
    upstream.sandbox.scenario("coinglass_server_error")
    error = ask(upstream, f"{F}/supported-coins")

    assert (limited.status_code, limited.json()["code"]) == (429, "429")
    assert "retry-after" not in limited.headers
    assert empty == []
    assert error == {"code": "500", "msg": "Server Error"}


# --- where the numbers come from --------------------------------------------------------------


def test_the_same_seed_and_instant_give_the_same_bytes_in_any_order():
    def told(backwards: bool) -> dict[str, bytes]:
        upstream = Upstream(Sandbox(simulated()))
        headers = {"CG-API-KEY": "sandbox-coinglass-professional"}
        asked = [(path, {**params, **H4}) for path, params, *_ in HISTORIES]
        asked += [(path, params) for path, params, *_ in PAGES if "coins" not in path]
        return {
            path: upstream.get(COINGLASS, path, headers=headers, **params).content
            for path, params in (asked[::-1] if backwards else asked)
        }

    with clock.frozen(NOW_MS):
        assert told(backwards=False) == told(backwards=True)


def test_closed_bars_never_change(upstream: Upstream):
    paths = [(path, params) for path, params, *_ in HISTORIES]
    before = {path: data(upstream, path, "standard", **params, **H4) for path, params in paths}

    with clock.frozen(NOW_MS + 3 * HOUR_MS):
        after = {path: data(upstream, path, "standard", **params, **H4) for path, params in paths}

    for path, rows in before.items():
        closed = {row["time"]: row for row in rows[:-1]}
        again = {row["time"]: row for row in after[path]}
        for time_ms, row in closed.items():
            assert again.get(time_ms, row) == row, path


def test_a_replay_tells_recorded_aggregates_and_no_more(tmp_path: Path):
    folder = write_recordings(tmp_path)
    now_ms = START_MS + 5 * DAY_MS + 90 * MINUTE_MS
    with clock.frozen(now_ms):
        upstream = Upstream(Sandbox(ReplayedMarket(folder)))
        history = {"interval": "4h", "limit": 6, "symbol": "BTC"}
        closed = data(
            upstream, f"{F}/liquidation/aggregated-history", exchange_list="Binance", **history
        )
        held = data(upstream, f"{F}/open-interest/aggregated-history", **history)
        hours = data(
            upstream,
            f"{F}/open-interest/aggregated-history",
            "standard",
            **{**history, "interval": "1h"},
        )
        window = data(upstream, f"{F}/liquidation/exchange-list", symbol="BTC", range="24h")
        exchanges = data(upstream, f"{F}/open-interest/exchange-list", symbol="BTC")
        whales = data(upstream, "/api/hyperliquid/whale-alert", "startup")

    assert [row["time"] for row in closed] == [
        START_MS + 5 * DAY_MS - n * 4 * HOUR_MS for n in range(5, 0, -1)
    ]
    assert len(held) == len(closed)
    assert hours == []
    (total,) = window
    # Six four-hour bars had closed in the last day.
    assert total["exchange"] == "All"
    assert total["liquidation_usd"] > sum(row["aggregated_long_liquidation_usd"] for row in closed)
    assert [row["exchange"] for row in exchanges] == ["All"]
    assert exchanges[0]["open_interest_usd"] == float(held[-1]["close"])
    assert whales == []


def test_a_replay_reads_the_collected_tables_of_2025():
    folder = recording("data/liquidations/coinglass_BTC_liquidation_4h_2025Q4.csv.gz").parent.parent
    with clock.frozen(1_760_141_100_000):  # 2025-10-11T00:05Z, after the crash
        upstream = Upstream(Sandbox(ReplayedMarket(folder, ("BTC",))))
        rows = data(
            upstream,
            f"{F}/liquidation/aggregated-history",
            symbol="BTC",
            exchange_list="Binance",
            interval="4h",
            limit=3,
        )
        funding = data(upstream, f"{F}/funding-rate/oi-weight-history", **COIN, **H4)

    assert rows[-1]["aggregated_long_liquidation_usd"] == pytest.approx(235.6e6, rel=0.001)
    assert decimal_text(funding[-1]["close"])


def _shape(value: Any) -> Any:
    """Return keys and kinds of a first row; whole numbers and fractions are one kind."""
    if isinstance(value, dict):
        return {key: _shape(inner) for key, inner in sorted(value.items())}
    if isinstance(value, list):
        return [_shape(value[0])] if value else []
    if isinstance(value, bool) or value is None:
        return type(value)
    return "number" if isinstance(value, (int, float)) else type(value)
