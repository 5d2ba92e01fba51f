"""The picture of an alert: time and bytes, with everything drawn that can be."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time

import numpy as np

from notifications.chart import draw_chart
from notifications.chart_shapes import Bars, Entry, Heading, Level, Structure, Swing, Zone
from tests.bench.report import heading, median_s, row, table_head

ROUNDS = 50
BARS = 72
HOUR_MS = 3_600_000
START_MS = 1_760_140_800_000


def random_bars(seed: int = 1) -> Bars:
    generator = np.random.default_rng(seed)
    close = 105_000.0 * np.cumprod(1.0 + generator.normal(0.0, 0.006, BARS))
    opened = np.concatenate((close[:1], close[:-1]))
    wick = 1.0 + generator.uniform(0.0, 0.004, BARS)
    return Bars(
        HOUR_MS,
        START_MS + HOUR_MS * np.arange(BARS, dtype=np.int64),
        opened,
        np.maximum(opened, close) * wick,
        np.minimum(opened, close) / wick,
        close,
    )


def full_structure(bars: Bars) -> Structure:
    """Return as many shapes as still leave the candles readable."""
    times = bars.open_time_ms.tolist()
    return Structure(
        zones=tuple(
            Zone(times[at], None, float(bars.low[at]), float(bars.high[at]), at % 20 == 0, "FVG")
            for at in range(10, 60, 10)
        ),
        levels=tuple(
            Level(times[at], times[at + 10], float(bars.high[at]), at % 20 == 0, "BOS")
            for at in range(5, 60, 10)
        ),
        swings=tuple(
            Swing(times[at] + HOUR_MS // 2, float(bars.high[at]), True) for at in range(5, 70, 5)
        ),
    )


def cpu_s(function: Callable[[], object]) -> float:
    """Return the mean CPU seconds of a call: what is left of the time on an idle machine."""
    started = process_time()
    for _ in range(ROUNDS):
        function()
    return (process_time() - started) / ROUNDS


def run() -> None:
    heading("Chart of an alert")
    table_head()
    bars = random_bars()
    entry = Entry(int(bars.open_time_ms[-1]) + HOUR_MS, float(bars.close[-1]), is_long=True)
    words = Heading("BTC", "1h", "binance", is_simulated=True)
    for what, structure in (("candles and entry", None), ("with structure", full_structure(bars))):

        def draw(structure: Structure | None = structure) -> bytes:
            png = draw_chart(bars, entry, words, structure=structure)
            assert png is not None
            return png

        row(f"{what}: time", f"{1000 * median_s(draw, ROUNDS):.1f} ms", "≤ 60 ms")
        row(f"{what}: CPU", f"{1000 * cpu_s(draw):.1f} ms")
        row(f"{what}: size", f"{len(draw()) / 1000:.1f} kB", "≤ 60 kB")
