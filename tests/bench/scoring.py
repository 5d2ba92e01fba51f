"""Scoring rows per second: the engine against the same rules written for one row at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from time import perf_counter

import numpy as np

from signals.engine import BALANCED, score
from signals.engine.factors import FACTORS
from signals.engine.types import Factor, Features
from tests.bench.report import heading, median_s, row, table_head

BACKTEST_ROWS = 8_760 * 100  # a year of hours of 100 coins
PEER_ROWS = 2_000  # the row-by-row peer is extrapolated from these
LIVE_ROWS = 300
UNKNOWN_SHARE = 0.1


def random_features(rows: int, seed: int = 7) -> Features:
    """Return plausible rows with every tenth value unknown; the values do not matter to speed."""
    generator = np.random.default_rng(seed)
    columns: dict[str, np.ndarray] = {}
    for field in fields(Features):
        values = generator.normal(0.0, 1.0, rows)
        if field.name.endswith("_usd"):
            values = generator.lognormal(15.0, 2.0, rows)
        elif "rsi" in field.name or field.name.endswith(("_index", "long_pct", "account_pct")):
            values = generator.uniform(5.0, 95.0, rows)
        values[generator.random(rows) < UNKNOWN_SHARE] = np.nan
        columns[field.name] = values
    columns["price_usd"] = generator.lognormal(3.0, 2.0, rows)
    columns["newest_bar_age_bars"] = generator.uniform(0.0, 1.5, rows)
    return Features(**columns)


def score_row_by_row(features: Features, rows: int) -> list[int]:
    """The peer: the same curves asked for one row, weighed in plain Python."""
    totals = []
    weights: Mapping[Factor, int] = BALANCED.weights
    for index in range(rows):
        single = features.block(index, index + 1)
        total = 5_000
        for factor, spec in FACTORS.items():
            value = float(spec.score(single, 1.0)[0])
            if value == value:
                lean = round((value - 50.0) * 100.0)
                product = weights[factor] * lean
                total += (abs(product) + 50) // 100 * (1 if product >= 0 else -1)
        totals.append(total)
    return totals


def run() -> None:
    heading("Scoring")
    table_head()
    features = random_features(BACKTEST_ROWS)

    seconds = median_s(lambda: score(features, BALANCED), rounds=3)
    rate = BACKTEST_ROWS / seconds
    row(f"score {BACKTEST_ROWS:,} rows", f"{rate / 1e6:.1f} M rows/s", "≥ 2.7 M rows/s")

    started = perf_counter()
    peer = score_row_by_row(features, PEER_ROWS)
    peer_rate = PEER_ROWS / (perf_counter() - started)
    ours = score(features.block(0, PEER_ROWS), BALANCED).score_hundredths.tolist()
    row("row by row, same rules", f"{peer_rate:,.0f} rows/s ({rate / peer_rate:,.0f} × slower)")
    row("equal scores", str(ours == peer))

    live = features.block(0, LIVE_ROWS)
    live_s = median_s(lambda: score(live, BALANCED), rounds=20)
    row(f"one live frame of {LIVE_ROWS} coins", f"{live_s * 1e3:.2f} ms")
