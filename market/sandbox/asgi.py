"""ASGI for the stand-in vendors: scopes in, messages out."""

from __future__ import annotations

from asyncio import Task, create_task
from typing import Generic, TypeVar
from urllib.parse import parse_qsl

import httpx

from market.sandbox.control import PREFIX as CONTROL_PREFIX
from market.sandbox.control import control, root_page
from market.sandbox.http import ConnectionDropped, Request, Response, json_response
from market.sandbox.sockets import Receive, Scope, Send, serve_stream
from market.sandbox.telegram_push import push_forever
from market.sandbox.upstreams import Upstreams

U = TypeVar("U", bound=Upstreams)

# A picture for Telegram may have ten million; what is longer is read so far.
_MOST_BODY_BYTES = 11_000_000


class SandboxApp(Generic[U]):
    """ASGI over one ``Sandbox``. ``in_process``: a dropped connection is raised to the caller."""

    def __init__(self, sandbox: U, *, in_process: bool = False) -> None:
        self.sandbox = sandbox
        self._in_process = in_process
        self._pushing: Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await serve_stream(self.sandbox, _stream_request(scope), receive, send)
            return
        if scope["type"] != "http":
            return
        if self._pushing is None and not self._in_process:
            updates = self.sandbox.telegram.updates
            self._pushing = create_task(push_forever(updates, httpx.AsyncClient))
        request = await _request(scope, receive)
        mounted = self.sandbox.mounted(request.path)
        if mounted is not None:
            below = request.below(mounted.vendor.prefix)
            try:
                response = await self.sandbox.answer(mounted, below)
            except ConnectionDropped:
                if self._in_process:
                    raise
                await _hang_up(send)
                return
        elif request.path.startswith(CONTROL_PREFIX + "/"):
            response = control(self.sandbox, request.below(CONTROL_PREFIX))
        elif request.path == "/":
            response = root_page(self.sandbox)
        else:
            response = json_response({"error": "nothing here; see /"}, 404)
        await _send(send, response)


def _stream_request(scope: Scope) -> Request:
    return _described(scope, "GET", b"")


async def _request(scope: Scope, receive: Receive) -> Request:
    body = b""
    if scope["method"] != "GET":
        more = True
        while more and len(body) <= _MOST_BODY_BYTES:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
    return _described(scope, scope["method"], body)


def _described(scope: Scope, method: str, body: bytes) -> Request:
    headers = {
        key.decode("latin-1").lower(): value.decode("latin-1") for key, value in scope["headers"]
    }
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    client = scope.get("client")
    return Request(
        path=scope["path"],
        params=dict(query),
        headers=headers,
        client=client[0] if client else "",
        method=method,
        body=body,
    )


async def _hang_up(send: Send) -> None:
    """Close the connection; through ASGI that takes the beginning of an answer without its end."""
    headers = [(b"content-length", b"1000000")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{", "more_body": True})


async def _send(send: Send, response: Response) -> None:
    headers = [
        (b"content-type", response.content_type.encode()),
        (b"content-length", str(len(response.body)).encode()),
        *((key.encode(), value.encode()) for key, value in response.headers),
    ]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
