"""Checked readings of one coin: what is taken over, and what is refused with its reason. Pure.

Whatever is not finite, impossible or too old is left out and named in ``problems``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from market.chains import BOUNDS, KEYED_VENUES, MAX_AGE_MS, UNITS, exchanges_of
from market.disagreements import disagreement
from market.models import MARKET_WIDE, SeriesKind
from market.series import Held
from market.snapshot import Problem, Reading, ReadingName
from market.sources.asking import Harvest, series_key
from market.tables import Table, table_series
from market.types import (
    HOUR_MS,
    Candles,
    Instrument,
    Interval,
    LiquidationBuckets,
    Series,
    Venue,
)

# Read from whoever is watched, by design: that it is not the first exchange is no falling back.
_OF_WATCHED_VENUES = frozenset({ReadingName.LIQUIDATIONS, ReadingName.LIQUIDATION_VENUE_OI})

# Absent in the usual course of things: few coins trend, momentum needs a provider with a key, and
# these two are told of with the readings they belong to.
_MAY_BE_ABSENT = frozenset(
    {
        ReadingName.SOCIAL_TRENDING,
        ReadingName.SOCIAL_MOMENTUM,
        ReadingName.LIQUIDATION_VENUE_OI,
        ReadingName.TAKER_BUY,
    }
)


def hours(ms: int) -> str:
    """Return a time span as people are told it."""
    return f"{ms / HOUR_MS:.1f} h"


class CheckedReadings:
    """What has been taken over so far, and the checks on the way in."""

    def __init__(self, instrument: Instrument, at_ms: int, harvest: Harvest) -> None:
        self.instrument = instrument
        self.at_ms = at_ms
        self.candles: dict[Interval, Candles] = {}
        self.series: dict[ReadingName, Series] = {}
        self.buckets: LiquidationBuckets | None = None
        self.readings: dict[ReadingName, Reading] = {}
        self.shown: dict[str, Any] = {}  # beside the score, never part of it
        self.base = instrument.symbol.base
        self.harvest = harvest
        self.exchanges = exchanges_of(instrument)
        self.problems: list[Problem] = [
            *harvest.problems.get(self.base, ()),
            *harvest.problems.get(MARKET_WIDE, ()),
        ]

    def name_what_is_missing(self) -> None:
        """Every main reading that is missing has a reason."""
        told = {problem.reading for problem in self.problems}
        for reading in ReadingName:
            if reading in self.readings or reading.value in told or reading in _MAY_BE_ABSENT:
                continue
            self.problems.append(Problem(reading.value, "none", "no source answered in time"))

    def name_what_was_left_out(self) -> None:
        """Tell what a plan did not afford, where nothing that it said before serves instead."""
        for problem in self.harvest.left_out.get(self.base, ()):
            shown = self.readings.get(ReadingName(problem.reading))
            if (shown is None or shown.source != problem.source) and problem not in self.problems:
                self.problems.append(problem)

    def prefers(self, reading: ReadingName, source: Venue) -> bool:
        """Tell whether a paid source is on and asked first for a reading."""
        return self.harvest.preferred.get(reading) is source

    def compare(self, reading: ReadingName, others: Mapping[str, float]) -> None:
        """Say so when what is shown is a paid source's and others do not fit it."""
        shown = self.readings.get(reading)
        if shown is None or shown.source not in KEYED_VENUES:
            return
        found = disagreement(reading, shown.value, others)
        if found is not None:
            source, detail = found
            self.tell(reading, Venue(source), detail)

    def stored(self, base: str, kind: SeriesKind, source: Venue, resolution: str) -> Held | None:
        held = self.harvest.book.get(series_key(base, kind, source, resolution))
        return held if held is not None and len(held.table) else None

    def stored_at_ms(self, kind: SeriesKind, source: Venue, resolution: str) -> int:
        key = series_key(self.base, kind, source, resolution)
        return self.harvest.book[key].fetched_at_ms

    def take_series(
        self,
        reading: ReadingName,
        source: Venue,
        held: Held,
        note: str | None = None,
        shown_source: str | None = None,
    ) -> None:
        table = held.table.until(self.at_ms)
        least, most = BOUNDS[reading]
        possible = (table.values[0] >= least) & (table.values[0] <= most)
        if not possible.all():
            refused = int(np.count_nonzero(~possible))
            self.tell(reading, source, f"{refused} values refused: impossible")
            table = Table(table.times_ms[possible], table.values[:, possible])
        if not len(table):
            return
        if self.at_ms - table.last_ms > MAX_AGE_MS[reading]:
            self.refuse_age(reading, source, table.last_ms)
            return
        value = float(table.values[0][-1])
        if self.take(
            reading,
            source,
            value,
            table.last_ms,
            held.fetched_at_ms,
            note=note,
            shown_source=shown_source,
        ):
            self.series[reading] = table_series(table, MAX_AGE_MS[reading])

    def take(
        self,
        reading: ReadingName,
        source: Venue,
        value: float,
        observed_at_ms: int,
        fetched_at_ms: int,
        note: str | None = None,
        shown_source: str | None = None,
    ) -> bool:
        """Take a value over if it is possible; ``shown_source`` names several sources in one."""
        least, most = BOUNDS[reading]
        if not least <= value <= most:  # NaN and infinities are outside too
            self.tell(reading, source, "value refused: impossible")
            return False
        self.readings[reading] = Reading(
            value=value,
            unit=UNITS[reading],
            source=shown_source or source.value,
            observed_at_ms=observed_at_ms,
            fetched_at_ms=min(fetched_at_ms, self.at_ms),
            fallback=self._is_fallback(reading, source),
            note=note,
        )
        return True

    def _is_fallback(self, reading: ReadingName, source: Venue) -> bool:
        preferred = self.harvest.preferred.get(reading)
        if preferred is not None:
            return source is not preferred
        if source in KEYED_VENUES:
            return True  # the last of its chain
        return source in self.exchanges[1:] and reading not in _OF_WATCHED_VENUES

    def refuse_age(self, reading: ReadingName, source: Venue, newest_ms: int) -> None:
        self.tell(
            reading, source, f"refused: the newest value is {hours(self.at_ms - newest_ms)} old"
        )

    def tell(self, reading: ReadingName, source: Venue, detail: str) -> None:
        problem = Problem(reading.value, source.value, detail)
        if problem not in self.problems:
            self.problems.append(problem)
