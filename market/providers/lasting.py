"""Work that may outlast whoever waits for it: reads of sources that are slower than a request.

A caller has a deadline, a slow source has its own time. Whoever stops waiting leaves the work
running; what it finds goes where the next caller looks, into the caches and the series store.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from market.providers.deadline import own_deadline
from market.providers.errors import ProviderError

logger = logging.getLogger(__name__)

T = TypeVar("T")

# A slow call, a second one that needs the first one's answer, and what they wait for in line.
LASTING_S = 60.0

# The loop itself remembers its tasks weakly.
_running: set[asyncio.Task[Any]] = set()


def begin_lasting(work: Callable[[], Awaitable[T]], seconds: float = LASTING_S) -> asyncio.Task[T]:
    """Start work with ``seconds`` of its own, whatever deadline is set around it."""

    async def bounded() -> T:
        with own_deadline(seconds):
            async with asyncio.timeout(seconds):
                return await work()

    task = asyncio.create_task(bounded())
    _running.add(task)
    task.add_done_callback(_ended)
    return task


async def lasting(work: Callable[[], Awaitable[T]], seconds: float = LASTING_S) -> T:
    """Await work that goes on when the wait is cancelled."""
    task = begin_lasting(work, seconds)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.add_done_callback(_log_failure)
        raise


def _ended(task: asyncio.Task[Any]) -> None:
    _running.discard(task)
    if not task.cancelled():
        task.exception()  # seen; otherwise asyncio complains where nobody waited for it


def _log_failure(task: asyncio.Task[Any]) -> None:
    error = None if task.cancelled() else task.exception()
    # What providers said is in the log already.
    if error is not None and not isinstance(error, ProviderError | TimeoutError):
        logger.warning("lasting work failed", extra={"reason": type(error).__name__})
