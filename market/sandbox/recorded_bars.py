"""Bars of any length out of recorded ones, for ``replay``. Pure."""

from __future__ import annotations

import numpy as np

from market.sandbox.bars import (
    CLOSE,
    COLUMNS,
    HIGH,
    LOW,
    OPEN,
    QUOTE,
    TAKER_BASE,
    VOLUME,
    Bars,
    aggregate,
    no_bars,
)
from market.types import Candles, FloatArray, Int64Array


def recorded_rows(candles: Candles, start_ms: int, now_ms: int) -> tuple[Int64Array, FloatArray]:
    """Return the bars that open from an instant on and had closed by another."""
    first = int(np.searchsorted(candles.open_time_ms, start_ms))
    stop = int(np.searchsorted(candles.open_time_ms, now_ms - candles.interval.ms, "right"))
    kept = slice(first, max(first, stop))
    opens = candles.open_time_ms[kept]
    table = np.full((len(opens), COLUMNS), np.nan)
    for column, values in (
        (OPEN, candles.open),
        (HIGH, candles.high),
        (LOW, candles.low),
        (CLOSE, candles.close),
        (VOLUME, candles.volume_base),
        (QUOTE, candles.quote_volume_usd),
        (TAKER_BASE, candles.taker_buy_base),
    ):
        table[:, column] = values[kept]
    return opens, table


def closed_bars(candles: Candles, closed: Int64Array, now_ms: int) -> Bars:
    if not len(closed):
        return no_bars()
    row_opens, rows = recorded_rows(candles, int(closed[0]), now_ms)
    # Only bars whose first part is recorded; the last one's end is the next one's beginning.
    closed = closed[np.isin(closed, row_opens)]
    if not len(closed):
        return no_bars()
    return Bars(closed, aggregate(row_opens, rows, closed), len(closed))


def forming_bar(finest: Candles, open_ms: int, now_ms: int) -> FloatArray:
    opens, rows = recorded_rows(finest, open_ms, now_ms)
    if len(rows):
        return aggregate(opens, rows, opens[:1])
    closed = int(np.searchsorted(finest.open_time_ms, now_ms - finest.interval.ms, "right"))
    bar = np.full((1, COLUMNS), np.nan)
    bar[0, :4] = finest.close[closed - 1]
    bar[0, [VOLUME, QUOTE, TAKER_BASE]] = 0.0
    return bar
