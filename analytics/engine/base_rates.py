"""How often either side would have been right at any time: the rate that signals must beat. Pure.

Windows begin on every full hour. Entry and exit are the prices at full hours (the close of the 1h
bar that ends there), costs are those of an outcome. So a market that simply rose makes the base
rate of LONG high, and a LONG that was right in it shows little.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market.types import DAY_MS, HOUR_MS, Candles, FloatArray, Int64Array, Interval

HOURS_A_DAY = DAY_MS // HOUR_MS


@dataclass(frozen=True, slots=True)
class DayRate:
    """Windows of one length that begin on one UTC day, and how many of them each side won."""

    day_start_ms: int
    windows: int
    long_hits: int
    short_hits: int


def day_rates(
    bars: Candles,
    horizon_h: int,
    *,
    first_day_ms: int,
    before_ms: int,
    fees_pct: float,
    settled_ms: Int64Array,
    paid_pct: FloatArray,
) -> list[DayRate]:
    """Return the rates of consecutive days.

    Parameters
    ----------
    bars : Candles
        Closed 1h bars, ascending and unique; gaps are allowed.
    horizon_h : int
        Length of the windows in hours.
    first_day_ms, before_ms : int
        Midnights (UTC): the first day, and the day after the last one. All windows of these days
        have ended.
    fees_pct : float
        Both ways, percent.
    settled_ms : ndarray of int64, shape (n,)
        When funding was settled, ascending; empty where it is not known: then fees alone count.
    paid_pct : ndarray of float64, shape (n,)
        What longs paid to shorts, percent.

    Returns
    -------
    list of DayRate
        One per day. A window counts when its first and last price are known; it is a hit of a side
        when that side's return less fees and funding is above zero.
    """
    if bars.interval is not Interval.H1:
        raise ValueError(f"base rates need 1h bars, not {bars.interval}")
    starts_ms = np.arange(first_day_ms, before_ms, HOUR_MS, dtype=np.int64)
    ends_ms = starts_ms + horizon_h * HOUR_MS
    entry, exit_ = _prices_at(bars, starts_ms), _prices_at(bars, ends_ms)
    with np.errstate(divide="ignore", invalid="ignore"):
        change_pct = 100.0 * (exit_ - entry) / entry
    known = np.isfinite(change_pct)
    funding_pct = _paid_between(settled_ms, paid_pct, starts_ms, ends_ms)
    per_day = (-1, HOURS_A_DAY)
    is_long_hit = known & (change_pct - fees_pct - funding_pct > 0.0)
    is_short_hit = known & (-change_pct - fees_pct + funding_pct > 0.0)
    return [
        DayRate(first_day_ms + day * DAY_MS, int(windows), int(long_hits), int(short_hits))
        for day, (windows, long_hits, short_hits) in enumerate(
            zip(
                known.reshape(per_day).sum(axis=1),
                is_long_hit.reshape(per_day).sum(axis=1),
                is_short_hit.reshape(per_day).sum(axis=1),
                strict=True,
            )
        )
    ]


def _prices_at(bars: Candles, at_ms: Int64Array) -> FloatArray:
    """Return the close of the bar that ends at each instant; NaN where there is none."""
    prices = np.full(len(at_ms), np.nan)
    if len(bars):
        opens_ms = at_ms - HOUR_MS
        position = np.searchsorted(bars.open_time_ms, opens_ms).clip(max=len(bars) - 1)
        there = bars.open_time_ms[position] == opens_ms
        prices[there] = bars.close[position[there]]
    return prices


def _paid_between(
    settled_ms: Int64Array, paid_pct: FloatArray, starts_ms: Int64Array, ends_ms: Int64Array
) -> FloatArray:
    """Return what longs paid after each start and before each end."""
    first = np.searchsorted(settled_ms, starts_ms, side="right")
    last = np.searchsorted(settled_ms, ends_ms, side="left")
    return np.array(
        [float(np.sum(paid_pct[i:j])) for i, j in zip(first, last, strict=True)], dtype=np.float64
    )
