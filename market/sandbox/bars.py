"""Bars of any length, cut from the five-minute rows of one path. Pure.

A table of bars has one row per bar and the columns below, in units of a contract (prices per
priced unit, volume in priced units, quote volume in USD). NaN means that a recording does not say.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from market.types import DAY_MS, HOUR_MS, MINUTE_MS, FloatArray, Int64Array

OPEN, HIGH, LOW, CLOSE, VOLUME, QUOTE, TRADES, TAKER_BASE, TAKER_QUOTE = range(9)
COLUMNS = 9

WEEK_MS = 7 * DAY_MS
# Weeks begin on Monday; the Unix epoch was a Thursday.
MONDAY_MS = 4 * DAY_MS


@dataclass(frozen=True, slots=True)
class BarSpec:
    """A bar length of a venue: a fixed step on a shifted grid, or a number of calendar months."""

    label: str
    step_ms: int
    offset_ms: int = 0
    months: int = 0

    def open_of(self, at_ms: int) -> int:
        """Return the opening time of the bar that holds an instant."""
        if not self.months:
            return at_ms - (at_ms - self.offset_ms) % self.step_ms
        local = datetime.fromtimestamp((at_ms - self.offset_ms) / 1000, tz=UTC)
        month = local.year * 12 + local.month - 1
        return self._month_ms(month - month % self.months)

    def shift(self, open_ms: int, bars: int) -> int:
        """Return the opening time of the bar that is ``bars`` later."""
        if not self.months:
            return open_ms + bars * self.step_ms
        local = datetime.fromtimestamp((open_ms - self.offset_ms) / 1000, tz=UTC)
        return self._month_ms(local.year * 12 + local.month - 1 + bars * self.months)

    def opens(self, first_ms: int, last_ms: int) -> Int64Array:
        """Return every opening time in [first, last], ascending."""
        first = self.open_of(first_ms)
        if first < first_ms:
            first = self.shift(first, 1)
        if not self.months:
            return np.arange(first, last_ms + 1, self.step_ms, dtype=np.int64)
        opens = []
        while first <= last_ms:
            opens.append(first)
            first = self.shift(first, 1)
        return np.array(opens, dtype=np.int64)

    def _month_ms(self, month: int) -> int:
        date = (month // 12, month % 12 + 1, 1, 0, 0, 0)
        return calendar.timegm(date) * 1000 + self.offset_ms


@dataclass(frozen=True, slots=True)
class Bars:
    """Ascending bars; the first ``closed`` of them are final, at most one more is forming."""

    open_time_ms: Int64Array
    table: FloatArray
    closed: int

    def __len__(self) -> int:
        return len(self.open_time_ms)


def no_bars() -> Bars:
    return Bars(np.empty(0, dtype=np.int64), np.empty((0, COLUMNS)), 0)


def aggregate(row_open_ms: Int64Array, rows: FloatArray, open_ms: Int64Array) -> FloatArray:
    """Cut finer rows into bars; every bar must hold at least one row."""
    first = np.searchsorted(row_open_ms, open_ms)
    last = np.append(first[1:], len(rows)) - 1
    table = np.add.reduceat(rows, first, axis=0)
    table[:, OPEN] = rows[first, OPEN]
    table[:, HIGH] = np.maximum.reduceat(rows[:, HIGH], first)
    table[:, LOW] = np.minimum.reduceat(rows[:, LOW], first)
    table[:, CLOSE] = rows[last, CLOSE]
    return table


def spec(label: str, *, hours: float = 0.0, offset_h: float = 0.0) -> BarSpec:
    return BarSpec(label, int(hours * HOUR_MS), int(offset_h * HOUR_MS))


def minutes(label: str, count: int) -> BarSpec:
    return BarSpec(label, count * MINUTE_MS)


def weeks(label: str, *, offset_h: float = 0.0) -> BarSpec:
    return BarSpec(label, WEEK_MS, MONDAY_MS + int(offset_h * HOUR_MS))


def months(label: str, count: int, *, offset_h: float = 0.0) -> BarSpec:
    # The step is the longest the bar can be; the calendar decides.
    return BarSpec(label, count * 31 * DAY_MS, int(offset_h * HOUR_MS), count)
