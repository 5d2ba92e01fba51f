"""Rows in time order, as the series store keeps them: one time column and k float columns.

Pure. Every stored quantity (bars, observations, liquidation buckets) becomes a ``Table``, so that
packing, joining and cutting are written once. NaN means unknown.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market.types import (
    Candles,
    FloatArray,
    Int64Array,
    Interval,
    LiquidationBuckets,
    Series,
)

# Stored little-endian whatever the machine, so that a database can move between machines.
_TIME = np.dtype("<i8")
_VALUE = np.dtype("<f8")

CANDLE_COLUMNS = (
    "open", "high", "low", "close", "volume_base", "quote_volume_usd", "taker_buy_base",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Table:
    """``times_ms`` of shape (n,), ascending and unique; ``values`` of shape (k, n)."""

    times_ms: Int64Array
    values: FloatArray

    def __len__(self) -> int:
        return len(self.times_ms)

    @classmethod
    def empty(cls, width: int) -> Table:
        return cls(np.empty(0, dtype=np.int64), np.empty((width, 0), dtype=np.float64))

    @property
    def width(self) -> int:
        return int(self.values.shape[0])

    @property
    def first_ms(self) -> int:
        return int(self.times_ms[0])

    @property
    def last_ms(self) -> int:
        return int(self.times_ms[-1])

    def rows(self, kept: slice) -> Table:
        return Table(self.times_ms[kept], self.values[:, kept])

    def until(self, last_ms: int) -> Table:
        """Return the rows stamped at or before an instant."""
        return self.rows(slice(int(np.searchsorted(self.times_ms, last_ms, side="right"))))

    def since(self, first_ms: int) -> Table:
        """Return the rows stamped at or after an instant."""
        return self.rows(slice(int(np.searchsorted(self.times_ms, first_ms)), None))


def pack(table: Table) -> bytes:
    """Return times, then the columns one after the other, little-endian."""
    return (
        np.ascontiguousarray(table.times_ms, dtype=_TIME).tobytes()
        + np.ascontiguousarray(table.values, dtype=_VALUE).tobytes()
    )


def unpack(packed: bytes | memoryview, rows: int) -> Table:
    """Rebuild a table of so many rows, at least one; ValueError when the bytes do not fit."""
    body = memoryview(packed)
    if rows < 1 or len(body) % (8 * rows):
        raise ValueError(f"{len(body)} bytes are not a table of {rows} rows")
    width = len(body) // 8 // rows - 1
    times_ms = np.frombuffer(body[: rows * 8], dtype=_TIME).astype(np.int64, copy=False)
    values = np.frombuffer(body[rows * 8 :], dtype=_VALUE).astype(np.float64, copy=False)
    return Table(times_ms, values.reshape(width, rows))


@dataclass(frozen=True, slots=True)
class Joined:
    """The union of two tables. ``rewritten`` rows stood in both with different known values."""

    table: Table
    added: int
    rewritten: int


def join(older: Table, newer: Table) -> Joined:
    """Return the union by time. Where both have a row the newer value stands, unless unknown."""
    if not len(older):
        return Joined(newer, len(newer), 0)
    if not len(newer):
        return Joined(older, 0, 0)
    if newer.first_ms > older.last_ms:  # the usual case: later rows follow earlier ones
        return Joined(
            Table(
                np.concatenate((older.times_ms, newer.times_ms)),
                np.concatenate((older.values, newer.values), axis=1),
            ),
            len(newer),
            0,
        )
    times_ms = np.union1d(older.times_ms, newer.times_ms)
    values = np.full((newer.width, len(times_ms)), np.nan)
    values[:, np.searchsorted(times_ms, older.times_ms)] = older.values
    at = np.searchsorted(times_ms, newer.times_ms)
    before = values[:, at]
    differs = (before != newer.values) & ~np.isnan(before) & ~np.isnan(newer.values)
    values[:, at] = np.where(np.isnan(newer.values), before, newer.values)
    return Joined(
        Table(times_ms, values),
        len(times_ms) - len(older),
        int(np.count_nonzero(differs.any(axis=0))),
    )


def join_floors(older: Table, newer: Table) -> Joined:
    """Return the union by time of sums that can only have missed something: the larger stands."""
    joined = join(older, newer)
    if joined.added == len(newer) or not len(older):
        return joined
    values = joined.table.values
    at = np.searchsorted(joined.table.times_ms, older.times_ms)
    values[:, at] = np.fmax(values[:, at], older.values)
    return Joined(joined.table, joined.added, 0)


def candles_table(candles: Candles) -> Table:
    return Table(
        candles.open_time_ms, np.stack([getattr(candles, name) for name in CANDLE_COLUMNS])
    )


def table_candles(table: Table, interval: Interval) -> Candles:
    if not len(table):
        return Candles.empty(interval)
    return Candles(interval, table.times_ms, *table.values)


def series_table(series: Series) -> Table:
    return Table(series.ts_ms, series.values[np.newaxis, :])


def table_series(table: Table, max_age_ms: int) -> Series:
    if not len(table):
        return Series.empty(max_age_ms)
    return Series(table.times_ms, table.values[0], max_age_ms)


def observation(ts_ms: int, value: float) -> Table:
    """Return a table of one observation."""
    return Table(np.array([ts_ms], dtype=np.int64), np.array([[value]], dtype=np.float64))


def buckets_table(buckets: LiquidationBuckets) -> Table:
    return Table(buckets.start_ms, np.stack((buckets.long_usd, buckets.short_usd)))


def table_buckets(table: Table, bucket_ms: int) -> LiquidationBuckets:
    if not len(table):
        return LiquidationBuckets.empty(bucket_ms)
    return LiquidationBuckets(bucket_ms, table.times_ms, table.values[0], table.values[1])
