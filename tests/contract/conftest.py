"""A service in one process with everything that an operation can be asked about.

The sandbox stands behind every source, with the vendors' keys; one coin has a stored signal, a scan
of each kind has been worked off and a coin is watched. What the service keeps is made when the
first test asks for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from config.accounts.keys import create_api_key
from market.sandbox.handle import Sandbox
from mss import runs
from mss.candidates import Filters
from mss.services import start_scan as start_mss_scan
from signals.models import Signal
from signals.services import publish_signal
from smartmoney.scans import run_scans, start_scan
from tests.contract.document import Operation
from tests.market.conftest import (
    coins,
    known_coins,
    listed,
    no_universe_remembered,
    sandbox,
    simulated_market,
)
from tests.market.keyed import give_keys
from tests.signals.conftest import no_profile_remembered
from tests.signals.results import make_evaluation

__all__ = [
    "coins", "known_coins", "listed", "no_profile_remembered", "no_universe_remembered", "sandbox",
    "simulated_market",
]  # fmt: skip


class World:
    """The service, asked with a key that may do everything, with another one or with none."""

    def __init__(self) -> None:
        _, self._plain = create_api_key("contract", "admin")
        self._ids: dict[str, str] = {}

    def client(self, key: str | None = "own") -> APIClient:
        client = APIClient(raise_request_exception=False)
        if key is not None:
            client.credentials(HTTP_X_API_KEY=self.key if key == "own" else key)
        return client

    @property
    def key(self) -> str:
        return self._plain

    def values(self, operation: Operation) -> dict[str, Any]:
        """Return the example's parameters, with ids that exist here."""
        values = {"symbol": "BTC"} if "{symbol}" in operation.path else {}
        values |= operation.examples
        if "{id}" in operation.path:
            values["id"] = self._id(operation.path.rpartition("/{id}")[0])
        return values

    def ask(self, operation: Operation, values: dict[str, Any], body: Any = None) -> Any:
        client = self.client()
        if operation.id == "unwatchCoin":
            client.post("/mss/watch", {"symbol": values["symbol"]}, format="json")
        kind = {} if body is None else {"data": body, "format": "json"}
        return getattr(client, operation.method)(operation.url(values), **kind)

    def _id(self, collection: str) -> str:
        if collection not in self._ids:
            self._ids[collection] = str(MADE[collection]())
        return self._ids[collection]


def _signal_id() -> Any:
    publish_signal(make_evaluation(90.0))
    return Signal.objects.latest("pk").pk


def _smart_money_scan_id() -> Any:
    scan = start_scan(["BTC", "ETH"], name="example")
    run_scans()
    return scan.pk


def _mss_scan_id() -> Any:
    run = start_mss_scan(Filters(50e6, 72.0, 100e3, ""))
    while runs.work_on_runs():
        pass
    return run.pk


# What makes one thing of a collection that paths name by id.
MADE: dict[str, Callable[[], Any]] = {
    "/smart-money/scans": _smart_money_scan_id,
    "/mss/scans": _mss_scan_id,
    "/history/signals": _signal_id,
}


@pytest.fixture
def world(sandbox: Sandbox, listed: None, settings: Settings) -> World:
    settings.SIGNAL_DEADLINE_S = 60.0  # however busy the machine that makes up the market
    settings.API_KEY_RATE_PER_MINUTE = settings.API_KEY_DAILY_QUOTA = 0
    settings.SMART_MONEY_DEADLINE_S = settings.MSS_DEADLINE_S = 60.0
    give_keys(settings, coinglass="standard", lunarcrush="builder", coinapi="streamer")
    return World()
