"""What can be drawn in a chart: plain shapes, whoever found them. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Int64Array = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Bars:
    """Candles, ascending in time; every array has shape (n,)."""

    interval_ms: int
    open_time_ms: Int64Array
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray

    def __len__(self) -> int:
        return len(self.open_time_ms)

    def known(self) -> Bars:
        """Return the bars of which all four prices are known."""
        columns = (self.open, self.high, self.low, self.close)
        rows = np.all([np.isfinite(column) for column in columns], axis=0)
        return Bars(self.interval_ms, self.open_time_ms[rows], *(each[rows] for each in columns))


@dataclass(frozen=True, slots=True)
class Entry:
    """The price at which a direction was called, and when."""

    at_ms: int
    price: float
    is_long: bool


@dataclass(frozen=True, slots=True)
class Zone:
    """A range of prices that matters from an instant on: a gap, a block, resting liquidity."""

    start_ms: int
    end_ms: int | None  # None: it still holds
    low: float
    high: float
    is_bullish: bool
    label: str = ""


@dataclass(frozen=True, slots=True)
class Level:
    """One price, from the swing that made it to the bar that broke it: BOS, CHoCH."""

    start_ms: int
    end_ms: int | None  # None: unbroken
    price: float
    is_bullish: bool
    label: str = ""


@dataclass(frozen=True, slots=True)
class Swing:
    at_ms: int
    price: float
    is_high: bool


@dataclass(frozen=True, slots=True)
class Structure:
    """What an analyzer found; empty where none looked."""

    zones: tuple[Zone, ...] = ()
    levels: tuple[Level, ...] = ()
    swings: tuple[Swing, ...] = ()


@dataclass(frozen=True, slots=True)
class Heading:
    """The words above the candles."""

    coin: str
    interval: str
    source: str
    is_simulated: bool = False
