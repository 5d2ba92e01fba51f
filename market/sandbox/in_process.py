"""HTTP clients and websockets that reach a ``Sandbox`` without a network: for tests in one process.

The ASGI transport of httpx neither times out nor loses connections; this one does both, as the
network would.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, urlsplit

import httpx

from market import clock
from market.sandbox.asgi import SandboxApp
from market.sandbox.http import ConnectionDropped, Refused, Request
from market.sandbox.streams import Conversation
from market.sandbox.upstreams import Upstreams
from market.streams.connection import StreamLost, StreamRefused

_CLIENT_ADDRESS = ("127.0.0.1", 40_000)
# How often an idle websocket looks for what has happened.
_TICK_S = 0.002


class SandboxTransport(httpx.AsyncBaseTransport):
    """Sends requests for any host to the sandbox, by the vendor's name in the host or path."""

    def __init__(self, sandbox: Upstreams) -> None:
        self._sandbox = sandbox
        self._inner = httpx.ASGITransport(
            app=SandboxApp(sandbox, in_process=True), client=_CLIENT_ADDRESS
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if self._sandbox.mounted(path) is None and not path.startswith("/_control"):
            request.url = request.url.copy_with(
                raw_path=self._root(request.url) + request.url.raw_path
            )
        timeout_s = request.extensions.get("timeout", {}).get("read")
        try:
            return await asyncio.wait_for(self._inner.handle_async_request(request), timeout_s)
        except TimeoutError:
            raise httpx.ReadTimeout("the sandbox did not answer in time", request=request) from None
        except ConnectionDropped as dropped:
            error = httpx.ReadError if dropped.is_done else httpx.ConnectError
            raise error("the sandbox closed the connection", request=request) from None

    def _root(self, url: httpx.URL) -> bytes:
        """Return the first segment of the vendor whose real host this is."""
        for name, prefix in self._sandbox.prefixes.items():
            if name.split("_")[0] in url.host:
                return b"/" + prefix.split("/")[1].encode()
        return b""


class BlockingSandboxTransport(httpx.BaseTransport):
    """The same for ``httpx.Client``."""

    def __init__(self, sandbox: Upstreams) -> None:
        self._transport = SandboxTransport(sandbox)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()

        async def ask() -> httpx.Response:
            answer = await self._transport.handle_async_request(request)
            body = await answer.aread()
            return httpx.Response(answer.status_code, headers=answer.headers, content=body)

        return asyncio.run(ask())


def make_client_factory(sandbox: Upstreams) -> Callable[[str], httpx.AsyncClient]:
    """Return what makes a client for a base URL, the vendor's real one or the sandbox's."""

    def make_client(base_url: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=base_url, transport=SandboxTransport(sandbox))

    return make_client


class SandboxConnection:
    """A websocket. ``caught_up_s`` is the wall time at which its reader had read all there was and
    had come back for more, so that it had looked at the clock as well.
    """

    def __init__(self, talk: Conversation) -> None:
        self.caught_up_s = 0.0
        self._came_back_s = (0.0, 0.0)  # the last two times
        self._talk = talk
        self._inbox: deque[bytes] = deque()

    async def receive(self) -> str | bytes:
        self._came_back_s = (self._came_back_s[1], clock.wall_s())
        while not self._inbox:
            at_s = clock.wall_s()
            try:
                self._inbox.extend(self._talk.due())
            except ConnectionDropped:
                raise StreamLost("the sandbox hung up") from None
            if not self._inbox:
                if self._came_back_s == (at_s, at_s):
                    self.caught_up_s = at_s
                await asyncio.sleep(_TICK_S)
        return self._inbox.popleft().decode()

    async def send(self, text: str) -> None:
        self._inbox.extend(self._talk.answers(text))


class StreamConnector:
    """Opens websockets of a sandbox; ``open`` are those that have not ended yet."""

    def __init__(self, sandbox: Upstreams) -> None:
        self.open: list[SandboxConnection] = []
        self._sandbox = sandbox

    @asynccontextmanager
    async def __call__(self, url: str) -> AsyncIterator[SandboxConnection]:
        parts = urlsplit(url)
        mounted = self._sandbox.mounted(parts.path)
        if mounted is None:
            raise StreamRefused(404)
        request = Request(
            parts.path, dict(parse_qsl(parts.query)), client=_CLIENT_ADDRESS[0]
        ).below(mounted.vendor.prefix)
        try:
            talk = await self._sandbox.converse(mounted, request)
        except Refused as refused:
            wait_s = dict(refused.response.headers).get("retry-after")
            raise StreamRefused(
                refused.response.status, None if wait_s is None else float(wait_s)
            ) from None
        except ConnectionDropped:
            raise StreamLost("the sandbox does not answer") from None
        connection = SandboxConnection(talk)
        self.open.append(connection)
        try:
            yield connection
        finally:
            self.open.remove(connection)
