"""What LunarCrush is asked, what a day of calls allows, and what its texts of error mean."""

import orjson
import pytest

from market import clock
from market.providers.errors import (
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)
from market.providers.lunarcrush import LunarCrush
from market.providers.lunarcrush_history_payloads import Bucket
from market.providers.lunarcrush_limits import (
    check_payload,
    classify,
    hold_s,
    lunarcrush_policy,
)
from market.providers.plans import LUNARCRUSH_PLANS
from market.providers.refusals import EndpointRefused, KeyRefused
from market.store_sqlite import SqliteStore
from tests.market.providers.keyed import KeyedTransport, ask, recorded, refusal, sample

HOBBY, INDIVIDUAL, BUILDER = (LUNARCRUSH_PLANS[name] for name in ("hobby", "individual", "builder"))
ROWS = {"data": []}
COIN = {"data": {"id": 1, "symbol": "BTC", "name": "Bitcoin"}}
TOPIC = {"data": {"topic": "bitcoin", "title": "Bitcoin"}}
NOW_S = 1_721_393_040.0  # 2024-07-19 12:44 UTC
TO_MIDNIGHT_S = 86_400 - NOW_S % 86_400


@pytest.fixture
def store(tmp_path):
    return SqliteStore(tmp_path / "store.sqlite3")


@pytest.fixture
def noon(monkeypatch):
    monkeypatch.setattr(clock, "wall_s", lambda: NOW_S)


def asked(store, make, answer=ROWS, plan=BUILDER):
    return ask(lambda transport, refused: LunarCrush(transport, plan, refused), answer, make, store)


ENDPOINTS = {
    "coins of this minute": (
        lambda c: c.fetch_coins(page=1, limit=500),
        ROWS,
        ("/public/coins/list/v2", {"limit": 500, "page": 1}, "coins/list/v2"),
    ),
    "coins of this hour": (
        lambda c: c.fetch_coins(live=False),
        ROWS,
        ("/public/coins/list/v1", {"limit": 1000, "page": 0}, "coins/list/v1"),
    ),
    "coin": (lambda c: c.fetch_coin("BTC"), COIN, ("/public/coins/BTC/v1", {}, "coins/v1")),
    "coin by id": (lambda c: c.fetch_coin(1), COIN, ("/public/coins/1/v1", {}, "coins/v1")),
    "meta": (
        lambda c: c.fetch_meta("BTC"),
        COIN,
        ("/public/coins/BTC/meta/v1", {}, "coins/meta/v1"),
    ),
    "hours": (
        lambda c: c.fetch_time_series("BTC"),
        ROWS,
        ("/public/coins/BTC/time-series/v2", {"bucket": "hour"}, "coins/time-series/v2"),
    ),
    "days": (
        lambda c: c.fetch_time_series("BTC", bucket=Bucket.DAY, start_s=5, end_s=6),
        ROWS,
        (
            "/public/coins/BTC/time-series/v2",
            {"bucket": "day", "start": 5, "end": 6},
            "coins/time-series/v2",
        ),
    ),
    "topic": (
        lambda c: c.fetch_topic("bitcoin cash"),
        TOPIC,
        ("/public/topic/bitcoin%20cash/v1", {}, "topic/v1"),
    ),
    "topic by sign": (
        lambda c: c.fetch_topic("$btc"),
        TOPIC,
        ("/public/topic/%24btc/v1", {}, "topic/v1"),
    ),
    "topic by coin": (
        lambda c: c.fetch_topic("coins:1"),
        TOPIC,
        ("/public/topic/coins:1/v1", {}, "topic/v1"),
    ),
    "a topic's hours": (
        lambda c: c.fetch_topic_time_series("bitcoin", start_s=5, end_s=6),
        ROWS,
        (
            "/public/topic/bitcoin/time-series/v1",
            {"bucket": "hour", "start": 5, "end": 6},
            "topic/time-series/v1",
        ),
    ),
    "a topic's week": (
        lambda c: c.fetch_topic_last_week("bitcoin"),
        ROWS,
        ("/public/topic/bitcoin/time-series/v2", {}, "topic/time-series/v2"),
    ),
    "posts": (
        lambda c: c.fetch_posts("bitcoin"),
        ROWS,
        ("/public/topic/bitcoin/posts/v1", {}, "topic/posts/v1"),
    ),
    "news": (
        lambda c: c.fetch_posts("bitcoin", news=True),
        ROWS,
        ("/public/topic/bitcoin/news/v1", {}, "topic/news/v1"),
    ),
    "creators": (
        lambda c: c.fetch_creators("bitcoin"),
        ROWS,
        ("/public/topic/bitcoin/creators/v1", {}, "topic/creators/v1"),
    ),
    "summary": (
        lambda c: c.fetch_whatsup("bitcoin"),
        {"summary": "calm"},
        ("/public/topic/bitcoin/whatsup/v1", {}, "topic/whatsup/v1"),
    ),
    "topics": (
        lambda c: c.fetch_topics(),
        ROWS,
        ("/public/topics/list/v1", {}, "topics/list/v1"),
    ),
    "categories": (
        lambda c: c.fetch_categories(),
        ROWS,
        ("/public/categories/list/v1", {}, "categories/list/v1"),
    ),
    "category": (
        lambda c: c.fetch_category("defi"),
        TOPIC,
        ("/public/category/defi/v1", {}, "category/v1"),
    ),
    "a category's topics": (
        lambda c: c.fetch_category_topics("defi"),
        ROWS,
        ("/public/category/defi/topics/v1", {}, "category/topics/v1"),
    ),
    "corrections": (
        lambda c: c.fetch_corrections(),
        ROWS,
        ("/public/system/changes", {}, "system/changes"),
    ),
}


@pytest.mark.parametrize("name", ENDPOINTS)
def test_each_fetch_asks_as_documented_and_costs_one_call(name, store):
    make, answer, (path, params, endpoint) = ENDPOINTS[name]

    call, reply = asked(store, make, answer)

    assert (call.path, call.params) == (path, params)
    assert (call.pool, call.cost) == ("calls", 1)
    assert reply.endpoint == endpoint


@pytest.mark.parametrize(
    ("plan", "path"),
    [
        (HOBBY, "/public/coins/list/v1"),
        (INDIVIDUAL, "/public/coins/list/v1"),
        (BUILDER, "/public/coins/list/v2"),
    ],
)
def test_the_list_is_the_better_one_of_the_plan(plan, path, store):
    call, _ = asked(store, lambda c: c.fetch_coins(), plan=plan)

    assert call.path == path


def test_the_hourly_list_is_not_asked_for_again_within_the_hour(store):
    call, _ = asked(store, lambda c: c.fetch_coins(live=False))

    assert call.cache_ttl_s == 3600


@pytest.mark.parametrize(
    ("plan", "make"),
    [
        (INDIVIDUAL, lambda c: c.fetch_coins(live=True)),
        (INDIVIDUAL, lambda c: c.fetch_topic_last_week("bitcoin")),
        (HOBBY, lambda c: c.fetch_topic("bitcoin")),
    ],
)
def test_what_the_plan_excludes_is_refused_without_a_call(plan, make, store):
    transport = KeyedTransport(ROWS)

    with pytest.raises(EndpointRefused, match=f"{plan.name} plan"):
        ask(lambda _, refused: LunarCrush(transport, plan, refused), ROWS, make, store)

    assert transport.calls == []


@pytest.mark.parametrize("word", ["", ".", "..", "x" * 101])
def test_what_cannot_be_a_word_of_a_path_is_not_asked(word, store):
    with pytest.raises(ValueError, match="not a coin or topic"):
        asked(store, lambda c: c.fetch_coin(word))


def test_a_word_cannot_leave_its_place_in_the_path(store):
    call, _ = asked(store, lambda c: c.fetch_topic("../system/changes?x=#y"), TOPIC)

    assert call.path == "/public/topic/..%2Fsystem%2Fchanges%3Fx%3D%23y/v1"


@pytest.mark.parametrize(("page", "limit"), [(-1, 10), (0, 0), (0, 1001)])
def test_a_page_that_the_vendor_does_not_have_is_our_mistake(page, limit, store):
    with pytest.raises(ValueError, match=r".+"):
        asked(store, lambda c: c.fetch_coins(page=page, limit=limit))


# --- budget --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plan", "minute", "day"),
    [
        ("hobby", 3, 80),
        ("individual", 8, 1600),
        ("builder", 80, 16_000),
        ("scale", 400, 80_000),
    ],
)
def test_the_budget_is_the_plans_minute_and_utc_day_times_the_share(plan, minute, day):
    pools = lunarcrush_policy("k", LUNARCRUSH_PLANS[plan], 0.8).pools["calls"]

    assert [(p.name, p.limit, p.window_s, p.aligned) for p in pools] == [
        ("minute", minute, 60, False),
        ("day", day, 86_400, True),
    ]


def test_the_smallest_share_still_grants_a_call():
    pools = lunarcrush_policy("k", HOBBY, 0.01).pools["calls"]

    assert [pool.limit for pool in pools] == [1, 1]


def test_the_key_travels_in_a_header_and_is_not_shown():
    policy = lunarcrush_policy("secret-key", HOBBY, 0.8)

    assert policy.headers == {"Authorization": "Bearer secret-key"}
    assert "secret-key" not in repr(policy)


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"minute-remaining": "1", "minute-reset": str(int(NOW_S) + 20)}, 0.0),
        ({"minute-remaining": "0", "minute-reset": str(int(NOW_S) + 20)}, 21.0),
        ({"minute-remaining": "0", "minute-reset": str(int(NOW_S) - 20)}, 65.0),
        ({"minute-remaining": "0", "minute-reset": str(int(NOW_S) + 5000)}, 65.0),
        ({"minute-remaining": "0"}, 65.0),
        ({"day-remaining": "0", "minute-remaining": "3"}, TO_MIDNIGHT_S + 1),
        ({"day-remaining": "none"}, 0.0),
        ({}, 0.0),
    ],
)
def test_a_used_up_minute_or_day_holds_all_calls_to_its_end(headers, wait_s, noon):
    assert hold_s({f"x-rate-limit-{name}": value for name, value in headers.items()}) == wait_s


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"error": "Unauthorized"}, KeyRefused),
        (401, b"", KeyRefused),
        (402, {"error": "upgrade"}, EndpointRefused),
        (402, b"<html>", EndpointRefused),
        (403, b"error code: 1010", ProviderRejected),
        (404, {"error": "Invalid endpoint (2)"}, EndpointRefused),
        (404, {"error": "Coin not found"}, ProviderRejected),
        (404, b"", ProviderRejected),
        (400, {"error": "Error: Invalid input parameter: limit"}, ProviderRejected),
        (429, {"error": "Rate limit exceeded (daily)"}, ProviderRateLimited),
        (429, b"slow down", ProviderRateLimited),
        (408, b"", ProviderUnavailable),
        (500, {"error": "Coin not found"}, ProviderUnavailable),
        (502, b"<html>", ProviderUnavailable),
    ],
)
def test_each_refusal_is_classed_by_what_to_do(status, body, kind):
    raw = body if isinstance(body, bytes) else orjson.dumps(body)

    assert type(refusal(classify, status, {}, raw)) is kind


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ({"error": "Rate limit exceeded (daily)"}, ProviderRateLimited),
        ({"error": "Invalid endpoint (2)"}, EndpointRefused),
        ({"error": "Error: Invalid input parameter: limit"}, ProviderRejected),
        ({"error": "Coin not found"}, ProviderRejected),
        ({"error": "oops"}, ProviderUnavailable),
        ({"error": {"code": 5}}, ProviderUnavailable),
        ({"error": "oops", "data": None}, ProviderUnavailable),
    ],
)
def test_an_error_without_data_is_one_whatever_the_status(payload, kind):
    assert type(refusal(check_payload, payload)) is kind


@pytest.mark.parametrize("payload", [ROWS, {"summary": "calm"}, {"error": "", "data": []}, []])
def test_answers_pass(payload):
    assert check_payload(payload) is None


def test_success_is_left_to_the_payload():
    assert classify(200, {}, b'{"error":"x"}') is None


def test_a_used_up_day_waits_for_the_next_and_a_minute_for_its_reset(noon):
    daily = orjson.dumps({"error": "Rate limit exceeded (daily)"})
    no_day_left = {"x-rate-limit-day-remaining": "0"}
    reset = {"x-rate-limit-minute-reset": str(int(NOW_S) + 9)}

    assert refusal(classify, 429, {}, daily).retry_after_s == TO_MIDNIGHT_S + 1
    assert refusal(classify, 429, no_day_left, b"").retry_after_s == TO_MIDNIGHT_S + 1
    assert refusal(classify, 429, reset, b"").retry_after_s == 10.0
    assert refusal(classify, 429, {}, b"").retry_after_s == 65.0


def test_a_blocked_program_is_not_taken_for_a_wrong_key():
    blocked = refusal(classify, 403, {}, b"error code: 1010")
    wrong_key = refusal(classify, 401, {}, b"")

    assert (blocked.status, blocked.blocked_for_s) == (403, 600.0)
    assert (wrong_key.status, wrong_key.blocked_for_s) == (401, 600.0)


def test_every_recorded_error_is_classed():
    daily = orjson.dumps(sample("lunarcrush/error-429-daily.json"))
    unknown = orjson.dumps(sample("lunarcrush/error-404-endpoint.json"))

    assert "day" in refusal(classify, 429, {}, daily).detail
    assert type(refusal(classify, 404, {}, unknown)) is EndpointRefused
    for name in ("categories_list_v1_error", "stocks_list_v1_error"):
        error = refusal(check_payload, recorded(f"lunarcrush/{name}_2025-07-23.json"))
        assert type(error) is ProviderRejected
        assert error.blocked_for_s == 0
