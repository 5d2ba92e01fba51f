"""One websocket, and what can go wrong with it in our own words. Nothing else knows the library."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as connect_websocket
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from config import version

CONNECT_TIMEOUT_S = 10.0
# Of the websocket protocol: finds out about a line that is cut without a word.
PING_EVERY_S = 30.0
LARGEST_MESSAGE_BYTES = 1_000_000
# Messages that wait for us; more than these are left in the socket.
MOST_WAITING = 256


class StreamLost(Exception):
    """There is no connection, or none any more."""


class StreamRefused(StreamLost):
    """The venue answered the opening of a websocket with something else."""

    def __init__(self, status: int, retry_after_s: float | None = None) -> None:
        super().__init__(f"refused with HTTP {status}")
        self.status = status
        self.retry_after_s = retry_after_s


class Connection(Protocol):
    """``receive`` may be cancelled without losing a message. Both raise StreamLost."""

    async def receive(self) -> str | bytes: ...

    async def send(self, text: str) -> None: ...


Connect = Callable[[str], AbstractAsyncContextManager[Connection]]


class _Websocket:
    def __init__(self, client: ClientConnection) -> None:
        self._client = client

    async def receive(self) -> str | bytes:
        try:
            return await self._client.recv()
        except ConnectionClosed as e:
            raise StreamLost("the connection was closed") from e

    async def send(self, text: str) -> None:
        try:
            await self._client.send(text)
        except ConnectionClosed as e:
            raise StreamLost("the connection was closed") from e


@asynccontextmanager
async def open_websocket(url: str) -> AsyncIterator[Connection]:
    """Connect to a venue; no proxy of the environment is used, as for every other call."""
    opening = connect_websocket(
        url,
        proxy=None,
        user_agent_header=f"futures-signals/{version.VERSION}",
        open_timeout=CONNECT_TIMEOUT_S,
        ping_interval=PING_EVERY_S,
        ping_timeout=PING_EVERY_S,
        close_timeout=0.5,
        max_size=LARGEST_MESSAGE_BYTES,
        max_queue=MOST_WAITING,
    )
    try:
        client = await opening
    except InvalidStatus as e:
        headers = e.response.headers
        raise StreamRefused(e.response.status_code, _seconds(headers.get("Retry-After"))) from e
    except (OSError, TimeoutError, WebSocketException) as e:
        raise StreamLost("no connection") from e
    try:
        yield _Websocket(client)
    finally:
        await client.close()


def _seconds(text: str | None) -> float | None:
    try:
        seconds = float(text or "")
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0.0 else None
