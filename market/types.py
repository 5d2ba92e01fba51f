"""The nouns of the market: symbols, bars and series, as every layer above the providers sees them.

Pure and frozen. Parsers build these from wire formats, the series store keeps them, the engines
read them. Arrays are ascending in time; NaN means unknown, never zero.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Int64Array = NDArray[np.int64]

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

# The longest base names venues list today have 15 characters ("1000000BABYDOGE"); room for more.
_SYMBOL = re.compile(r"^[^\W_]{1,24}$")


class Venue(StrEnum):
    BINANCE = "binance"
    OKX = "okx"
    COINGECKO = "coingecko"
    ALTERNATIVE_ME = "alternative_me"
    COINGLASS = "coinglass"
    LUNARCRUSH = "lunarcrush"
    COINAPI = "coinapi"


def public_name(source: str) -> str:
    """Return how a source is named to people; alternative.me's terms ask for just that name."""
    return "alternative.me" if source == Venue.ALTERNATIVE_ME else source


class Direction(StrEnum):
    """What is said of a coin: by a signal, a price structure, an alert."""

    LONG = "LONG"
    SHORT = "SHORT"
    NEUTRAL = "NEUTRAL"


class Interval(StrEnum):
    """Bar lengths the product keeps; the value is the spelling of our own API."""

    M5 = "5m"
    M15 = "15m"
    H1 = "1h"
    H4 = "4h"
    D1 = "1d"

    @property
    def ms(self) -> int:
        return _INTERVAL_MS[self]


_INTERVAL_MS = {
    Interval.M5: 5 * MINUTE_MS,
    Interval.M15: 15 * MINUTE_MS,
    Interval.H1: HOUR_MS,
    Interval.H4: 4 * HOUR_MS,
    Interval.D1: DAY_MS,
}


@dataclass(frozen=True, slots=True, order=True)
class Symbol:
    """A coin by its canonical base name (``BTC``, ``PEPE``, ``1INCH``): no multiplier."""

    base: str

    def __post_init__(self) -> None:
        if not _SYMBOL.match(self.base) or self.base != self.base.upper():
            raise ValueError(f"not a symbol: {self.base!r}")

    def __str__(self) -> str:
        return self.base


@dataclass(frozen=True, slots=True)
class Listing:
    """A linear USDT perpetual of one venue.

    ``multiplier`` coins stand behind one priced unit (1000 for ``1000PEPEUSDT``);
    ``contract_size_base`` is the number of priced units in one contract (OKX ctVal × ctMult; 1 on
    Binance).
    """

    venue: Venue
    venue_symbol: str
    multiplier: int = 1
    contract_size_base: float = 1.0
    listed_at_ms: int | None = None
    tick_size: str | None = None


@dataclass(frozen=True, slots=True)
class Instrument:
    """One coin and where it is listed. At least one of the three is known."""

    symbol: Symbol
    binance: Listing | None = None
    okx: Listing | None = None
    coingecko_id: str | None = None
    market_cap_rank: int | None = None


def _empty() -> FloatArray:
    return np.empty(0, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Candles:
    """Bars of one coin and interval, ascending by open time, unique; per one coin, not per 1000.

    All arrays have shape (n,). Columns a source lacks are NaN. Closed bars only: the forming bar
    travels apart (``CandlePage.forming``).
    """

    interval: Interval
    open_time_ms: Int64Array
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume_base: FloatArray
    quote_volume_usd: FloatArray
    taker_buy_base: FloatArray

    def __len__(self) -> int:
        return len(self.open_time_ms)

    @classmethod
    def empty(cls, interval: Interval) -> Candles:
        columns = [_empty() for _ in range(7)]
        return cls(interval, np.empty(0, dtype=np.int64), *columns)


@dataclass(frozen=True, slots=True)
class FormingCandle:
    """The bar still open: its close is the last traded price. Never enters a feature."""

    open_time_ms: int
    open: float
    high: float
    low: float
    close: float
    volume_base: float


@dataclass(frozen=True, slots=True)
class CandlePage:
    closed: Candles
    forming: FormingCandle | None


@dataclass(frozen=True, slots=True)
class Series:
    """Observations of one quantity, ascending: ``values[i]`` was known from ``ts_ms[i]`` on.

    ``max_age_ms`` says how long an observation may stand for the present; after that the quantity
    is unknown until the next one.
    """

    ts_ms: Int64Array
    values: FloatArray
    max_age_ms: int

    def __len__(self) -> int:
        return len(self.ts_ms)

    @classmethod
    def empty(cls, max_age_ms: int) -> Series:
        return cls(np.empty(0, dtype=np.int64), _empty(), max_age_ms)


@dataclass(frozen=True, slots=True)
class LiquidationBuckets:
    """Liquidated USD per side in consecutive time buckets starting at ``start_ms`` (ascending).

    A bucket that nobody watched is NaN (or absent); a watched bucket without liquidations is 0.0.

    """

    bucket_ms: int
    start_ms: Int64Array
    long_usd: FloatArray
    short_usd: FloatArray

    def __len__(self) -> int:
        return len(self.start_ms)

    @classmethod
    def empty(cls, bucket_ms: int = 5 * MINUTE_MS) -> LiquidationBuckets:
        return cls(bucket_ms, np.empty(0, dtype=np.int64), _empty(), _empty())


@dataclass(frozen=True, slots=True)
class LiquidationOrder:
    """One forced order, in USD of its position."""

    ts_ms: int
    side: str  # "long" or "short": the side that was liquidated
    price: float
    usd: float
    key: tuple[Any, ...] = field(default=())  # the venue's identity of the order
