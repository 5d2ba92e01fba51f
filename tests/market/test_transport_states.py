"""What health and the admin can see of a provider."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from market import clock
from market.providers.circuit_breaker import FAILURES_TO_OPEN
from market.providers.errors import ProviderError
from market.providers.provider_state import WRITE_EVERY_S, ProviderState, provider_states
from market.providers.transport import Pool
from tests.market.transports import World, make_world, ok


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return make_world(tmp_path, monkeypatch)


def state(world: World) -> ProviderState:
    (only,) = provider_states(world.store)
    return only


def fail(world: World, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(ProviderError):
            world.get()


def test_nothing_is_said_of_providers_never_asked(world: World) -> None:
    world.transport()

    assert provider_states(world.store) == []


def test_a_working_provider_is_ok_and_shows_its_budgets(world: World) -> None:
    per_coin = Pool("per-coin", 5, 60, scoped=True)
    pools = {"calls": (Pool("minute", 100, 60), Pool("month", 1000, 0), per_coin)}

    world.get(world.transport(pools=pools), cost=3, scope="BTC")

    seen = state(world)
    assert (seen.name, seen.state, seen.until, seen.last_error) == ("stub", "ok", None, None)
    assert seen.last_success_at == clock.datetime_at(int(world.wall_s * 1000))
    assert [(use.pool, use.used, use.limit) for use in seen.budgets] == [
        ("minute", 3, 100),
        ("month", 3, 1000),
    ]


def test_providers_are_listed_by_name(world: World) -> None:
    for name in ("okx", "binance", "okx"):
        world.get(world.transport(name=name))

    assert [seen.name for seen in provider_states(world.store)] == ["binance", "okx"]


@pytest.mark.parametrize(
    ("response", "expected", "lasts_s"),
    [
        (httpx.Response(429, headers={"retry-after": "30"}), "rate_limited", 30),
        (httpx.Response(451), "blocked", 3600),
        (httpx.Response(418), "blocked", 120),
    ],
)
def test_a_penalty_shows_with_its_end_and_is_over_then(
    world: World, response: httpx.Response, expected: str, lasts_s: float
) -> None:
    world.answers(response)
    began_s = world.wall_s

    fail(world)
    during = state(world)
    world.wall_s += lasts_s + 1
    after = state(world)

    assert during.state == expected
    assert during.until == clock.datetime_at(int((began_s + lasts_s) * 1000))
    assert during.last_error is not None
    assert during.last_error.detail == during.detail
    assert after.state == "ok"
    assert after.last_error == during.last_error


def test_an_open_circuit_shows(world: World) -> None:
    world.answers(httpx.Response(503))

    fail(world, FAILURES_TO_OPEN)

    seen = state(world)
    assert seen.state == "open"
    assert seen.until is not None
    assert seen.last_error is not None
    assert seen.last_error.kind == "ProviderUnavailable"


def test_a_recovered_provider_keeps_its_last_error_beside_its_last_success(world: World) -> None:
    world.answers(httpx.Response(400), ok())
    fail(world)

    world.wall_s += 5
    world.get()

    seen = state(world)
    assert seen.state == "ok"
    assert seen.last_error is not None
    assert seen.last_success_at is not None
    assert seen.last_success_at > seen.last_error.at


def test_successes_are_written_down_only_every_few_seconds(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    transport = world.transport()
    board = transport._board
    now = 1000.0

    news = [board.success_is_news(now + step) for step in (0, 1, WRITE_EVERY_S, WRITE_EVERY_S + 1)]

    assert news == [True, False, True, False]
