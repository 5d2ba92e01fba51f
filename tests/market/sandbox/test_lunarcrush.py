"""LunarCrush as the stand-in speaks it: config and data, seconds, refusals with a status."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from market import clock
from market.sandbox.handle import Sandbox
from market.sandbox.replay import ReplayedMarket
from market.types import DAY_MS, HOUR_MS
from tests.market.sandbox.recorded_market import START_MS, write_recordings
from tests.market.sandbox.upstream import NOW_MS, Upstream, simulated
from tests.recordings import recording

LUNARCRUSH = "https://lunarcrush.com/api4"
NOW_S = NOW_MS // 1000
# (path, sample); every one is open to Builder
PAGES = (
    ("/public/coins/list/v1", "coins-list-v1"),
    ("/public/coins/list/v2", "coins-list-v2"),
    ("/public/coins/2/v1", "coins-coin-v1"),
    ("/public/coins/2/meta/v1", "coins-meta-v1"),
    ("/public/coins/ETH/time-series/v2", "coins-time-series-v2"),
    ("/public/topic/bitcoin/v1", "topic-v1"),
    ("/public/topic/bitcoin/time-series/v1", "topic-time-series-v1"),
    ("/public/topic/bitcoin/time-series/v2", "topic-time-series-v2"),
    ("/public/topic/bitcoin/whatsup/v1", "topic-whatsup-v1"),
    ("/public/topic/bitcoin/news/v1", "topic-news-v1"),
    ("/public/topic/bitcoin/posts/v1", "topic-posts-v1"),
    ("/public/topic/bitcoin/creators/v1", "topic-creators-v1"),
    ("/public/topics/list/v1", "topics-list-v1"),
    ("/public/categories/list/v1", "categories-list-v1"),
    ("/public/category/meme/v1", "category-v1"),
    ("/public/category/meme/topics/v1", "category-topics-v1"),
    ("/public/system/changes", "system-changes"),
)
BEARER = {"Authorization": "Bearer sandbox-lunarcrush-builder"}


def ask(upstream: Upstream, path: str, plan: str = "builder", **params: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer sandbox-lunarcrush-{plan}"}
    return upstream.get(LUNARCRUSH, path, headers=headers, **params)


def body(upstream: Upstream, path: str, plan: str = "builder", **params: Any) -> dict[str, Any]:
    response = ask(upstream, path, plan, **params)
    assert response.status_code == 200, response.text[:300]
    told: dict[str, Any] = response.json()
    return told


def sample(name: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(
        recording(f"providers/samples/lunarcrush/{name}.json").read_text()
    )
    return told


@pytest.mark.parametrize(("path", "name"), PAGES)
def test_an_answer_has_the_parts_and_keys_of_the_sample(upstream: Upstream, path: str, name: str):
    wanted = sample(name)
    upstream.sandbox.documented = ["lunarcrush"]

    told = body(upstream, path, limit=5, page=0)

    assert list(told) == list(wanted)
    for part in set(wanted) - {"summary"}:
        first, other = _first(told[part]), _first(wanted[part])
        extra = {"id", "name", "symbol"} if part == "config" else set()
        assert set(other) <= set(first)
        assert set(first) - set(other) <= extra
        # One topic's name is a number in the sample; here it is another one's.
        for key in set(other) - {*_OPEN_MAPS, "topic"}:
            assert _kind(first[key]) in (_kind(other[key]), type(None)), key


def test_live_and_documented_histories_differ_in_their_config(upstream: Upstream):
    live = body(upstream, "/public/coins/BTC/time-series/v2")
    upstream.sandbox.documented = ["lunarcrush"]
    documented = body(upstream, "/public/coins/BTC/time-series/v2")

    assert live["data"] == documented["data"]
    assert live["config"]["id"] == "$btc"
    assert documented["config"]["id"] == "coins:1"
    assert documented["config"]["bucket"] == "hour"
    assert "bucket" not in live["config"]


def test_a_live_history_has_the_keys_that_were_recorded(upstream: Upstream):
    recorded = json.loads(
        gzip.decompress(
            recording("data/lunarcrush/coins_BTC_time-series_v2_2025-07-23.json.gz").read_bytes()
        )
    )

    told = body(upstream, "/public/coins/BTC/time-series/v2")

    assert set(told["config"]) == set(recorded["config"])
    assert set(told["data"][0]) == set(recorded["data"][0])


def test_a_history_is_hourly_over_a_week_in_seconds_unless_asked_otherwise(upstream: Upstream):
    week = body(upstream, "/public/coins/BTC/time-series/v2")["data"]
    days = body(upstream, "/public/coins/BTC/time-series/v2", bucket="day", interval="3m")["data"]
    some = body(
        upstream, "/public/coins/BTC/time-series/v2", start=NOW_S - 36_000, end=NOW_S - 18_000
    )["data"]

    times = [row["time"] for row in week]
    assert times == list(range(times[0], times[-1] + 1, 3600))
    assert times[-1] == NOW_S - NOW_S % 3600
    assert len(times) == 169
    assert [row["time"] % 86_400 for row in days] == [0] * 91
    assert len(some) == 6
    assert all(NOW_S - 36_000 - 3600 < row["time"] <= NOW_S - 18_000 for row in some)


def test_the_topic_history_with_a_bucket_is_the_whole_one(upstream: Upstream):
    path = "/public/topic/bitcoin/time-series/v2"

    week = body(upstream, path)["data"]
    whole = body(upstream, path, bucket="day")["data"]

    assert len(week) == 169
    assert len(whole) > 365
    assert [row["time"] for row in whole] == sorted(row["time"] for row in whole)


def test_list_coin_topic_and_history_tell_the_same_of_a_coin(upstream: Upstream):
    row = next(
        row
        for row in body(upstream, "/public/coins/list/v2", limit=50, page=0)["data"]
        if row["symbol"] == "SOL"
    )
    coin = body(upstream, f"/public/coins/{row['id']}/v1")
    topic = body(upstream, f"/public/topic/{coin['config']['topic']}/v1")["data"]
    hours = body(upstream, "/public/coins/SOL/time-series/v2")["data"]

    newest, day = hours[-1], hours[-24:]
    assert row["sentiment"] == newest["sentiment"]
    assert row["galaxy_score"] == coin["data"]["galaxy_score"] == newest["galaxy_score"]
    assert row["alt_rank"] == coin["data"]["alt_rank"] == newest["alt_rank"]
    assert row["galaxy_score_previous"] == hours[-25]["galaxy_score"]
    assert row["interactions_24h"] == sum(each["interactions"] for each in day)
    assert topic["interactions_24h"] == row["interactions_24h"]
    assert sum(topic["types_interactions"].values()) == topic["interactions_24h"]
    for name, sides in topic["types_sentiment_detail"].items():
        assert sum(sides.values()) == topic["types_interactions"][name]
    mean = sum(
        topic["types_sentiment"][name] * count
        for name, count in topic["types_interactions"].items()
    ) / sum(topic["types_interactions"].values())
    assert mean == pytest.approx(row["sentiment"], abs=3)


def test_prices_are_those_of_the_exchanges(upstream: Upstream):
    own = upstream.binance("/fapi/v1/ticker/24hr", symbol="BTCUSDT")

    row = body(upstream, "/public/coins/list/v2", limit=1, page=0)["data"][0]
    newest = body(upstream, "/public/coins/1/time-series/v2")["data"][-1]

    assert row["symbol"] == "BTC"
    assert row["price"] == pytest.approx(float(own["lastPrice"]), rel=1e-3)
    assert row["percent_change_24h"] == pytest.approx(float(own["priceChangePercent"]), abs=0.3)
    assert newest["close"] == pytest.approx(float(own["lastPrice"]), rel=1e-4)


def test_the_old_list_is_an_hour_behind_at_most_and_the_new_one_is_not(upstream: Upstream):
    old = body(upstream, "/public/coins/list/v1", limit=1)["config"]["generated"]
    new = body(upstream, "/public/coins/list/v2", limit=1)["config"]["generated"]

    assert old == NOW_S - NOW_S % 3600
    assert NOW_S - new < 60


def test_the_list_is_paged_sorted_and_whole_without_a_limit(upstream: Upstream):
    path = "/public/coins/list/v2"
    whole = body(upstream, path)
    first = body(upstream, path, limit=10, page=0)["data"]
    second = body(upstream, path, limit=10, page=1)["data"]
    best = body(upstream, path, limit=10, page=0, sort="galaxy_score", desc="1")
    ignored = body(upstream, path, limit=10, page=0, symbol="ETH")["data"]

    assert whole["config"]["limit"] == 0
    assert whole["config"]["total_rows"] == len(whole["data"]) > 1000
    assert first + second == whole["data"][:20]
    assert [row["market_cap_rank"] for row in first] == list(range(1, 11))
    scores = [row["galaxy_score"] for row in best["data"]]
    assert scores == sorted(scores, reverse=True)
    assert best["config"] == {
        **best["config"], "sort": "galaxy_score", "desc": True, "limit": 10, "page": 0,
    }  # fmt: skip
    assert ignored == first


def test_numbers_are_numbers_and_some_are_null_or_missing(upstream: Upstream):
    rows = body(upstream, "/public/coins/list/v2")["data"]

    assert any(row["max_supply"] is None for row in rows)
    assert any(row["blockchains"][0]["address"] is None for row in rows)
    assert any("sentiment" not in row for row in rows)
    for row in rows:
        assert type(row["id"]) is int
        if "sentiment" in row:
            assert type(row["sentiment"]) is int
            assert 0 <= row["sentiment"] <= 100
            assert 0.0 <= row["galaxy_score"] <= 100.0
            assert 0.0 <= row["social_dominance"] <= 100.0
            assert 1 <= row["alt_rank"] <= 1000
    assert len({row["id"] for row in rows}) == len(rows)


def test_a_free_plan_gets_the_list_without_social_numbers(upstream: Upstream):
    free = body(upstream, "/public/coins/list/v1", "hobby", limit=3)["data"][0]
    paid = body(upstream, "/public/coins/list/v1", "individual", limit=3)["data"][0]

    assert {"sentiment", "galaxy_score", "alt_rank"} <= set(paid) - set(free)
    assert free["price"] == paid["price"]


def test_now_and_then_the_talk_spikes(upstream: Upstream):
    rows = body(upstream, "/public/coins/SOL/time-series/v2", interval="6m", bucket="hour")["data"]

    interactions = sorted(row["interactions"] for row in rows)
    median = interactions[len(interactions) // 2]
    assert interactions[-1] > 4 * median
    assert sum(count > 4 * median for count in interactions) < 0.05 * len(interactions)


# --- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize("agent", ["", "Python-urllib/3.11"])
def test_without_a_name_of_its_own_a_client_is_blocked_in_plain_text(
    upstream: Upstream, agent: str
):
    response = upstream.get(
        LUNARCRUSH, "/public/coins/list/v1", headers={**BEARER, "User-Agent": agent}
    )

    assert response.status_code == 403
    assert response.text == "error code: 1010"
    assert response.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-api-key": "sandbox-lunarcrush-builder"},
        {"Authorization": "sandbox-lunarcrush-builder"},
        {"Authorization": "Bearer sandbox-lunarcrush-builder-revoked"},
        {"Authorization": "Bearer aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
    ],
)
def test_a_missing_or_wrong_bearer_is_401(upstream: Upstream, headers: dict[str, str]):
    response = upstream.get(
        LUNARCRUSH, "/public/coins/list/v1", headers=headers, key="sandbox-lunarcrush-builder"
    )

    assert response.status_code == 401
    assert set(response.json()) == {"error"}


@pytest.mark.parametrize(
    ("path", "too_low", "enough"),
    [
        ("/public/coins/list/v1", "none", "hobby"),
        ("/public/topic/bitcoin/v1", "hobby", "individual"),
        ("/public/coins/list/v2", "individual", "builder"),
        ("/public/coins/BTC/time-series/v2", "individual", "builder"),
        ("/public/topic/bitcoin/time-series/v1", "individual", "builder"),
        ("/public/topic/bitcoin/time-series/v2", "individual", "builder"),
    ],
)
def test_a_plan_without_the_endpoint_is_402(
    upstream: Upstream, path: str, too_low: str, enough: str
):
    refused = ask(upstream, path, too_low, limit=1)
    told = ask(upstream, path, enough, limit=1)

    assert refused.status_code == 402
    assert set(refused.json()) == {"error"}
    assert told.status_code == 200


@pytest.mark.parametrize(
    ("path", "params", "status", "message"),
    [
        ("/public/nothing", {}, 404, "Invalid endpoint (2)"),
        ("/public/categories", {}, 404, "Invalid endpoint (2)"),
        ("/public/coins/NOSUCHCOIN/v1", {}, 404, "Coin not found"),
        ("/public/coins/list/v2", {"limit": "x"}, 400, "Error: Invalid input parameter: limit"),
    ],
)
def test_errors_are_one_text(
    upstream: Upstream, path: str, params: dict[str, Any], status: int, message: str
):
    response = ask(upstream, path, **params)

    assert (response.status_code, response.json()) == (status, {"error": message})


def test_calls_over_the_minute_get_429_until_the_reset_that_is_told(upstream: Upstream, wall: Any):
    answers = [ask(upstream, "/public/coins/1/v1", "individual") for _ in range(11)]
    refused = answers[-1]
    reset_s = int(refused.headers["x-rate-limit-minute-reset"])
    wall.advance(reset_s - wall.now_s)
    recovered = ask(upstream, "/public/coins/1/v1", "individual")

    assert [a.status_code for a in answers] == [200] * 10 + [429]
    assert [a.headers["x-rate-limit-minute-remaining"] for a in answers[:10]] == [
        str(n) for n in range(9, -1, -1)
    ]
    assert refused.headers["x-rate-limit-minute"] == "10"
    assert "daily" not in refused.json()["error"]
    assert recovered.status_code == 200
    # What was refused for the minute is not taken from the day.
    assert recovered.headers["x-rate-limit-day-remaining"] == str(2000 - 11)


def test_calls_over_the_day_get_429_daily_until_midnight(upstream: Upstream, wall: Any):
    statuses = []
    for _ in range(26):
        statuses += [ask(upstream, "/public/coins/1/v1", "hobby").status_code for _ in range(4)]
        wall.advance(60.0)
    refused = ask(upstream, "/public/coins/1/v1", "hobby")
    wall.advance(86_400.0 - wall.now_s % 86_400.0)
    recovered = ask(upstream, "/public/coins/1/v1", "hobby")

    assert statuses == [200] * 100 + [429] * 4
    assert refused.json() == sample("error-429-daily")
    assert refused.headers["x-rate-limit-day"] == "100"
    assert refused.headers["x-rate-limit-day-remaining"] == "0"
    assert recovered.status_code == 200
    assert {v.pool for v in upstream.sandbox.violations} == {"hobby calls per day"}
    assert upstream.sandbox.spent("lunarcrush")["sandbox-lunarcrush-hobby"] == {
        "hobby calls per minute": 106,
        "hobby calls per day": 101,
    }


def test_a_day_used_up_is_a_scenario(upstream: Upstream):
    upstream.sandbox.scenario("lunarcrush_day_used_up")

    response = ask(upstream, "/public/coins/1/v1")

    assert response.status_code == 429
    assert response.json() == sample("error-429-daily")


# --- where the numbers come from --------------------------------------------------------------


def test_the_same_seed_and_instant_give_the_same_bytes_in_any_order():
    def told(paths: list[str]) -> dict[str, bytes]:
        upstream = Upstream(Sandbox(simulated()))
        return {path: ask(upstream, path).content for path in paths}

    paths = [path for path, _ in PAGES]
    with clock.frozen(NOW_MS):
        assert told(paths) == told(paths[::-1])


def test_past_hours_never_change(upstream: Upstream):
    before = body(upstream, "/public/coins/BTC/time-series/v2")["data"]
    with clock.frozen(NOW_MS + 5 * HOUR_MS):
        after = body(upstream, "/public/coins/BTC/time-series/v2")["data"]

    again = {row["time"]: row for row in after}
    for row in before[6:-1]:
        assert {**again[row["time"]], **_NOW} == {**row, **_NOW}


def test_a_replay_has_no_such_coins(tmp_path: Path):
    folder = write_recordings(tmp_path)
    with clock.frozen(START_MS + 5 * DAY_MS):
        upstream = Upstream(Sandbox(ReplayedMarket(folder)))

        listed = body(upstream, "/public/coins/list/v1", limit=10)
        coin = ask(upstream, "/public/coins/BTC/v1")
        topic = ask(upstream, "/public/topic/bitcoin/v1")

    assert listed["data"] == []
    assert listed["config"]["total_rows"] == 0
    assert (coin.status_code, topic.status_code) == (404, 404)


# Told of the moment, not of the hour.
_NOW = {"circulating_supply": 0}
_OPEN_MAPS = (
    "types_count", "types_interactions", "types_sentiment", "types_sentiment_detail",
)  # fmt: skip


def _first(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = value[0] if isinstance(value, list) else value
    return found


def _kind(value: Any) -> Any:
    return "number" if type(value) in (int, float) else type(value)
