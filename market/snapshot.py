"""MarketSnapshot: all that a scorer may know about one coin at one instant, with provenance.

Pure. ``market.collect`` builds it live, a recording loader builds ``MarketHistory`` for backtests,
``replay`` reads it back from the bytes stored with a signal; the engine cannot tell them apart.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import orjson

from market.types import (
    Candles,
    FloatArray,
    Int64Array,
    Interval,
    LiquidationBuckets,
    Series,
    Symbol,
    public_name,
)


class ReadingName(StrEnum):
    """Every quantity a snapshot can hold; the value is its key in ``provenance``."""

    PRICE = "price"  # USD per coin, last trade
    CANDLES = "candles"  # the newest closed 15m close, USD
    FUNDING = "funding_rate_8h_pct"
    OPEN_INTEREST = "open_interest_usd"
    LONG_ACCOUNTS = "long_account_pct"  # all accounts, percent of accounts that are long
    TOP_TRADERS = "top_trader_long_pct"  # top traders, percent of positions that are long
    TAKER_BUY = "taker_buy_pct"  # percent of traded volume bought by takers, per closed 1h bar
    LIQUIDATIONS = "liquidations_usd"  # both sides, the last 24 h as far as covered
    LIQUIDATION_VENUE_OI = "liquidation_venue_open_interest_usd"  # of the venues watched
    SOCIAL_SENTIMENT = "social_sentiment_pct"  # 0-100
    SOCIAL_MOMENTUM = "social_momentum"  # 0-100, 50 = unchanged; LunarCrush only
    SOCIAL_TRENDING = "social_trending_rank"  # 0 = first of CoinGecko's trending list
    FEAR_GREED = "fear_greed_index"  # 0-100


@dataclass(frozen=True, slots=True)
class Reading:
    """The newest value of one quantity and where it came from."""

    value: float
    unit: str
    source: str
    observed_at_ms: int
    fetched_at_ms: int
    fallback: bool = False  # True when a source earlier in the chain did not answer
    note: str | None = None  # "proxy: …", "floor: covers 3.2 h of 24 h", …


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something is missing or second best. Shown to users: no URLs, keys or exception text."""

    reading: str
    source: str
    detail: str

    def plain(self) -> dict[str, str]:
        """Return it as answers tell it."""
        return {
            "reading": self.reading,
            "source": public_name(self.source),
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True)
class MarketHistory:
    """The time-ordered part: whole recordings or just the windows a scorer reads.

    Keys that are absent are unknown. ``series`` never holds CANDLES or LIQUIDATIONS.
    """

    candles: Mapping[Interval, Candles] = field(default_factory=dict)
    series: Mapping[ReadingName, Series] = field(default_factory=dict)
    liquidations: LiquidationBuckets | None = None


@dataclass(frozen=True, slots=True)
class MarketSnapshot:
    symbol: Symbol
    at_ms: int
    environment: str  # "live", "sandbox" or "test"
    history: MarketHistory
    readings: Mapping[ReadingName, Reading] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    # Plain JSON that stands beside the score (order book, social figures): no engine reads it.
    shown: Mapping[str, Any] = field(default_factory=dict)


_CANDLE_COLUMNS = (
    "open", "high", "low", "close", "volume_base", "quote_volume_usd", "taker_buy_base",
)  # fmt: skip


def dump_snapshot(snapshot: MarketSnapshot) -> bytes:
    """Return the canonical JSON of a snapshot: compact, sorted keys, NaN as null."""
    history = snapshot.history
    liquidations = history.liquidations
    document = {
        "symbol": snapshot.symbol.base,
        "at_ms": snapshot.at_ms,
        "environment": snapshot.environment,
        "candles": {
            interval.value: {
                "open_time_ms": candles.open_time_ms.tolist(),
                **{name: _numbers(getattr(candles, name)) for name in _CANDLE_COLUMNS},
            }
            for interval, candles in history.candles.items()
        },
        "series": {
            name.value: {
                "ts_ms": series.ts_ms.tolist(),
                "values": _numbers(series.values),
                "max_age_ms": series.max_age_ms,
            }
            for name, series in history.series.items()
        },
        "liquidations": None
        if liquidations is None
        else {
            "bucket_ms": liquidations.bucket_ms,
            "start_ms": liquidations.start_ms.tolist(),
            "long_usd": _numbers(liquidations.long_usd),
            "short_usd": _numbers(liquidations.short_usd),
        },
        "readings": {
            name.value: {
                "value": reading.value,
                "unit": reading.unit,
                "source": reading.source,
                "observed_at_ms": reading.observed_at_ms,
                "fetched_at_ms": reading.fetched_at_ms,
                "fallback": reading.fallback,
                "note": reading.note,
            }
            for name, reading in snapshot.readings.items()
        },
        "problems": [
            {"reading": p.reading, "source": p.source, "detail": p.detail}
            for p in snapshot.problems
        ],
    }
    if snapshot.shown:
        document["shown"] = snapshot.shown
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def load_snapshot(body: bytes) -> MarketSnapshot:
    """Rebuild a snapshot from :func:`dump_snapshot`'s bytes, value for value."""
    document = orjson.loads(body)
    raw_liquidations = document["liquidations"]
    return MarketSnapshot(
        symbol=Symbol(document["symbol"]),
        at_ms=document["at_ms"],
        environment=document["environment"],
        history=MarketHistory(
            candles={
                Interval(key): Candles(
                    Interval(key),
                    _integers(raw["open_time_ms"]),
                    *(_floats(raw[name]) for name in _CANDLE_COLUMNS),
                )
                for key, raw in document["candles"].items()
            },
            series={
                ReadingName(key): Series(
                    _integers(raw["ts_ms"]), _floats(raw["values"]), raw["max_age_ms"]
                )
                for key, raw in document["series"].items()
            },
            liquidations=None
            if raw_liquidations is None
            else LiquidationBuckets(
                raw_liquidations["bucket_ms"],
                _integers(raw_liquidations["start_ms"]),
                _floats(raw_liquidations["long_usd"]),
                _floats(raw_liquidations["short_usd"]),
            ),
        ),
        readings={ReadingName(key): Reading(**raw) for key, raw in document["readings"].items()},
        problems=tuple(Problem(**raw) for raw in document["problems"]),
        shown=document.get("shown", {}),
    )


def compress_snapshot(snapshot: MarketSnapshot) -> bytes:
    """Return what is stored beside a signal so that it can be replayed."""
    return zlib.compress(dump_snapshot(snapshot), level=6)


def decompress_snapshot(blob: bytes) -> MarketSnapshot:
    return load_snapshot(zlib.decompress(blob))


def input_hash(snapshot: MarketSnapshot) -> str:
    """Return the SHA-256 of the canonical bytes, in hex: names exactly what was scored."""
    return hashlib.sha256(dump_snapshot(snapshot)).hexdigest()


def _numbers(values: FloatArray) -> list[Any]:
    return [None if value != value else value for value in values.tolist()]


def _floats(values: list[Any]) -> FloatArray:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _integers(values: list[int]) -> Int64Array:
    return np.array(values, dtype=np.int64)
