"""One question by three doors: REST, GPT Actions and MCP give the same figures, small enough.

Time stands still in the sandbox, so equal means the same bytes.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from config.api.assistant_operations import OPERATIONS
from config.api.assistants import Endpoint, selected
from config.api.renderers import dump_json
from market import clock
from market.sandbox.handle import Sandbox
from market.services import resolve_symbol
from signals.profiles import active_profile
from signals.rendering import signal_columns
from signals.services import evaluate_symbols
from tests.analytics.rows import store_signal, store_sums
from tests.config.assistant_calls import LARGEST, largest_question, most_rows, url_of
from tests.config.mcp_messages import call
from tests.market.conftest import (  # noqa: F401 - fixtures
    coins,
    known_coins,
    listed,
    no_universe_remembered,
    sandbox,
    simulated_market,
)
from tests.mss.seen import appeared, small_coins

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("listed")]

MOST_BYTES = 50_000
LISTS_NEW_COINS = {"discoverEmergingCoins", "scanEmergingCoins"}
LISTS_SIGNALS = {
    "getSignalWithContext", "listSignalHistory", "getSymbolHistory", "getSignalsInDateRange",
}  # fmt: skip


@pytest.fixture(autouse=True)
def patience(settings: Settings) -> None:
    """Wait for the market that is made up in this process, however busy the machine."""
    settings.SIGNAL_DEADLINE_S = settings.SMART_MONEY_DEADLINE_S = settings.MSS_DEADLINE_S = 60.0


def store_whole_signals() -> None:
    """Store more signals than are listed at once, with all the evidence of a real one."""
    profile = active_profile(None)
    [evaluation] = evaluate_symbols([resolve_symbol("BTC")], profile, deadline_s=60.0)
    columns = signal_columns(evaluation.result, profile) | {"signal": "LONG"}
    del columns["symbol"], columns["timestamp"]
    for hours in range(10):
        store_signal("BTC", clock.now() - timedelta(hours=hours), **columns)


def store_outcomes() -> None:
    """Store sums of outcomes for every day that may be asked for."""
    for days in range(200):
        day = clock.now().date() - timedelta(days=days)
        store_sums(day, hits=days % 11)
        store_sums(day, "BTC", hits=days % 11)


def at_its_longest(content: bytes, endpoint: Endpoint) -> int:
    """Return the bytes of an answer whose list is filled up to its limit with its longest row."""
    rows = [
        len(dump_json(row))
        for value in orjson.loads(content).values()
        if isinstance(value, list)
        for row in value
        if isinstance(row, dict)
    ]
    return len(content) + max(0, most_rows(endpoint) - len(rows)) * max(rows, default=0)


def figures(text: str | bytes) -> Any:
    """Return an answer without the moment it was given and how long that took."""
    document = orjson.loads(text)
    for key in ("timestamp", "request_id"):
        document.pop(key, None)
    return document


def test_every_operation_has_its_largest_question() -> None:
    assert {operation.id for operation in OPERATIONS} == LARGEST.keys()


@pytest.mark.parametrize("operation_id", LARGEST)
def test_the_three_doors_give_the_same_answer_and_it_is_small(
    api: APIClient,
    sandbox: Sandbox,  # noqa: F811 - the fixture
    operation_id: str,
) -> None:
    endpoint = next(each for each in selected() if each.operation.id == operation_id)
    arguments = largest_question(endpoint)
    url = url_of(endpoint, arguments)
    store_outcomes()
    if operation_id in LISTS_SIGNALS:
        store_whole_signals()
    if operation_id in LISTS_NEW_COINS:
        appeared(small_coins(sandbox, 120), hours_ago=5)

    rest = api.get(url)
    is_error, mcp = call(api, operation_id, arguments)

    assert rest.status_code == 200, rest.content
    assert not is_error, mcp
    assert figures(rest.content) == figures(mcp)
    assert at_its_longest(rest.content, endpoint) <= MOST_BYTES
    assert rest.json().keys() <= endpoint.answer["properties"].keys()


def test_what_a_gpt_asks_by_its_document_are_the_services_own_addresses(api: APIClient) -> None:
    full = addresses(api.get("/openapi.json").json())
    given = addresses(api.get("/gpt/action-schema").json())

    assert given.keys() == LARGEST.keys()
    for operation_id, (path, names) in given.items():
        assert path == full[operation_id][0]
        assert names <= full[operation_id][1]


def addresses(document: dict[str, Any]) -> dict[str, tuple[str, set[str]]]:
    return {
        body["operationId"]: (path, {each["name"] for each in body.get("parameters", ())})
        for path, methods in document["paths"].items()
        for body in methods.values()
    }
