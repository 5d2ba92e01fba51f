"""Reads of paid sources: planned by age, granted by what the plan affords, then asked beside the
key-less chains.

A paid source never keeps the exchanges waiting: both are asked, and assembling prefers the paid
one. So a key that is refused costs nothing but its own readings. Some answers take 20 s: the wave
waits for a share of its deadline only, the read goes on and is kept for the next evaluation.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from market import clock
from market.providers.errors import ProviderError, ProviderRejected
from market.providers.refusals import EndpointRefused, Refusal, refusal_of
from market.providers.store_threads import in_store_thread
from market.series import Held, SeriesKey
from market.snapshot import ReadingName
from market.sources.asking import Asking, StaleAnswer
from market.store_contract import StoreUnavailable
from market.tables import Table
from market.types import HOUR_MS, Venue

logger = logging.getLogger(__name__)

# A coin that a vendor does not know is asked for again after this.
UNKNOWN_AGAIN_MS = 6 * HOUR_MS


@dataclass(frozen=True, slots=True)
class PlannedRead:
    """One read worth paying for. ``urgency`` is its age ÷ the age at which it is refused."""

    venue: Venue
    bases: tuple[str, ...]
    reading: ReadingName
    endpoint: str  # as refusals name it
    cost: int  # calls or credits
    urgency: float
    ask: Callable[[], Coroutine[Any, Any, None]]


def urgency_of(held: Held | None, at_ms: int, *, refresh_ms: int, max_age_ms: int) -> float | None:
    """Return how pressing a read is; None while what is held is fresh enough."""
    if held is None:
        return math.inf
    age_ms = at_ms - held.fetched_at_ms
    if age_ms < (refresh_ms if len(held.table) else UNKNOWN_AGAIN_MS):
        return None
    return age_ms / max_age_ms


Standing = Mapping[str, Refusal]  # by endpoint


async def standing_refusals(asking: Asking) -> dict[Venue, Standing]:
    """Return which endpoints of each paid source its key may not ask at present."""

    def listed() -> dict[Venue, Standing]:
        return {
            Venue(name): {refusal.endpoint: refusal for refusal in refused.listed()}
            for name, refused in asking.providers.refused.items()
        }

    try:
        return await in_store_thread(listed)
    except StoreUnavailable:
        return {}


async def ask_planned(
    asking: Asking,
    reads: Iterable[PlannedRead],
    standing: Mapping[Venue, Standing],
    patience_s: float,
) -> None:
    """Ask what the plans afford, the most pressing first; note what was left out.

    What a key may not ask costs neither a call nor a turn.
    """
    by_venue: dict[Venue, list[PlannedRead]] = {}
    for read in sorted(reads, key=lambda read: -read.urgency):
        refusal = standing.get(read.venue, {}).get(read.endpoint)
        if refusal is not None:
            _tell(asking, read, _until(refusal.detail, refusal.retry_after_s))
            continue
        by_venue.setdefault(read.venue, []).append(read)
    await asyncio.gather(
        *(_ask_venue(asking, venue, wanted, patience_s) for venue, wanted in by_venue.items())
    )


async def _ask_venue(
    asking: Asking, venue: Venue, wanted: list[PlannedRead], patience_s: float
) -> None:
    share = asking.providers.shares[venue.value]
    running: list[asyncio.Task[None]] = []
    affords = True
    try:
        for read in wanted:
            affords = affords and await share.grant(read.cost)
            if affords:
                running.append(asyncio.create_task(_ask_one(asking, read, patience_s)))
                continue
            for base in read.bases:
                asking.leave_out(base, read.reading, venue, f"its turn has not come: {share}")
        await asyncio.gather(*running)
    except asyncio.CancelledError:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        raise


async def _ask_one(asking: Asking, read: PlannedRead, patience_s: float) -> None:
    detail = "no answer in time"
    try:
        async with asyncio.timeout(patience_s):
            await asking.lasting(read.ask)
        return
    except TimeoutError:
        detail = f"no answer within {patience_s:.1f} s; kept for the next time when it comes"
    except asyncio.CancelledError:
        _tell(asking, read, detail)
        raise
    except ProviderError as error:
        detail = said(error)
    except Exception:  # a chain's outer edge: one reading's fault is not the answer's
        logger.exception(
            "reading failed", extra={"reading": read.reading.value, "source": read.venue.value}
        )
        detail = "could not be processed"
    _tell(asking, read, detail)


def _tell(asking: Asking, read: PlannedRead, detail: str) -> None:
    for base in read.bases:
        asking.problem(base, read.reading, read.venue, detail)


def said(error: ProviderError) -> str:
    """Return an error as problems tell it: with the time to try again where it turns things off."""
    refusal = refusal_of(error)
    if refusal is None or refusal.retry_after_s <= 0.0:
        return error.detail
    return _until(error.detail, refusal.retry_after_s)


def _until(detail: str, retry_after_s: float) -> str:
    at = clock.datetime_at(int((clock.wall_s() + retry_after_s) * 1000))
    return f"{detail}; tried again at {at:%H:%M} UTC"


async def unless_unknown(
    asking: Asking, key: SeriesKey, ask: Coroutine[Any, Any, None], width: int = 1
) -> None:
    """Ask; remember a coin that the vendor does not have, so that it is not paid for again."""
    try:
        await ask
    except StaleAnswer:
        raise
    except ProviderRejected as error:
        if not isinstance(error, EndpointRefused) and error.blocked_for_s <= 0.0:
            asking.keep(key, Table.empty(width))
        raise
