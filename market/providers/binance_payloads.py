"""Parsers of Binance USDⓈ-M futures payloads. Pure, strict, total.

Lists are ascending; prices, quantities and rates are strings, times are millisecond numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from market.providers.columns import (
    RowChecks,
    candle_page_of,
    column,
    funding_series,
    number_column,
    series_of,
    taker_buy_series,
    time_column,
)
from market.providers.observations import (
    OpenInterest,
    Ticker,
    parse_by_symbol,
    per_8h,
)
from market.providers.payload import (
    Parsed,
    Refused,
    epoch_ms,
    finite,
    integer,
    mapping,
    not_negative,
    parse_rows,
    parses,
    rate_pct,
    read,
    read_optional,
    rows_of,
    text,
)
from market.types import CandlePage, Interval, Series

DEFAULT_FUNDING_INTERVAL_H = 8  # of a symbol that fundingInfo does not list


@dataclass(frozen=True, slots=True)
class PremiumIndex:
    """Mark price and running funding estimate of one contract; None where it is not trading."""

    venue_symbol: str
    mark_price_per_unit: float | None
    funding_rate_pct: float | None  # per interval, see fundingInfo
    settles_at_ms: int | None
    observed_at_ms: int

    def funding_rate_8h_pct(self, interval_h: float) -> float | None:
        if self.funding_rate_pct is None:
            return None
        return per_8h(self.funding_rate_pct, interval_h)


@dataclass(frozen=True, slots=True)
class FundingIntervals:
    """Hours between settlements; symbols that the venue does not list have 8."""

    hours: dict[str, int]

    def of(self, venue_symbol: str) -> int:
        return self.hours.get(venue_symbol, DEFAULT_FUNDING_INTERVAL_H)


@parses("binance", "klines")
def parse_klines(
    payload: Any, interval: Interval, *, multiplier: int, now_ms: int
) -> Parsed[CandlePage]:
    """Parse bars. One is closed when its closeTime has passed at ``now_ms``."""
    rows = rows_of(payload)
    checks = RowChecks(len(rows))
    open_time_ms = time_column(column(rows, 0))
    close_time_ms = time_column(column(rows, 6))
    checks.require(
        close_time_ms == open_time_ms + (interval.ms - 1), "close time does not fit the interval"
    )
    opened, high, low, close, volume, quote_volume, taker_buy = (
        number_column(column(rows, index)) for index in (1, 2, 3, 4, 5, 7, 9)
    )
    return candle_page_of(
        checks,
        interval=interval,
        multiplier=multiplier,
        now_ms=now_ms,
        newest_first=False,
        closed=close_time_ms <= now_ms,
        open_time_ms=open_time_ms,
        prices=(opened, high, low, close),
        volume_units=volume,
        quote_volume_usd=quote_volume,
        taker_buy_units=taker_buy,
    )


@parses("binance", "premiumIndex")
def parse_premium_indices(payload: Any) -> Parsed[dict[str, PremiumIndex]]:
    return parse_by_symbol(rows_of(payload), _premium_index)


@parses("binance", "premiumIndex")
def parse_premium_index(payload: Any) -> PremiumIndex:
    return _premium_index(payload)


def _premium_index(row: Any) -> PremiumIndex:
    row = mapping(row)
    # Contracts that do not trade stand in the list with zeros: no price, no next settlement.
    mark_price = read(row, "markPrice", not_negative)
    next_funding = read(row, "nextFundingTime", integer)
    settles_at_ms = read(row, "nextFundingTime", epoch_ms) if next_funding else None
    rate = read_optional(row, "lastFundingRate", rate_pct)
    return PremiumIndex(
        venue_symbol=read(row, "symbol", text),
        mark_price_per_unit=mark_price or None,
        funding_rate_pct=None if settles_at_ms is None or not mark_price else rate,
        settles_at_ms=settles_at_ms,
        observed_at_ms=read(row, "time", epoch_ms),
    )


@parses("binance", "fundingInfo")
def parse_funding_info(payload: Any) -> Parsed[FundingIntervals]:
    parsed = parse_rows(rows_of(payload), _funding_interval)
    return Parsed(FundingIntervals(dict(parsed.value)), parsed.refused, parsed.reasons)


def _funding_interval(row: Any) -> tuple[str, int]:
    row = mapping(row)
    hours = read(row, "fundingIntervalHours", integer)
    if not 1 <= hours <= 24:
        raise Refused("fundingIntervalHours: not within 1 to 24")
    return read(row, "symbol", text), hours


@parses("binance", "fundingRate")
def parse_funding_history(payload: Any, *, interval_h: float, max_age_ms: int) -> Parsed[Series]:
    """Parse settled rates into percent per 8 h."""
    rows = rows_of(payload)
    return funding_series(
        time_column(column(rows, "fundingTime")),
        number_column(column(rows, "fundingRate")),
        interval_h=interval_h,
        max_age_ms=max_age_ms,
        newest_first=False,
    )


@parses("binance", "openInterest")
def parse_open_interest(payload: Any, *, multiplier: int) -> OpenInterest:
    row = mapping(payload)
    return OpenInterest(
        venue_symbol=read(row, "symbol", text),
        open_interest_base=read(row, "openInterest", not_negative) * multiplier,
        open_interest_usd=None,
        observed_at_ms=read(row, "time", epoch_ms),
    )


@parses("binance", "openInterestHist")
def parse_open_interest_history(payload: Any, *, max_age_ms: int) -> Parsed[Series]:
    """Parse open interest in USD at each time stamp."""
    rows = rows_of(payload)
    checks = RowChecks(len(rows))
    values = number_column(column(rows, "sumOpenInterestValue"))
    with np.errstate(invalid="ignore"):
        checks.require(values >= 0.0, "open interest is not a number of 0 or more")
    times = time_column(column(rows, "timestamp"))
    return series_of(checks, times, values, max_age_ms=max_age_ms, newest_first=False)


def parse_long_share(payload: Any, *, endpoint: str, max_age_ms: int) -> Parsed[Series]:
    """Parse any of the three long/short endpoints into the long share in percent.

    They share keys: ``longAccount`` is a share of positions in topLongShortPositionRatio.
    """
    with parses("binance", endpoint):
        rows = rows_of(payload)
        checks = RowChecks(len(rows))
        shares = number_column(column(rows, "longAccount"))
        with np.errstate(invalid="ignore"):
            checks.require((shares >= 0.0) & (shares <= 1.0), "long share is not within 0 to 1")
        times = time_column(column(rows, "timestamp"))
        return series_of(checks, times, shares * 100.0, max_age_ms=max_age_ms, newest_first=False)


@parses("binance", "takerlongshortRatio")
def parse_taker_buy_share(
    payload: Any, *, period: Interval, now_ms: int, max_age_ms: int
) -> Parsed[Series]:
    """Parse the taker buy share in percent; known from the end of its period on.

    The stamp is the period's *start*: in the recorded months the share moves with the price change
    after its stamp (correlation 0.67), not with the one before it (0.12).
    """
    rows = rows_of(payload)
    return taker_buy_series(
        time_column(column(rows, "timestamp")),
        number_column(column(rows, "buyVol")),
        number_column(column(rows, "sellVol")),
        period=period,
        now_ms=now_ms,
        max_age_ms=max_age_ms,
        newest_first=False,
    )


@parses("binance", "ticker/24hr")
def parse_tickers(payload: Any) -> Parsed[dict[str, Ticker]]:
    return parse_by_symbol(rows_of(payload), _ticker)


def _ticker(row: Any) -> Ticker | None:
    row = mapping(row)
    last_price = read(row, "lastPrice", not_negative)
    if not last_price:
        return None  # listed, never traded
    return Ticker(
        venue_symbol=read(row, "symbol", text),
        last_price_per_unit=last_price,
        quote_volume_usd=read_optional(row, "quoteVolume", not_negative),
        price_change_24h_pct=read_optional(row, "priceChangePercent", finite),
        observed_at_ms=read(row, "closeTime", epoch_ms),
        high_24h_per_unit=read_optional(row, "highPrice", not_negative) or None,
        low_24h_per_unit=read_optional(row, "lowPrice", not_negative) or None,
    )
