"""``/mcp`` as it is shipped: the web process on the sandbox, asked by the official client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from mcp import ClientSession, types
from mcp.client.streamable_http import streamable_http_client

from config.api.assistant_operations import OPERATIONS
from config.api.prompts import QUESTIONS
from tests.bench.stack import children, product

pytestmark = pytest.mark.one_database

KEY = "only-for-this-test-0123456789"
PARALLEL = 20
# For a service that locks up to fail the test instead of hanging it.
GIVE_UP_S = 120.0
# Compiled, and loaded by the mcp package alone: what a process has loaded, the kernel tells.
ONLY_OF_MCP = "pydantic_core"


@dataclass(frozen=True)
class Service:
    url: str
    pid: int

    def has_loaded_mcp(self) -> bool:
        maps = (Path(f"/proc/{pid}/maps").read_text() for pid in (self.pid, *children(self.pid)))
        return any(ONLY_OF_MCP in each for each in maps)

    def rest(self, path: str) -> bytes:
        answer = httpx.get(
            self.url + path,
            headers={"Authorization": f"Bearer {KEY}"},
            timeout=GIVE_UP_S,
            trust_env=False,
        )
        assert answer.status_code == 200, answer.text
        return answer.content


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """Return one web process of two threads: what could ever lock up with many does here."""
    how = {"WEB_WORKERS": "1", "WEB_THREADS": "2", "SIGNAL_CACHE_TTL_S": "900"}
    with product(API_KEYS=KEY, LOG_LEVEL="WARNING", **how) as (_, web):
        yield Service(web.url, web.process.pid)


@asynccontextmanager
async def session(service: Service, key: str = KEY) -> AsyncIterator[ClientSession]:
    async with (
        asyncio.timeout(GIVE_UP_S),
        httpx.AsyncClient(
            headers={"Authorization": f"Bearer {key}"}, timeout=GIVE_UP_S, trust_env=False
        ) as http,
        streamable_http_client(f"{service.url}/mcp", http_client=http) as (reading, writing, _),
        ClientSession(reading, writing) as client,
    ):
        await client.initialize()
        yield client


def text_of(answer: types.CallToolResult) -> str:
    [content] = answer.content
    assert isinstance(content, types.TextContent)
    return content.text


def test_the_official_client_finds_tools_prompts_and_resources(service: Service) -> None:
    async def ask() -> None:
        async with session(service) as client:
            tools = (await client.list_tools()).tools
            prompts = (await client.list_prompts()).prompts
            resources = (await client.list_resources()).resources
            asked = await client.get_prompt(QUESTIONS[0].name, {"coin": "ETH"})
            read = await client.read_resource(resources[0].uri)

        assert [tool.name for tool in tools] == [operation.id for operation in OPERATIONS]
        assert all(tool.annotations and tool.annotations.readOnlyHint for tool in tools)
        assert [prompt.name for prompt in prompts] == [question.name for question in QUESTIONS]
        assert "ETH" in asked.messages[0].content.text  # type: ignore[union-attr]
        assert json.loads(read.contents[0].text)["openapi"] == "3.1.0"  # type: ignore[union-attr]

    if not Path("/proc/self/maps").exists():
        pytest.skip("this system does not tell what a process has loaded")
    service.rest("/smc/info")
    assert not service.has_loaded_mcp(), "a service that no assistant asks pays for MCP"

    asyncio.run(ask())

    assert service.has_loaded_mcp()


def test_a_tool_answers_with_the_bytes_of_rest(service: Service) -> None:
    async def ask() -> tuple[str, str, types.CallToolResult]:
        async with session(service) as client:
            signal = await client.call_tool("getSignal", {"symbol": "BTC"})
            rest = await asyncio.to_thread(service.rest, "/signals/BTC")
            unknown = await client.call_tool("getSignal", {"symbol": "BTCC"})
        assert not signal.isError
        return text_of(signal), rest.decode(), unknown

    tool, rest, unknown = asyncio.run(ask())

    assert tool == rest
    assert unknown.isError
    assert json.loads(text_of(unknown))["status"] == 404


def test_twenty_calls_at_once_are_all_answered(service: Service) -> None:
    coins = ["BTC", "ETH", "SOL", "XRP", "DOGE"]
    for coin in coins:  # a process with two threads evaluates one coin at a time
        service.rest(f"/signals/{coin}")

    async def ask() -> list[types.CallToolResult]:
        async with session(service) as client:
            calls = [
                client.call_tool("getSignal", {"symbol": coins[number % len(coins)]})
                for number in range(PARALLEL)
            ]
            return list(await asyncio.gather(*calls))

    answers = asyncio.run(ask())

    assert [answer.isError for answer in answers] == [False] * PARALLEL
    symbols = [json.loads(text_of(answer))["symbol"] for answer in answers]
    assert symbols == [coins[number % len(coins)] for number in range(PARALLEL)]


def test_without_the_key_the_client_is_refused(service: Service) -> None:
    async def ask() -> None:
        async with session(service, key="not-the-key-0123456789"):
            pytest.fail("somebody without a key came in")

    with pytest.raises(BaseException) as refused:  # noqa: PT011 - the client groups its errors
        asyncio.run(ask())

    assert "401" in str(leaves(refused.value)), leaves(refused.value)


def leaves(error: BaseException) -> list[BaseException]:
    """Return the errors inside groups of groups."""
    if isinstance(error, BaseExceptionGroup):
        return [leaf for each in error.exceptions for leaf in leaves(each)]
    return [error]
