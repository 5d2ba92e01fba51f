"""Candles for the measurements of market structure: random walks, and recorded markets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from market.recordings import list_recordings
from market.resample import resample
from market.types import Candles, Interval, Symbol

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "data"
SYMBOLS = ("BTC", "ETH", "SOL")


def random_walk(count: int, seed: int, interval: Interval = Interval.M15) -> Candles:
    """Return a geometric walk of four steps per candle on a tick of 0.01, so that ties occur."""
    generator = np.random.default_rng(seed)
    path = 100.0 * np.exp(np.cumsum(generator.normal(0.0, 0.002, count * 4)))
    path = np.maximum(np.round(path, 2), 0.01).reshape(count, 4)
    opened = np.concatenate(([100.0], path[:-1, -1]))
    volume = np.round(generator.lognormal(3.0, 1.0, count), 3)
    return Candles(
        interval=interval,
        open_time_ms=interval.ms * np.arange(count, dtype=np.int64),
        open=opened,
        high=np.maximum(opened, path.max(axis=1)),
        low=np.minimum(opened, path.min(axis=1)),
        close=path[:, -1].copy(),
        volume_base=volume,
        quote_volume_usd=volume * opened,
        taker_buy_base=volume / 2.0,
    )


def recorded_candles() -> Iterator[tuple[str, Candles]]:
    """Yield (name, candles) of every recorded market of at least 2,000 bars; none without them."""
    for symbol in SYMBOLS:
        for found in list_recordings(RECORDED, Symbol(symbol)):
            if isinstance(found.data, Candles) and len(found.data) >= 2_000:
                yield f"{symbol} {found.data.interval} {found.path.name}", found.data


def recorded_markets(interval: Interval) -> Iterator[tuple[str, Candles]]:
    """Yield each coin's longest recording of a bar length, made of shorter bars where needed."""
    for symbol in SYMBOLS:
        best: Candles | None = None
        for found in list_recordings(RECORDED, Symbol(symbol)):
            if not isinstance(found.data, Candles) or interval.ms % found.data.interval.ms:
                continue
            candles = resample(found.data, interval)
            if best is None or len(candles) > len(best):
                best = candles
        if best is not None:
            yield symbol, best
