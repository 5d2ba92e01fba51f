"""Fixtures of the market tests: the provider runtime over the in-process sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from pytest_django import Settings

from market import clock, store, universe
from market.instruments import InstrumentRegistry, build_registry
from market.listings import fetch_lists, keep_registry
from market.providers.coingecko import coingecko_policy
from market.providers.rate_limit import budget_of, used_budgets
from market.providers.runtime import ProviderRuntime, provider_runtime, use_runtime
from market.sandbox.handle import Sandbox
from market.sandbox.simulated import SimulatedMarket
from market.store import get_store
from market.types import MINUTE_MS, Instrument

# A Tuesday, seven minutes into a quarter of an hour.
AT_MS = 1_790_683_620_000  # 2026-09-29 12:07 UTC

SEED = 7

Later = Callable[[float], AbstractContextManager[int]]


def until_time_of_day(at_ms: int) -> float:
    """Return the seconds to the time of day of an instant.

    Vendors' days end at midnight: whatever the hour, no test meets that by chance.
    """
    return (at_ms / 1000 - clock.wall_s()) % 86_400


@pytest.fixture(autouse=True)
def no_universe_remembered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let no test see the coins of another, nor renew them behind its back."""
    universe.reset()
    monkeypatch.setattr(universe, "start_renewal", lambda: None)
    yield
    universe.reset()


@pytest.fixture(scope="session")
def simulated_market() -> SimulatedMarket:
    """Return the one market of all tests; it is the same for the same seed."""
    return SimulatedMarket(SEED)


@pytest.fixture
def sandbox(simulated_market: SimulatedMarket, settings: Settings) -> Iterator[Sandbox]:
    """Put the sandbox behind the whole process's provider runtime, at a standing instant."""
    settings.COINGECKO_CALLS_PER_MINUTE = 1000
    stand_in = Sandbox(simulated_market)
    clock.fix(AT_MS)
    with (
        clock.wall_shifted(until_time_of_day(AT_MS)),
        use_runtime(ProviderRuntime(client_factory=stand_in.client_factory())),
    ):
        yield stand_in


@pytest.fixture
def coingecko_spent(listed: None, settings: Settings) -> None:
    """Have our own calls of this minute to CoinGecko used up, while CoinGecko is well."""
    policy = coingecko_policy(
        calls_per_minute=settings.COINGECKO_CALLS_PER_MINUTE, calls_per_month=1
    )
    [pool] = policy.pools["calls"]
    [(_, used, limit)] = used_budgets(get_store(), policy.name, [pool])
    assert get_store().take([budget_of(policy.name, pool, "")], limit - used) == 0.0


@pytest.fixture(scope="session")
def known_coins() -> dict[str, InstrumentRegistry]:
    """Hold what ``coins`` has built, for the tests after it."""
    return {}


@pytest.fixture
def coins(
    sandbox: Sandbox, known_coins: dict[str, InstrumentRegistry], settings: Settings
) -> Callable[..., list[Instrument]]:
    """Return what looks up sandbox coins by name, without a database and without a call."""
    if "all" not in known_coins:
        known_coins["all"] = _read_lists(sandbox, settings)
    registry = known_coins["all"]
    return lambda *names: [registry.resolve(name) for name in names]


def _read_lists(sandbox: Sandbox, settings: Settings) -> InstrumentRegistry:
    """Build the registry with a store of its own: the first test, too, begins with nothing kept."""
    path = settings.STORE_PATH
    settings.STORE_PATH = path.with_name("lists.sqlite3")
    store.reset_store()
    with use_runtime(ProviderRuntime(client_factory=sandbox.client_factory())):
        lists = provider_runtime().run(
            lambda providers: fetch_lists(providers, 1, 20.0), timeout_s=30.0
        )
    settings.STORE_PATH = path
    store.reset_store()
    sandbox.reset()
    return build_registry(
        binance=lists.binance, okx=lists.okx, coins=lists.coins, unit_prices=lists.unit_prices
    )


@pytest.fixture
def listed(
    coins: Callable[..., list[Instrument]], known_coins: dict[str, InstrumentRegistry], db: None
) -> None:
    """Have the universe stored already, as it is on every start but the first."""
    keep_registry(known_coins["all"])


@pytest.fixture
def later() -> Later:
    """Return what moves both clocks on by minutes, for the length of a ``with`` block."""

    @contextmanager
    def move(minutes: float) -> Iterator[int]:
        at_ms = clock.now_ms() + int(minutes * MINUTE_MS)
        with clock.wall_shifted(minutes * 60.0), clock.frozen(at_ms):
            yield at_ms

    return move
