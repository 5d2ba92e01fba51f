"""Hand-made candles for the rules of structure. Prices lie on a grid of 1/16: sums are exact."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from market.types import Candles, Interval

START_MS = 1_748_736_000_000  # 2025-06-01T00:00Z, a Sunday

Bar = tuple[float, float, float, float]  # open, high, low, close
FLAT: Bar = (100.0, 100.5, 99.5, 100.0)  # true range 1


def bars(rows: Iterable[Bar], interval: Interval = Interval.H1) -> Candles:
    """Return one candle per (open, high, low, close), without gaps in time."""
    prices = np.array(list(rows), dtype=np.float64).reshape(-1, 4)
    unknown = np.full(len(prices), np.nan)
    return Candles(
        interval,
        START_MS + interval.ms * np.arange(len(prices), dtype=np.int64),
        *(np.ascontiguousarray(column) for column in prices.T),
        unknown, unknown, unknown,
    )  # fmt: skip


def legs(*turns: float, interval: Interval = Interval.H1) -> Candles:
    """Return closes that walk from turn to turn by 1 per candle, wicks of 1/4, true range 1.5.

    Fourteen candles go up and down by 1 around the first turn beforehand, so that the ATR is known.
    """
    closes = [turns[0] + (index % 2) for index in range(14)] + [turns[0]]
    for turn in turns[1:]:
        step = 1.0 if turn > closes[-1] else -1.0
        while closes[-1] != turn:
            closes.append(closes[-1] + step)
    rows = [
        (opened, max(opened, closed) + 0.25, min(opened, closed) - 0.25, closed)
        for opened, closed in zip(closes[:1] + closes, closes, strict=False)
    ]
    return bars(rows, interval)


def walk(count: int, seed: int, interval: Interval = Interval.H1, grid: float = 1 / 16) -> Candles:
    """Return a random walk of four steps per candle on the grid, so that equal prices occur."""
    generator = np.random.default_rng(seed)
    steps = generator.normal(0.0, 8.0, (count, 4)).round()
    path = (1_600.0 * 16.0 + np.cumsum(steps).reshape(count, 4)) * grid
    opened = np.concatenate(([1_600.0 * 16.0 * grid], path[:-1, -1]))
    high = np.maximum(opened, path.max(axis=1))
    low = np.minimum(opened, path.min(axis=1))
    return bars(zip(opened, high, low, path[:, -1], strict=True), interval)


def first(candles: Candles, count: int) -> Candles:
    return part(candles, slice(count))


def part(candles: Candles, kept: slice | np.ndarray) -> Candles:
    """Return some of the candles."""
    return replace(
        candles,
        **{
            name: getattr(candles, name)[kept]
            for name in (
                "open_time_ms", "open", "high", "low", "close",
                "volume_base", "quote_volume_usd", "taker_buy_base",
            )
        },
    )  # fmt: skip


def opened_ms(candles: Candles, candle: int) -> int:
    return int(candles.open_time_ms[candle])


def closed_ms(candles: Candles, candle: int) -> int:
    return int(candles.open_time_ms[candle]) + candles.interval.ms
