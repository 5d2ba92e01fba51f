"""A paid source slower than any deadline of ours: nobody waits for it, nothing it says is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import httpx
import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from market import clock
from market.providers import coinglass_limits, lasting
from market.providers.plans import COINGLASS_PLANS
from market.providers.registry import Providers
from market.providers.runtime import ProviderRuntime, provider_runtime, use_runtime
from market.sandbox.handle import Sandbox
from market.sandbox.in_process import SandboxTransport
from market.sandbox.simulated import SimulatedMarket
from market.services import gather
from market.snapshot import MarketSnapshot, ReadingName
from market.types import Instrument
from tests.market.conftest import AT_MS, Later, until_time_of_day
from tests.market.keyed import give_keys

# What comes late is written by another thread, which sees committed rows only.
pytestmark = pytest.mark.django_db(transaction=True)


class Gate(httpx.AsyncBaseTransport):
    """The sandbox, but for one vendor whose answers leave when they are told to."""

    def __init__(self, sandbox: Sandbox, vendor: str) -> None:
        self._inner = SandboxTransport(sandbox)
        self._vendor = f"/{vendor}/"
        self._open = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        if request.url.path.startswith(self._vendor):
            await self._open.wait()
        return response

    def open(self) -> None:
        """Let all answers go, and wait until whoever still reads them has ended."""

        async def opened(_: Providers) -> None:
            self._open.set()
            while lasting._running:
                await asyncio.gather(*lasting._running, return_exceptions=True)

        provider_runtime().run(opened, timeout_s=60.0)


@pytest.fixture
def sandbox(simulated_market: SimulatedMarket, settings: Settings) -> Iterator[Sandbox]:
    settings.COINGECKO_CALLS_PER_MINUTE = 1000
    clock.fix(AT_MS)
    with clock.wall_shifted(until_time_of_day(AT_MS)):
        yield Sandbox(simulated_market)


@pytest.fixture
def gate(sandbox: Sandbox, settings: Settings) -> Iterator[Gate]:
    gate = Gate(sandbox, "coinglass")

    def make_client(base_url: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=base_url, transport=gate)

    with use_runtime(ProviderRuntime(client_factory=make_client)):
        give_keys(settings, coinglass="startup")
        yield gate


@pytest.fixture
def btc(gate: Gate, coins: Callable[..., list[Instrument]]) -> Instrument:
    [coin] = coins("BTC")
    return coin


def evaluated(coin: Instrument, patience_s: float) -> MarketSnapshot:
    return gather([coin], deadline_s=90.0, hedge_after_s=patience_s)[1][0]


PAID = (
    ReadingName.FUNDING,
    ReadingName.OPEN_INTEREST,
    ReadingName.LONG_ACCOUNTS,
    ReadingName.TOP_TRADERS,
    ReadingName.LIQUIDATIONS,
)


def test_the_answer_does_not_wait_and_the_next_evaluation_finds_what_came_late(
    sandbox: Sandbox, gate: Gate, btc: Instrument, later: Later
) -> None:
    first = evaluated(btc, patience_s=0.2)
    gate.open()
    asked = sandbox.calls("coinglass")

    with later(4):  # long after the cache of answers has forgotten them
        second = evaluated(btc, patience_s=20.0)

    assert {first.readings[name].source for name in PAID} <= {"binance", "okx"}
    told = {p.reading: p.detail for p in first.problems if p.source == "coinglass"}
    assert (
        told[ReadingName.FUNDING] == "no answer within 0.2 s; kept for the next time when it comes"
    )
    assert {second.readings[name].source for name in PAID} == {"coinglass"}
    assert sandbox.calls("coinglass") == asked
    assert sandbox.violations == ()


def test_what_is_still_awaited_is_not_asked_for_again(
    sandbox: Sandbox, gate: Gate, btc: Instrument
) -> None:
    # Long enough for every call to have left, on a busy machine too.
    evaluated(btc, patience_s=3.0)
    asked = sandbox.calls("coinglass")

    evaluated(btc, patience_s=3.0)

    assert 0 < asked == sandbox.calls("coinglass")
    gate.open()


def test_a_late_read_that_fails_keeps_none_of_the_others_from_being_stored(
    sandbox: Sandbox, gate: Gate, btc: Instrument, later: Later
) -> None:
    sandbox.fault("coinglass", "truncated", path="/api/futures/funding-rate")
    evaluated(btc, patience_s=0.2)
    gate.open()

    with later(1):
        second = evaluated(btc, patience_s=20.0)

    assert second.readings[ReadingName.FUNDING].source == "binance"
    assert second.readings[ReadingName.LIQUIDATIONS].source == "coinglass"


@pytest.mark.usefixtures("listed")
def test_a_direct_request_is_told_to_come_back_and_then_finds_the_answer(
    sandbox: Sandbox, gate: Gate, settings: Settings
) -> None:
    settings.SIGNAL_DEADLINE_S = 0.2
    path = "/coinglass/perpetual-market/BTC"

    late = APIClient().get(path)
    again = APIClient().get(path)
    gate.open()
    settings.SIGNAL_DEADLINE_S = 8.0
    answered = APIClient().get(path)

    for refused in (late, again):
        assert refused.status_code == 503
        assert refused["Content-Type"] == "application/problem+json"
        assert int(refused["Retry-After"]) >= 1
        assert "did not answer in time" in refused.json()["detail"]
    assert answered.status_code == 200
    assert answered.json()["cost"] == 0
    assert sandbox.calls("coinglass") == 1


def test_coinglass_may_be_silent_for_half_a_minute() -> None:
    policy = coinglass_limits.coinglass_policy("key", COINGLASS_PLANS["hobbyist"], 0.8)

    assert policy.patience.silence_s >= 30.0
    assert lasting.LASTING_S > policy.patience.exchange_s > policy.patience.silence_s
