"""CoinGecko and alternative.me as the stand-in speaks them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from market import clock
from market.types import DAY_MS, MINUTE_MS
from tests.market.sandbox.upstream import ALTERNATIVE_ME, COINGECKO, NOW_MS, Upstream, whole
from tests.recordings import recording

MARKETS = {"vs_currency": "usd", "per_page": 250}


def number(value: Any) -> bool:
    return type(value) in (int, float)


@pytest.fixture
def unmetered(upstream: Upstream) -> Upstream:
    """Lift the limits: these tests ask more often than the vendor allows."""
    upstream.sandbox.limit_scale = 1_000.0
    return upstream


def test_market_pages_are_sorted_by_size_and_end_with_an_empty_one(unmetered: Upstream):
    pages = []
    while page := unmetered.coingecko("/coins/markets", page=len(pages) + 1, **MARKETS):
        pages.append(page)

    rows = [row for page in pages for row in page]
    ranked = [row["market_cap_rank"] for row in rows if row["market_cap_rank"] is not None]
    assert [len(page) for page in pages[:4]] == [250] * 4
    assert len(pages[-1]) < 250
    assert ranked == list(range(1, len(ranked) + 1))
    assert rows[0]["id"] == "bitcoin"
    caps = [row["market_cap"] or 0 for row in rows]
    assert caps == sorted(caps, reverse=True)


def test_much_is_unknown_about_small_coins(unmetered: Upstream):
    rows = [
        row
        for page in (1, 2, 7)
        for row in unmetered.coingecko("/coins/markets", page=page, **MARKETS)
    ]

    for key in ("max_supply", "total_supply", "circulating_supply", "fully_diluted_valuation"):
        assert any(row[key] is None for row in rows)
        assert any(number(row[key]) for row in rows)
    assert any(row["market_cap_rank"] is None for row in rows)
    assert any(row["current_price"] is None for row in rows)
    assert any(whole(row["current_price"]) for row in rows)
    assert any(0 < (row["current_price"] or 1) < 1e-6 for row in rows)


def test_prices_follow_the_exchanges(unmetered: Upstream):
    rows = {row["id"]: row for row in unmetered.coingecko("/coins/markets", page=1, **MARKETS)}
    btc = float(unmetered.binance("/fapi/v1/ticker/24hr", symbol="BTCUSDT")["lastPrice"])
    pepe = float(unmetered.binance("/fapi/v1/ticker/24hr", symbol="1000PEPEUSDT")["lastPrice"])

    assert rows["bitcoin"]["current_price"] == pytest.approx(btc, rel=0.01)
    assert rows["pepe"]["current_price"] == pytest.approx(pepe / 1000, rel=0.01)


def test_symbols_collide_and_the_large_coin_has_the_better_rank(unmetered: Upstream):
    listed = unmetered.coingecko("/coins/list")
    named = {}
    for row in listed:
        named.setdefault(row["symbol"], []).append(row["id"])
    markets = unmetered.coingecko("/coins/markets", vs_currency="usd", symbols="pepe")

    assert len(named["btc"]) == 3
    assert len(named["pepe"]) == 2
    assert markets[0]["id"] == "pepe"
    assert all(row["symbol"] == row["symbol"].lower() for row in listed)
    assert len(listed) == len({row["id"] for row in listed}) > 1_000


def test_a_renamed_coin_and_its_old_name_are_two_ids(unmetered: Upstream):
    ids = {row["id"] for row in unmetered.coingecko("/coins/list")}

    assert {"matic-network", "polygon-ecosystem-token", "fantom", "sonic-3"} <= ids


def test_a_coin_has_votes_that_add_up_and_zeros_that_are_not_measurements(unmetered: Upstream):
    coin = unmetered.coingecko("/coins/ethereum", localization="false", tickers="false")

    votes = coin["sentiment_votes_up_percentage"]
    assert votes + coin["sentiment_votes_down_percentage"] == pytest.approx(100.0)
    assert coin["community_data"]["reddit_subscribers"] == 0
    assert coin["market_data"]["current_price"]["usd"] > 0
    assert coin["market_data"]["max_supply"] is None or number(coin["market_data"]["max_supply"])
    assert "localization" not in coin
    assert "tickers" not in coin
    assert datetime.fromisoformat(coin["last_updated"]).tzinfo is not None


def test_a_coin_nobody_trades_has_no_votes_and_empty_maps(unmetered: Upstream):
    last_page = unmetered.coingecko("/coins/markets", page=7, **MARKETS)
    unknown = next(row["id"] for row in last_page if row["current_price"] is None)

    coin = unmetered.coingecko(f"/coins/{unknown}")

    assert coin["sentiment_votes_up_percentage"] is None
    assert coin["market_data"]["current_price"] == {}
    assert coin["preview_listing"] is True


def test_the_votes_move_within_days(unmetered: Upstream):
    votes = set()
    for day in range(5):
        with clock.frozen(NOW_MS + day * DAY_MS):
            votes.add(unmetered.coingecko("/coins/bitcoin")["sentiment_votes_up_percentage"])

    assert len(votes) > 3


def test_an_unknown_coin_is_404_with_the_other_error_shape(unmetered: Upstream):
    response = unmetered.get(COINGECKO, "/coins/no-such-coin")

    assert response.status_code == 404
    assert response.json() == {"error": "coin not found"}


@pytest.mark.parametrize("path", ["/coins/list/new", "/coins/top_gainers_losers", "/key"])
def test_paid_endpoints_are_refused_with_10005(unmetered: Upstream, path: str):
    response = unmetered.get(COINGECKO, path)

    assert response.status_code == 401
    assert response.json()["status"]["error_code"] == 10005


def test_unknown_ids_are_left_out_silently(unmetered: Upstream):
    price = unmetered.coingecko("/simple/price", ids="bitcoin,nope", vs_currencies="usd")
    none = unmetered.coingecko("/simple/price", ids="nope", vs_currencies="usd")

    assert set(price) == {"bitcoin"}
    assert none == {}


def test_a_missing_currency_is_400(unmetered: Upstream):
    response = unmetered.get(COINGECKO, "/coins/markets")

    assert response.status_code == 400
    assert response.json() == {"error": "Missing parameter vs_currency"}


def test_fifteen_coins_trend_and_the_list_holds_for_ten_minutes(unmetered: Upstream):
    trending = unmetered.coingecko("/search/trending")["coins"]
    with clock.frozen(NOW_MS // (10 * MINUTE_MS) * 10 * MINUTE_MS + 9 * MINUTE_MS):
        same = unmetered.coingecko("/search/trending")["coins"]
    with clock.frozen(NOW_MS + 3 * DAY_MS):
        later = unmetered.coingecko("/search/trending")["coins"]

    ids = [coin["item"]["id"] for coin in trending]
    assert [coin["item"]["score"] for coin in trending] == list(range(15))
    assert [coin["item"]["id"] for coin in same] == ids
    assert [coin["item"]["id"] for coin in later] != ids
    assert number(trending[0]["item"]["data"]["price"])
    assert trending[0]["item"]["data"]["market_cap"].startswith("$")


@pytest.mark.parametrize(
    ("sample", "path", "params"),
    [
        ("coins_markets", "/coins/markets", {"vs_currency": "usd"}),
        ("coins_list.include_platform", "/coins/list", {"include_platform": "true"}),
        ("coins_categories_list", "/coins/categories/list", {}),
        ("coins_id", "/coins/bitcoin", {}),
        ("search", "/search", {"query": "ethereum"}),
        ("search_trending", "/search/trending", {}),
        ("ping", "/ping", {}),
        ("simple_price", "/simple/price", {"ids": "ethereum", "vs_currencies": "usd"}),
    ],
)
def test_answers_have_the_keys_of_recorded_ones(
    unmetered: Upstream, sample: str, path: str, params: dict[str, str]
):
    recorded = json.loads(recording(f"providers/samples/coingecko/{sample}.json").read_text())

    answer = unmetered.coingecko(path, **params)

    if isinstance(recorded, list):
        recorded, answer = recorded[0], answer[0]
    assert set(recorded) == set(answer)
    for key in ("market_data", "community_data", "developer_data"):
        if key in recorded:
            # Newer than the recording.
            assert set(answer[key]) - {"max_supply_infinite"} == set(recorded[key])
    if sample == "search_trending":
        expected, item = recorded["coins"][0]["item"], answer["coins"][0]["item"]
        assert set(item) == set(expected)
        assert set(item["data"]) == set(expected["data"])


def fear_greed(upstream: Upstream, **params: Any) -> list[dict[str, str]]:
    response = upstream.get(ALTERNATIVE_ME, "/fng/", **params)
    body = response.json()
    assert body["name"] == "Fear and Greed Index"
    assert body["metadata"] == {"error": None}
    return body["data"]


def test_the_index_is_texts_newest_first_with_the_wait_in_the_first_only(upstream: Upstream):
    rows = fear_greed(upstream, limit=30)

    assert len(rows) == 30
    times = [int(row["timestamp"]) for row in rows]
    assert times == [times[0] - n * 86_400 for n in range(30)]
    assert times[0] == NOW_MS // DAY_MS * 86_400
    assert all(0 <= int(row["value"]) <= 100 for row in rows)
    assert "time_until_update" in rows[0]
    assert all("time_until_update" not in row for row in rows[1:])
    labels = {"Extreme Fear", "Fear", "Neutral", "Greed", "Extreme Greed"}
    assert {row["value_classification"] for row in rows} <= labels


def test_the_index_gives_one_day_by_default_and_all_with_zero(upstream: Upstream):
    everything = fear_greed(upstream, limit=0)

    assert len(fear_greed(upstream)) == 1
    assert everything[-1]["timestamp"] == "1517443200"
    assert len({row["value"] for row in everything}) > 40


def test_the_index_keeps_its_value_all_day(upstream: Upstream):
    (morning,) = fear_greed(upstream)

    with clock.frozen(NOW_MS // DAY_MS * DAY_MS + DAY_MS - 1):
        (evening,) = fear_greed(upstream)

    assert (evening["value"], evening["timestamp"]) == (morning["value"], morning["timestamp"])
    assert evening["time_until_update"] == "1"


def test_dates_are_formatted_when_asked_for(upstream: Upstream):
    (row,) = fear_greed(upstream, date_format="world")

    assert row["timestamp"] == "21-09-2026"


@pytest.mark.parametrize("sample", ["fng.default", "fng.limit-2"])
def test_the_index_has_the_keys_of_recorded_ones(upstream: Upstream, sample: str):
    recorded = json.loads(recording(f"providers/samples/fear-greed/{sample}.json").read_text())

    rows = fear_greed(upstream, limit=len(recorded["data"]))

    assert [set(row) for row in rows] == [set(row) for row in recorded["data"]]
