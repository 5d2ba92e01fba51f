"""Connections spread over small pools: no request waits for another's connection."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator

import httpx
import pytest

from market.providers.connections import POOLS, SpreadTransport

CONNECTIONS = 20


class Body(httpx.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"{}"


class Pool(httpx.AsyncBaseTransport):
    """Stands for one pool: holds every request until told, and counts the most at once."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.now = self.most = 0
        self.error: Exception | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await self.gate.wait()
            if self.error is not None:
                raise self.error
        finally:
            self.now -= 1
        return httpx.Response(200, stream=Body())


def spread_over(pools: list[Pool]) -> SpreadTransport:
    transport = SpreadTransport(
        connections=CONNECTIONS, keepalive_expiry_s=1.0, verify=ssl.create_default_context()
    )
    transport._pools = pools
    return transport


def test_twenty_requests_at_once_leave_no_pool_over_its_share():
    async def ask() -> list[int]:
        pools = [Pool() for _ in range(POOLS)]
        async with httpx.AsyncClient(transport=spread_over(pools), base_url="http://x") as client:
            asked = [asyncio.create_task(client.get("/")) for _ in range(CONNECTIONS)]
            while sum(pool.now for pool in pools) < CONNECTIONS:
                await asyncio.sleep(0)
            for pool in pools:
                pool.gate.set()
            await asyncio.gather(*asked)
        return [pool.most for pool in pools]

    assert asyncio.run(ask()) == [CONNECTIONS // POOLS] * POOLS


@pytest.mark.parametrize("fault", [httpx.ConnectError("refused"), asyncio.CancelledError()])
def test_a_request_that_fails_gives_its_place_back(fault):
    async def ask() -> list[int]:
        pools = [Pool() for _ in range(POOLS)]
        for pool in pools:
            pool.gate.set()
            pool.error = fault
        transport = spread_over(pools)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            for _ in range(3):
                with pytest.raises(type(fault)):
                    await client.get("/")
        return transport._under_way

    assert asyncio.run(ask()) == [0] * POOLS


def test_an_answer_that_is_read_gives_its_place_back_once():
    async def ask() -> list[int]:
        pools = [Pool() for _ in range(POOLS)]
        for pool in pools:
            pool.gate.set()
        transport = spread_over(pools)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            async with client.stream("GET", "/") as response:
                await response.aread()
                await response.aclose()
            await client.get("/")
        return transport._under_way

    assert asyncio.run(ask()) == [0] * POOLS
