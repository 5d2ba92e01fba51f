"""A small recorded market in the formats of the recordings folder, written for one test run."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from market.types import DAY_MS, HOUR_MS, MINUTE_MS

START_MS = 1_700_006_400_000  # 2023-11-15T00:00:00Z
DAYS = 12
QUARTER_MS = 15 * MINUTE_MS
CANDLE_COLUMNS = (
    "open_time_ms", "open", "high", "low", "close", "volume", "quote_volume", "trades",
    "taker_buy_base", "taker_buy_quote",
)  # fmt: skip


def write_recordings(folder: Path, *, scrambled_after_ms: int | None = None) -> Path:
    """Write 12 days of BTC; what becomes known after an instant may be other numbers."""

    def luck(name: str, count: int, known_ms: np.ndarray) -> np.ndarray:
        # Every quantity draws from its own stream, so that scrambling one leaves the others.
        values = np.random.default_rng(sum(name.encode())).random(count)
        if scrambled_after_ms is not None:
            values = np.where(known_ms > scrambled_after_ms, 1.0 - 0.9 * values, values)
        return values

    bars = DAYS * 96
    opens = START_MS + np.arange(bars) * QUARTER_MS
    ends = opens + QUARTER_MS
    closes = np.round(30_000.0 * np.exp(np.cumsum(0.004 * (luck("close", bars, ends) - 0.5))), 1)
    starts = np.concatenate([[30_000.0], closes[:-1]])
    highs = np.maximum(starts, closes) + np.round(20.0 * luck("high", bars, ends), 1)
    lows = np.minimum(starts, closes) - np.round(20.0 * luck("low", bars, ends), 1)
    volumes = np.round(10.0 + 100.0 * luck("volume", bars, ends), 3)
    _write(
        folder / "candles" / "BTCUSDT_perp_15m_test.csv",
        CANDLE_COLUMNS,
        (
            (at, o, round(h, 1), round(low, 1), c, v, "", "", "", "")
            for at, o, h, low, c, v in zip(opens, starts, highs, lows, closes, volumes, strict=True)
        ),
    )
    settled = START_MS + np.arange(DAYS * 3) * 8 * HOUR_MS
    _write(
        folder / "funding" / "BTCUSDT_funding_8h_test.csv",
        ("ts_ms", "symbol", "rate"),
        (
            (at, "BTCUSDT", round(0.0002 * rate - 0.0001, 8))
            for at, rate in zip(settled, luck("funding", len(settled), settled), strict=True)
        ),
    )
    blocks = START_MS + np.arange(DAYS * 6) * 4 * HOUR_MS
    ended = blocks + 4 * HOUR_MS
    _write(
        folder / "liquidations" / "coinglass_BTC_liquidation_4h_test.csv",
        ("ts_ms", "symbol", "liq_long_usd", "liq_short_usd"),
        (
            (at, "BTC", round(1e6 * longs, 2), round(1e6 * shorts, 2))
            for at, longs, shorts in zip(
                blocks, luck("longs", len(blocks), ended), luck("shorts", len(blocks), ended),
                strict=True,
            )
        ),
    )  # fmt: skip
    _write(
        folder / "metrics" / "coinglass_BTC_oi_4h_test.csv",
        ("ts_ms", "symbol", "open", "high", "low", "close"),
        (
            (at, "BTC", 0, 0, 0, round(9e9 * (1 + level), 0))
            for at, level in zip(blocks, luck("oi", len(blocks), ended), strict=True)
        ),
    )
    _write(
        folder / "metrics" / "coinglass_BTC_taker_4h_test.csv",
        ("ts_ms", "symbol", "buy_usd", "sell_usd"),
        (
            (at, "BTC", round(1e9 * (0.5 + bought), 2), 1e9)
            for at, bought in zip(blocks, luck("taker", len(blocks), ended), strict=True)
        ),
    )
    days = START_MS + np.arange(DAYS) * DAY_MS
    _write(
        folder / "fear_greed" / "index.csv",
        ("ts", "value", "classification"),
        (
            (at // 1000, int(100 * value), "Fear" if value < 0.5 else "")
            for at, value in zip(days, luck("index", DAYS, days), strict=True)
        ),
    )
    return folder


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
