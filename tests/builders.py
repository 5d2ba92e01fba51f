"""Small markets made to order: candles, series, histories, snapshots and feature columns.

Everything is deterministic and complete by default; a test names only what it is about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from market.snapshot import MarketHistory, MarketSnapshot, Problem, Reading, ReadingName
from market.types import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    Candles,
    FloatArray,
    Interval,
    LiquidationBuckets,
    Series,
    Symbol,
)
from market.windows import CANDLE_ROWS, INDICATOR_ROWS
from signals.engine.types import FEATURE_NAMES, Features

AT_MS = 1_748_858_820_000  # 2025-06-02T10:07:00Z
LAST_TRADE_USD = 105_000.0

# What a quiet coin looks like; the last observation is a minute old.
QUIET: Mapping[ReadingName, float] = {
    ReadingName.FUNDING: 0.01,
    ReadingName.OPEN_INTEREST: 8e9,
    ReadingName.LONG_ACCOUNTS: 60.0,
    ReadingName.TOP_TRADERS: 62.0,
    ReadingName.TAKER_BUY: 50.0,
    ReadingName.LIQUIDATION_VENUE_OI: 2e9,
    ReadingName.SOCIAL_SENTIMENT: 76.0,
    ReadingName.FEAR_GREED: 50.0,
}
UNITS: Mapping[ReadingName, str] = {
    ReadingName.PRICE: "USD",
    ReadingName.CANDLES: "USD",
    ReadingName.FUNDING: "% per 8 h",
    ReadingName.OPEN_INTEREST: "USD",
    ReadingName.LIQUIDATION_VENUE_OI: "USD",
    ReadingName.LIQUIDATIONS: "USD",
}
_MAX_AGE_MS: Mapping[ReadingName, int] = {
    ReadingName.FUNDING: 9 * HOUR_MS,
    ReadingName.SOCIAL_SENTIMENT: 2 * DAY_MS,
    ReadingName.SOCIAL_MOMENTUM: 2 * DAY_MS,
    ReadingName.FEAR_GREED: 2 * DAY_MS,
}
_SOURCES: Mapping[ReadingName, str] = {
    ReadingName.SOCIAL_SENTIMENT: "coingecko",
    ReadingName.FEAR_GREED: "alternative_me",
    ReadingName.LIQUIDATIONS: "okx",
}


def make_closes(count: int, *, last: float = LAST_TRADE_USD, seed: int = 7) -> FloatArray:
    """Return a random walk of about 1 % per step that ends at ``last``."""
    steps = 1.0 + 0.01 * np.random.default_rng(seed).uniform(-1.0, 1.0, count)
    walk = np.cumprod(steps)
    closes: FloatArray = last * walk / walk[-1]
    return closes


def make_candles(
    interval: Interval = Interval.H1,
    *,
    closes: FloatArray | Sequence[float] | None = None,
    count: int = INDICATOR_ROWS,
    at_ms: int = AT_MS,
    seed: int = 7,
) -> Candles:
    """Return bars without gaps whose newest is the last to have closed by ``at_ms``."""
    close = np.array(make_closes(count, seed=seed) if closes is None else closes, dtype=np.float64)
    end_ms = at_ms // interval.ms * interval.ms
    open_time_ms = end_ms - interval.ms * np.arange(len(close), 0, -1, dtype=np.int64)
    opened = np.concatenate((close[:1], close[:-1]))
    wick = 1.0 + 0.004 * np.random.default_rng(seed + 1).uniform(0.0, 1.0, len(close))
    return Candles(
        interval=interval,
        open_time_ms=open_time_ms,
        open=opened,
        high=np.maximum(opened, close) * wick,
        low=np.minimum(opened, close) / wick,
        close=close,
        volume_base=np.full(len(close), 10.0),
        quote_volume_usd=10.0 * close,
        taker_buy_base=np.full(len(close), 5.0),
    )


def make_series(
    value: float,
    *,
    at_ms: int = AT_MS,
    days: float = 31.0,
    step_ms: int = HOUR_MS,
    max_age_ms: int = HOUR_MS,
    spread: float = 0.0,
    seed: int = 3,
) -> Series:
    """Return ``days`` of observations around ``value``, the last of them ``value`` a minute old."""
    last_ms = at_ms - MINUTE_MS
    count = int(days * DAY_MS) // step_ms
    grid_end_ms = last_ms // step_ms * step_ms
    ts_ms = grid_end_ms - step_ms * np.arange(count, -1, -1, dtype=np.int64)
    noise = np.random.default_rng(seed).uniform(-1.0, 1.0, len(ts_ms))
    values = value + spread * noise
    if ts_ms[-1] != last_ms:
        ts_ms = np.append(ts_ms, last_ms)
        values = np.append(values, value)
    values[-1] = value
    return Series(ts_ms, values, max_age_ms)


def make_buckets(
    *,
    long_usd: float = 1_000.0,
    short_usd: float = 1_000.0,
    hours: float = 24.0,
    at_ms: int = AT_MS,
    bucket_ms: int = 5 * MINUTE_MS,
) -> LiquidationBuckets:
    """Return equal buckets, the newest of which is the last to have ended by ``at_ms``."""
    count = int(hours * HOUR_MS) // bucket_ms
    end_ms = at_ms // bucket_ms * bucket_ms
    start_ms = end_ms - bucket_ms * np.arange(count, 0, -1, dtype=np.int64)
    return LiquidationBuckets(
        bucket_ms, start_ms, np.full(count, long_usd), np.full(count, short_usd)
    )


def make_history(
    *,
    at_ms: int = AT_MS,
    seed: int = 7,
    candle_rows: int = INDICATOR_ROWS,
    values: Mapping[ReadingName, float | None] | None = None,
    liquidations: LiquidationBuckets | None = None,
) -> MarketHistory:
    """Return a complete history; ``values`` sets the newest observation of a reading, None none."""
    present = {**QUIET, **(values or {})}
    return MarketHistory(
        candles={
            interval: make_candles(interval, count=candle_rows, at_ms=at_ms, seed=seed + number)
            for number, interval in enumerate(CANDLE_ROWS)
        },
        series={
            name: make_series(
                value,
                at_ms=at_ms,
                max_age_ms=_MAX_AGE_MS.get(name, HOUR_MS),
                spread=0.02 * abs(value),
                seed=seed + number,
            )
            for number, (name, value) in enumerate(sorted(present.items()))
            if value is not None
        },
        liquidations=make_buckets(at_ms=at_ms) if liquidations is None else liquidations,
    )


def make_reading(name: ReadingName, value: float, *, at_ms: int = AT_MS, **changes: Any) -> Reading:
    reading = Reading(
        value=value,
        unit=UNITS.get(name, "%"),
        source=_SOURCES.get(name, "binance"),
        observed_at_ms=at_ms - MINUTE_MS,
        fetched_at_ms=at_ms,
    )
    return replace(reading, **changes)


def make_snapshot(
    symbol: str = "BTC",
    *,
    at_ms: int = AT_MS,
    environment: str = "test",
    price: float | None = LAST_TRADE_USD,
    seed: int = 7,
    history: MarketHistory | None = None,
    problems: Sequence[Problem] = (),
    **readings: float | None,
) -> MarketSnapshot:
    """Return a snapshot of a quiet, fully known coin.

    Keywords are values of ``ReadingName``: ``make_snapshot(funding_rate_8h_pct=None)`` has no
    funding, ``make_snapshot(fear_greed_index=80.0)`` a greedy market. ``candles=None`` and
    ``liquidations_usd=None`` take those away.
    """
    values = {ReadingName(name): value for name, value in readings.items()}
    made = history or make_history(
        at_ms=at_ms,
        seed=seed,
        values={
            name: value
            for name, value in values.items()
            if name not in (ReadingName.CANDLES, ReadingName.LIQUIDATIONS)
        },
    )
    if ReadingName.CANDLES in values:
        made = replace(made, candles={})
    if ReadingName.LIQUIDATIONS in values:
        made = replace(made, liquidations=None)
    newest = {name: float(series.values[-1]) for name, series in made.series.items()}
    if Interval.M15 in made.candles:
        newest[ReadingName.CANDLES] = float(made.candles[Interval.M15].close[-1])
    if made.liquidations is not None:
        both = made.liquidations.long_usd + made.liquidations.short_usd
        newest[ReadingName.LIQUIDATIONS] = float(np.nansum(both))
    if price is not None:
        newest[ReadingName.PRICE] = price
    return MarketSnapshot(
        symbol=Symbol(symbol),
        at_ms=at_ms,
        environment=environment,
        history=made,
        readings={name: make_reading(name, newest[name], at_ms=at_ms) for name in sorted(newest)},
        problems=tuple(problems),
    )


# Every factor at exactly 50 and enough known for a direction.
NEUTRAL_FEATURES: Mapping[str, float] = {
    **dict.fromkeys(FEATURE_NAMES, 0.0),
    "price_usd": LAST_TRADE_USD,
    **{f"rsi_14_{frame}": 50.0 for frame in ("15m", "1h", "4h", "1d")},
    "long_account_pct": 60.0,
    "top_trader_long_pct": 62.0,
    "top_minus_crowd_pct": 2.0,
    "taker_buy_pct": 50.0,
    "open_interest_usd": 8e9,
    "liquidation_open_interest_usd": 2e9,
    **{f"liquidations_covered_{hours}h_h": float(hours) for hours in (1, 4, 12, 24)},
    "social_sentiment_pct": 76.0,
    "social_momentum": 50.0,
    "social_trending_rank": float("nan"),
    "fear_greed_index": 50.0,
}


def make_features(rows: int = 1, **columns: float | Sequence[float] | FloatArray) -> Features:
    """Return neutral feature columns with some of them replaced; ``nan`` makes one unknown."""
    strays = set(columns) - set(FEATURE_NAMES)
    if strays:
        raise ValueError(f"no such features: {sorted(strays)}")
    lengths = {len(column) for column in columns.values() if not isinstance(column, int | float)}
    count = lengths.pop() if lengths else rows
    return Features(
        **{
            name: np.array(
                np.broadcast_to(np.asarray(columns.get(name, neutral), dtype=np.float64), count)
            )
            for name, neutral in NEUTRAL_FEATURES.items()
        }
    )
