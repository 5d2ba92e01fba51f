"""Parsers of OKX v5 payloads (the whole envelope). Pure, strict, total.

Lists are newest first; everything is a string, "" means unknown; sizes count contracts.
"""

from __future__ import annotations

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
    FundingRate,
    LiquidationPage,
    MarkPrice,
    OpenInterest,
    Ticker,
    parse_by_symbol,
)
from market.providers.payload import (
    Parsed,
    Refused,
    epoch_ms,
    finite,
    mapping,
    not_negative,
    parse_rows,
    parses,
    positive,
    rate_pct,
    read,
    read_optional,
    rows_of,
    text,
)
from market.types import (
    HOUR_MS,
    CandlePage,
    Interval,
    LiquidationOrder,
    Listing,
    Series,
)

# Rows of a full page: 29 pages held a day's 2,832 orders, that is 28 full ones and the rest.
LIQUIDATION_PAGE_ROWS = 100
LIQUIDATION_SIDES = {("long", "sell"): "long", ("short", "buy"): "short"}
LIQUIDATION_SIDES_BY_ORDER = {"sell": "long", "buy": "short"}  # a one-way account has no posSide


def _data(payload: Any) -> list[Any]:
    return read(mapping(payload), "data", rows_of)


@parses("okx", "candles")
def parse_candles(
    payload: Any, interval: Interval, *, multiplier: int, now_ms: int
) -> Parsed[CandlePage]:
    """Parse bars; the venue says itself which are finished."""
    rows = _data(payload)
    checks = RowChecks(len(rows))
    confirm = column(rows, 8)
    closed = np.array([value == "1" for value in confirm], dtype=np.bool_)
    unfinished = np.array([value == "0" for value in confirm], dtype=np.bool_)
    checks.require(closed | unfinished, "confirm is neither 0 nor 1")
    opened, high, low, close, volume, quote_volume = (
        number_column(column(rows, index)) for index in (1, 2, 3, 4, 6, 7)
    )
    return candle_page_of(
        checks,
        interval=interval,
        multiplier=multiplier,
        now_ms=now_ms,
        newest_first=True,
        closed=closed,
        open_time_ms=time_column(column(rows, 0)),
        prices=(opened, high, low, close),
        volume_units=volume,
        quote_volume_usd=quote_volume,
        taker_buy_units=None,
    )


@parses("okx", "tickers")
def parse_tickers(payload: Any) -> Parsed[dict[str, Ticker]]:
    return parse_by_symbol(_data(payload), _ticker)


def _ticker(row: Any) -> Ticker | None:
    row = mapping(row)
    last_price = read_optional(row, "last", positive)
    if last_price is None:
        return None  # listed, never traded
    open_24h = read_optional(row, "open24h", positive)
    volume_base = read_optional(row, "volCcy24h", not_negative)
    return Ticker(
        venue_symbol=read(row, "instId", text),
        last_price_per_unit=last_price,
        # There is no quote volume; at the last price it is near enough to rank contracts by.
        quote_volume_usd=None if volume_base is None else volume_base * last_price,
        price_change_24h_pct=None if open_24h is None else (last_price / open_24h - 1.0) * 100.0,
        observed_at_ms=read(row, "ts", epoch_ms),
        high_24h_per_unit=read_optional(row, "high24h", positive),
        low_24h_per_unit=read_optional(row, "low24h", positive),
    )


@parses("okx", "mark-price")
def parse_mark_prices(payload: Any) -> Parsed[dict[str, MarkPrice]]:
    return parse_by_symbol(_data(payload), _mark_price)


def _mark_price(row: Any) -> MarkPrice:
    row = mapping(row)
    return MarkPrice(
        venue_symbol=read(row, "instId", text),
        mark_price_per_unit=read(row, "markPx", positive),
        observed_at_ms=read(row, "ts", epoch_ms),
    )


@parses("okx", "funding-rate")
def parse_funding_rates(payload: Any) -> Parsed[dict[str, FundingRate]]:
    return parse_by_symbol(_data(payload), _funding_rate)


def _funding_rate(row: Any) -> FundingRate:
    row = mapping(row)
    settles_at_ms = read(row, "fundingTime", epoch_ms)
    following_ms = read_optional(row, "nextFundingTime", epoch_ms)
    interval_h = None
    if following_ms is not None:
        interval_h = (following_ms - settles_at_ms) / HOUR_MS
        if not 0.5 <= interval_h <= 24.0:
            raise Refused("nextFundingTime: not an interval after fundingTime")
    return FundingRate(
        venue_symbol=read(row, "instId", text),
        funding_rate_pct=read(row, "fundingRate", rate_pct),
        funding_interval_h=interval_h,
        settles_at_ms=settles_at_ms,
        observed_at_ms=read(row, "ts", epoch_ms),
    )


@parses("okx", "funding-rate-history")
def parse_funding_history(payload: Any, *, interval_h: float, max_age_ms: int) -> Parsed[Series]:
    """Parse settled rates into percent per 8 h."""
    rows = _data(payload)
    return funding_series(
        time_column(column(rows, "fundingTime")),
        number_column(column(rows, "realizedRate")),
        interval_h=interval_h,
        max_age_ms=max_age_ms,
        newest_first=True,
    )


@parses("okx", "open-interest")
def parse_open_interest(payload: Any) -> Parsed[dict[str, OpenInterest]]:
    return parse_by_symbol(_data(payload), _open_interest)


def _open_interest(row: Any) -> OpenInterest:
    row = mapping(row)
    return OpenInterest(
        venue_symbol=read(row, "instId", text),
        open_interest_base=read(row, "oiCcy", not_negative),
        open_interest_usd=read_optional(row, "oiUsd", not_negative),
        observed_at_ms=read(row, "ts", epoch_ms),
    )


@parses("okx", "open-interest-history")
def parse_open_interest_history(payload: Any, *, max_age_ms: int) -> Parsed[Series]:
    """Parse open interest in USD (fourth column)."""
    rows = _data(payload)
    checks = RowChecks(len(rows))
    values = number_column(column(rows, 3))
    with np.errstate(invalid="ignore"):
        checks.require(values >= 0.0, "open interest is not a number of 0 or more")
    times = time_column(column(rows, 0))
    return series_of(checks, times, values, max_age_ms=max_age_ms, newest_first=True)


def parse_long_share(payload: Any, *, endpoint: str, max_age_ms: int) -> Parsed[Series]:
    """Parse a ratio of longs to shorts (1.27) into the long share in percent (55.9)."""
    with parses("okx", endpoint):
        rows = _data(payload)
        checks = RowChecks(len(rows))
        ratios = number_column(column(rows, 1))
        with np.errstate(invalid="ignore", divide="ignore"):
            checks.require(ratios >= 0.0, "ratio is not a number of 0 or more")
            shares = ratios / (1.0 + ratios) * 100.0
        times = time_column(column(rows, 0))
        return series_of(checks, times, shares, max_age_ms=max_age_ms, newest_first=True)


@parses("okx", "taker-volume-contract")
def parse_taker_buy_share(
    payload: Any, *, period: Interval, now_ms: int, max_age_ms: int
) -> Parsed[Series]:
    """Parse the taker buy share in percent. Sell volume comes first in a row.

    Whether the stamp is a bar's start or its end is not documented. It is read as the start: if it
    is the end, a share is told one bar late, but never before it is final.
    """
    rows = _data(payload)
    return taker_buy_series(
        time_column(column(rows, 0)),
        number_column(column(rows, 2)),
        number_column(column(rows, 1)),
        period=period,
        now_ms=now_ms,
        max_age_ms=max_age_ms,
        newest_first=True,
    )


@parses("okx", "liquidation-orders")
def parse_liquidation_orders(payload: Any, listing: Listing) -> Parsed[LiquidationPage]:
    """Parse one page of forced orders of one linear contract."""
    details: list[Any] = []
    for row in _data(payload):
        row = mapping(row)
        if row.get("instId") == listing.venue_symbol:
            details.extend(read(row, "details", rows_of))
    parsed = parse_rows(details, lambda detail: parse_liquidation_order(detail, listing))
    orders = {order.key: order for order in parsed.value}  # pages overlap: each order once
    ascending = sorted(orders.values(), key=lambda order: (order.ts_ms, order.key))
    return Parsed(
        LiquidationPage(
            orders=tuple(ascending),
            oldest_at_ms=ascending[0].ts_ms if ascending else None,
            older_may_exist=len(details) >= LIQUIDATION_PAGE_ROWS,
        ),
        parsed.refused,
        parsed.reasons,
    )


def parse_liquidation_order(detail: Any, listing: Listing) -> LiquidationOrder:
    """Parse one forced order, of a page or of the stream; raises one of ``UNREADABLE``."""
    row = mapping(detail)
    ts_ms = read(row, "ts", epoch_ms)
    price = read(row, "bkPx", positive)
    contracts = read(row, "sz", positive)
    position_side = row.get("posSide")
    order_side = row.get("side")
    if position_side in ("net", "", None):
        side = LIQUIDATION_SIDES_BY_ORDER.get(read(row, "side", text))
    else:
        side = LIQUIDATION_SIDES.get((read(row, "posSide", text), read(row, "side", text)))
    if side is None:
        raise Refused("side: does not tell who was liquidated")
    return LiquidationOrder(
        ts_ms=ts_ms,
        side=side,
        price=price / listing.multiplier,
        usd=finite(contracts * listing.contract_size_base * price),
        key=(
            listing.venue_symbol,
            ts_ms,
            str(position_side or ""),
            str(order_side),
            price,
            contracts,
        ),
    )
