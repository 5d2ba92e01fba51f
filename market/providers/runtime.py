"""The provider runtime: the one event loop of a process, and the HTTP clients that live on it.

Synchronous code hands in a coroutine and waits. The loop runs in a background thread, started at
the first use in each process (after a fork the child starts its own), and owns one long-lived
client per provider: a client never crosses loops.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from typing import TypeVar

import httpx

from config import version
from market.pool import give_back_pooled_connections
from market.providers.admission import POOL_CONNECTIONS
from market.providers.connections import SpreadTransport
from market.providers.deadline import deadline_within
from market.providers.lasting import lasting
from market.providers.registry import Providers, build_providers
from market.store import Store, get_store

logger = logging.getLogger(__name__)

T = TypeVar("T")
ClientFactory = Callable[[str], httpx.AsyncClient]

# Vendors close idle connections after a minute or so; ours go first.
KEEPALIVE_EXPIRY_S = 45.0
# For the loop to notice its own deadline; after that it is stuck, and the caller is not.
GRACE_S = 0.5
CLOSE_S = 3.0


class ProviderRuntime:
    """``client_factory`` makes the client of a base URL, ``loop_factory`` the loop: tests hand in
    one without a network, and one whose time nobody waits for.
    """

    def __init__(
        self,
        client_factory: ClientFactory | None = None,
        store: Store | None = None,
        loop_factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop,
    ) -> None:
        self._client_factory = client_factory or pooled_client
        self._store = store
        self._loop_factory = loop_factory
        self._starting = threading.Lock()
        self._pid = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._clients: list[httpx.AsyncClient] = []
        self._providers: Providers | None = None

    def run(
        self,
        make: Callable[[Providers], Awaitable[T]],
        *,
        timeout_s: float,
        lasting_s: float | None = None,
    ) -> T:
        """Run ``make(providers)`` on the loop and return its result; TimeoutError when late.

        A call that is late is cancelled, and everything it awaits with it; unless ``lasting_s`` is
        given: then it may take so long altogether, and leaves its answers in the caches.
        """
        loop = self._running_loop()
        if threading.current_thread() is self._thread:
            raise RuntimeError("the provider runtime would wait for itself: await instead")
        give_back_pooled_connections()
        future: Future[T] = asyncio.run_coroutine_threadsafe(
            self._bounded(make, timeout_s, lasting_s), loop
        )
        try:
            return future.result(timeout_s + GRACE_S)
        except CancelledError:
            raise TimeoutError("the provider runtime was closed") from None
        finally:
            future.cancel()  # no effect on one that is done

    def close(self) -> None:
        """Cancel what runs, close the clients, end the thread. The next ``run`` starts anew."""
        with self._starting:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
            if loop is None or thread is None or self._pid != os.getpid():
                return
            closing = asyncio.run_coroutine_threadsafe(self._close_clients(), loop)
            try:
                closing.result(CLOSE_S)
            except TimeoutError:
                logger.warning("provider connections did not close in time")
            loop.call_soon_threadsafe(loop.stop)
            thread.join(CLOSE_S)
            if not thread.is_alive():
                loop.close()

    async def _bounded(
        self,
        make: Callable[[Providers], Awaitable[T]],
        timeout_s: float,
        lasting_s: float | None,
    ) -> T:
        if self._providers is None:
            self._providers = build_providers(self._make_client, self._store or get_store())
        providers = self._providers
        async with asyncio.timeout(timeout_s):
            if lasting_s is not None:
                return await lasting(lambda: make(providers), lasting_s)
            with deadline_within(timeout_s):
                return await make(providers)

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._pid == os.getpid() and self._loop is not None:  # in this order: see _start
            return self._loop
        with self._starting:
            if self._loop is None or self._pid != os.getpid():
                self._start()
            assert self._loop is not None  # noqa: S101 - for the type checker
            return self._loop

    def _start(self) -> None:
        # What a fork left here belongs to the parent: dropped, not closed.
        self._clients, self._providers = [], None
        loop = self._loop_factory()
        self._thread = threading.Thread(
            target=_serve, args=(loop,), name="provider-runtime", daemon=True
        )
        self._thread.start()
        self._loop = loop
        self._pid = os.getpid()  # last: whoever reads it without the lock then finds our loop

    def _make_client(self, base_url: str) -> httpx.AsyncClient:
        client = self._client_factory(base_url)
        self._clients.append(client)
        return client

    async def _close_clients(self) -> None:
        current = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not current]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        # A thread is not cancelled with its task; it shall be done writing when this returns.
        await asyncio.get_running_loop().shutdown_default_executor()
        for client in self._clients:
            await client.aclose()
        self._clients, self._providers = [], None

    def forget_lock(self) -> None:
        """In the child of a fork: another thread of the parent may have held it."""
        self._starting = threading.Lock()


def pooled_client(base_url: str) -> httpx.AsyncClient:
    """Return a client for one provider: keep-alive, no redirects, no proxies of the environment."""
    return httpx.AsyncClient(
        base_url=base_url,
        transport=SpreadTransport(
            connections=POOL_CONNECTIONS,
            keepalive_expiry_s=KEEPALIVE_EXPIRY_S,
            verify=_ssl_context(),
        ),
        headers={
            "User-Agent": f"futures-signals/{version.VERSION}",
            "Accept": "application/json",
        },
        trust_env=False,
        follow_redirects=False,
    )


def provider_runtime() -> ProviderRuntime:
    """Return the runtime of this process."""
    return _current


@contextmanager
def use_runtime(runtime: ProviderRuntime) -> Iterator[ProviderRuntime]:
    """Let the whole process use another runtime inside a ``with`` block; close it at the end."""
    global _current
    before, _current = _current, runtime
    try:
        yield runtime
    finally:
        _current = before
        runtime.close()


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    loop.run_forever()


_shared_ssl_context: ssl.SSLContext | None = None


def _ssl_context() -> ssl.SSLContext:
    """Return one context for all clients: building one takes 20 ms. Honours SSL_CERT_FILE."""
    global _shared_ssl_context
    if _shared_ssl_context is None:
        _shared_ssl_context = httpx.create_ssl_context()
    return _shared_ssl_context


_current = ProviderRuntime()
os.register_at_fork(after_in_child=lambda: _current.forget_lock())
atexit.register(lambda: _current.close())
