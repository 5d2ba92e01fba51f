"""One question, one call: the cache, callers of one process, callers of several."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from market import clock
from market.providers import response_cache
from market.providers.deadline import deadline_within
from market.providers.errors import ProviderRateLimited, ProviderRejected, ProviderUnavailable
from market.providers.policy import Patience
from market.providers.transport import Pool, Transport
from market.store_contract import Budget
from tests.market import store_workers
from tests.market.stores import STORE_KINDS, store_address
from tests.market.transports import World, make_world, ok, run

BUDGET = Budget("stub:calls", 100, 60)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return make_world(tmp_path, monkeypatch)


class Gate:
    """An upstream that answers when told to."""

    def __init__(self, world: World, response: httpx.Response | None = None) -> None:
        self.open = asyncio.Event()
        self.arrived = asyncio.Event()
        self._response = response
        world.handler = self.handle

    async def handle(self, request: httpx.Request) -> httpx.Response:
        self.arrived.set()
        await self.open.wait()
        return self._response or ok()


async def settle() -> None:
    """Let every task that can run do so."""
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.mark.parametrize("cache_ttl_s", [0.0, 60.0])
def test_a_hundred_callers_at_once_cause_one_call(world: World, cache_ttl_s: float) -> None:
    transport = world.transport()

    async def together() -> list[object]:
        return await asyncio.gather(
            *[
                transport.get_json(
                    "/answer", params={"b": 1, "a": 2}, pool="calls", cache_ttl_s=cache_ttl_s
                )
                for _ in range(100)
            ]
        )

    assert run(together()) == [{"answer": 42}] * 100
    assert world.calls == 1
    assert world.store.used([BUDGET]) == [1]


def test_other_parameters_are_another_question(world: World) -> None:
    transport = world.transport()

    async def together() -> None:
        await asyncio.gather(
            transport.get_json("/answer", params={"a": 1}, pool="calls"),
            transport.get_json("/answer", params={"a": 2}, pool="calls"),
            transport.get_json("/other", params={"a": 1}, pool="calls"),
        )

    run(together())

    assert world.calls == 3


def test_those_who_wait_get_the_error_of_the_one_who_asked(world: World) -> None:
    world.answers(httpx.Response(400))
    transport = world.transport()

    async def together() -> list[object]:
        return await asyncio.gather(
            *[transport.get_json("/answer", pool="calls") for _ in range(50)],
            return_exceptions=True,
        )

    errors = run(together())

    assert {type(error) for error in errors} == {ProviderRejected}
    assert world.calls == 1


def test_a_cancelled_leader_takes_nobody_down(world: World) -> None:
    transport = world.transport()

    async def cancel_leader() -> list[object]:
        gate = Gate(world)
        leader = asyncio.create_task(transport.get_json("/answer", pool="calls"))
        await gate.arrived.wait()
        followers = [
            asyncio.create_task(transport.get_json("/answer", pool="calls")) for _ in range(10)
        ]
        await settle()
        leader.cancel()
        gate.open.set()
        return await asyncio.gather(leader, *followers, return_exceptions=True)

    leader, *followers = run(cancel_leader())

    assert isinstance(leader, asyncio.CancelledError)
    assert followers == [{"answer": 42}] * 10
    assert world.calls == 2


def test_a_cancelled_follower_changes_nothing_for_the_others(world: World) -> None:
    transport = world.transport()

    async def cancel_follower() -> list[object]:
        gate = Gate(world)
        leader = asyncio.create_task(transport.get_json("/answer", pool="calls"))
        await gate.arrived.wait()
        followers = [
            asyncio.create_task(transport.get_json("/answer", pool="calls")) for _ in range(2)
        ]
        await settle()
        followers[0].cancel()
        await settle()
        gate.open.set()
        return await asyncio.gather(leader, *followers, return_exceptions=True)

    leader, cancelled, other = run(cancel_follower())

    assert leader == other == {"answer": 42}
    assert isinstance(cancelled, asyncio.CancelledError)
    assert world.calls == 1


def test_a_follower_with_more_time_does_not_fail_with_a_leader_in_a_hurry(world: World) -> None:
    pools = {"calls": (Pool("calls", 1, 60),)}
    transport = world.transport(pools=pools)

    async def hurried(deadline_s: float) -> object:
        with deadline_within(deadline_s):
            return await transport.get_json("/answer", pool="calls")

    async def both() -> list[object]:
        await transport.get_json("/first", pool="calls")
        return await asyncio.gather(hurried(5.0), hurried(100.0), return_exceptions=True)

    leader, follower = run(both())

    assert isinstance(leader, ProviderRateLimited)
    assert follower == {"answer": 42}


def test_a_follower_leaves_at_its_own_deadline(world: World) -> None:
    transport = world.transport()

    async def follower() -> object:
        with deadline_within(0.05):
            return await transport.get_json("/answer", pool="calls")

    async def both() -> list[object]:
        gate = Gate(world)
        leader = asyncio.create_task(transport.get_json("/answer", pool="calls"))
        await gate.arrived.wait()
        late = await asyncio.gather(follower(), return_exceptions=True)
        gate.open.set()
        return [await leader, *late]

    answer, late = run(both())

    assert answer == {"answer": 42}
    assert isinstance(late, ProviderUnavailable)


def test_a_cached_answer_serves_until_its_age_and_says_when_it_was_fetched(world: World) -> None:
    transport = world.transport()
    began_ms = clock.now_ms()

    async def fetch() -> tuple[object, int]:
        fetched = await transport.get("/answer", pool="calls", cache_ttl_s=60)
        return fetched.payload, fetched.fetched_at_ms

    world.answers(ok([1]), ok([2]))
    first = run(fetch())
    world.wall_s += 59
    second = run(fetch())
    world.wall_s += 2
    third = run(fetch())

    assert first == second == ([1], began_ms)
    assert third == ([2], began_ms + 61_000)


def test_an_answer_kept_for_long_does_not_serve_who_wants_a_fresher_one(world: World) -> None:
    world.answers(ok([1]), ok([2]))
    world.get(cache_ttl_s=600)
    world.wall_s += 30

    assert world.get(cache_ttl_s=600) == [1]
    assert world.get(cache_ttl_s=10) == [2]
    assert world.get() == [2]
    assert world.calls == 3


def test_another_process_finds_the_answer_in_the_store(world: World) -> None:
    world.answers(ok([1]), ok([2]))

    assert world.get(world.transport(), cache_ttl_s=60) == [1]
    assert world.get(world.transport(), cache_ttl_s=60) == [1]
    assert world.calls == 1


def test_another_host_of_the_same_provider_has_its_own_answers(world: World) -> None:
    world.get(cache_ttl_s=60)
    transport = world.transport()
    other = Transport(
        transport._policy,
        httpx.AsyncClient(
            base_url="http://sandbox.test",
            transport=httpx.MockTransport(lambda request: ok(["sandbox"])),
        ),
        world.store,
    )

    assert world.get(other, cache_ttl_s=60) == ["sandbox"]


def test_errors_are_not_cached(world: World) -> None:
    world.answers(httpx.Response(400), ok())

    with pytest.raises(ProviderRejected):
        world.get(cache_ttl_s=60)

    assert world.get(cache_ttl_s=60) == {"answer": 42}


def test_the_memory_of_a_process_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(response_cache, "MEMORY_BYTES", 1000)
    monkeypatch.setattr(response_cache, "MEMORY_MAX_BODY_BYTES", 500)
    transport = world.transport()
    world.handler = lambda request: ok("x" * int(request.url.params["size"]))

    for size in (300, 301, 302, 303, 600):
        world.get(transport, params={"size": size}, cache_ttl_s=60)

    kept = transport._cache._memory
    assert [len(entry.fetched.payload) for entry in kept.values()] == [301, 302, 303]
    assert world.get(transport, params={"size": 300}, cache_ttl_s=60) == "x" * 300
    assert world.get(transport, params={"size": 600}, cache_ttl_s=60) == "x" * 600
    assert world.calls == 5


def test_a_caller_waits_for_the_answer_of_another_process(world: World) -> None:
    here, there = world.transport(), world.transport()

    async def both() -> list[object]:
        gate = Gate(world)
        first = asyncio.create_task(here.get_json("/answer", pool="calls", cache_ttl_s=60))
        await gate.arrived.wait()
        second = asyncio.create_task(there.get_json("/answer", pool="calls", cache_ttl_s=60))
        while not world.slept_s:
            await settle()
        gate.open.set()
        return await asyncio.gather(first, second)

    assert run(both()) == [{"answer": 42}] * 2
    assert world.calls == 1


def test_a_slow_answer_is_awaited_by_other_processes_as_long_as_it_may_take(world: World) -> None:
    patience = Patience(silence_s=30.0, exchange_s=40.0)
    here, there = world.transport(patience=patience), world.transport(patience=patience)

    async def both() -> None:
        gate = Gate(world)
        first = asyncio.create_task(here.get_json("/answer", pool="calls", cache_ttl_s=60))
        await gate.arrived.wait()
        world.wall_s += 39.0
        with pytest.raises(ProviderUnavailable), deadline_within(0.05):
            await there.get_json("/answer", pool="calls", cache_ttl_s=60)
        gate.open.set()
        await first

    run(both())

    assert world.calls == 1


def test_when_the_other_process_fails_or_dies_the_next_one_asks_itself(world: World) -> None:
    here, there = world.transport(), world.transport()

    async def both() -> list[object]:
        gate = Gate(world, httpx.Response(400))
        first = asyncio.create_task(here.get_json("/answer", pool="calls", cache_ttl_s=60))
        await gate.arrived.wait()
        second = asyncio.create_task(there.get_json("/answer", pool="calls", cache_ttl_s=60))
        while not world.slept_s:
            await settle()
        world.answers(ok())
        gate.open.set()
        return await asyncio.gather(first, second, return_exceptions=True)

    first, second = run(both())

    assert isinstance(first, ProviderRejected)
    assert second == {"answer": 42}


@pytest.fixture
def upstream() -> Iterator[tuple[str, list[str]]]:
    """Serve one JSON answer on loopback; yield its base URL and the paths asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = json.dumps({"answer": 42}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("kind", STORE_KINDS)
def test_callers_in_three_processes_cause_one_call(
    kind: str, tmp_path: Path, upstream: tuple[str, list[str]]
) -> None:
    base_url, asked = upstream
    spawn = multiprocessing.get_context("spawn")
    barrier, results = spawn.Barrier(3), spawn.Queue()

    with store_address(kind, tmp_path) as address:
        processes = [
            spawn.Process(
                target=store_workers.ask_together,
                args=(address, base_url, 100, barrier, results),
                daemon=True,
            )
            for _ in range(3)
        ]
        for process in processes:
            process.start()
        answers = [answer for _ in processes for answer in results.get(timeout=60)]
        for process in processes:
            process.join(60)

    assert answers == [{"answer": 42}] * 300
    assert asked == ["/answer"]
