"""ASGI for the stand-in vendors' websockets: refusals, answers and pushes over one connection.

Pings of the websocket protocol are the server's own business: ASGI cannot send one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from market.sandbox.http import ConnectionDropped, Refused, Request, Response
from market.sandbox.streams import Conversation
from market.sandbox.upstreams import Upstreams

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# How often a connection looks for what has happened meanwhile.
TICK_S = 0.25


async def serve_stream(sandbox: Upstreams, request: Request, receive: Receive, send: Send) -> None:
    """Answer one websocket from its opening to its end."""
    await receive()  # websocket.connect
    mounted = sandbox.mounted(request.path)
    if mounted is None:
        await send({"type": "websocket.close"})
        return
    try:
        talk = await sandbox.converse(mounted, request.below(mounted.vendor.prefix))
    except Refused as refused:
        await _refuse(send, refused.response)
        return
    except ConnectionDropped:
        await send({"type": "websocket.close"})
        return
    await send({"type": "websocket.accept"})
    tasks = {
        asyncio.create_task(_answer(talk, receive, send)),
        asyncio.create_task(_push(talk, send)),
    }
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _answer(talk: Conversation, receive: Receive, send: Send) -> None:
    while (message := await receive())["type"] == "websocket.receive":
        for answer in talk.answers(message.get("text") or ""):
            await send({"type": "websocket.send", "text": answer.decode()})


async def _push(talk: Conversation, send: Send) -> None:
    """Push until the vendor hangs up: then returning ends the connection."""
    with suppress(ConnectionDropped):
        while True:
            for frame in talk.due():
                await send({"type": "websocket.send", "text": frame.decode()})
            await asyncio.sleep(TICK_S)


async def _refuse(send: Send, response: Response) -> None:
    headers = [
        (b"content-type", response.content_type.encode()),
        (b"content-length", str(len(response.body)).encode()),
        *((key.encode(), value.encode()) for key, value in response.headers),
    ]
    await send(
        {"type": "websocket.http.response.start", "status": response.status, "headers": headers}
    )
    await send({"type": "websocket.http.response.body", "body": response.body})
