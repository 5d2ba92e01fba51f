"""A coin's funding, open interest and who is long: the paid source, else the exchanges. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

from market.chains import FINE, FRESH_AGE_MS, GRID, MAX_AGE_MS, SETTLED
from market.models import SeriesKind
from market.readings import CheckedReadings
from market.series import Held
from market.snapshot import ReadingName
from market.tables import Table, join, observation
from market.types import Venue

PAID_NOTES: Final = MappingProxyType(
    {
        SeriesKind.FUNDING: "all exchanges, weighted by open interest",
        SeriesKind.OPEN_INTEREST: "all exchanges",
    }
)


class DerivativeReadings(CheckedReadings):
    """What is told of a coin's contracts. One window never holds two sources."""

    def funding(self) -> None:
        """Take a source with a settled history before one that tells the running rate alone."""
        whole: list[tuple[Venue, Held]] = []
        bare: list[tuple[Venue, Held]] = []
        for venue in self.exchanges:
            settled = self.stored(self.base, SeriesKind.FUNDING, venue, SETTLED)
            table = Table.empty(1) if settled is None else settled.table.until(self.at_ms)
            fetched_at_ms = 0 if settled is None else settled.fetched_at_ms
            running = self.harvest.live.get((self.base, ReadingName.FUNDING, venue.value))
            if running is not None:
                newest = observation(running.observed_at_ms, running.value)
                table = join(table, newest).table
                fetched_at_ms = self.at_ms
            known = whole if settled is not None else bare
            known.append((venue, Held(table, fetched_at_ms)))
        self._paid_or_first_of(SeriesKind.FUNDING, ReadingName.FUNDING, [*whole, *bare])

    def statistic(self, kind: SeriesKind, reading: ReadingName) -> None:
        known: list[tuple[Venue, Held]] = []
        for venue in self.exchanges:
            fine = self.stored(self.base, kind, venue, FINE.value)
            if fine is None:
                continue
            grid = self.stored(self.base, kind, venue, GRID.value)
            table = fine.table if grid is None else join(grid.table, fine.table).table
            known.append((venue, Held(table, fine.fetched_at_ms)))
        self._paid_or_first_of(kind, reading, known)

    def _paid_or_first_of(
        self, kind: SeriesKind, reading: ReadingName, known: Sequence[tuple[Venue, Held]]
    ) -> None:
        """Take the paid source while its newest value stands, else the exchanges in turn."""
        paid = self._of_coinglass(kind, reading)
        if paid is None:
            self._first_of(reading, known)
            return
        self.take_series(reading, Venue.COINGLASS, paid, note=PAID_NOTES.get(kind))
        others = {}
        for venue, held in known:
            table = held.table.until(self.at_ms)
            if len(table) and self.at_ms - table.last_ms <= MAX_AGE_MS[reading]:
                others[venue.value] = float(table.values[0][-1])
        self.compare(reading, others)

    def _of_coinglass(self, kind: SeriesKind, reading: ReadingName) -> Held | None:
        if not self.prefers(reading, Venue.COINGLASS):
            return None
        fine = self.stored(self.base, kind, Venue.COINGLASS, FINE.value)
        if fine is None:
            return None
        grid = self.stored(self.base, kind, Venue.COINGLASS, GRID.value)
        table = fine.table if grid is None else join(grid.table, fine.table).table
        table = table.until(self.at_ms)
        if not len(table) or self.at_ms - table.last_ms > MAX_AGE_MS[reading]:
            return None
        return Held(table, fine.fetched_at_ms)

    def _first_of(self, reading: ReadingName, known: Sequence[tuple[Venue, Held]]) -> None:
        """Take the first source that is up to date, else the first that is not too old."""
        for max_age_ms in (FRESH_AGE_MS[reading], MAX_AGE_MS[reading]):
            for venue, held in known:
                table = held.table.until(self.at_ms)
                if len(table) and self.at_ms - table.last_ms <= max_age_ms:
                    self.take_series(reading, venue, held)
                    return
        for venue, held in known:
            table = held.table.until(self.at_ms)
            if len(table):
                self.refuse_age(reading, venue, table.last_ms)
