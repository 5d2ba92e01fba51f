"""A chat with the bot: people of the stand-in Telegram write and press, the bot answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from pytest_django import Settings

from market import clock, universe
from market.instruments import InstrumentRegistry, build_registry
from market.listings import fetch_lists, keep_registry
from market.providers.runtime import ProviderRuntime, provider_runtime, use_runtime
from market.sandbox.handle import Sandbox
from market.sandbox.in_process import BlockingSandboxTransport
from market.sandbox.simulated import SimulatedMarket
from market.sandbox.telegram_rules import TOKEN
from notifications.telegram import transport_replaced
from signals import profiles
from tests.notifications.bot.chats import Chat

AT_MS = 1_790_683_620_000  # 2026-09-29 12:07 UTC


@pytest.fixture(scope="session")
def shared_market() -> SimulatedMarket:
    return SimulatedMarket(7)


@pytest.fixture(scope="session")
def known_registry() -> dict[str, InstrumentRegistry]:
    """Hold the list of coins for the tests after the first."""
    return {}


@pytest.fixture
def sandbox(
    shared_market: SimulatedMarket, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Sandbox]:
    """Put the sandbox behind market data and Telegram alike, at a standing market instant."""
    settings.TELEGRAM_BOT_TOKEN = TOKEN
    settings.COINGECKO_CALLS_PER_MINUTE = 1000
    stand_in = Sandbox(shared_market)
    universe.reset()
    profiles.forget()
    monkeypatch.setattr(universe, "start_renewal", lambda: None)
    with (
        clock.frozen(AT_MS),
        use_runtime(ProviderRuntime(client_factory=stand_in.client_factory())),
        transport_replaced(BlockingSandboxTransport(stand_in)),
    ):
        yield stand_in
    universe.reset()
    profiles.forget()


@pytest.fixture
def coins(sandbox: Sandbox, known_registry: dict[str, InstrumentRegistry], db: None) -> None:
    """Have the universe stored already, as it is on every start but the first."""
    if "all" not in known_registry:
        lists = provider_runtime().run(
            lambda providers: fetch_lists(providers, 1, 20.0), timeout_s=30.0
        )
        known_registry["all"] = build_registry(
            binance=lists.binance,
            okx=lists.okx,
            coins=lists.coins,
            unit_prices=lists.unit_prices,
        )
    keep_registry(known_registry["all"])
    sandbox.reset()


@pytest.fixture
def chat(sandbox: Sandbox, coins: None) -> Iterator[Chat]:
    """Return the private chat of one person with the bot; waiting moves wall time on."""
    with ExitStack() as moves:
        yield Chat(sandbox, 111, lambda s: moves.enter_context(clock.wall_shifted(s)))
