"""Parsers of Coinglass's names, single orders, whales, index of fear and greed, and subscription.

Pure, strict, total.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from market.providers.coinglass_payloads import NAME, data_of
from market.providers.columns import RowChecks, number_column, series_of, time_column
from market.providers.payload import (
    Parsed,
    Refused,
    epoch_ms,
    finite,
    flag,
    integer,
    mapping,
    parse_rows,
    parses,
    positive,
    read,
    read_optional,
    rows_of,
    text,
)
from market.types import HOUR_MS, Series

LONGEST_NAME = 40
# A day's value may be kept for two days when no newer one comes.
INDEX_MAX_AGE_MS = 48 * HOUR_MS
# Times beyond this are milliseconds: the index's list is documented in seconds.
LARGEST_SECONDS = 10**12


@dataclass(frozen=True, slots=True)
class ExchangePair:
    """A contract by its exchange's own id. The documented other columns are placeholders."""

    instrument_id: str
    base: str
    quote: str


@dataclass(frozen=True, slots=True)
class LiquidationFill:
    """One forced order. What ``side`` 1 and 2 mean is documented in two ways: shown, not scored."""

    exchange: str
    instrument_id: str
    coin: str
    price_usd: float
    usd: float
    side: int
    ts_ms: int


@dataclass(frozen=True, slots=True)
class WhalePosition:
    """A position above 1 M USD on Hyperliquid; ``size_base`` is negative for a short.

    Alerts say what was done (``opened``), positions what they are worth.
    """

    coin: str
    size_base: float
    value_usd: float
    entry_price_usd: float
    liquidation_price_usd: float | None
    created_at_ms: int
    opened: bool | None = None
    updated_at_ms: int | None = None
    mark_price_usd: float | None = None
    leverage: float | None = None
    unrealized_pnl_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Subscription:
    level: str
    expires_at_ms: int
    expired: bool


@parses(NAME, "supported")
def parse_names(payload: Any) -> Parsed[tuple[str, ...]]:
    """Parse the list of coins or of exchanges, in the vendor's spelling."""
    return parse_rows(rows_of(data_of(payload)), lambda name: text(name, LONGEST_NAME))


@parses(NAME, "supported-exchange-pairs")
def parse_exchange_pairs(payload: Any) -> Parsed[dict[str, tuple[ExchangePair, ...]]]:
    refused = 0
    reasons: tuple[str, ...] = ()
    pairs = {}
    data = data_of(payload)
    for exchange, rows in mapping(data or {}).items():
        parsed = parse_rows(rows_of(rows), _exchange_pair)
        pairs[text(exchange, LONGEST_NAME)] = parsed.value
        refused += parsed.refused
        reasons = reasons or parsed.reasons
    return Parsed(pairs, refused, reasons)


def _exchange_pair(row: Any) -> ExchangePair:
    row = mapping(row)
    return ExchangePair(
        read(row, "instrument_id", text),
        read(row, "base_asset", text),
        read(row, "quote_asset", text),
    )


@parses(NAME, "liquidation/order")
def parse_liquidation_orders(payload: Any) -> Parsed[tuple[LiquidationFill, ...]]:
    """Parse single forced orders, ascending (the vendor sends the newest first)."""
    parsed = parse_rows(rows_of(data_of(payload)), _liquidation_fill)
    ascending = sorted(parsed.value, key=lambda fill: fill.ts_ms)
    return Parsed(tuple(ascending), parsed.refused, parsed.reasons)


def _liquidation_fill(row: Any) -> LiquidationFill:
    row = mapping(row)
    return LiquidationFill(
        exchange=read(row, "exchange_name", text),
        instrument_id=read(row, "symbol", text),
        coin=read(row, "base_asset", text),
        price_usd=read(row, "price", positive),
        usd=read(row, "usd_value", positive),
        side=read(row, "side", integer),
        ts_ms=read(row, "time", epoch_ms),
    )


@parses(NAME, "hyperliquid/whale")
def parse_whales(payload: Any) -> Parsed[tuple[WhalePosition, ...]]:
    """Parse whale alerts or whale positions; the wallets' addresses are left out."""
    return parse_rows(rows_of(data_of(payload)), _whale)


def _whale(row: Any) -> WhalePosition:
    row = mapping(row)
    size_base = read(row, "position_size", finite)
    if size_base == 0.0:
        raise Refused("position_size: zero")
    action = read_optional(row, "position_action", integer)
    return WhalePosition(
        coin=read(row, "symbol", text),
        size_base=size_base,
        value_usd=read(row, "position_value_usd", positive),
        entry_price_usd=read(row, "entry_price", positive),
        liquidation_price_usd=read_optional(row, "liq_price", finite) or None,
        created_at_ms=read(row, "create_time", epoch_ms),
        opened=None if action is None else _opened(action),
        updated_at_ms=read_optional(row, "update_time", epoch_ms),
        mark_price_usd=read_optional(row, "mark_price", positive),
        leverage=read_optional(row, "leverage", positive),
        unrealized_pnl_usd=read_optional(row, "unrealized_pnl", finite),
    )


def _opened(action: int) -> bool:
    if action not in (1, 2):
        raise Refused("position_action: neither opened nor closed")
    return action == 1


@parses(NAME, "index/fear-greed-history")
def parse_fear_greed(payload: Any) -> Parsed[Series]:
    """Parse the index since 2018: parallel lists in one object, which may stand in an array."""
    data = data_of(payload)
    if type(data) is list:
        if len(data) != 1:
            raise Refused("data: not one object")
        data = data[0]
    lists = mapping(data)
    values = number_column(read(lists, "data_list", rows_of))
    times = time_column([_in_ms(value) for value in read(lists, "time_list", rows_of)])
    if len(times) != len(values):
        raise Refused("time_list: not as long as data_list")
    if not len(values):
        raise Refused("data_list: empty")
    checks = RowChecks(len(values))
    with np.errstate(invalid="ignore"):
        checks.require((values >= 0.0) & (values <= 100.0), "value is not within 0 to 100")
    return series_of(checks, times, values, max_age_ms=INDEX_MAX_AGE_MS, newest_first=False)


def _in_ms(value: Any) -> Any:
    return value * 1000 if type(value) is int and value < LARGEST_SECONDS else value


@parses(NAME, "user/account/subscription")
def parse_subscription(payload: Any) -> Parsed[Subscription]:
    row = mapping(data_of(payload))
    return Parsed(
        Subscription(
            read(row, "level", text), read(row, "expire_time", epoch_ms), read(row, "expired", flag)
        )
    )
