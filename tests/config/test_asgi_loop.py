"""An ASGI application behind a synchronous view: whose thread works, and what happens to errors."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import pytest
from django.test import RequestFactory

from config.api import asgi_loop
from config.api.asgi_loop import Application, AsgiLoop, exchange_of


@asynccontextmanager
async def no_lifespan() -> AsyncIterator[None]:
    yield


def serving(application: Application) -> AsgiLoop:
    return AsgiLoop(application, no_lifespan)


def answering(text: Callable[[Any, bytes], Any]) -> Application:
    """Return an application that answers with what ``text`` awaits to."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        answer = await text(scope, body)
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"999")]
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": answer, "more_body": True})
        await send({"type": "http.response.body", "body": b"!"})

    return application


def test_request_and_answer_pass_whole() -> None:
    async def text(scope: Any, body: bytes) -> bytes:
        headers = dict(scope["headers"])
        return b" ".join(
            [scope["method"].encode(), scope["path"].encode(), headers[b"x-who"], body]
        )

    request = RequestFactory().generic("POST", "/mcp", b"hello", headers={"X-Who": "me"})
    answer = serving(answering(text)).answer(request)

    assert (answer.status_code, answer.content) == (201, b"POST /mcp me hello!")
    assert answer["Content-Type"] == "text/plain"


def test_errands_run_in_the_thread_of_the_request_and_the_application_in_another() -> None:
    seen: dict[str, str] = {}

    async def text(scope: Any, body: bytes) -> bytes:
        seen["application"] = threading.current_thread().name
        name: str = await exchange_of(scope).in_thread(lambda: threading.current_thread().name)
        seen["errand"] = name
        return b""

    serving(answering(text)).answer(RequestFactory().post("/mcp"))

    assert seen["errand"] == threading.current_thread().name
    assert seen["application"] != seen["errand"]


def test_as_many_requests_as_there_are_threads_do_not_wait_for_each_other() -> None:
    together = threading.Barrier(20, timeout=30)

    async def text(scope: Any, body: bytes) -> bytes:
        await exchange_of(scope).in_thread(together.wait)
        return body

    loop = serving(answering(text))
    requests = [RequestFactory().generic("POST", "/", str(n).encode()) for n in range(20)]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(loop.answer, requests))

    assert [answer.content for answer in answers] == [f"{n}!".encode() for n in range(20)]


def test_an_errand_that_fails_fails_where_it_is_awaited() -> None:
    def broken() -> None:
        raise LookupError("nothing there")

    async def text(scope: Any, body: bytes) -> bytes:
        with pytest.raises(LookupError):
            await exchange_of(scope).in_thread(broken)
        return b"caught"

    assert serving(answering(text)).answer(RequestFactory().post("/")).content == b"caught!"


def test_an_application_that_fails_fails_the_request_and_not_the_next() -> None:
    async def text(scope: Any, body: bytes) -> bytes:
        if body == b"bad":
            raise RuntimeError("broken")
        return body

    loop = serving(answering(text))

    with pytest.raises(RuntimeError):
        loop.answer(RequestFactory().generic("POST", "/", b"bad"))
    assert loop.answer(RequestFactory().generic("POST", "/", b"good")).content == b"good!"


def test_a_loop_that_is_stuck_is_a_503(monkeypatch: pytest.MonkeyPatch) -> None:
    async def text(scope: Any, body: bytes) -> bytes:
        await asyncio.Event().wait()
        return b""

    loop = serving(answering(text))
    loop._running_loop()
    monkeypatch.setattr(asgi_loop, "PATIENCE_S", 0.05)

    answer = loop.answer(RequestFactory().post("/"))

    assert answer.status_code == 503


def test_a_loop_that_cannot_start_says_why_and_is_tried_again() -> None:
    starts = []

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        starts.append(1)
        if len(starts) == 1:
            raise OSError("no room")
        yield

    async def text(scope: Any, body: bytes) -> bytes:
        return b"up"

    loop = AsgiLoop(answering(text), lifespan)

    with pytest.raises(OSError, match="no room"):
        loop.answer(RequestFactory().post("/"))
    assert loop.answer(RequestFactory().post("/")).content == b"up!"
