"""One question by three doors: REST, GPT Actions and MCP give the same figures, small enough.

Time stands still in the sandbox, so equal means the same bytes.
"""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from config.api.assistant_operations import OPERATIONS
from config.api.assistants import selected
from tests.config.assistant_calls import LARGEST, largest_question, url_of
from tests.config.mcp_messages import call
from tests.market.conftest import (  # noqa: F401 - fixtures
    coins,
    known_coins,
    listed,
    no_universe_remembered,
    sandbox,
    simulated_market,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("listed")]

MOST_BYTES = 50_000


@pytest.fixture(autouse=True)
def patience(settings: Settings) -> None:
    """Wait for the market that is made up in this process, however busy the machine."""
    settings.SIGNAL_DEADLINE_S = settings.SMART_MONEY_DEADLINE_S = settings.MSS_DEADLINE_S = 60.0


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
    api: APIClient, operation_id: str
) -> None:
    endpoint = next(each for each in selected() if each.operation.id == operation_id)
    arguments = largest_question(endpoint)
    url = url_of(endpoint, arguments)

    rest = api.get(url)
    gpt = api.get(url, headers={"Authorization": "", "User-Agent": "ChatGPT-User/1.0"})
    is_error, mcp = call(api, operation_id, arguments)

    assert rest.status_code == 200, rest.content
    assert not is_error, mcp
    assert figures(rest.content) == figures(gpt.content) == figures(mcp)
    assert len(rest.content) <= MOST_BYTES
    assert json.loads(rest.content).keys() <= endpoint.answer["properties"].keys()
