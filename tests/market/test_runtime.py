"""The provider runtime: one loop per process, entered from synchronous code."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import pytest

from market.providers import runtime as runtime_module
from market.providers.admission import POOL_CONNECTIONS
from market.providers.deadline import deadline, deadline_within
from market.providers.lasting import begin_lasting
from market.providers.registry import Providers
from market.providers.runtime import (
    ProviderRuntime,
    pooled_client,
    provider_runtime,
    use_runtime,
)


async def upstream(scope, receive, send) -> None:
    """A whole internet in which every path answers the same."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b'{"serverTime": 1}'})


class Clients:
    def __init__(self) -> None:
        self.made: list[httpx.AsyncClient] = []

    def __call__(self, base_url: str) -> httpx.AsyncClient:
        client = httpx.AsyncClient(
            base_url=base_url, transport=httpx.ASGITransport(upstream), trust_env=False
        )
        self.made.append(client)
        return client


@pytest.fixture
def clients() -> Clients:
    return Clients()


@pytest.fixture
def runtime(clients: Clients) -> Iterator[ProviderRuntime]:
    with use_runtime(ProviderRuntime(clients)) as runtime:
        yield runtime


async def ask_binance(providers: Providers) -> object:
    return await providers.binance._transport.get_json("/fapi/v1/time", pool="weight")


async def current_thread(_: Providers) -> threading.Thread:
    return threading.current_thread()


async def hang(_: Providers) -> None:
    await asyncio.Event().wait()


def test_synchronous_code_gets_the_result_of_a_coroutine(runtime: ProviderRuntime) -> None:
    assert runtime.run(ask_binance, timeout_s=5) == {"serverTime": 1}


def test_inside_the_block_the_process_uses_the_given_runtime(runtime: ProviderRuntime) -> None:
    assert provider_runtime() is runtime


def test_after_the_block_the_process_uses_its_own_again(clients: Clients) -> None:
    before = provider_runtime()

    with use_runtime(ProviderRuntime(clients)) as runtime:
        runtime.run(current_thread, timeout_s=5)

    assert provider_runtime() is before


def test_threads_share_one_loop_and_one_client_per_provider(
    runtime: ProviderRuntime, clients: Clients
) -> None:
    runtime.run(current_thread, timeout_s=5)
    made_at_first = len(clients.made)

    with ThreadPoolExecutor(8) as threads:
        served_by = set(threads.map(lambda _: runtime.run(current_thread, timeout_s=5), range(32)))
        answers = list(threads.map(lambda _: runtime.run(ask_binance, timeout_s=5), range(32)))

    assert len(served_by) == 1
    assert threading.current_thread() not in served_by
    assert answers == [{"serverTime": 1}] * 32
    assert len(clients.made) == made_at_first > 0


def test_what_is_late_is_cancelled_and_reported(runtime: ProviderRuntime) -> None:
    cancelled = threading.Event()

    async def late(_: Providers) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    with pytest.raises(TimeoutError):
        runtime.run(late, timeout_s=0.05)

    assert cancelled.wait(5)


def test_a_loop_that_is_stuck_does_not_hold_the_caller(
    runtime: ProviderRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime_module, "GRACE_S", 0.05)
    release = threading.Event()

    async def stuck(_: Providers) -> None:
        release.wait(30)

    with pytest.raises(TimeoutError):
        runtime.run(stuck, timeout_s=0.05)

    release.set()


def test_errors_of_the_coroutine_reach_the_caller(runtime: ProviderRuntime) -> None:
    async def fail(_: Providers) -> None:
        raise LookupError("inside")

    with pytest.raises(LookupError, match="inside"):
        runtime.run(fail, timeout_s=5)


def test_the_deadline_of_the_caller_is_known_inside(runtime: ProviderRuntime) -> None:
    async def time_left(_: Providers) -> float:
        return deadline() - asyncio.get_running_loop().time()

    assert 6.0 < runtime.run(time_left, timeout_s=7) <= 7.0


def test_an_inner_deadline_can_only_be_earlier() -> None:
    async def time_left(inner_s: float) -> float:
        with deadline_within(10), deadline_within(inner_s):
            return deadline() - asyncio.get_running_loop().time()

    assert asyncio.run(time_left(5)) <= 5
    assert asyncio.run(time_left(50)) <= 10


def test_waiting_for_the_loop_on_the_loop_is_refused(runtime: ProviderRuntime) -> None:
    async def reenter(_: Providers) -> object:
        return runtime.run(current_thread, timeout_s=5)

    with pytest.raises(RuntimeError, match="wait for itself"):
        runtime.run(reenter, timeout_s=5)


def test_closing_closes_the_clients_and_ends_the_thread(clients: Clients) -> None:
    runtime = ProviderRuntime(clients)
    runtime.run(ask_binance, timeout_s=5)
    thread = runtime.run(current_thread, timeout_s=5)

    runtime.close()
    runtime.close()

    assert not thread.is_alive()
    assert clients.made
    assert all(client.is_closed for client in clients.made)


def test_closing_lets_go_of_those_who_wait(clients: Clients) -> None:
    runtime = ProviderRuntime(clients)
    runtime.run(current_thread, timeout_s=5)
    waiting = threading.Event()

    async def wait(providers: Providers) -> None:
        waiting.set()
        await hang(providers)

    with ThreadPoolExecutor(1) as threads:
        late = threads.submit(runtime.run, wait, timeout_s=30)
        waiting.wait(5)
        runtime.close()
        error = late.exception(5)

    assert isinstance(error, TimeoutError)


def test_closing_waits_for_what_a_thread_is_writing(clients: Clients) -> None:
    runtime = ProviderRuntime(clients)
    begun, written = threading.Event(), []

    def write() -> None:
        begun.set()
        time.sleep(0.1)
        written.append(1)

    async def begin(_: Providers) -> None:
        begin_lasting(partial(asyncio.to_thread, write))

    runtime.run(begin, timeout_s=5)
    assert begun.wait(5)

    runtime.close()

    assert written == [1]


def test_a_closed_runtime_starts_anew(clients: Clients) -> None:
    runtime = ProviderRuntime(clients)
    first = runtime.run(current_thread, timeout_s=5)
    runtime.close()

    assert runtime.run(ask_binance, timeout_s=5) == {"serverTime": 1}

    assert runtime.run(current_thread, timeout_s=5) is not first
    assert not clients.made[-1].is_closed
    runtime.close()


def test_nothing_starts_before_it_is_needed() -> None:
    threads_before = threading.active_count()

    runtime = ProviderRuntime()
    runtime.close()

    assert threading.active_count() == threads_before


def test_a_forked_child_starts_its_own_loop_and_clients(
    runtime: ProviderRuntime, clients: Clients
) -> None:
    runtime.run(ask_binance, timeout_s=5)
    made_by_parent = len(clients.made)

    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            answered = runtime.run(ask_binance, timeout_s=10) == {"serverTime": 1}
            own_clients = len(clients.made) == 2 * made_by_parent
            code = 0 if answered and own_clients else 2
        finally:
            os._exit(code)
    child_code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    assert child_code == 0
    assert runtime.run(ask_binance, timeout_s=5) == {"serverTime": 1}
    assert len(clients.made) == made_by_parent


def test_clients_share_one_ssl_context_and_ignore_proxies_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    first, second = pooled_client("https://a.test"), pooled_client("https://b.test")

    pools = [pool._pool for client in (first, second) for pool in client._transport._pools]
    assert len({id(pool._ssl_context) for pool in pools}) == 1
    assert {type(pool).__name__ for pool in pools} == {"AsyncConnectionPool"}
    assert sum(pool._max_connections for pool in pools) == 2 * POOL_CONNECTIONS
    assert not first._mounts
    assert not first.follow_redirects
    assert first.headers["user-agent"].startswith("futures-signals/")
