"""A refused endpoint turns off itself, a refused key everything, a used-up quota all for now."""

import asyncio

import httpx
import pytest

from market import clock
from market.providers.coinapi import CoinApi
from market.providers.coinapi_candle_payloads import Period
from market.providers.coinapi_limits import coinapi_policy
from market.providers.coinglass import Coinglass
from market.providers.coinglass_limits import coinglass_policy
from market.providers.errors import (
    ProviderCircuitOpen,
    ProviderPayloadError,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)
from market.providers.lunarcrush import LunarCrush
from market.providers.lunarcrush_limits import lunarcrush_policy
from market.providers.plans import COINAPI_PLANS, COINGLASS_PLANS, LUNARCRUSH_PLANS
from market.providers.refusals import (
    ENDPOINT_REFUSED_S,
    EndpointRefused,
    KeyRefused,
    RefusedEndpoints,
    Scope,
    account_of,
    refusal_of,
)
from market.store_contract import StoreUnavailable
from market.store_sqlite import SqliteStore
from tests.market.transports import World, make_world, run

HOBBYIST = COINGLASS_PLANS["hobbyist"]
HOBBY = LUNARCRUSH_PLANS["hobby"]
STARTUP = COINAPI_PLANS["startup"]


@pytest.fixture
def world(tmp_path, monkeypatch):
    return make_world(tmp_path, monkeypatch)


def transport_of(world, policy):
    return world.transport(
        name=policy.name,
        pools=policy.pools,
        classify=policy.classify,
        check_payload=policy.check_payload,
        hold_s=policy.hold_s,
        headers=policy.headers,
        longest_doubled_wait_s=policy.longest_doubled_wait_s,
    )


def coinglass(world: World) -> Coinglass:
    policy = coinglass_policy("secret", HOBBYIST, 0.8)
    return Coinglass(
        transport_of(world, policy), HOBBYIST, RefusedEndpoints(world.store, "coinglass")
    )


def lunarcrush(world: World) -> LunarCrush:
    policy = lunarcrush_policy("secret", HOBBY, 0.8)
    return LunarCrush(
        transport_of(world, policy), HOBBY, RefusedEndpoints(world.store, "lunarcrush")
    )


def coinapi(world: World) -> CoinApi:
    policy = coinapi_policy("secret", STARTUP, 0.8)
    return CoinApi(transport_of(world, policy), STARTUP, RefusedEndpoints(world.store, "coinapi"))


def error_of(work):
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the tests name the class
        run(work, deadline_s=5.0)
    return caught.value


def body(code, message=""):
    return httpx.Response(200, json={"code": code, "msg": message})


SUCCESS = httpx.Response(200, json={"code": "0", "data": []})


# --- through the transport -----------------------------------------------------------------------


def test_a_refused_endpoint_is_asked_once_and_the_others_go_on(world):
    world.answers(body("401", "Upgrade plan"))
    first = error_of(coinglass(world).fetch_pair_markets("BTC"))
    world.answers(SUCCESS)

    second = error_of(coinglass(world).fetch_pair_markets("ETH"))  # another process
    other = run(coinglass(world).fetch_supported_coins())

    assert type(first) is type(second) is EndpointRefused
    assert second.detail == first.detail
    assert second.retry_after_s == pytest.approx(ENDPOINT_REFUSED_S)
    assert other.value == ()
    assert world.calls == 2  # the refused one and the other


def test_a_refused_endpoint_is_tried_again_when_its_time_is_over(world):
    world.answers(body("401", "Upgrade plan"))
    error_of(coinglass(world).fetch_pair_markets("BTC"))
    world.answers(SUCCESS)
    world.wall_s += ENDPOINT_REFUSED_S + 1

    assert run(coinglass(world).fetch_pair_markets("BTC")).value == ()


def test_a_refused_key_silences_the_whole_provider(world):
    world.answers(body("400", "API key missing."))
    error_of(coinglass(world).fetch_pair_markets("BTC"))
    world.answers(SUCCESS)

    later = refusal_of(error_of(coinglass(world).fetch_supported_coins()))

    assert later.scope is Scope.KEY
    assert later.retry_after_s == pytest.approx(600.0)
    assert world.calls == 1


def test_a_used_up_day_is_waited_for_and_not_for_a_minute(world):
    world.answers(httpx.Response(429, json={"error": "Rate limit exceeded (daily)"}))
    error_of(lunarcrush(world).fetch_coin("BTC"))

    later = refusal_of(error_of(lunarcrush(world).fetch_coin("ETH")))

    assert later.scope is Scope.QUOTA
    assert later.detail == "the day's calls are used up"
    assert later.retry_after_s == pytest.approx(86_400 - world.wall_s % 86_400 + 1)
    assert world.calls == 1


def test_an_exhausted_subscription_is_asked_at_most_hourly(world):
    world.answers(httpx.Response(403, json={"error": "Forbidden (Quota exceeded: Credits)"}))
    error_of(coinapi(world).fetch_quote("BINANCE_SPOT_BTC_USDT"))
    world.wall_s += 3590
    early = refusal_of(error_of(coinapi(world).fetch_quote("BINANCE_SPOT_ETH_USDT")))
    world.wall_s += 20
    error_of(coinapi(world).fetch_quote("BINANCE_SPOT_SOL_USDT"))

    assert early.scope is Scope.QUOTA
    assert world.calls == 2


def test_no_data_for_one_symbol_leaves_the_others(world):
    world.answers(
        httpx.Response(550, json={"error": "You requested"}), httpx.Response(200, json=[])
    )

    error = error_of(coinapi(world).fetch_candles("X_SPOT_A_B", Period.H1))

    assert refusal_of(error) is None
    assert len(run(coinapi(world).fetch_candles("X_SPOT_C_D", Period.H1)).value) == 0
    assert world.calls == 2


def test_our_own_budget_refuses_what_the_plan_does_not_afford(world):
    world.answers(httpx.Response(200, json={"data": []}))
    client = lunarcrush(world)

    async def burst():
        return await asyncio.gather(
            *(client.fetch_coins(page=page) for page in range(40)), return_exceptions=True
        )

    results = run(burst(), deadline_s=5.0)

    refused = [result for result in results if isinstance(result, Exception)]
    assert world.calls == 3  # 80 % of 4 per minute
    assert len(refused) == 37
    assert {refusal_of(error).scope for error in refused} == {Scope.QUOTA}


def test_a_day_of_the_smallest_plan_is_never_overdrawn(world):
    world.answers(httpx.Response(200, json={"data": []}))
    client = lunarcrush(world)
    world.wall_s = 86_400.0 * 20_000

    for minute in range(120):
        world.wall_s = 86_400.0 * 20_000 + 61 * minute
        try:
            run(client.fetch_coins(page=minute), deadline_s=5.0)
        except ProviderRateLimited as e:
            refused = e

    assert world.calls == 80  # 80 % of 100 per day
    assert refused.retry_after_s > 3600  # until midnight


def test_credits_are_paid_by_what_is_asked_for(world):
    world.answers(httpx.Response(200, json=[]))
    client = coinapi(world)

    for index in range(81):
        try:
            run(client.fetch_candles(f"X_SPOT_{index}_USD", Period.H1, limit=1000), deadline_s=5.0)
        except ProviderRateLimited as e:
            refused = e

    assert world.calls == 80  # ten credits each, 800 a day
    assert refused.retry_after_s > 3600


def test_the_key_is_sent_and_never_part_of_an_error(world):
    world.answers(body("400", "Invalid API key provided"))

    error = error_of(coinglass(world).fetch_supported_coins())

    assert world.requests[0].headers["CG-API-KEY"] == "secret"
    assert "secret" not in str(world.requests[0].url)
    assert "secret" not in str(error)


def test_a_broken_answer_is_neither_refused_nor_read(world):
    world.answers(httpx.Response(200, content=b"<html>"))

    error = error_of(coinglass(world).fetch_supported_coins())

    assert type(error) is ProviderPayloadError
    assert refusal_of(error) is None


# --- by themselves -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "scope"),
    [
        (KeyRefused("x"), Scope.KEY),
        (ProviderRejected("x", "blocked", status=401, blocked_for_s=5.0), Scope.KEY),
        (ProviderRejected("x", "blocked", status=200, blocked_for_s=5.0), Scope.KEY),
        (ProviderRejected("x", "blocked", status=403, blocked_for_s=5.0), Scope.ACCESS),
        (ProviderRejected("x", "blocked", status=451, blocked_for_s=5.0), Scope.ACCESS),
        (EndpointRefused("x", "closed"), Scope.ENDPOINT),
        (ProviderRateLimited("x", "wait", retry_after_s=5.0), Scope.QUOTA),
        (ProviderCircuitOpen("x", "open", retry_after_s=5.0), Scope.SILENCE),
        (ProviderRejected("x", "unknown coin", status=400), None),
        (ProviderUnavailable("x", "down"), None),
        (ProviderPayloadError("x", "y", "z"), None),
    ],
)
def test_each_error_says_what_it_turns_off(error, scope):
    found = refusal_of(error)

    assert (None if found is None else found.scope) is scope
    assert found is None or (found.retry_after_s > 0 and found.detail == error.detail)


@pytest.fixture
def refused(tmp_path, monkeypatch):
    monkeypatch.setattr(clock, "wall_s", lambda: 1_790_000_000.0)
    return RefusedEndpoints(SqliteStore(tmp_path / "store.sqlite3"), "coinglass")


def remember(refused, endpoint, error):
    async def ask():
        async with refused.guarding(endpoint):
            raise error

    with pytest.raises(type(error)):
        asyncio.run(ask())


def test_what_is_refused_is_listed_with_its_reason_and_time(refused, monkeypatch):
    remember(refused, "b", EndpointRefused("coinglass", "closed", retry_after_s=100.0))
    remember(refused, "a", EndpointRefused("coinglass", "gone", retry_after_s=900.0))

    listed = refused.listed()
    monkeypatch.setattr(clock, "wall_s", lambda: 1_790_000_200.0)
    later = refused.listed()

    assert [(r.endpoint, r.detail, r.retry_after_s) for r in listed] == [
        ("a", "gone", 900.0),
        ("b", "closed", 100.0),
    ]
    assert [(r.endpoint, r.retry_after_s) for r in later] == [("a", 700.0)]


def test_of_calls_under_way_together_the_first_refusal_is_remembered(refused):
    async def ask(seconds):
        async with refused.guarding("a"):
            await asyncio.sleep(0)
            raise EndpointRefused("coinglass", "closed", retry_after_s=seconds)

    async def together():
        return await asyncio.gather(ask(100.0), ask(900.0), return_exceptions=True)

    errors = asyncio.run(together())

    assert [type(error) for error in errors] == [EndpointRefused] * 2
    assert [r.retry_after_s for r in refused.listed()] in ([100.0], [900.0])


def test_other_failures_are_not_remembered(refused):
    remember(refused, "a", ProviderRejected("coinglass", "unknown coin"))
    remember(refused, "a", ProviderUnavailable("coinglass", "down"))

    assert refused.listed() == []


def test_what_was_refused_can_be_forgotten(refused):
    remember(refused, "a", EndpointRefused("coinglass", "closed"))

    refused.forget()

    assert refused.listed() == []


def test_another_key_or_plan_starts_without_refusals(tmp_path):
    store = SqliteStore(tmp_path / "store.sqlite3")
    accounts = [account_of("k", "hobbyist"), account_of("k", "startup"), account_of("l", "startup")]
    first, *others = (RefusedEndpoints(store, "coinglass", account) for account in accounts)

    remember(first, "a", EndpointRefused("coinglass", "closed"))

    assert [r.endpoint for r in first.listed()] == ["a"]
    assert [other.listed() for other in others] == [[], []]
    assert len(set(accounts)) == 3


class BrokenStore:
    def get(self, key):
        raise StoreUnavailable("no disk")


def test_without_a_store_nothing_is_asked(refused):
    async def ask():
        async with RefusedEndpoints(BrokenStore(), "coinglass").guarding("a"):
            pytest.fail("asked without a budget")

    with pytest.raises(ProviderUnavailable):
        asyncio.run(ask())
