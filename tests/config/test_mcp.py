"""``/mcp`` in one process: who may, what is offered, what is answered, and how faults are told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.conf import settings
from pytest_django import Settings
from rest_framework.request import Request
from rest_framework.test import APIClient
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from config import version
from config.accounts.keys import create_api_key
from config.api.assistant_operations import OPERATIONS
from config.api.mcp import McpView
from config.api.mcp_server import GLOSSARY_FILE, INSTRUCTIONS
from config.api.prompts import QUESTIONS
from market.sandbox.handle import Sandbox
from smartmoney.api.smc_viewsets import StructureViewSet
from tests.config.assistant_calls import named_operations
from tests.config.counters import fake_counters
from tests.config.mcp_messages import call, post, post_text, result
from tests.market.conftest import (  # noqa: F401 - fixtures
    coins,
    known_coins,
    listed,
    no_universe_remembered,
    sandbox,
    simulated_market,
)

pytestmark = pytest.mark.django_db

INITIALIZE = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}
TOOLS = {operation.id for operation in OPERATIONS}


# --- The door ------------------------------------------------------------------------------------


def test_a_client_is_told_whom_it_talks_to_and_what_there_is(api: APIClient) -> None:
    answer = result(api, "initialize", INITIALIZE)

    assert answer["serverInfo"] == {"name": version.NAME, "version": version.VERSION}
    assert {"tools", "prompts", "resources"} <= answer["capabilities"].keys()
    assert "Nothing here is advice" in answer["instructions"]


def test_no_session_is_kept(api: APIClient) -> None:
    answer = post(api, "initialize", INITIALIZE)

    assert "mcp-session-id" not in {name.lower() for name in answer.headers}
    assert len(result(api, "tools/list")["tools"]) == len(TOOLS)


@pytest.mark.parametrize("method", ["get", "delete", "put", "patch", "options"])
def test_nothing_but_post_is_offered(api: APIClient, method: str) -> None:
    answer = getattr(api, method)("/mcp", headers={"Accept": "text/event-stream, application/json"})

    assert answer.status_code == 405
    assert answer["Allow"] == "POST"
    assert answer["Content-Type"] == "application/problem+json"


def test_a_notification_is_taken_without_an_answer(api: APIClient) -> None:
    answer = post_text(api, '{"jsonrpc":"2.0","method":"notifications/initialized"}')

    assert (answer.status_code, answer.content) == (202, b"")


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "null", '{"jsonrpc":"1.0"}', "", '"x"', "\x00", "[" * 100_000, '"\\ud800"', "NaN"],
)
def test_what_is_no_message_of_the_protocol_is_refused(api: APIClient, text: str) -> None:
    assert post_text(api, text).status_code == 400


def test_a_message_of_megabytes_is_refused(api: APIClient) -> None:
    assert post_text(api, '"' + "x" * 3_000_000 + '"').status_code in {400, 413}


def test_an_unknown_method_is_an_error_of_the_protocol(api: APIClient) -> None:
    body = json.loads(post(api, "tools/invent").content)

    assert "error" in body


# --- Who may -------------------------------------------------------------------------------------


def test_with_a_key_installed_nobody_enters_without(api: APIClient) -> None:
    _, plain = create_api_key("assistant", "read")

    refused = post(api, "tools/list")
    wrong = post(api, "tools/list", Authorization="Bearer 0123456789ab.wrong")

    for answer in (refused, wrong):
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"].startswith("Bearer")
        assert answer["Content-Type"] == "application/problem+json"
    assert result(api, "tools/list", Authorization=f"Bearer {plain}")["tools"]
    assert result(api, "tools/list", **{"X-API-Key": plain})["tools"]


def test_a_tool_is_called_with_the_callers_key(api: APIClient) -> None:
    _, plain = create_api_key("assistant", "read")

    is_error, text = call(api, "structureInfo", Authorization=f"Bearer {plain}")

    assert not is_error, text


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 200),
        ("http://testserver", 200),
        ("https://signals.example.com", 200),
        ("https://chat.example.com", 200),
        ("http://signals.example.com", 403),
        ("https://evil.example.com", 403),
        ("https://signals.example.com.evil.example.com", 403),
        ("null", 403),
        ("", 403),
    ],
)
def test_pages_of_other_origins_are_refused(
    api: APIClient, settings: Settings, origin: str | None, status: int
) -> None:
    settings.PUBLIC_BASE_URL = "https://signals.example.com/"
    settings.CORS_ALLOWED_ORIGINS = ["https://chat.example.com"]

    answer = post(api, "ping", **({} if origin is None else {"Origin": origin}))

    assert answer.status_code == status


def test_a_name_that_somebody_let_point_here_is_refused(api: APIClient) -> None:
    answer = post(api, "ping", Host="evil.example.com", Origin="http://evil.example.com")

    assert answer.status_code in {400, 403}


class Counting(BaseThrottle):
    counted = 0

    def allow_request(self, request: Request, view: APIView) -> bool:
        Counting.counted += 1
        return True


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("tools/list", {}),
        ("tools/call", {"name": "structureInfo", "arguments": {}}),
        ("tools/call", {"name": "noSuchTool", "arguments": {}}),
        ("tools/call", {"name": ["structureInfo"]}),
    ],
)
def test_every_message_is_counted_once(
    api: APIClient, monkeypatch: pytest.MonkeyPatch, method: str, params: dict[str, Any]
) -> None:
    for view in (McpView, StructureViewSet):
        monkeypatch.setattr(view, "throttle_classes", [Counting])
    monkeypatch.setattr(Counting, "counted", 0)

    post(api, method, params)

    assert Counting.counted == 1


class Refusing(BaseThrottle):
    def allow_request(self, request: Request, view: APIView) -> bool:
        return False

    def wait(self) -> float:
        return 7.0


def test_a_tool_beyond_the_limit_is_told_to_wait(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StructureViewSet, "throttle_classes", [Refusing])

    is_error, text = call(api, "structureInfo")

    assert is_error
    assert json.loads(text)["status"] == 429


def test_a_keys_limit_counts_tool_calls_one_by_one(api: APIClient) -> None:
    _, plain = create_api_key("assistant", "read", rate_per_minute=3)
    key = {"Authorization": f"Bearer {plain}"}

    with fake_counters(at_s=15.0):  # a minute that does not end
        failed = [call(api, "structureInfo", **key)[0] for _ in range(4)]
        beyond = post(api, "tools/list", **key)

    assert failed == [False, False, False, True]
    assert beyond.status_code == 429


# --- What is offered -----------------------------------------------------------------------------


def test_the_tools_are_the_operations_of_the_table_and_only_read(api: APIClient) -> None:
    tools = result(api, "tools/list")["tools"]

    assert [tool["name"] for tool in tools] == [operation.id for operation in OPERATIONS]
    for tool in tools:
        assert tool["title"]
        assert tool["description"]
        assert tool["annotations"]["readOnlyHint"] is True
        assert tool["annotations"]["destructiveHint"] is False


def test_every_tool_says_which_arguments_it_takes(api: APIClient) -> None:
    tools = {tool["name"]: tool["inputSchema"] for tool in result(api, "tools/list")["tools"]}

    for schema in tools.values():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["additionalProperties"] is False
        for described in schema["properties"].values():
            assert described["type"] in {"string", "integer", "number", "boolean"}
            assert described["description"]
    assert tools["getSignal"]["required"] == ["symbol"]
    assert tools["scanAuto"]["properties"]["criteria"]["enum"]


def test_the_prompts_ask_the_common_questions_of_tools_that_exist(api: APIClient) -> None:
    prompts = result(api, "prompts/list")["prompts"]

    assert [prompt["name"] for prompt in prompts] == [question.name for question in QUESTIONS]
    for question in QUESTIONS:
        named = named_operations(question.text)
        assert named, question.name
        assert named <= TOOLS, question.name
    assert named_operations(INSTRUCTIONS) <= TOOLS


def test_a_prompt_is_filled_with_what_was_given_or_with_its_default(api: APIClient) -> None:
    def text(arguments: dict[str, str]) -> str:
        asked = {"name": "should_i_look_at", "arguments": arguments}
        [message] = result(api, "prompts/get", asked)["messages"]
        filled: str = message["content"]["text"]
        return filled

    assert "Should I look at ETH now?" in text({"coin": "ETH"})
    assert "Should I look at BTC now?" in text({})
    assert "{" not in text({"coin": "{days}"}).replace("{days}", "")


def test_an_unknown_prompt_or_resource_is_an_error_of_the_protocol(api: APIClient) -> None:
    for method, params in (
        ("prompts/get", {"name": "guess"}),
        ("resources/read", {"uri": "futures-signals://secrets"}),
        ("resources/read", {"uri": "file:///etc/passwd"}),
    ):
        assert "error" in json.loads(post(api, method, params).content), method


def test_the_resources_are_the_schema_and_the_glossary(api: APIClient) -> None:
    told = {each["uri"]: each for each in result(api, "resources/list")["resources"]}
    read = {uri: result(api, "resources/read", {"uri": uri})["contents"][0]["text"] for uri in told}

    assert told.keys() == {"futures-signals://schema", "futures-signals://glossary"}
    assert json.loads(read["futures-signals://schema"])["openapi"] == "3.1.0"
    assert read["futures-signals://glossary"].startswith("# Glossary")
    for uri, text in read.items():
        assert told[uri]["size"] == len(text.encode())


def test_the_glossary_is_in_the_image() -> None:
    ignored = (Path(settings.BASE_DIR) / ".dockerignore").read_text().splitlines()

    assert ignored.index(f"!{GLOSSARY_FILE}") > ignored.index("docs/*")
    assert "docs" not in ignored


# --- What is answered ----------------------------------------------------------------------------


@pytest.mark.usefixtures("listed")
def test_an_error_of_the_service_is_the_tools_error_in_the_problems_words(api: APIClient) -> None:
    is_error, text = call(api, "getSignal", {"symbol": "BTCC"})

    problem = json.loads(text)
    assert is_error
    assert problem["status"] == 404
    assert "BTC" in problem["suggestions"]
    assert problem == api.get("/signals/BTCC").json() | {"request_id": problem["request_id"]}


@pytest.mark.parametrize(
    ("tool", "arguments", "named"),
    [
        ("getSignal", {}, "symbol"),
        ("getSignal", {"symbol": "BTC", "debug": True}, "debug"),
        ("getSignal", {"symbol": "BTC", "profile": "reckless"}, "profile"),
        ("getMarketData", {"symbol": "BTC", "limit": 101}, "limit"),
        ("getMarketData", {"symbol": "BTC", "limit": 0}, "limit"),
        ("getMarketData", {"symbol": "BTC", "limit": "many"}, "limit"),
        ("getMarketData", {"symbol": "BTC", "limit": [1, 2]}, "limit"),
        ("getMarketData", {"symbol": "BTC", "interval": "7m"}, "interval"),
        ("scanAuto", {"criteria": {"best": 1}}, "criteria"),
        ("structureInfo", {"colour": "red"}, "colour"),
    ],
)
@pytest.mark.usefixtures("listed")
def test_a_wrong_argument_is_named(
    api: APIClient, tool: str, arguments: dict[str, Any], named: str
) -> None:
    is_error, text = call(api, tool, arguments)

    problem = json.loads(text)
    assert is_error
    assert problem["status"] == 400
    assert [error["parameter"] for error in problem["errors"]] == [named]


@pytest.mark.usefixtures("listed")
def test_what_an_assistant_leaves_out_as_null_is_left_out(api: APIClient) -> None:
    given = call(api, "getMarketData", {"symbol": "BTC", "limit": None, "interval": "1h"})

    assert given == (False, call(api, "getMarketData", {"symbol": "BTC", "interval": "1h"})[1])


@pytest.mark.parametrize(
    "symbol", ["BTC/USDT", "../health", "%00", "\x00", "🚀", "A" * 500, "?", ""]
)
@pytest.mark.usefixtures("listed")
def test_an_argument_cannot_lead_to_another_address(api: APIClient, symbol: str) -> None:
    is_error, text = call(api, "getSignal", {"symbol": symbol})

    assert is_error
    assert json.loads(text)["status"] in {400, 404}


def test_an_unknown_tool_is_told_which_there_are(api: APIClient) -> None:
    is_error, text = call(api, "buyEverything")

    assert is_error
    assert "getSignal" in text


@pytest.mark.usefixtures("listed")
def test_a_fault_of_ours_tells_the_request_id_and_nothing_else(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the secret is 42")

    monkeypatch.setattr("smartmoney.api.smc_viewsets.structure_info", broken)

    is_error, text = call(api, "structureInfo", **{"X-Request-ID": "find-me"})

    problem = json.loads(text)
    assert is_error
    assert (problem["status"], problem["request_id"]) == (500, "find-me")
    assert "42" not in text


@pytest.mark.usefixtures("listed")
def test_reading_through_a_tool_stores_nothing_and_asks_no_more_than_reading(
    api: APIClient,
    sandbox: Sandbox,  # noqa: F811 - the fixture
) -> None:
    rest = api.get("/signals/BTC").content.decode()
    asked = sandbox.calls()

    assert call(api, "getSignal", {"symbol": "BTC"}) == (False, rest)
    assert sandbox.calls() == asked
