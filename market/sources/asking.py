"""One collection's notebook: what is known, what was answered, what went wrong.

Lives on the provider runtime's loop for one wave of calls; holds no clock, no ORM and no client of
its own. The sources write into it, ``market.collect`` hands it back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from market.book_memory import BookMemory
from market.due import known_at
from market.models import SeriesKind
from market.order_book import OrderBook, Trades
from market.providers.errors import ProviderError, ProviderUnavailable
from market.providers.lasting import begin_lasting
from market.providers.payload import Parsed
from market.providers.registry import Providers
from market.series import Held, SeriesKey, Update, merged
from market.snapshot import Problem, ReadingName
from market.tables import Table
from market.types import HOUR_MS, Instrument, Listing, Venue

T = TypeVar("T")


LiveKey = tuple[str, ReadingName, str]  # base, reading, source


@dataclass(frozen=True, slots=True)
class Observation:
    """A value of this moment that is not kept as history, such as the last trade."""

    value: float
    observed_at_ms: int


@dataclass(slots=True)
class Harvest:
    """What is known, from before and from this wave; ``updates`` are this wave's alone."""

    book: dict[SeriesKey, Held] = field(default_factory=dict)
    updates: list[Update] = field(default_factory=list)
    live: dict[LiveKey, Observation] = field(default_factory=dict)
    problems: dict[str, list[Problem]] = field(default_factory=dict)  # by base
    # What a plan did not afford in this wave, by base: told where nothing older serves instead.
    left_out: dict[str, list[Problem]] = field(default_factory=dict)
    # Readings that a paid source is asked for first, and which.
    preferred: dict[ReadingName, Venue] = field(default_factory=dict)
    evidence: dict[str, Evidence] = field(default_factory=dict)  # by base
    asked: set[str] = field(default_factory=set)  # providers
    answered: set[str] = field(default_factory=set)
    refused: dict[str, ProviderError] = field(default_factory=dict)  # by provider, the newest

    def failures(self) -> list[ProviderError]:
        """Return why providers did not answer, one each; who said nothing was too late."""
        return [
            self.refused.get(name) or ProviderUnavailable(name, "no answer in time")
            for name in sorted(self.asked - self.answered)
        ]


@dataclass(slots=True)
class Evidence:
    """What is shown beside a score and never part of it; None is unknown."""

    book_source: str | None = None
    book: OrderBook | None = None
    trades: Trades | None = None
    memory: BookMemory | None = None
    close_5m_ago: float | None = None
    volume_weighted_funding_pct: float | None = None


class StaleAnswer(ProviderError):
    """Answered, but with nothing that still stands for the present."""


class Asking:
    """The state of one wave; touched by its own event loop only."""

    def __init__(
        self,
        providers: Providers,
        harvest: Harvest,
        instruments: Sequence[Instrument],
        at_ms: int,
    ) -> None:
        self.providers = providers
        self.instruments = instruments
        self.at_ms = at_ms
        self.harvest = harvest
        self._shared: dict[str, asyncio.Task[Any]] = {}
        self._lasting: set[asyncio.Task[Any]] = set()

    def held(self, key: SeriesKey) -> Held | None:
        """Return what is known of a series, rows of this wave included."""
        return known_at(self.harvest.book.get(key), self.at_ms)

    def keep(self, key: SeriesKey, table: Table) -> None:
        """Take rows over; an empty table says that the source was asked and had nothing."""
        update = Update(key, table, self.at_ms)
        self.harvest.updates.append(update)
        self.harvest.book[key] = merged(self.harvest.book.get(key), update)

    def is_observed(self, base: str, reading: ReadingName, source: Venue) -> bool:
        """Tell whether a value of this moment is known already: a coin just read is not asked."""
        return (base, reading, source.value) in self.harvest.live

    def observe(
        self, base: str, reading: ReadingName, source: Venue, value: float, observed_at_ms: int
    ) -> None:
        """Note a value of this moment; a vendor's clock that runs ahead does not make it later."""
        self.harvest.live[base, reading, source.value] = Observation(
            value, min(observed_at_ms, self.at_ms)
        )

    def problem(self, base: str, reading: ReadingName, source: Venue, detail: str) -> None:
        told = self.harvest.problems.setdefault(base, [])
        problem = Problem(reading.value, source.value, detail)
        if problem not in told:
            told.append(problem)

    def leave_out(self, base: str, reading: ReadingName, source: Venue, detail: str) -> None:
        told = self.harvest.left_out.setdefault(base, [])
        told.append(Problem(reading.value, source.value, detail))

    async def ask(self, base: str, reading: ReadingName, source: Venue, call: Awaitable[T]) -> T:
        """Await one call; note that the source answered, and which rows of it were refused."""
        self.harvest.asked.add(source.value)
        try:
            answer = await call
        except ProviderError as error:
            self.harvest.refused[source.value] = error
            raise
        self.harvest.answered.add(source.value)
        if isinstance(answer, Parsed) and answer.refused:
            first = answer.reasons[0] if answer.reasons else "unreadable"
            self.problem(base, reading, source, f"{answer.refused} values refused: {first}")
        return answer

    async def once(self, name: str, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Make a call that many coins share, once; whoever gives up does not stop it for others."""
        task = self._shared.get(name)
        if task is None:
            task = self._shared[name] = asyncio.create_task(make())
        answer: T = await asyncio.shield(task)
        return answer

    async def lasting(self, work: Callable[[], Awaitable[T]]) -> T:
        """Await a read that goes on when the wave does not wait for it: see ``hand_over``."""
        task = begin_lasting(work)
        self._lasting.add(task)
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Stop what nobody waits for any more."""
        await cancel(self._shared.values())

    def hand_over(self) -> list[asyncio.Task[Any]]:
        """Let go of the harvest; return the reads that go on and fill another one.

        Whoever gets the harvest reads it in another thread.
        """
        self.harvest = Harvest(book=dict(self.harvest.book))
        return [task for task in self._lasting if not task.done()]

    def take_updates(self) -> list[Update]:
        """Return what came since the last time, once."""
        updates, self.harvest.updates = self.harvest.updates, []
        return updates


async def cancel(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until they have ended, whatever they raise in ending."""
    ending = list(tasks)
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)


async def together(*calls: Awaitable[T]) -> list[T]:
    """Run calls at once, each to its end; then raise the first one's error, if any had one."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    answers: list[T] = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        answers.append(result)
    return answers


def series_key(base: str, kind: SeriesKind, source: Venue, resolution: str) -> SeriesKey:
    return SeriesKey(base, kind, source.value, resolution)


def listing_of(instrument: Instrument, venue: Venue) -> Listing:
    listing = instrument.binance if venue is Venue.BINANCE else instrument.okx
    if listing is None:
        raise LookupError(f"{instrument.symbol} is not listed on {venue}")
    return listing


def require_present(asking: Asking, venue: Venue, newest_ms: int | None, max_age_ms: int) -> None:
    """Raise StaleAnswer unless there is a newest value that still stands for the present."""
    if newest_ms is None:
        raise StaleAnswer(venue, "no data for this coin")
    age_ms = asking.at_ms - newest_ms
    if age_ms > max_age_ms:
        raise StaleAnswer(venue, f"the newest value is {age_ms / HOUR_MS:.1f} h old")
