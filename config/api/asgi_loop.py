"""An ASGI application behind a synchronous view: one event loop in a thread of its own.

The thread that carries a request waits while the loop works on it. What the application must do
synchronously (ask a view, the database) it hands back to that very thread, which has nothing else
to do: so the work needs no second pool of threads, which could run out and lock up, and keeps to
the request's own database connection, request id and place among the web server's threads.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar, cast

from django.http import HttpRequest, HttpResponse

from config.api.errors import ProblemResponse

logger = logging.getLogger(__name__)

T = TypeVar("T")
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]
Lifespan = Callable[[], AbstractAsyncContextManager[Any]]

# Where an application finds the exchange in its scope.
EXCHANGE = "exchange"

# The loop itself works for milliseconds between two errands; after this it is stuck.
PATIENCE_S = 20.0


class Exchange:
    """One request on its way through the loop, and the errands its thread runs meanwhile."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self._errands: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._status = 500
        self._headers: dict[str, str] = {}
        self._body = bytearray(request.body)
        self._answer = bytearray()

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Run ``work`` in the thread that carries the request. Called on the loop."""
        future: Future[T] = Future()

        def errand() -> None:
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 - handed to who awaits it
                future.set_exception(error)

        self._errands.put(errand)
        return await asyncio.wrap_future(future)

    def carry(self, loop: asyncio.AbstractEventLoop, application: Application) -> HttpResponse:
        """Run errands until the application has answered. Called in the request's thread."""
        done = asyncio.run_coroutine_threadsafe(self._serve(application), loop)
        done.add_done_callback(lambda _: self._errands.put(None))
        try:
            while (errand := self._errands.get(timeout=PATIENCE_S)) is not None:
                errand()
        except queue.Empty:
            done.cancel()
            logger.error("the event loop does not answer")
            return ProblemResponse(503, detail="This door does not answer right now.")
        done.result()
        return HttpResponse(bytes(self._answer), status=self._status, headers=self._headers)

    async def _serve(self, application: Application) -> None:
        await application(self._scope(), self._receive, self._send)

    def _scope(self) -> dict[str, Any]:
        request = self.request
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": request.scheme,
            "path": request.path,
            "raw_path": request.path.encode(),
            "query_string": request.META.get("QUERY_STRING", "").encode("latin-1"),
            "headers": [
                (name.lower().encode("latin-1"), value.encode("latin-1"))
                for name, value in request.headers.items()
            ],
            EXCHANGE: self,
        }

    async def _receive(self) -> Message:
        body = bytes(self._body)
        self._body.clear()
        return {"type": "http.request", "body": body, "more_body": False}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = {
                name.decode("latin-1"): value.decode("latin-1")
                for name, value in message.get("headers", ())
                if name.lower() != b"content-length"  # Django counts for itself
            }
        else:
            self._answer += message.get("body", b"")


class AsgiLoop:
    """Serves an application for as long as the process lives. Started with its first request."""

    def __init__(self, application: Application, lifespan: Lifespan) -> None:
        self._application = application
        self._lifespan = lifespan
        self._starting = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def answer(self, request: HttpRequest) -> HttpResponse:
        return Exchange(request).carry(self._running_loop(), self._application)

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                started: Future[asyncio.AbstractEventLoop] = Future()
                threading.Thread(
                    target=lambda: asyncio.run(self._live(started)), name="asgi-loop", daemon=True
                ).start()
                self._loop = started.result(PATIENCE_S)
            return self._loop

    async def _live(self, started: Future[asyncio.AbstractEventLoop]) -> None:
        try:
            async with self._lifespan():
                started.set_result(asyncio.get_running_loop())
                await asyncio.Event().wait()
        except Exception as error:
            if started.done():
                logger.exception("the event loop ended")
            else:
                started.set_exception(error)


def exchange_of(scope: MutableMapping[str, Any]) -> Exchange:
    return cast(Exchange, scope[EXCHANGE])
