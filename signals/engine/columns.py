"""Many histories as single columns, so that one search answers every row of every coin.

Histories are laid end to end. An observation is found by a key of (history, time) in one integer;
positions before a history's own start mean that nothing was known yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from market.snapshot import MarketHistory, ReadingName
from market.types import (
    Candles,
    FloatArray,
    Int64Array,
    Interval,
    LiquidationBuckets,
    Series,
)
from market.windows import change_tolerance_ms, sample_tolerance_ms, series_grid_ms
from signals.engine.types import BoolArray

_Array = TypeVar("_Array", FloatArray, Int64Array)

# Milliseconds fit until the year 2109; above them the number of the history.
_TIME_BITS = 42


@dataclass(frozen=True, slots=True)
class Rows:
    """What is asked: which history at which instant; both of shape (n,)."""

    history: Int64Array
    at_ms: Int64Array

    def __len__(self) -> int:
        return len(self.at_ms)

    def keys(self) -> Int64Array:
        return (self.history << _TIME_BITS) + self.at_ms

    def moved(self, by_ms: Int64Array | int) -> Rows:
        return Rows(self.history, self.at_ms + by_ms)

    def where(self, chosen: BoolArray | slice) -> Rows:
        return Rows(self.history[chosen], self.at_ms[chosen])

    def distinct(self) -> tuple[Rows, Int64Array]:
        """Return every different row once, and for each row which of them it is."""
        keys, inverse = np.unique(self.keys(), return_inverse=True)
        history = keys >> _TIME_BITS
        return Rows(history, keys - (history << _TIME_BITS)), inverse.astype(np.int64)


@dataclass(frozen=True, slots=True)
class Timeline:
    """Instants of all histories, ascending within each; ``first`` is where each begins, (H,)."""

    first: Int64Array
    keys: Int64Array

    @classmethod
    def of(cls, instants: Sequence[Int64Array]) -> Timeline:
        joined = _joined(instants)
        if len(joined) and not 0 <= joined.min() <= joined.max() < 1 << _TIME_BITS:
            raise ValueError("an instant before 1970 or after 2109")
        lengths = np.array([len(ms) for ms in instants], dtype=np.int64)
        history = np.repeat(np.arange(len(instants), dtype=np.int64), lengths)
        return cls(_ends(lengths) - lengths, (history << _TIME_BITS) + joined)

    def newest(self, rows: Rows) -> tuple[Int64Array, BoolArray]:
        """Return the position of the newest instant at or before each row, and whether any is."""
        position = np.searchsorted(self.keys, rows.keys(), side="right").astype(np.int64) - 1
        return position, position >= self.first[rows.history]


@dataclass(frozen=True, slots=True)
class CandleColumns:
    """The closed bars of one interval of all histories; a bar is known from its end on."""

    interval: Interval
    ends: Timeline
    open_time_ms: Int64Array
    high: FloatArray
    low: FloatArray
    close: FloatArray

    @classmethod
    def of(cls, histories: Sequence[MarketHistory], interval: Interval) -> CandleColumns:
        none = Candles.empty(interval)
        parts = [history.candles.get(interval, none) for history in histories]
        return cls(
            interval,
            Timeline.of([part.open_time_ms + interval.ms for part in parts]),
            _joined([part.open_time_ms for part in parts]),
            _joined([part.high for part in parts]),
            _joined([part.low for part in parts]),
            _joined([part.close for part in parts]),
        )

    def age_ms(self, rows: Rows, position: Int64Array, chosen: BoolArray) -> Int64Array:
        """Return how long ago the bars of the chosen rows ended."""
        ended_ms = self.open_time_ms[position[chosen]] + self.interval.ms
        age: Int64Array = rows.at_ms[chosen] - ended_ms
        return age


@dataclass(frozen=True, slots=True)
class SeriesColumns:
    """One quantity of all histories. The limits of each history have shape (H,)."""

    instants: Timeline
    ts_ms: Int64Array
    values: FloatArray
    max_age_ms: Int64Array
    grid_ms: Int64Array
    sample_tolerance_ms: Int64Array
    change_tolerance_ms: Int64Array

    @classmethod
    def of(cls, histories: Sequence[MarketHistory], name: ReadingName) -> SeriesColumns:
        none = Series.empty(0)
        parts = [history.series.get(name, none) for history in histories]
        ages = [part.max_age_ms for part in parts]
        return cls(
            Timeline.of([part.ts_ms for part in parts]),
            _joined([part.ts_ms for part in parts]),
            _joined([part.values for part in parts]),
            np.array(ages, dtype=np.int64),
            np.array([series_grid_ms(age) for age in ages], dtype=np.int64),
            np.array([sample_tolerance_ms(age) for age in ages], dtype=np.int64),
            np.array([change_tolerance_ms(age) for age in ages], dtype=np.int64),
        )

    def present(self, rows: Rows) -> FloatArray:
        """Return the value that stands for each row's instant; NaN when none is young enough."""
        return self._last_known(rows, self.max_age_ms)[0]

    def sample(self, rows: Rows) -> FloatArray:
        """Return the value that stands for each grid point."""
        return self._last_known(rows, self.sample_tolerance_ms)[0]

    def change_pct(self, rows: Rows, span_ms: int) -> FloatArray:
        """Return the change over a span in percent; NaN where the series is coarser than it."""
        now, now_at = self._last_known(rows, self.max_age_ms)
        then, then_at = self._last_known(rows.moved(-span_ms), self.change_tolerance_ms)
        fine_enough = self.grid_ms[rows.history] <= span_ms
        known = fine_enough & (now_at != then_at) & (then > 0.0)
        change = np.full(len(rows), np.nan)
        change[known] = 100.0 * (now[known] - then[known]) / then[known]
        return change

    def _last_known(self, rows: Rows, oldest_ms: Int64Array) -> tuple[FloatArray, Int64Array]:
        position, known = self.instants.newest(rows)
        values = np.full(len(rows), np.nan)
        if not len(self.values):
            return values, position
        age_ms = rows.at_ms - self.ts_ms[np.maximum(position, 0)]
        known &= age_ms <= oldest_ms[rows.history]
        found = self.values[position[known]]
        values[known] = np.where(np.isfinite(found), found, np.nan)
        return values, position


@dataclass(frozen=True, slots=True)
class LiquidationColumns:
    """The liquidation buckets of all histories; a bucket is known from its end on."""

    ends: Timeline
    end_ms: Int64Array
    long_usd: FloatArray
    short_usd: FloatArray
    bucket_ms: Int64Array  # (H,)

    @classmethod
    def of(cls, histories: Sequence[MarketHistory]) -> LiquidationColumns:
        none = LiquidationBuckets.empty()
        parts = [history.liquidations or none for history in histories]
        end_ms = [part.start_ms + part.bucket_ms for part in parts]
        return cls(
            Timeline.of(end_ms),
            _joined(end_ms),
            _joined([part.long_usd for part in parts]),
            _joined([part.short_usd for part in parts]),
            np.array([part.bucket_ms for part in parts], dtype=np.int64),
        )


def _joined(parts: Sequence[_Array]) -> _Array:
    return np.concatenate(parts)


def _ends(lengths: Int64Array) -> Int64Array:
    return np.cumsum(lengths, dtype=np.int64)
