"""The same question asked by several callers at once is asked of the provider once.

The first caller leads, in its own task; the others get its answer or its error. A leader who is
cancelled, or who failed only for being in more of a hurry, takes nobody down with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from market.providers.errors import ProviderError, ProviderRateLimited, ProviderUnavailable

T = TypeVar("T")

# Deadlines closer together than this are the same: asking again would not end differently.
SAME_DEADLINE_S = 0.25


@dataclass(frozen=True, slots=True)
class _Landing(Generic[T]):
    """How a flight ended. ``answer`` is a tuple so that None can be one; () when there is none."""

    answer: tuple[T, ...] = ()
    error: ProviderError | None = None
    short_of_time: bool = False


@dataclass(frozen=True, slots=True)
class _Flight(Generic[T]):
    landing: asyncio.Future[_Landing[T]]
    deadline: float


class SingleFlight(Generic[T]):
    """Of one provider, on one event loop. Deadlines are its ``loop.time()``."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._flights: dict[Hashable, _Flight[T]] = {}

    async def share(self, key: Hashable, deadline: float, ask: Callable[[], Awaitable[T]]) -> T:
        while True:
            flight = self._flights.get(key)
            if flight is None:
                return await self._lead(key, deadline, ask)
            landing = await self._landing(flight, deadline)
            if landing.answer:
                return landing.answer[0]
            leader_hurried = landing.short_of_time and deadline > flight.deadline + SAME_DEADLINE_S
            if landing.error is not None and not leader_hurried:
                raise landing.error.with_traceback(None)

    async def _lead(self, key: Hashable, deadline: float, ask: Callable[[], Awaitable[T]]) -> T:
        loop = asyncio.get_running_loop()
        flight = self._flights[key] = _Flight(loop.create_future(), deadline)
        landing: _Landing[T] = _Landing()
        try:
            answer = await ask()
            landing = _Landing((answer,))
            return answer
        except ProviderError as e:
            # A rate limit is a matter of how long one can wait.
            short_of_time = isinstance(e, ProviderRateLimited) or (
                loop.time() + SAME_DEADLINE_S >= deadline
            )
            landing = _Landing(error=e, short_of_time=short_of_time)
            raise
        finally:
            del self._flights[key]
            flight.landing.set_result(landing)

    async def _landing(self, flight: _Flight[T], deadline: float) -> _Landing[T]:
        try:
            async with asyncio.timeout_at(deadline):
                # Shielded: cancelling one who waits must not cancel what the others wait for.
                return await asyncio.shield(flight.landing)
        except TimeoutError:
            raise ProviderUnavailable(self._provider, "did not answer in time") from None
