"""Bars and days cut from the simulated paths, in the units of one contract."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from market.sandbox.bars import (
    QUOTE,
    TAKER_BASE,
    TAKER_QUOTE,
    TRADES,
    VOLUME,
    Bars,
    BarSpec,
    aggregate,
    no_bars,
)
from market.sandbox.market import ROW_MS, PricePaths
from market.sandbox.universe import Coin, Contract
from market.types import DAY_MS, MINUTE_MS, FloatArray, Int64Array

# Bars over more days than this are cut piece by piece.
_PIECE_DAYS = 64


def in_units_of(contract: Contract, table: FloatArray) -> FloatArray:
    """Translate rows of a coin's main contract into those of another contract of the coin."""
    coin = contract.coin
    scale = contract.unit / coin.unit
    if scale == 1.0 and contract.price_factor == 1.0 and contract.share == 1.0:
        return table
    result = np.array(table)
    result[:, :4] = np.round(
        table[:, :4] * (scale * contract.price_factor), contract.price_decimals
    )
    result[:, [VOLUME, TAKER_BASE]] *= contract.share / scale
    result[:, [QUOTE, TAKER_QUOTE]] *= contract.share
    result[:, TRADES] = np.ceil(result[:, TRADES] * contract.share)
    return result


def cut_bars(
    paths: PricePaths, contract: Contract, spec: BarSpec, first_ms: int, last_ms: int, now_ms: int
) -> Bars:
    """Return the bars that open in [first, last], the forming one included."""
    listed_ms = contract.listed_ms - contract.listed_ms % ROW_MS
    end_ms = now_ms if contract.trading(now_ms) else (contract.settled_ms or now_ms)
    opens = spec.opens(max(first_ms, spec.open_of(listed_ms)), min(last_ms, end_ms))
    if contract.settled_ms == end_ms:
        opens = opens[opens < end_ms]
    if not len(opens):
        return no_bars()
    pieces = []
    for piece in _pieces(opens, spec):
        stop_ms = min(spec.shift(int(piece[-1]), 1), end_ms)
        pieces.append(_piece(paths, contract.coin, spec, piece, listed_ms, stop_ms))
    table = in_units_of(contract, np.concatenate(pieces))
    closed = len(opens) if spec.shift(int(opens[-1]), 1) <= now_ms else len(opens) - 1
    if contract.settled_ms == end_ms:
        closed = len(opens)
    return Bars(opens, table, closed)


def last_day(paths: PricePaths, contract: Contract, at_ms: int) -> tuple[int, FloatArray]:
    """Return the start of the rolling 24 h, rounded to the minute, and its one bar."""
    start_ms = at_ms // MINUTE_MS * MINUTE_MS - DAY_MS
    start_ms = max(start_ms, contract.listed_ms - contract.listed_ms % ROW_MS)
    rows = _rows_of_span(paths, contract.coin, start_ms, at_ms)
    bar = aggregate(np.arange(len(rows), dtype=np.int64), rows, np.zeros(1, dtype=np.int64))
    return start_ms, in_units_of(contract, bar)[0]


def _piece(
    paths: PricePaths, coin: Coin, spec: BarSpec, opens: Int64Array, listed_ms: int, stop_ms: int
) -> FloatArray:
    if spec.step_ms < ROW_MS:
        bars = [
            aggregate(np.arange(len(rows), dtype=np.int64), rows, np.zeros(1, dtype=np.int64))
            for open_ms in opens.tolist()
            for rows in [_rows_of_span(paths, coin, open_ms, min(open_ms + spec.step_ms, stop_ms))]
        ]
        return np.concatenate(bars)
    start_ms = max(int(opens[0]), listed_ms)
    rows = _rows_of_span(paths, coin, start_ms, stop_ms)
    if start_ms < stop_ms == opens[-1]:  # a bar that has just opened, without a trade yet
        rows = np.concatenate([rows, paths.segment(coin, stop_ms // ROW_MS, 0.0, 0.0)[None]])
    row_open_ms = np.arange(len(rows), dtype=np.int64) * ROW_MS + start_ms
    return aggregate(row_open_ms, rows, np.maximum(opens, start_ms))


def _rows_of_span(paths: PricePaths, coin: Coin, start_ms: int, stop_ms: int) -> FloatArray:
    """Return whole rows with the cut-off parts at both ends; never empty."""
    first, ahead = divmod(start_ms, ROW_MS)
    stop, rest = divmod(stop_ms, ROW_MS)
    if first == stop:
        return paths.segment(coin, first, ahead / ROW_MS, rest / ROW_MS)[None]
    parts = [paths.rows(coin, first + 1 if ahead else first, stop)]
    if ahead:
        parts.insert(0, paths.segment(coin, first, ahead / ROW_MS, 1.0)[None])
    if rest or not len(parts[-1]):
        parts.append(paths.segment(coin, stop, 0.0, rest / ROW_MS)[None])
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _pieces(opens: Int64Array, spec: BarSpec) -> Iterator[Int64Array]:
    per_piece = max(1, _PIECE_DAYS * DAY_MS // spec.step_ms)
    for start in range(0, len(opens), per_piece):
        yield opens[start : start + per_piece]
