"""Parsers of Coinglass v4 bars and ratios (the whole envelope), read by the column. Pure, total.

Rows are ascending, ``time`` is the start of a bar in milliseconds, the last bar is usually still
open. Numbers are texts on some endpoints and numbers on others: both are read everywhere. Funding
and shares are percent already.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from market.providers.columns import (
    BoolArray,
    RowChecks,
    column,
    number_column,
    series_of,
    time_column,
)
from market.providers.payload import Parsed, mapping, parses, rows_of
from market.types import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    FloatArray,
    Int64Array,
    Series,
)

NAME = "coinglass"
# A bar counts as closed this long after its end: the answer was written up to ten seconds before
# it was fetched, and aggregates of many exchanges follow a little late.
SETTLE_MS = 15_000
# A bar's close stands until the next one is due, and for another bar.
MAX_AGE_BARS = 2
# Venues cap funding at a few percent per interval.
LARGEST_FUNDING_PCT = 100.0


class CoinglassInterval(StrEnum):
    """Bar lengths of Coinglass's histories."""

    M1 = "1m"
    M3 = "3m"
    M5 = "5m"
    M15 = "15m"
    M30 = "30m"
    H1 = "1h"
    H4 = "4h"
    H6 = "6h"
    H8 = "8h"
    H12 = "12h"
    D1 = "1d"
    W1 = "1w"

    @property
    def ms(self) -> int:
        return _INTERVAL_MS[self]


_INTERVAL_MS = {
    CoinglassInterval.M1: MINUTE_MS,
    CoinglassInterval.M3: 3 * MINUTE_MS,
    CoinglassInterval.M5: 5 * MINUTE_MS,
    CoinglassInterval.M15: 15 * MINUTE_MS,
    CoinglassInterval.M30: 30 * MINUTE_MS,
    CoinglassInterval.H1: HOUR_MS,
    CoinglassInterval.H4: 4 * HOUR_MS,
    CoinglassInterval.H6: 6 * HOUR_MS,
    CoinglassInterval.H8: 8 * HOUR_MS,
    CoinglassInterval.H12: 12 * HOUR_MS,
    CoinglassInterval.D1: DAY_MS,
    CoinglassInterval.W1: 7 * DAY_MS,
}


class LongShare(StrEnum):
    """Whose long share; the value is the endpoint."""

    ALL_ACCOUNTS = "futures/global-long-short-account-ratio/history"
    TOP_TRADER_ACCOUNTS = "futures/top-long-short-account-ratio/history"
    TOP_TRADER_POSITIONS = "futures/top-long-short-position-ratio/history"


_LONG_SHARE_KEYS = {
    LongShare.ALL_ACCOUNTS: "global_account_long_percent",
    LongShare.TOP_TRADER_ACCOUNTS: "top_account_long_percent",
    LongShare.TOP_TRADER_POSITIONS: "top_position_long_percent",
}


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars of one quantity by start, as they stood at ``observed_at_ms``; the last may be open.

    ``volume_usd`` accompanies prices only.
    """

    interval: CoinglassInterval
    start_ms: Int64Array
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume_usd: FloatArray | None
    observed_at_ms: int

    def __len__(self) -> int:
        return len(self.start_ms)

    @property
    def closed(self) -> BoolArray:
        return closed_bars(self.start_ms, self.interval, self.observed_at_ms)

    def closes(self) -> Series:
        """Return the closes of closed bars, each known from its bar's end on."""
        ends = self.start_ms[self.closed] + self.interval.ms
        return Series(ends, self.close[self.closed], MAX_AGE_BARS * self.interval.ms)

    def latest(self) -> tuple[float, int] | None:
        """Return the newest value and when it was that: of an open bar, now."""
        if not len(self):
            return None
        end_ms = int(self.start_ms[-1]) + self.interval.ms
        return float(self.close[-1]), min(end_ms, self.observed_at_ms)


def closed_bars(
    start_ms: Int64Array, interval: CoinglassInterval, observed_at_ms: int
) -> BoolArray:
    return start_ms + (interval.ms + SETTLE_MS) <= observed_at_ms


def data_of(payload: Any) -> Any:
    """Return ``data``; nothing to tell comes as an empty list, null or no key at all."""
    data = mapping(payload).get("data")
    return [] if data is None else data


def parse_prices(payload: Any, *, interval: CoinglassInterval, observed_at_ms: int) -> Parsed[Bars]:
    """Parse prices of one pair, per priced unit of its exchange, with volume in USD."""
    with parses(NAME, "price/history"):
        rows = rows_of(data_of(payload))
        checks = RowChecks(len(rows))
        volume = usd_column(checks, rows, "volume_usd")
        return _bars(
            checks, rows, interval, observed_at_ms, least=0.0, exclusive=True, volume_usd=volume
        )


def parse_open_interest(
    payload: Any, *, interval: CoinglassInterval, observed_at_ms: int
) -> Parsed[Bars]:
    """Parse open interest of one coin or pair, in the unit that was asked for."""
    with parses(NAME, "open-interest/history"):
        rows = rows_of(data_of(payload))
        return _bars(RowChecks(len(rows)), rows, interval, observed_at_ms, least=0.0)


def parse_funding_rates(
    payload: Any, *, interval: CoinglassInterval, observed_at_ms: int
) -> Parsed[Bars]:
    """Parse funding in percent: of 8 h where it is weighted over exchanges, else of the pair's."""
    with parses(NAME, "funding-rate/history"):
        rows = rows_of(data_of(payload))
        return _bars(
            RowChecks(len(rows)),
            rows,
            interval,
            observed_at_ms,
            least=-LARGEST_FUNDING_PCT,
            most=LARGEST_FUNDING_PCT,
        )


def _bars(
    checks: RowChecks,
    rows: list[Any],
    interval: CoinglassInterval,
    observed_at_ms: int,
    *,
    least: float,
    most: float = np.inf,
    exclusive: bool = False,
    volume_usd: FloatArray | None = None,
) -> Parsed[Bars]:
    start_ms = starts_of(checks, rows, observed_at_ms)
    names = ("open", "high", "low", "close")
    opened, high, low, close = values = [number_column(column(rows, name)) for name in names]
    with np.errstate(invalid="ignore"):
        for name, value in zip(names, values, strict=True):
            above = value > least if exclusive else value >= least
            checks.require(above & (value <= most), f"{name} is not a possible number")
        checks.require(high >= np.maximum(opened, close), "high is below open or close")
        checks.require(low <= np.minimum(opened, close), "low is above open or close")
    kept = checks.ascending(start_ms, newest_first=False)
    return checks.parsed(
        Bars(
            interval,
            start_ms[kept],
            opened[kept],
            high[kept],
            low[kept],
            close[kept],
            None if volume_usd is None else volume_usd[kept],
            observed_at_ms,
        )
    )


def parse_long_share(
    of: LongShare, payload: Any, *, interval: CoinglassInterval, observed_at_ms: int
) -> Parsed[Series]:
    """Parse the long share in percent, known at its stamp.

    Unlike in the other histories the value is the one *at* the start of its bar: rows recorded at
    midnight equal Binance's own of that very minute.
    """
    with parses(NAME, of.value):
        rows = rows_of(data_of(payload))
        checks = RowChecks(len(rows))
        shares = number_column(column(rows, _LONG_SHARE_KEYS[of]))
        with np.errstate(invalid="ignore"):
            checks.require((shares >= 0.0) & (shares <= 100.0), "long share is not 0 to 100")
        start_ms = starts_of(checks, rows, observed_at_ms)
        return series_of(
            checks, start_ms, shares, max_age_ms=MAX_AGE_BARS * interval.ms, newest_first=False
        )


def starts_of(checks: RowChecks, rows: list[Any], observed_at_ms: int) -> Int64Array:
    start_ms = time_column(column(rows, "time"))
    checks.require(start_ms > 0, "time is not plausible")
    checks.require(start_ms <= observed_at_ms, "begins in the future")
    return start_ms


def usd_column(checks: RowChecks, rows: list[Any], key: str) -> FloatArray:
    values = number_column(column(rows, key))
    with np.errstate(invalid="ignore"):
        checks.require(values >= 0.0, f"{key} is not a number of 0 or more")
    return values
