"""Who pays for a call: clients from a share of each budget, at once or not at all."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from market.providers.admission import CLIENT_CONNECTIONS
from market.providers.errors import ProviderRateLimited
from market.providers.payer import ClientShareSpent, for_client
from market.providers.transport import Pool, Transport
from tests.market.transports import World, make_world, ok, run

POOLS = {"calls": (Pool("minute", 10, 60), Pool("day", 100, 86_400))}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return make_world(tmp_path, monkeypatch)


async def by_client(transport: Transport, path: str, cost: int = 1, ttl_s: float = 0.0) -> int:
    """Ask once for a client; return what it cost."""
    with for_client() as payer:
        await transport.get_json(path, pool="calls", cost=cost, cache_ttl_s=ttl_s)
    return payer.spent


def test_clients_get_half_of_a_budget_and_scans_the_rest(world: World) -> None:
    transport = world.transport(pools=POOLS)

    async def work() -> None:
        for number in range(5):
            await by_client(transport, f"/client/{number}")
        with pytest.raises(ClientShareSpent) as refused:
            await by_client(transport, "/client/6")
        assert refused.value.retry_after_s > 1.0
        for number in range(5):
            await transport.get_json(f"/scan/{number}", pool="calls")

    run(work())

    assert world.calls == 10
    assert world.slept_s == []


def test_clients_of_a_slow_vendor_leave_connections_for_scans(world: World) -> None:
    transport = world.transport(pools={"calls": (Pool("minute", 1000, 60),)})
    arrived: list[str] = []

    async def work() -> None:
        answers = asyncio.Event()

        async def slow(request: httpx.Request) -> httpx.Response:
            arrived.append(request.url.path.split("/")[2])
            await answers.wait()
            return ok()

        world.handler = slow
        clients = [asyncio.create_task(by_client(transport, f"/client/{n}")) for n in range(30)]
        while len(arrived) < CLIENT_CONNECTIONS:
            await asyncio.sleep(0)
        scan = asyncio.create_task(transport.get_json("/scan/1", pool="calls"))
        async with asyncio.timeout(30.0):
            while "scan" not in arrived:
                await asyncio.sleep(0)
        assert arrived.count("client") == CLIENT_CONNECTIONS
        answers.set()
        await asyncio.gather(scan, *clients)

    run(work())

    assert world.calls == 31


def test_what_scans_have_spent_is_not_there_for_clients(world: World) -> None:
    transport = world.transport(pools=POOLS)

    async def work() -> None:
        for number in range(8):
            await transport.get_json(f"/scan/{number}", pool="calls")
        await by_client(transport, "/client/1")
        await by_client(transport, "/client/2")
        with pytest.raises(ClientShareSpent):
            await by_client(transport, "/client/3")

    run(work())

    assert world.calls == 10


def test_a_call_dearer_than_the_share_is_paid_once_nothing_else_was(world: World) -> None:
    transport = world.transport(pools={"calls": (Pool("day", 10, 60),)})

    async def work() -> None:
        assert await by_client(transport, "/dear", cost=8) == 8
        with pytest.raises(ClientShareSpent):
            await by_client(transport, "/cheap")

    run(work())


def test_what_a_vendor_refuses_is_not_taken_for_a_spent_share(world: World) -> None:
    transport = world.transport(pools=POOLS)
    world.answers(httpx.Response(429, headers={"Retry-After": "30"}))

    async def work() -> None:
        for _ in range(2):  # told by the vendor, then by the penalty
            with pytest.raises(ProviderRateLimited) as refused:
                await by_client(transport, "/client")
            assert not isinstance(refused.value, ClientShareSpent)

    run(work())

    assert world.calls == 1


def test_only_calls_that_were_made_are_counted(world: World) -> None:
    transport = world.transport(pools=POOLS)
    world.answers(httpx.Response(500), ok())

    async def work() -> tuple[int, int]:
        return (
            await by_client(transport, "/client", ttl_s=60.0),
            await by_client(transport, "/client", ttl_s=60.0),
        )

    assert run(work()) == (2, 0)  # with the retry; from the cache


def test_what_starts_inside_is_paid_by_the_client_too(world: World) -> None:
    transport = world.transport(pools=POOLS)

    async def work() -> int:
        with for_client() as payer:
            await asyncio.gather(
                *(transport.get_json(f"/part/{number}", pool="calls") for number in range(3))
            )
        return payer.spent

    assert run(work()) == 3


def test_a_client_without_budget_takes_no_scan_of_the_same_question_down(world: World) -> None:
    transport = world.transport(pools=POOLS)

    async def work() -> None:
        for number in range(5):
            await by_client(transport, f"/client/{number}")
        outcomes = await asyncio.gather(
            by_client(transport, "/same"),
            transport.get_json("/same", pool="calls"),
            return_exceptions=True,
        )
        assert isinstance(outcomes[0], ClientShareSpent)
        assert outcomes[1] == {"answer": 42}

    run(work())
