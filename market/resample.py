"""Longer bars out of shorter ones: 15m into 1h and 4h. Pure.

A bar is made only when every one of its parts is there; a gap leaves no bar rather than a wrong
one. Bars are aligned to the Unix epoch, as the venues align theirs.
"""

from __future__ import annotations

import numpy as np

from market.types import Candles, FloatArray, Interval


def resample(candles: Candles, to: Interval) -> Candles:
    """Return the complete bars of a longer interval.

    Parameters
    ----------
    candles : Candles
        Closed bars, ascending, possibly with gaps.
    to : Interval
        A multiple of the bars' own interval.

    Returns
    -------
    Candles
        Sums of the volumes (NaN where a part is unknown), extremes of the prices.
    """
    parts, remainder = divmod(to.ms, candles.interval.ms)
    if remainder or parts < 1:
        raise ValueError(f"{candles.interval} bars do not make {to} bars")
    starts_ms = candles.open_time_ms // to.ms * to.ms
    openings, first, count = np.unique(starts_ms, return_index=True, return_counts=True)
    complete = count == parts  # times are unique and on the grid, so a full count is a full bar
    rows = first[complete][:, np.newaxis] + np.arange(parts)

    def part(values: FloatArray) -> FloatArray:
        taken: FloatArray = values[rows]
        return taken

    return Candles(
        interval=to,
        open_time_ms=openings[complete],
        open=part(candles.open)[:, 0],
        high=part(candles.high).max(axis=1),
        low=part(candles.low).min(axis=1),
        close=part(candles.close)[:, -1],
        volume_base=part(candles.volume_base).sum(axis=1),
        quote_volume_usd=part(candles.quote_volume_usd).sum(axis=1),
        taker_buy_base=part(candles.taker_buy_base).sum(axis=1),
    )
