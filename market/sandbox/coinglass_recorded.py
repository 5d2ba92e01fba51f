"""Recorded Coinglass tables, for replays: what no exchange could say, over all of them.

Files ``coinglass_*.csv`` in the folders of recordings, one row per bar, stamped with its start.
Longer bars are made of whole shorter ones. Nothing is told of an instant that no file reaches.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path

import numpy as np

from market.types import FloatArray, Int64Array


class Kind(Enum):
    """A quantity: folder, part of the file name, and the columns that files have for it."""

    FUNDING = ("funding", "funding", (("open", "high", "low", "close"), ("funding_close",)))
    OPEN_INTEREST = ("metrics", "_oi_", (("open", "high", "low", "close"), ("oi_total_close",)))
    STABLE_COINS = ("metrics", "_oi_", (("oi_stable_close",),))
    COIN_MARGIN = ("metrics", "_oi_", (("oi_coinm_close",),))
    TAKER = ("metrics", "_taker_", (("buy_usd", "sell_usd"), ("taker_buy_usd", "taker_sell_usd")))
    ACCOUNTS = ("metrics", "_long_short_", (("lsr_global",),))
    TOP_ACCOUNTS = ("metrics", "_long_short_", (("lsr_top_accounts",),))
    TOP_POSITIONS = ("metrics", "_long_short_", (("lsr_top_positions",),))
    LIQUIDATIONS = ("liquidations", "_liquidation_", (("liq_long_usd", "liq_short_usd"),))
    DEPTH = ("orderbook", "_depth_", (("bids_usd", "bids_qty", "asks_usd", "asks_qty"),))

    @property
    def summed(self) -> bool:
        return self in (Kind.TAKER, Kind.LIQUIDATIONS)


@dataclass(frozen=True, slots=True)
class Table:
    """Closed bars, ascending. ``columns``, shape (k, n): two or four of the kind, or OHLC."""

    start_ms: Int64Array
    columns: FloatArray

    @property
    def step_ms(self) -> int:
        return int(np.min(np.diff(self.start_ms)))

    def until(self, now_ms: int) -> Table:
        known = int(np.searchsorted(self.start_ms, now_ms - self.step_ms, side="right"))
        return Table(self.start_ms[:known], self.columns[:, :known])


class RecordedCoinglass:
    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._read = cache(self._read_all)

    def table(self, kind: Kind, symbol: str, step_ms: int, now_ms: int) -> Table | None:
        """Return the bars of a length that had closed by an instant; None where none reach it."""
        fitting = [
            table for table in self._reaching(kind, symbol, now_ms) if step_ms % table.step_ms == 0
        ]
        if not fitting:
            return None
        source = max(fitting, key=lambda table: table.step_ms)
        known = source.until(now_ms)
        return known if source.step_ms == step_ms else _joined(known, kind, step_ms)

    def newest(self, kind: Kind, symbol: str, now_ms: int) -> Table | None:
        """Return the closed bars of the finest file that reaches an instant."""
        reaching = self._reaching(kind, symbol, now_ms)
        finest = min(reaching, key=lambda table: table.step_ms, default=None)
        return None if finest is None else finest.until(now_ms)

    def _reaching(self, kind: Kind, symbol: str, now_ms: int) -> list[Table]:
        return [
            table
            for table in self._read(kind, symbol)
            if table.start_ms[0] + table.step_ms <= now_ms
            and now_ms < table.start_ms[-1] + 2 * table.step_ms
        ]

    def _read_all(self, kind: Kind, symbol: str) -> list[Table]:
        folder, part, wanted = kind.value
        found = []
        for path in sorted((self._directory / folder).glob("coinglass_*.csv*")):
            if part not in path.name or symbol not in path.name:
                continue
            with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
                rows = [row for row in csv.DictReader(lines) if row["symbol"] == symbol]
            columns = next((names for names in wanted if rows and names[0] in rows[0]), None)
            if columns is not None:
                found += _table(rows, columns)
        return found


def _table(rows: list[dict[str, str]], columns: tuple[str, ...]) -> list[Table]:
    values = np.array([[float(row[name] or "nan") for row in rows] for name in columns])
    known = np.isfinite(values).all(axis=0)
    start_ms = np.array([int(row["ts_ms"]) for row in rows], dtype=np.int64)[known]
    if len(start_ms) < 2:
        return []
    values = values[:, known]
    if columns[0].endswith("_close"):
        # Only closes were kept: a bar opens where the one before it closed.
        close = values[0]
        opened = np.append(close[:1], close[:-1])
        values = np.stack([opened, np.maximum(opened, close), np.minimum(opened, close), close])
    return [Table(start_ms, values)]


def _joined(table: Table, kind: Kind, step_ms: int) -> Table:
    """Make longer bars; those with a part missing are left out."""
    per_bar = step_ms // table.step_ms
    bar = table.start_ms // step_ms
    first = np.flatnonzero(np.append(True, bar[1:] != bar[:-1]))
    sizes = np.diff(np.append(first, len(bar)))
    full = sizes == per_bar
    columns = table.columns
    if kind.summed:
        made = np.add.reduceat(columns, first, axis=1)
    else:
        last = first + sizes - 1
        made = columns[:, last]
        if len(columns) == 4 and kind is not Kind.DEPTH:
            made[0] = columns[0, first]
            made[1] = np.maximum.reduceat(columns[1], first)
            made[2] = np.minimum.reduceat(columns[2], first)
    return Table(table.start_ms[first][full], made[:, full])


RATIOS: Mapping[str, Kind] = {
    "global_account": Kind.ACCOUNTS,
    "top_account": Kind.TOP_ACCOUNTS,
    "top_position": Kind.TOP_POSITIONS,
}
