"""A service in one process with everything that an operation can be asked about.

The sandbox stands behind every source, with the vendors' keys and without their rate limits; a
signal is stored, and a scan of each kind worked off. The world stands for a whole module: made anew
for each of hundreds of operations, it would take most of the time. What a test changes in the
database is undone after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from rest_framework.test import APIClient

from config.accounts.keys import create_api_key, forget_believed_keys
from config.accounts.models import ApiKey
from config.api.throttling import forget_permits
from market import clock, store, universe
from market.instruments import build_registry
from market.listings import fetch_lists, keep_registry
from market.models import Watchlist
from market.providers.runtime import ProviderRuntime, provider_runtime, use_runtime
from market.sandbox.handle import Sandbox
from market.sandbox.simulated import SimulatedMarket
from market.watchlists import set_coins
from mss import runs
from mss.candidates import Filters
from mss.services import start_scan as start_mss_scan
from signals import profiles
from signals.models import Signal
from signals.services import publish_signal
from smartmoney import scans
from tests.contract.document import Operation
from tests.market.conftest import AT_MS, simulated_market, until_time_of_day
from tests.signals.results import make_evaluation

__all__ = ["simulated_market"]

# However busy the machine that makes up the market: no answer is short of time.
PATIENCE_S = 60.0
SETTINGS: dict[str, Any] = {
    "SIGNAL_DEADLINE_S": PATIENCE_S,
    "SMART_MONEY_DEADLINE_S": PATIENCE_S,
    "MSS_DEADLINE_S": PATIENCE_S,
    "SIGNAL_CACHE_TTL_S": 900,
    "API_KEY_RATE_PER_MINUTE": 0,
    "API_KEY_DAILY_QUOTA": 0,
    "COINGECKO_CALLS_PER_MINUTE": 100_000,
    "PROVIDER_BUDGET_SHARE": 1.0,
    "COINGLASS_API_KEY": "sandbox-coinglass-standard",
    "COINGLASS_PLAN": "standard",
    "LUNARCRUSH_API_KEY": "sandbox-lunarcrush-builder",
    "LUNARCRUSH_PLAN": "builder",
    "COINAPI_KEY": "sandbox-coinapi-streamer",
    "COINAPI_PLAN": "streamer",
}


class World:
    """The service, asked with a key that may do everything, or while there is no key at all."""

    def __init__(self) -> None:
        _, self.key = create_api_key("contract", "admin")
        self._ids = {collection: made() for collection, made in MADE.items()}

    def keyed(self) -> APIClient:
        """Return a client with the key."""
        forget_believed_keys()  # a test before may have had none
        return APIClient(raise_request_exception=False, headers={"X-API-Key": self.key})

    def keyless(self) -> APIClient:
        """Return a client that has none while others have."""
        self.keyed()
        return APIClient(raise_request_exception=False)

    def without_keys(self) -> None:
        """Have no key at all: reading is open, writing refused."""
        ApiKey.objects.all().delete()
        forget_believed_keys()

    def values(self, operation: Operation) -> dict[str, Any]:
        """Return the example's parameters, with ids that exist here."""
        values = {"symbol": "BTC"} if "{symbol}" in operation.path else {}
        values |= operation.examples
        if "{id}" in operation.path:
            values["id"] = self._ids[operation.path.rpartition("/{id}")[0]]
        return values

    def ask(self, operation: Operation, values: dict[str, Any], body: Any = None) -> Any:
        if operation.id == "unwatchCoin":
            self.keyed().post("/mss/watch", {"symbol": values["symbol"]}, format="json")
        return send(self.keyed(), operation, values, body)


def send(client: APIClient, operation: Operation, values: dict[str, Any], body: Any) -> Any:
    asked = {} if body is None else {"data": body, "format": "json"}
    return getattr(client, operation.method)(operation.url(values), **asked)


def content_of(response: Any) -> bytes:
    content: bytes = response.getvalue() if response.streaming else response.content
    return content


def _signal_id() -> int:
    publish_signal(make_evaluation(90.0))
    return Signal.objects.latest("pk").pk


def _smart_money_scan_id() -> str:
    scan = scans.start_scan(["BTC", "ETH"], name="example")
    scans.SCANS.work(scans.work)
    return str(scan.pk)


def _mss_scan_id() -> str:
    run = start_mss_scan(Filters(50e6, 72.0, 100e3, ""))
    while runs.RUNS.work(runs.work):
        pass
    return str(run.pk)


# What makes one thing of a collection that paths name by id.
MADE: dict[str, Callable[[], Any]] = {
    "/smart-money/scans": _smart_money_scan_id,
    "/mss/scans": _mss_scan_id,
    "/history/signals": _signal_id,
}


@pytest.fixture(autouse=True)
def fresh_process_state() -> None:
    """Replace the fixture of that name: here nothing is fresh for each test."""


@pytest.fixture(scope="module")
def world(
    simulated_market: SimulatedMarket,
    django_db_setup: None,
    django_db_blocker: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    """Return the service; what is stored is rolled back after the module."""
    folder = tmp_path_factory.mktemp("world")
    sandbox = Sandbox(simulated_market)
    sandbox.limit_scale = 10_000
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock():
        for name, value in SETTINGS.items():
            patch.setattr(settings, name, value)
        patch.setattr(universe, "start_renewal", lambda: None)
        patch.setattr(universe, "REFRESH_DEADLINE_S", PATIENCE_S)
        _forget(folder, patch)
        clock.fix(AT_MS)
        with (
            transaction.atomic(),
            clock.wall_shifted(until_time_of_day(AT_MS)),
            use_runtime(ProviderRuntime(client_factory=sandbox.client_factory())),
        ):
            _list_coins()
            set_coins(Watchlist.objects.create(environment="test", name="Few"), ["BTC", "ETH"])
            yield World()
            transaction.set_rollback(True)
        clock.fix(None)
        _forget(folder, patch)


def _forget(folder: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(settings, "STORE_PATH", folder / "store.sqlite3")
    patch.setattr(settings, "BACKUP_DIR", folder / "backup")
    store.reset_store()
    universe.reset()
    forget_believed_keys()
    forget_permits()
    profiles.forget()


def _list_coins() -> None:
    lists = provider_runtime().run(lambda providers: fetch_lists(providers, 1, 20.0), timeout_s=30)
    keep_registry(
        build_registry(
            binance=lists.binance,
            okx=lists.okx,
            coins=lists.coins,
            unit_prices=lists.unit_prices,
        )
    )
