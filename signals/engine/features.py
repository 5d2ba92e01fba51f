"""Histories → Features: one code path for a live scan, a replay and years of backtest.

Every feature of a row is a function of windows that end at the row's instant: bars that have
closed, observations already known, liquidation buckets already over. Windows are gathered for all
rows of all coins together, once per distinct bar or grid point, and summed in a fixed order with
+, −, ×, ÷ and √ alone. So a row has the same bits alone, in any company and in any order, and a
snapshot's windows give the bits of the whole history.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from market.snapshot import MarketHistory, MarketSnapshot, ReadingName
from market.types import DAY_MS, HOUR_MS, FloatArray, Int64Array
from market.windows import (
    CANDLE_ROWS,
    CHANGE_SPANS_H,
    LIQUIDATION_WINDOW_H,
    LIQUIDATION_WINDOWS_H,
    MAX_BAR_AGE_BARS,
    MAX_MISSING_SHARE_OF_BARS,
    SERIES_GRIDS_MS,
    SERIES_MIN_DAYS,
    series_grid_points,
)
from signals.engine.columns import CandleColumns, LiquidationColumns, Rows, SeriesColumns
from signals.engine.indicators import FrameIndicators, frame_indicators
from signals.engine.types import FEATURE_NAMES, BoolArray, Features

# Below these a series hardly moved in 30 days, and a z-score would blow up its noise: a step of
# Binance's funding cap grid (% per 8 h), and one percent point of accounts or positions.
FUNDING_DEVIATION_FLOOR_PCT = 0.002
SHARE_DEVIATION_FLOOR_PCT = 1.0

# Liquidations of less than this watched time say nothing about any window.
_MIN_COVERED_MS = HOUR_MS

# Rows whose 30-day windows are held at a time (180 points each): a few MB.
_BLOCK = 2048

_Columns = dict[str, FloatArray]
_SERIES: tuple[ReadingName, ...] = tuple(
    name
    for name in ReadingName
    if name not in (ReadingName.PRICE, ReadingName.CANDLES, ReadingName.LIQUIDATIONS)
)


def extract_features(histories: Sequence[MarketHistory], at_ms: Sequence[Int64Array]) -> Features:
    """Compute the features of every history at its own instants.

    Parameters
    ----------
    histories : sequence of MarketHistory
        One per coin: whole recordings, or the windows that ``window_history`` keeps.
    at_ms : sequence of ndarray of int64
        For each history the instants asked for, in any order; may repeat.

    Returns
    -------
    Features
        One row per (history, instant), histories in order. ``price_usd`` is the newest close.
    """
    if len(histories) != len(at_ms):
        raise ValueError(f"{len(histories)} histories but {len(at_ms)} lists of instants")
    if not histories:
        return Features(**{name: np.empty(0) for name in FEATURE_NAMES})
    lengths = [len(instants) for instants in at_ms]
    rows = Rows(
        np.repeat(np.arange(len(histories), dtype=np.int64), lengths),
        np.concatenate(at_ms).astype(np.int64),
    )
    series: dict[ReadingName, SeriesColumns] = {
        name: SeriesColumns.of(histories, name) for name in _SERIES
    }
    columns: _Columns = {
        **_candle_features(histories, rows),
        **_series_features(series, rows),
        **_liquidation_features(histories, rows),
    }
    venue_usd = series[ReadingName.LIQUIDATION_VENUE_OI].present(rows)
    columns["liquidation_open_interest_usd"] = np.where(
        np.isnan(venue_usd), columns["open_interest_usd"], venue_usd
    )
    return Features(**columns)


def features_from_snapshots(snapshots: Sequence[MarketSnapshot]) -> Features:
    """Compute one row per snapshot. Its price is the last trade, unknown where that is missing."""
    features = extract_features(
        [snapshot.history for snapshot in snapshots],
        [np.array([snapshot.at_ms], dtype=np.int64) for snapshot in snapshots],
    )
    return replace(features, price_usd=_last_trades_usd(snapshots))


def _last_trades_usd(snapshots: Sequence[MarketSnapshot]) -> FloatArray:
    prices = np.full(len(snapshots), np.nan)
    for row, snapshot in enumerate(snapshots):
        reading = snapshot.readings.get(ReadingName.PRICE)
        if reading is not None and np.isfinite(reading.value) and reading.value > 0.0:
            prices[row] = reading.value
    return prices


# Price


def _candle_features(histories: Sequence[MarketHistory], rows: Rows) -> _Columns:
    columns: _Columns = {}
    price_usd, age_bars = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    changes = {span_h: np.full(len(rows), np.nan) for span_h in CHANGE_SPANS_H}
    # From the finest interval to the coarsest: each fills what finer ones do not know.
    for interval in CANDLE_ROWS:
        candles = CandleColumns.of(histories, interval)
        position, known = candles.ends.newest(rows)
        for name, values in _frame(candles, rows, position, known)._asdict().items():
            columns[f"{name}_{interval.value}"] = values
        finest = known & np.isnan(age_bars)
        age_bars[finest] = candles.age_ms(rows, position, finest) / interval.ms
        price_usd[finest] = candles.close[position[finest]]
        for span_h, change_pct in changes.items():
            finer = _price_change_pct(candles, rows, position, known, span_h * HOUR_MS)
            changes[span_h] = np.where(np.isnan(change_pct), finer, change_pct)
    columns["price_usd"] = np.where(np.isfinite(price_usd) & (price_usd > 0.0), price_usd, np.nan)
    columns["newest_bar_age_bars"] = age_bars
    for span_h, change_pct in changes.items():
        columns[f"price_change_{span_h}h_pct"] = change_pct
    return columns


def _frame(
    candles: CandleColumns, rows: Rows, position: Int64Array, known: BoolArray
) -> FrameIndicators:
    usable = _has_window(
        candles, rows, position, known, bars_back=CANDLE_ROWS[candles.interval] - 1
    )
    bars, inverse = np.unique(position[usable], return_inverse=True)
    per_bar = frame_indicators(candles.high, candles.low, candles.close, bars)
    told = FrameIndicators(*(np.full(len(rows), np.nan) for _ in FrameIndicators._fields))
    for column, values in zip(told, per_bar, strict=True):
        column[usable] = values[inverse]
    return told


def _price_change_pct(
    candles: CandleColumns, rows: Rows, position: Int64Array, known: BoolArray, span_ms: int
) -> FloatArray:
    change = np.full(len(rows), np.nan)
    bars_back = span_ms // candles.interval.ms
    if bars_back == 0:
        return change
    usable = _has_window(candles, rows, position, known, bars_back=bars_back)
    now = candles.close[position[usable]]
    then = candles.close[position[usable] - bars_back]
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = 100.0 * (now - then) / then
    change[usable] = np.where(np.isfinite(moved), moved, np.nan)
    return change


def _has_window(
    candles: CandleColumns, rows: Rows, position: Int64Array, known: BoolArray, *, bars_back: int
) -> BoolArray:
    """Tell for which rows the newest bar is the present and enough of the bars before it exist."""
    enough: BoolArray = known & (position - bars_back >= candles.ends.first[rows.history])
    chosen = position[enough]
    interval_ms = candles.interval.ms
    age_ms = candles.age_ms(rows, position, enough)
    span_bars = (candles.open_time_ms[chosen] - candles.open_time_ms[chosen - bars_back]) // (
        interval_ms
    )
    missing_bars = span_bars - bars_back
    part, whole = MAX_MISSING_SHARE_OF_BARS
    complete = missing_bars * whole <= (span_bars + 1) * part
    enough[enough] = complete & (age_ms <= MAX_BAR_AGE_BARS * interval_ms)
    return enough


# Series


def _series_features(series: Mapping[ReadingName, SeriesColumns], rows: Rows) -> _Columns:
    funding = series[ReadingName.FUNDING]
    crowd = series[ReadingName.LONG_ACCOUNTS]
    top = series[ReadingName.TOP_TRADERS]
    open_interest = series[ReadingName.OPEN_INTEREST]
    funding_pct = funding.present(rows)
    long_pct = crowd.present(rows)
    top_pct = top.present(rows)
    difference_pct = top_pct - long_pct
    return {
        "funding_rate_8h_pct": funding_pct,
        "funding_rate_z": _own_history_z(
            funding_pct, rows, funding.sample, funding.grid_ms, FUNDING_DEVIATION_FLOOR_PCT
        ),
        "long_account_pct": long_pct,
        "long_account_z": _own_history_z(
            long_pct, rows, crowd.sample, crowd.grid_ms, SHARE_DEVIATION_FLOOR_PCT
        ),
        "top_trader_long_pct": top_pct,
        "top_minus_crowd_pct": np.where(np.isnan(difference_pct), np.nan, difference_pct),
        "top_minus_crowd_z": _own_history_z(
            difference_pct,
            rows,
            lambda points: top.sample(points) - crowd.sample(points),
            np.maximum(top.grid_ms, crowd.grid_ms),
            SHARE_DEVIATION_FLOOR_PCT,
        ),
        "taker_buy_pct": series[ReadingName.TAKER_BUY].present(rows),
        "open_interest_usd": open_interest.present(rows),
        "social_sentiment_pct": series[ReadingName.SOCIAL_SENTIMENT].present(rows),
        "social_momentum": series[ReadingName.SOCIAL_MOMENTUM].present(rows),
        "social_trending_rank": series[ReadingName.SOCIAL_TRENDING].present(rows),
        "fear_greed_index": series[ReadingName.FEAR_GREED].present(rows),
        **{
            f"open_interest_change_{span_h}h_pct": open_interest.change_pct(rows, span_h * HOUR_MS)
            for span_h in CHANGE_SPANS_H
        },
    }


def _own_history_z(
    present: FloatArray,
    rows: Rows,
    sample: Callable[[Rows], FloatArray],
    grid_ms: Int64Array,
    deviation_floor: float,
) -> FloatArray:
    """Return how many standard deviations ``present`` lies from the mean of its last 30 days.

    The window is sampled at the row's last grid points, one per ``grid_ms`` (of each history), and
    needs ten days of known points. Deviations below the floor count as the floor.
    """
    mean, deviation = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    row_grid_ms = grid_ms[rows.history]
    for step_ms in SERIES_GRIDS_MS:
        chosen = (row_grid_ms == step_ms) & ~np.isnan(present)
        if not chosen.any():
            continue
        asked = rows.where(chosen)
        newest, inverse = Rows(asked.history, asked.at_ms // step_ms * step_ms).distinct()
        moments = np.empty((2, len(newest)))
        for start in range(0, len(newest), _BLOCK):
            block = slice(start, start + _BLOCK)
            moments[:, block] = _window_moments(newest.where(block), sample, step_ms)
        mean[chosen], deviation[chosen] = moments[:, inverse]
    z = (present - mean) / np.maximum(deviation, deviation_floor)
    return np.where(np.isnan(z), np.nan, z)


def _window_moments(
    newest: Rows, sample: Callable[[Rows], FloatArray], step_ms: int
) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation of the 30 days up to each grid point, in two passes."""
    points = [sample(newest.moved(-step_ms * k)) for k in range(series_grid_points(step_ms))]
    known = [~np.isnan(point) for point in points]
    count, total = np.zeros(len(newest)), np.zeros(len(newest))
    for point, is_known in zip(points, known, strict=True):
        count += is_known
        total += np.where(is_known, point, 0.0)
    enough = count * step_ms >= SERIES_MIN_DAYS * DAY_MS
    mean = np.where(enough, total, np.nan) / np.maximum(count, 1.0)
    squares = np.zeros(len(newest))
    for point, is_known in zip(points, known, strict=True):
        deviation = np.where(is_known, point - mean, 0.0)
        squares += deviation * deviation
    return mean, np.sqrt(squares / np.maximum(count, 1.0))


# Liquidations


def _liquidation_features(histories: Sequence[MarketHistory], rows: Rows) -> _Columns:
    buckets = LiquidationColumns.of(histories)
    first = buckets.ends.first[rows.history]
    position, _ = buckets.ends.newest(rows)
    bucket_ms = buckets.bucket_ms[rows.history]
    oldest_end_ms = {hours: rows.at_ms - hours * HOUR_MS for hours in LIQUIDATION_WINDOWS_H}
    long_usd = {hours: np.zeros(len(rows)) for hours in LIQUIDATION_WINDOWS_H}
    short_usd = {hours: np.zeros(len(rows)) for hours in LIQUIDATION_WINDOWS_H}
    covered_ms = {hours: np.zeros(len(rows)) for hours in LIQUIDATION_WINDOWS_H}
    # From the newest bucket back, until every row has left its longest window.
    while True:
        present = position >= first
        if not present.any():
            break
        at = np.where(present, position, 0)
        end_ms = buckets.end_ms[at]
        present &= end_ms > oldest_end_ms[LIQUIDATION_WINDOW_H]
        if not present.any():
            break
        bucket_long, bucket_short = buckets.long_usd[at], buckets.short_usd[at]
        watched = present & np.isfinite(bucket_long) & np.isfinite(bucket_short)
        for hours in LIQUIDATION_WINDOWS_H:
            inside = watched & (end_ms > oldest_end_ms[hours])
            long_usd[hours] += np.where(inside, bucket_long, 0.0)
            short_usd[hours] += np.where(inside, bucket_short, 0.0)
            covered_ms[hours] += np.where(inside, bucket_ms, 0.0)
        position = position - 1
    columns: _Columns = {}
    for hours in LIQUIDATION_WINDOWS_H:
        # A bucket longer than the window holds more than the window.
        fits = bucket_ms <= hours * HOUR_MS
        known = fits & (covered_ms[hours] >= _MIN_COVERED_MS)
        columns[f"liquidated_long_{hours}h_usd"] = np.where(known, long_usd[hours], np.nan)
        columns[f"liquidated_short_{hours}h_usd"] = np.where(known, short_usd[hours], np.nan)
        columns[f"liquidations_covered_{hours}h_h"] = np.where(
            fits, covered_ms[hours] / HOUR_MS, 0.0
        )
    return columns
