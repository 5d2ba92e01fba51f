"""HTTP clients that reach a ``Sandbox`` without a network: for tests in one process.

The ASGI transport of httpx neither times out nor loses connections; this one does both, as the
network would.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx

from market.sandbox.asgi import SandboxApp
from market.sandbox.http import ConnectionDropped
from market.sandbox.upstreams import Upstreams

_CLIENT_ADDRESS = ("127.0.0.1", 40_000)


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
