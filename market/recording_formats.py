"""The files recorded markets come in: one table in, the quantities it holds out.

Read by ``market.recordings``. The files are plain CSV tables of public market data (candles,
funding, open interest, ratios, liquidations, fear and greed) in one folder per kind, optionally
gzipped, each recognised by its columns. Rows are stamped with the start of their bar; a ``Series``
is stamped with the instant its value was known, which is the bar's end. Funding settlements and the
fear and greed index are known at their own stamp. An empty cell means that the source did not have
the value.
"""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from market.snapshot import ReadingName
from market.types import (
    DAY_MS,
    HOUR_MS,
    Candles,
    FloatArray,
    Int64Array,
    Interval,
    LiquidationBuckets,
    Series,
    Symbol,
)

# "BTCUSDT_perp_15m_2024-2025", "okx_SOL-USDT-SWAP_perp_1h_2026-06"; spot markets are left out.
_CANDLE_FILE = re.compile(r"^(?:okx_)?(?P<base>[A-Z0-9]+?)-?USDT(?:-SWAP)?_perp_(?P<bar>\d+[mhd])_")
_QUOTE = re.compile(r"-?USDT(?:-SWAP)?$")

# Exchanges settle every 8 hours in these files; a settled rate holds until the next.
_FUNDING_PERIOD_MS = 8 * HOUR_MS
# The index comes once a day and its provider is sometimes a day late.
_FEAR_GREED_MAX_AGE_MS = 2 * DAY_MS

_Table = Mapping[str, Sequence[str]]
Quantity = Interval | ReadingName


class UnreadableRecording(ValueError):
    """A file in a recordings folder whose columns are none of the known formats."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One quantity out of one file: which instants it covers and how finely."""

    path: Path
    quantity: Quantity  # an Interval for candles
    resolution_ms: int
    data: Candles | Series | LiquidationBuckets
    known_from_ms: int
    known_to_ms: int

    def covered_ms(self, from_ms: int, to_ms: int) -> int:
        return max(0, min(to_ms, self.known_to_ms) - max(from_ms, self.known_from_ms))


def may_hold(path: Path, symbol: Symbol) -> bool:
    """Tell by a file's name whether it can hold anything of a coin."""
    if path.parent.name == "fear_greed":
        return True
    if path.parent.name == "candles":
        match = _CANDLE_FILE.match(path.name)
        return match is not None and match["base"] == symbol.base
    return symbol.base in path.name


def read_recordings(path: Path, symbol: Symbol) -> Iterable[Recording]:
    """Return what a file holds of one coin; raise UnreadableRecording for strange columns."""
    table = _table(path)
    columns = frozenset(table)
    for required, parse in _FORMATS:
        if required <= columns:
            return parse(path, _rows_of(table, symbol))
    raise UnreadableRecording(f"{path.name}: unknown columns {sorted(columns)}")


def _table(path: Path) -> _Table:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        rows = csv.reader(lines)
        header = next(rows)
        columns = list(zip(*rows, strict=True)) or [() for _ in header]
    return dict(zip(header, columns, strict=True))


def _rows_of(table: _Table, symbol: Symbol) -> _Table:
    if "symbol" not in table:
        return table
    mine = [i for i, text in enumerate(table["symbol"]) if _QUOTE.sub("", text) == symbol.base]
    return {name: [column[i] for i in mine] for name, column in table.items()}


def _candles(path: Path, table: _Table) -> Iterable[Recording]:
    match = _CANDLE_FILE.match(path.name)
    if match is None:
        raise UnreadableRecording(f"{path.name}: the name does not say coin and bar length")
    interval = Interval(match["bar"])
    open_time_ms = _integers(table["open_time_ms"])
    candles = Candles(
        interval,
        open_time_ms,
        open=_numbers(table["open"]),
        high=_numbers(table["high"]),
        low=_numbers(table["low"]),
        close=_numbers(table["close"]),
        volume_base=_numbers(table["volume"]),
        quote_volume_usd=_numbers(table["quote_volume"]),
        taker_buy_base=_numbers(table["taker_buy_base"]),
    )
    if len(candles):
        known_from_ms = int(open_time_ms[0]) + interval.ms
        known_to_ms = int(open_time_ms[-1]) + interval.ms
        yield Recording(path, interval, interval.ms, candles, known_from_ms, known_to_ms)


def _exchange_funding(path: Path, table: _Table) -> Iterable[Recording]:
    rate_pct = _numbers(table["rate"]) * 100.0
    ts_ms = _integers(table["ts_ms"])
    yield from _series(path, ReadingName.FUNDING, ts_ms, rate_pct, _FUNDING_PERIOD_MS)


def _coinglass_funding(path: Path, table: _Table) -> Iterable[Recording]:
    close = table["funding_close"] if "funding_close" in table else table["close"]
    yield from _bars(path, table, {ReadingName.FUNDING: _numbers(close)})


def _coinglass_open_interest(path: Path, table: _Table) -> Iterable[Recording]:
    total = table["oi_total_close"] if "oi_total_close" in table else table["close"]
    yield from _bars(path, table, {ReadingName.OPEN_INTEREST: _numbers(total)})


def _coinglass_ratios(path: Path, table: _Table) -> Iterable[Recording]:
    values = {
        ReadingName.LONG_ACCOUNTS: _long_pct(_numbers(table["lsr_global"])),
        ReadingName.TOP_TRADERS: _long_pct(_numbers(table["lsr_top_positions"])),
    }
    yield from _bars(path, table, values)


def _coinglass_taker(path: Path, table: _Table) -> Iterable[Recording]:
    buy = table["buy_usd"] if "buy_usd" in table else table["taker_buy_usd"]
    sell = table["sell_usd"] if "sell_usd" in table else table["taker_sell_usd"]
    yield from _bars(path, table, {ReadingName.TAKER_BUY: _buy_pct(_numbers(buy), _numbers(sell))})


def _okx_statistics(path: Path, table: _Table) -> Iterable[Recording]:
    values = {
        ReadingName.OPEN_INTEREST: _numbers(table["oi_usd"]),
        ReadingName.LONG_ACCOUNTS: _long_pct(_numbers(table["long_short_account_ratio"])),
        ReadingName.TAKER_BUY: _buy_pct(
            _numbers(table["taker_buy_vol"]), _numbers(table["taker_sell_vol"])
        ),
    }
    yield from _bars(path, table, values)


def _binance_rest(path: Path, table: _Table) -> Iterable[Recording]:
    # Its top_long column counts accounts, not positions, and so is not the top traders' reading.
    values = {
        ReadingName.OPEN_INTEREST: _numbers(table["sum_open_interest_value"]),
        ReadingName.LONG_ACCOUNTS: _numbers(table["global_long_account"]) * 100.0,
        ReadingName.TAKER_BUY: _buy_pct(
            _numbers(table["taker_buy_vol"]), _numbers(table["taker_sell_vol"])
        ),
    }
    yield from _bars(path, table, values)


def _binance_dump(path: Path, table: _Table) -> Iterable[Recording]:
    stamps = [
        str(int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000)
        for text in table["create_time"]
    ]
    values = {
        ReadingName.OPEN_INTEREST: _numbers(table["sum_open_interest_value"]),
        ReadingName.LONG_ACCOUNTS: _long_pct(_numbers(table["count_long_short_ratio"])),
        ReadingName.TOP_TRADERS: _long_pct(_numbers(table["sum_toptrader_long_short_ratio"])),
        ReadingName.TAKER_BUY: _long_pct(_numbers(table["sum_taker_long_short_vol_ratio"])),
    }
    yield from _bars(path, {"ts_ms": stamps}, values)


def _liquidations(path: Path, table: _Table) -> Iterable[Recording]:
    start_ms = _integers(table["ts_ms"])
    if len(start_ms) < 2:
        return
    bucket_ms = _spacing_ms(start_ms)
    buckets = LiquidationBuckets(
        bucket_ms, start_ms, _numbers(table["liq_long_usd"]), _numbers(table["liq_short_usd"])
    )
    known_from_ms, known_to_ms = int(start_ms[0]) + bucket_ms, int(start_ms[-1]) + bucket_ms
    yield Recording(path, ReadingName.LIQUIDATIONS, bucket_ms, buckets, known_from_ms, known_to_ms)


def _fear_greed(path: Path, table: _Table) -> Iterable[Recording]:
    ts_ms = _integers(table["ts"]) * 1000
    index = _numbers(table["value"])
    yield from _series(path, ReadingName.FEAR_GREED, ts_ms, index, _FEAR_GREED_MAX_AGE_MS)


def _bars(
    path: Path, table: _Table, values: Mapping[ReadingName, FloatArray]
) -> Iterable[Recording]:
    start_ms = _integers(table["ts_ms"])
    if len(start_ms) < 2:
        return
    bar_ms = _spacing_ms(start_ms)
    for name, column in values.items():
        yield from _series(path, name, start_ms + bar_ms, column, bar_ms)


def _series(
    path: Path, name: ReadingName, known_ms: Int64Array, values: FloatArray, max_age_ms: int
) -> Iterable[Recording]:
    known = np.isfinite(values)
    series = Series(known_ms[known], values[known], max_age_ms)
    if len(series):
        yield Recording(
            path, name, max_age_ms, series, int(series.ts_ms[0]), int(series.ts_ms[-1]) + max_age_ms
        )


def _by_folder(path: Path, table: _Table) -> Iterable[Recording]:
    if path.parent.name == "funding":
        return _coinglass_funding(path, table)
    return _coinglass_open_interest(path, table)


_FORMATS: tuple[tuple[frozenset[str], Callable[[Path, _Table], Iterable[Recording]]], ...] = (
    (frozenset({"open_time_ms", "open", "high", "low", "close", "volume"}), _candles),
    (frozenset({"ts_ms", "liq_long_usd", "liq_short_usd"}), _liquidations),
    (frozenset({"ts_ms", "rate"}), _exchange_funding),
    (frozenset({"ts_ms", "funding_close"}), _coinglass_funding),
    (frozenset({"ts_ms", "oi_total_close"}), _coinglass_open_interest),
    (frozenset({"ts_ms", "lsr_global", "lsr_top_positions"}), _coinglass_ratios),
    (frozenset({"ts_ms", "taker_buy_usd", "taker_sell_usd"}), _coinglass_taker),
    (frozenset({"ts_ms", "buy_usd", "sell_usd"}), _coinglass_taker),
    (frozenset({"ts_ms", "oi_usd", "long_short_account_ratio"}), _okx_statistics),
    (frozenset({"ts_ms", "sum_open_interest_value", "global_long_account"}), _binance_rest),
    (frozenset({"create_time", "sum_open_interest_value"}), _binance_dump),
    (frozenset({"ts", "value"}), _fear_greed),
    # Coinglass' 4 h bars of funding and of open interest look alike; the folder tells them apart.
    (
        frozenset({"ts_ms", "open", "high", "low", "close"}),
        _by_folder,
    ),
)


def _spacing_ms(ts_ms: Int64Array) -> int:
    return int(np.min(np.diff(ts_ms)))


def _long_pct(long_short_ratio: FloatArray) -> FloatArray:
    return 100.0 * long_short_ratio / (1.0 + long_short_ratio)


def _buy_pct(buy: FloatArray, sell: FloatArray) -> FloatArray:
    return 100.0 * buy / (buy + sell)


def _numbers(cells: Sequence[str]) -> FloatArray:
    return np.array([float(cell) if cell else np.nan for cell in cells], dtype=np.float64)


def _integers(cells: Sequence[str]) -> Int64Array:
    return np.array([int(cell) for cell in cells], dtype=np.int64)
