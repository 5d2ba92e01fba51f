"""Listening to one venue for ever: connect, count, replace, and what to do when it fails.

A connection is replaced before the venue ends it: the next one must have delivered before the old
one goes, so that no instant is missed; what both deliver counts once. A message that cannot be read
may have been an order, so the time that it falls into does not count as watched.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from market import clock
from market.providers.errors import ProviderPayloadError
from market.providers.stream_frames import FrameKind, StreamFrame
from market.streams.connection import Connect, StreamLost, StreamRefused
from market.streams.coverage import Coverage
from market.streams.session import Session, first_of
from market.streams.spec import StreamSpec
from market.streams.tally import Tally
from market.types import Listing

logger = logging.getLogger(__name__)

# How often a connection that is quiet looks at the clock.
LOOK_EVERY_S = 1.0
# Between two attempts. Binance takes 300 connections in 5 min, OKX 3 a second.
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
# Where a country is not served, and for how long at most a venue may send us away.
HTTP_BLOCKED = 451
BLOCKED_PAUSE_S = 3600.0
# Share of a pause that chance adds: programs that lost the same server do not return together.
JITTER = 0.25


@dataclass(slots=True)
class ListenerState:
    """What health tells of one stream. ``connected_at_ms`` is None while nothing is delivered."""

    connected_at_ms: int | None = None
    last_event_at_ms: int | None = None
    connects: int = 0
    beginnings: int = 0  # of watching: each may have a gap before it
    refused: int = 0  # messages and orders that could not be read, or were of another time
    detail: str = "not connected yet"


class Listener:
    """Fills a tally and tells the coverage what was watched."""

    def __init__(
        self,
        spec: StreamSpec,
        coverage: Coverage,
        tally: Tally,
        connect: Connect,
        *,
        look_every_s: float = LOOK_EVERY_S,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.spec = spec
        self.state = ListenerState()
        self._coverage = coverage
        self._tally = tally
        self._connect = connect
        self._look_every_s = look_every_s
        self._pause = pause
        self._numbers = itertools.count(1)
        self._bases: Mapping[str, str] = {}
        self._listings: Mapping[str, Listing] = {}

    def keep(self, contracts: Mapping[str, tuple[str, Listing]]) -> None:
        """Keep the orders of these contracts from now on: name → (coin, listing)."""
        self._bases = {name: base for name, (base, _) in contracts.items()}
        self._listings = {name: listing for name, (_, listing) in contracts.items()}
        self._tally.know(set(self._bases.values()), clock.now_ms())

    async def listen(self) -> None:
        """Keep a connection alive until cancelled."""
        failures = 0
        current = self._begin()
        successor: Session | None = None
        try:
            while True:
                await first_of(current.task, current.due)
                if not current.task.done():
                    successor = self._begin()
                    await first_of(successor.task, successor.delivering, current.task)
                    if successor.task.done() and not current.task.done():
                        failures += 1
                        await self._pause(self._pause_after(successor.task, failures))
                        continue
                    await current.end()
                    current, successor = successor, None
                    self.state.connected_at_ms = clock.now_ms()
                    continue
                failures = 1 if current.delivering.is_set() else failures + 1
                pause_s = self._pause_after(current.task, failures)
                self.state.connected_at_ms = None
                await self._pause(pause_s)
                current = self._begin()
        finally:
            for session in (current, successor):
                if session is not None:
                    await session.end()

    def _begin(self) -> Session:
        """Open a connection; what it delivers is counted from its subscription on."""
        number: int | None = None

        def subscribed() -> None:
            nonlocal number
            number = next(self._numbers)
            self.state.beginnings += 1
            self._coverage.begin(number, clock.now_ms())

        def hear(message: str | bytes) -> FrameKind | None:
            nonlocal number
            frame = self._read(message)
            if frame is None or not self._count(frame):
                if number is not None:  # what it proved stands; what comes now begins anew
                    subscribed()
                return None
            if frame.kind is FrameKind.EVENT and number is not None:
                at_ms = clock.now_ms()
                self._coverage.prove(number, at_ms)
                self.state.last_event_at_ms = at_ms
                if self.state.connected_at_ms is None:
                    self.state.connected_at_ms = at_ms
                    self.state.detail = "listening"
            return frame.kind

        self.state.connects += 1
        return Session(
            self.spec,
            self._connect,
            subscribed=subscribed,
            hear=hear,
            look_every_s=self._look_every_s,
        )

    def _read(self, message: str | bytes) -> StreamFrame | None:
        try:
            return self.spec.parse(message, self._listings)
        except ProviderPayloadError as error:
            self._refuse(error.detail)
            return None

    def _count(self, frame: StreamFrame) -> bool:
        """Add a message's orders; return whether all of them could be used."""
        if frame.refused or frame.kind is FrameKind.OTHER:
            self._refuse("an order or a message that is not understood")
            return False
        at_ms = clock.now_ms()
        plausible = [
            self._tally.add(self._bases[name], order, at_ms) for name, order in frame.orders
        ]
        if not all(plausible):
            self._refuse("an order of another time")
        return all(plausible)

    def _refuse(self, detail: str) -> None:
        self.state.refused += 1
        if self.state.refused & (self.state.refused - 1) == 0:  # the 1st, 2nd, 4th, 8th, …
            logger.warning(
                "stream message refused",
                extra={
                    "venue": self.spec.venue.value,
                    "detail": detail,
                    "refused": self.state.refused,
                },
            )

    def _pause_after(self, ended: asyncio.Task[None], failures: int) -> float:
        """Return how long to wait after a connection ended, and tell why it did."""
        error = ended.exception()
        if not isinstance(error, StreamLost):
            raise error or AssertionError("a session ends by raising")
        reason = str(error)
        pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(failures - 1, 16))
        if isinstance(error, StreamRefused):
            if error.status == HTTP_BLOCKED:
                reason = "this country is not served (HTTP 451)"
                pause_s = BLOCKED_PAUSE_S
            elif error.retry_after_s is not None:
                pause_s = min(max(pause_s, error.retry_after_s), BLOCKED_PAUSE_S)
        pause_s *= 1.0 + JITTER * random.random()
        self.state.detail = f"{reason}; next attempt within {pause_s:.0f} s"
        logger.warning(
            "stream lost",
            extra={
                "venue": self.spec.venue.value,
                "reason": reason,
                "failures": failures,
                "pause_s": round(pause_s, 1),
            },
        )
        return pause_s
