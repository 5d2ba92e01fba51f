"""Walking one chain: a reading's sources in order, the first that answers wins.

A source that fails or hangs is said to have done so, and the next one is asked.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from market.chains import KEYED_VENUES
from market.providers.deadline import deadline_within
from market.providers.errors import ProviderError
from market.snapshot import ReadingName
from market.sources.asking import Asking, cancel
from market.sources.planned import said
from market.types import Venue

logger = logging.getLogger(__name__)

Attempt = tuple[Venue, Callable[[], Coroutine[Any, Any, None]]]


async def first_answer(
    asking: Asking,
    base: str,
    reading: ReadingName,
    attempts: Sequence[Attempt],
    patience_s: float,
) -> None:
    """Walk one chain until a source has answered; note why the others did not.

    The next source is started when one fails, and also when none has answered for
    ``patience_s``: a source that hangs costs that wait, not the reading.
    """
    waiting = list(attempts)
    running: dict[asyncio.Task[None], Venue] = {}
    try:
        while waiting or running:
            if waiting and not running:
                _start(running, waiting)
            done, _ = await asyncio.wait(
                running,
                timeout=patience_s if waiting else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if not done:
                for venue in running.values():
                    asking.problem(base, reading, venue, f"no answer within {patience_s:.1f} s")
                _start(running, waiting)
            failed = [
                venue
                for task in done
                if not _succeeded(asking, base, reading, venue := running.pop(task), task)
            ]
            if len(failed) < len(done):
                return
            if failed and waiting:
                _start(running, waiting)
    except asyncio.CancelledError:
        for venue in running.values():
            asking.problem(base, reading, venue, "no answer in time")
        raise
    finally:
        await cancel(running)


async def ask_briefly(
    asking: Asking,
    base: str,
    reading: ReadingName,
    attempt: Attempt,
    patience_s: float,
    *others: Attempt,
) -> None:
    """Ask a source of the crowd's mood, which is worth less waiting than the market itself.

    A call that would have to wait for its budget (CoinGecko allows a few per minute) gives up.
    ``others`` follow in turn, each as patiently.
    """

    async def bounded(ask: Callable[[], Coroutine[Any, Any, None]]) -> None:
        with deadline_within(patience_s):
            await ask()

    attempts: list[Attempt] = [(venue, partial(bounded, ask)) for venue, ask in (attempt, *others)]
    with suppress(TimeoutError):  # the chain has noted that it was cut off
        async with asyncio.timeout(patience_s * len(attempts)):
            await first_answer(asking, base, reading, attempts, patience_s)


def _start(running: dict[asyncio.Task[None], Venue], waiting: list[Attempt]) -> None:
    venue, attempt = waiting.pop(0)
    running[asyncio.create_task(attempt())] = venue


def _succeeded(
    asking: Asking, base: str, reading: ReadingName, venue: Venue, task: asyncio.Task[None]
) -> bool:
    try:
        task.result()
    except ProviderError as error:
        detail = said(error) if venue in KEYED_VENUES else error.detail
        asking.problem(base, reading, venue, detail)
        return False
    except Exception:  # a chain's outer edge: one reading's fault is not the answer's
        logger.exception(
            "reading failed", extra={"base": base, "reading": reading.value, "source": venue.value}
        )
        asking.problem(base, reading, venue, "could not be processed")
        return False
    return True
