"""How much history a scorer reads, and the cut that keeps exactly that.

Stands between the series store and the engine: live collection fills these windows, a stored
signal carries them, ``signals.engine`` reads nothing outside them. So a feature computed from a
snapshot and from ten years of recordings has the same bits.
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from market.snapshot import MarketHistory
from market.types import (
    DAY_MS,
    HOUR_MS,
    Candles,
    FloatArray,
    Int64Array,
    Interval,
    LiquidationBuckets,
    Series,
)

# EMA, RSI and ATR read 120 bars; the first of them needs the close before it.
INDICATOR_ROWS = 121

# Closed bars per interval, newest last. Intervals that are not here are not read.
CANDLE_ROWS = MappingProxyType(
    dict.fromkeys((Interval.M15, Interval.H1, Interval.H4, Interval.D1), INDICATOR_ROWS)
)

# Of a window's bars, counted by time, at most every tenth may be missing.
MAX_MISSING_SHARE_OF_BARS = (1, 10)

# A newest closed bar that ended more bars ago than this is no longer the present.
MAX_BAR_AGE_BARS = 2

# A quantity is compared with its own last 30 days, and not at all with fewer than 10 of them known.
SERIES_WINDOW_DAYS = 30
SERIES_MIN_DAYS = 10

# The window is sampled on a grid aligned to the Unix epoch. 4 h is the live resolution; a series
# whose observations are valid longer (8-hourly funding, daily recordings) has its own, coarser one.
SERIES_GRIDS_MS = (4 * HOUR_MS, 8 * HOUR_MS, DAY_MS)

# Changes are taken over these spans; the older value may be up to this much older than the span
# when the series itself is sampled finer than that.
CHANGE_SPANS_H = (4, 24)
CHANGE_SLACK_MS = HOUR_MS

# Liquidations are summed over the last 1, 4, 12 and 24 hours, from whole buckets that have ended.
LIQUIDATION_WINDOWS_H = (1, 4, 12, 24)
LIQUIDATION_WINDOW_H = LIQUIDATION_WINDOWS_H[-1]


def series_grid_ms(max_age_ms: int) -> int:
    """Return the sampling step of a series: the coarsest grid that its ``max_age_ms`` reaches."""
    grid_ms = SERIES_GRIDS_MS[0]
    for candidate in SERIES_GRIDS_MS[1:]:
        if candidate <= max_age_ms:
            grid_ms = candidate
    return grid_ms


def series_grid_points(grid_ms: int) -> int:
    """Return how many grid points 30 days have."""
    return SERIES_WINDOW_DAYS * DAY_MS // grid_ms


def sample_tolerance_ms(max_age_ms: int) -> int:
    """Return how old an observation may be to stand for a grid point: one step, or its max age."""
    return max(series_grid_ms(max_age_ms), max_age_ms)


def change_tolerance_ms(max_age_ms: int) -> int:
    """Return how old an observation may be to stand for the start of a change."""
    return max(CHANGE_SLACK_MS, max_age_ms)


def last_known_index(ts_ms: Int64Array, at_ms: Int64Array) -> Int64Array:
    """Return the position of the newest observation at or before each instant; −1 if none."""
    return np.searchsorted(ts_ms, at_ms, side="right").astype(np.int64) - 1


def window_history(history: MarketHistory, at_ms: int) -> MarketHistory:
    """Cut a history to what is read at ``at_ms``: nothing later, nothing that no feature uses."""
    return MarketHistory(
        candles={
            interval: window_candles(history.candles[interval], at_ms, rows)
            for interval, rows in CANDLE_ROWS.items()
            if interval in history.candles
        },
        series={name: window_series(series, at_ms) for name, series in history.series.items()},
        liquidations=None
        if history.liquidations is None
        else window_liquidations(history.liquidations, at_ms),
    )


def window_candles(candles: Candles, at_ms: int, rows: int) -> Candles:
    """Keep the last ``rows`` bars that have closed by ``at_ms``."""
    last_open_ms = at_ms - candles.interval.ms
    end = int(np.searchsorted(candles.open_time_ms, last_open_ms, side="right"))
    kept = slice(max(0, end - rows), end)
    return Candles(
        interval=candles.interval,
        open_time_ms=candles.open_time_ms[kept],
        open=candles.open[kept],
        high=candles.high[kept],
        low=candles.low[kept],
        close=candles.close[kept],
        volume_base=candles.volume_base[kept],
        quote_volume_usd=candles.quote_volume_usd[kept],
        taker_buy_base=candles.taker_buy_base[kept],
    )


def window_series(series: Series, at_ms: int) -> Series:
    """Keep the present value, the starts of the changes and one observation per grid point."""
    grid_ms = series_grid_ms(series.max_age_ms)
    newest_grid_ms = at_ms // grid_ms * grid_ms
    grid = newest_grid_ms - grid_ms * np.arange(series_grid_points(grid_ms), dtype=np.int64)
    starts = at_ms - HOUR_MS * np.array((0, *CHANGE_SPANS_H), dtype=np.int64)
    instants = np.concatenate((starts, grid))
    index = last_known_index(series.ts_ms, instants)
    kept = np.unique(index[index >= 0])
    values: FloatArray = series.values[kept]
    return Series(series.ts_ms[kept], values, series.max_age_ms)


def window_liquidations(buckets: LiquidationBuckets, at_ms: int) -> LiquidationBuckets:
    """Keep the buckets that ended within the longest window before ``at_ms``."""
    first_end_ms = at_ms - LIQUIDATION_WINDOW_H * HOUR_MS
    ends_ms = buckets.start_ms + buckets.bucket_ms
    kept = slice(
        int(np.searchsorted(ends_ms, first_end_ms, side="right")),
        int(np.searchsorted(ends_ms, at_ms, side="right")),
    )
    return LiquidationBuckets(
        buckets.bucket_ms,
        buckets.start_ms[kept],
        buckets.long_usd[kept],
        buckets.short_usd[kept],
    )
