"""Blocking work of the recorder (database, shared store, provider runtime) beside its event loop.

A thread of its own for each piece, a few in five minutes: it never keeps the process from ending.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from django.db import connections

T = TypeVar("T")


async def beside(name: str, work: Callable[[], T]) -> T:
    """Run ``work`` in a thread and return what it returns; giving up does not stop it."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def deliver(result: T | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(result)  # type: ignore[arg-type]
        else:
            done.set_exception(error)

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as e:  # noqa: BLE001 - handed to whoever waits
            error = e
        finally:
            connections.close_all()  # this thread's own; it ends here
        with suppress(RuntimeError):  # the loop is gone, and with it who waited
            loop.call_soon_threadsafe(deliver, result, error)

    threading.Thread(target=run, name=f"recorder-{name}", daemon=True).start()
    return await done
