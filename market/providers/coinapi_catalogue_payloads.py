"""Parsers of CoinAPI's symbols, exchanges, periods and derivatives metrics. Pure, strict, total."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from market.providers.coinapi_payloads import NAME
from market.providers.payload import (
    Parsed,
    finite,
    integer,
    iso_ms,
    mapping,
    not_negative,
    parse_rows,
    parses,
    positive,
    read,
    read_optional,
    rows_of,
    text,
)
from market.types import Listing, Venue

SPOT, PERPETUAL = "SPOT", "PERPETUAL"
# The exchanges of our venues' USDT-margined perpetuals, in the vendor's spelling.
PERPETUAL_EXCHANGES = {Venue.BINANCE: "BINANCEFTS", Venue.OKX: "OKEX"}


@dataclass(frozen=True, slots=True)
class MarketSymbol:
    """One market of one exchange. ``venue_symbol`` is the exchange's own name of it."""

    symbol_id: str
    exchange_id: str
    symbol_type: str
    base: str | None
    quote: str | None
    contract_unit: float | None
    contract_unit_asset: str | None
    venue_symbol: str | None
    price_usd: float | None
    volume_24h_usd: float | None

    @property
    def contract_size_base(self) -> float | None:
        """Return the priced units behind a size of one; None where that is not known."""
        if self.symbol_type == SPOT:
            return 1.0
        return self.contract_unit if self.contract_unit_asset == self.base else None


@dataclass(frozen=True, slots=True)
class ExchangeInfo:
    exchange_id: str
    name: str
    symbols: int | None
    volume_24h_usd: float | None


@dataclass(frozen=True, slots=True)
class PeriodInfo:
    """A bar length the vendor knows; months have no fixed number of seconds."""

    period_id: str
    length_s: int
    length_months: int


@dataclass(frozen=True, slots=True)
class Metric:
    """A derivatives figure as its exchange reports it: a funding rate is a fraction."""

    metric_id: str
    symbol_id: str
    exchange_id: str
    value: float | None
    observed_at_ms: int


@dataclass(frozen=True, slots=True)
class MetricPeriod:
    """A metric over a while. Documented in two forms; the one of the published example is read."""

    start_ms: int
    end_ms: int
    first: float
    last: float
    least: float
    most: float
    total: float
    count: int


def spot_symbol_id(exchange_id: str, base: str, quote: str = "USDT") -> str:
    """Return the id of a spot market, which follows a published pattern."""
    return f"{exchange_id}_{SPOT}_{base}_{quote}"


def symbol_of(listing: Listing, symbols: Iterable[MarketSymbol]) -> MarketSymbol | None:
    """Return the vendor's symbol of one of our contracts, by the exchange's own name for it.

    Ids are not built from names: contracts of a thousand coins are named in several ways.
    """
    exchange_id = PERPETUAL_EXCHANGES.get(listing.venue)
    for symbol in symbols:
        if (symbol.exchange_id, symbol.symbol_type) == (exchange_id, PERPETUAL) and (
            symbol.venue_symbol == listing.venue_symbol
        ):
            return symbol
    return None


@parses(NAME, "symbols")
def parse_symbols(payload: Any) -> Parsed[tuple[MarketSymbol, ...]]:
    return parse_rows(rows_of(payload), _symbol)


def _symbol(row: Any) -> MarketSymbol:
    row = mapping(row)
    return MarketSymbol(
        symbol_id=read(row, "symbol_id", text),
        exchange_id=read(row, "exchange_id", text),
        symbol_type=read(row, "symbol_type", text),
        base=read_optional(row, "asset_id_base", text),
        quote=read_optional(row, "asset_id_quote", text),
        contract_unit=read_optional(row, "future_contract_unit", positive),
        contract_unit_asset=read_optional(row, "future_contract_unit_asset", text),
        venue_symbol=read_optional(row, "symbol_id_exchange", text),
        price_usd=read_optional(row, "price", not_negative) or None,
        volume_24h_usd=read_optional(row, "volume_1day_usd", not_negative),
    )


@parses(NAME, "exchanges")
def parse_exchanges(payload: Any) -> Parsed[tuple[ExchangeInfo, ...]]:
    return parse_rows(rows_of(payload), _exchange)


def _exchange(row: Any) -> ExchangeInfo:
    row = mapping(row)
    return ExchangeInfo(
        exchange_id=read(row, "exchange_id", text),
        name=read(row, "name", text),
        symbols=read_optional(row, "data_symbols_count", integer),
        volume_24h_usd=read_optional(row, "volume_1day_usd", not_negative),
    )


@parses(NAME, "ohlcv/periods")
def parse_periods(payload: Any) -> Parsed[tuple[PeriodInfo, ...]]:
    return parse_rows(rows_of(payload), _period)


def _period(row: Any) -> PeriodInfo:
    row = mapping(row)
    return PeriodInfo(
        read(row, "period_id", text),
        read(row, "length_seconds", integer),
        read(row, "length_months", integer),
    )


@parses(NAME, "metrics/symbol/current")
def parse_metrics(payload: Any) -> Parsed[tuple[Metric, ...]]:
    return parse_rows(rows_of(payload), _metric)


def _metric(row: Any) -> Metric:
    row = mapping(row)
    return Metric(
        metric_id=read(row, "metric_id", text),
        symbol_id=read(row, "symbol_id", text),
        exchange_id=read(row, "exchange_id", text),
        value=read_optional(row, "value_decimal", finite),
        observed_at_ms=read(row, "entry_time", iso_ms),
    )


@parses(NAME, "metrics/symbol/history")
def parse_metric_history(payload: Any) -> Parsed[tuple[MetricPeriod, ...]]:
    return parse_rows(rows_of(payload), _metric_period)


def _metric_period(row: Any) -> MetricPeriod:
    row = mapping(row)
    return MetricPeriod(
        start_ms=read(row, "time_period_start", iso_ms),
        end_ms=read(row, "time_period_end", iso_ms),
        first=read(row, "first", finite),
        last=read(row, "last", finite),
        least=read(row, "min", finite),
        most=read(row, "max", finite),
        total=read(row, "sum", finite),
        count=read(row, "count", integer),
    )
