"""The few threads in which the event loop's store calls run: a store may block, a loop may not."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Store calls take a fraction of a millisecond and SQLite serialises them anyway; more than one
# thread so that a call that waits for another process's lock does not hold up reads.
STORE_THREADS = 4

_threads: ThreadPoolExecutor | None = None


async def in_store_thread(call: Callable[..., T], *arguments: Any) -> T:
    return await asyncio.get_running_loop().run_in_executor(_executor(), call, *arguments)


def in_background(call: Callable[..., object], *arguments: Any) -> None:
    """Run a store call nobody can wait for, because its task is being cancelled."""
    _executor().submit(call, *arguments).add_done_callback(_log_failure)


def _log_failure(done: Future[object]) -> None:
    error = None if done.cancelled() else done.exception()
    if error is not None:
        logger.warning("a store call failed", extra={"reason": type(error).__name__})


def _executor() -> ThreadPoolExecutor:
    global _threads
    if _threads is None:
        _threads = ThreadPoolExecutor(STORE_THREADS, thread_name_prefix="store")
    return _threads


def _forget_threads() -> None:
    # The child of a fork has the object but none of its threads.
    global _threads
    _threads = None


os.register_at_fork(after_in_child=_forget_threads)
