"""Parsers of CoinAPI candles and of rates through time, read by the column. Pure, strict, total.

Times are ISO 8601 with seven digits, one column each; ``latest`` answers come newest first,
``history`` answers oldest first, all come out ascending.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from market.providers.coinapi_payloads import NAME
from market.providers.columns import BoolArray, RowChecks, column, number_column
from market.providers.payload import Parsed, Refused, iso_ms, parses, rows_of
from market.types import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    CandlePage,
    Candles,
    FloatArray,
    FormingCandle,
    Int64Array,
    Interval,
)

# A bar counts as closed this long after its end: the answer was written up to ten seconds before
# it was fetched, and the vendor documents a lag of a few seconds.
SETTLE_MS = 15_000


class Period(StrEnum):
    """Bar lengths; the value is the vendor's spelling."""

    M1 = "1MIN"
    M5 = "5MIN"
    M15 = "15MIN"
    M30 = "30MIN"
    H1 = "1HRS"
    H4 = "4HRS"
    H12 = "12HRS"
    D1 = "1DAY"
    D7 = "7DAY"

    @property
    def ms(self) -> int:
        return _PERIOD_MS[self]

    @classmethod
    def of(cls, interval: Interval) -> Period:
        return _PERIOD_OF[interval]


_PERIOD_MS = {
    Period.M1: MINUTE_MS,
    Period.M5: 5 * MINUTE_MS,
    Period.M15: 15 * MINUTE_MS,
    Period.M30: 30 * MINUTE_MS,
    Period.H1: HOUR_MS,
    Period.H4: 4 * HOUR_MS,
    Period.H12: 12 * HOUR_MS,
    Period.D1: DAY_MS,
    Period.D7: 7 * DAY_MS,
}
_PERIOD_OF = {
    Interval.M5: Period.M5,
    Interval.M15: Period.M15,
    Interval.H1: Period.H1,
    Interval.H4: Period.H4,
    Interval.D1: Period.D1,
}


@dataclass(frozen=True, slots=True)
class Ohlcv:
    """Bars of one symbol as they stood at ``observed_at_ms``; the last may still be open.

    ``volume`` counts coins on spot markets and contracts on derivatives. Periods without a trade
    are absent.
    """

    period: Period
    start_ms: Int64Array
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    trades: FloatArray
    observed_at_ms: int

    def __len__(self) -> int:
        return len(self.start_ms)

    @property
    def closed(self) -> BoolArray:
        return self.start_ms + (self.period.ms + SETTLE_MS) <= self.observed_at_ms

    def page(
        self, interval: Interval, *, multiplier: int = 1, contract_size_base: float | None = None
    ) -> CandlePage:
        """Return closed and forming bars per coin.

        ``contract_size_base`` is the number of priced units behind a volume of one (1 on spot
        markets); without it volumes are unknown. Bars that ended a moment ago are neither.
        """
        if Period.of(interval) is not self.period:
            raise ValueError(f"bars of {self.period.value} are not {interval.value}")
        rows = np.flatnonzero(self.closed)
        units = np.nan if contract_size_base is None else contract_size_base
        volume_base = self.volume * (units * multiplier)
        unknown = np.full(len(rows), np.nan)
        forming = len(self) > 0 and int(self.start_ms[-1]) + self.period.ms > self.observed_at_ms
        return CandlePage(
            closed=Candles(
                interval=interval,
                open_time_ms=self.start_ms[rows],
                open=self.open[rows] / multiplier,
                high=self.high[rows] / multiplier,
                low=self.low[rows] / multiplier,
                close=self.close[rows] / multiplier,
                volume_base=volume_base[rows],
                quote_volume_usd=unknown,
                taker_buy_base=unknown,
            ),
            forming=FormingCandle(
                open_time_ms=int(self.start_ms[-1]),
                open=float(self.open[-1]) / multiplier,
                high=float(self.high[-1]) / multiplier,
                low=float(self.low[-1]) / multiplier,
                close=float(self.close[-1]) / multiplier,
                volume_base=float(volume_base[-1]),
            )
            if forming
            else None,
        )


@dataclass(frozen=True, slots=True)
class RateHistory:
    """Bars of a rate averaged over exchanges; the last may still be open."""

    period: Period
    start_ms: Int64Array
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    observed_at_ms: int


def parse_ohlcv(
    payload: Any, *, period: Period, observed_at_ms: int, newest_first: bool
) -> Parsed[Ohlcv]:
    """Parse bars; with ``include_empty_items`` those without a trade have no price."""
    with parses(NAME, "ohlcv"):
        rows = rows_of(payload)
        checks = RowChecks(len(rows))
        start_ms = _times(rows, "time_period_start")
        checks.require(start_ms > 0, "time_period_start is not plausible")
        checks.require(
            _times(rows, "time_period_end") - start_ms == period.ms, "is not a whole period"
        )
        checks.require(start_ms <= observed_at_ms, "opens in the future")
        opened, high, low, close = _prices(checks, rows, "price", empty_allowed=True)
        volume, trades = (
            number_column(column(rows, name)) for name in ("volume_traded", "trades_count")
        )
        with np.errstate(invalid="ignore"):
            checks.require(volume >= 0.0, "volume_traded is not a number of 0 or more")
            checks.require(trades >= 0.0, "trades_count is not a number of 0 or more")
        kept = checks.ascending(start_ms, newest_first=newest_first)
        return checks.parsed(
            Ohlcv(
                period,
                start_ms[kept],
                opened[kept],
                high[kept],
                low[kept],
                close[kept],
                volume[kept],
                trades[kept],
                observed_at_ms,
            )
        )


def parse_rate_history(payload: Any, *, period: Period, observed_at_ms: int) -> Parsed[RateHistory]:
    """Parse bars of a rate, oldest first. Ends are not read: the documented ones are of year 1."""
    with parses(NAME, "exchangerate/history"):
        rows = rows_of(payload)
        checks = RowChecks(len(rows))
        start_ms = _times(rows, "time_period_start")
        checks.require(start_ms > 0, "time_period_start is not plausible")
        checks.require(start_ms <= observed_at_ms, "opens in the future")
        opened, high, low, close = _prices(checks, rows, "rate", empty_allowed=False)
        kept = checks.ascending(start_ms, newest_first=False)
        return checks.parsed(
            RateHistory(
                period,
                start_ms[kept],
                opened[kept],
                high[kept],
                low[kept],
                close[kept],
                observed_at_ms,
            )
        )


def _prices(
    checks: RowChecks, rows: list[Any], prefix: str, *, empty_allowed: bool
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return open, high, low and close; where allowed, bars with none of them are left out."""
    names = [f"{prefix}_{name}" for name in ("open", "high", "low", "close")]
    raw = [column(rows, name) for name in names]
    if empty_allowed:
        empty = [
            type(row) is dict and all(row.get(name, "") is None for name in names) for row in rows
        ]
        checks.leave_out(np.array(empty, dtype=np.bool_))
        # A stand-in that passes the checks below, of rows that are out already.
        raw = [
            [1.0 if none else value for none, value in zip(empty, values, strict=True)]
            for values in raw
        ]
    opened, high, low, close = (number_column(values) for values in raw)
    with np.errstate(invalid="ignore"):
        for name, price in zip(names, (opened, high, low, close), strict=True):
            checks.require(price > 0.0, f"{name} is not a positive number")
        checks.require(high >= np.maximum(opened, close), "high is below open or close")
        checks.require(low <= np.minimum(opened, close), "low is above open or close")
    return opened, high, low, close


def _times(rows: list[Any], key: str) -> Int64Array:
    return np.array([_time(value) for value in column(rows, key)], dtype=np.int64)


def _time(value: Any) -> int:
    try:
        return iso_ms(value)
    except Refused:
        return 0
