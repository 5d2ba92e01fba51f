"""Parsers of CoinAPI order books, trades, quotes and rates of now. Pure, strict, total.

Bare arrays and objects, JSON numbers, times in ISO 8601 with seven digits. ``latest`` answers come
newest first, ``history`` answers oldest first: all come out ascending.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from market.order_book import OrderBook, Trades
from market.providers.order_book_payloads import Level, Trade, parse_book, quantity, trades_of
from market.providers.payload import (
    Parsed,
    Refused,
    iso_ms,
    mapping,
    parse_rows,
    parses,
    positive,
    read,
    read_optional,
    rows_of,
    text,
)

NAME = "coinapi"
TAKER_IS_BUYER = {
    "BUY": True,
    "BUY_ESTIMATED": True,
    "SELL": False,
    "SELL_ESTIMATED": False,
    "UNKNOWN": None,
}


@dataclass(frozen=True, slots=True)
class Quote:
    """The best prices of one symbol; a size the vendor does not know is None."""

    symbol_id: str
    bid_price: float | None
    bid_size: float | None
    ask_price: float | None
    ask_size: float | None
    last_price: float | None
    last_at_ms: int | None
    observed_at_ms: int


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """A rate averaged over exchanges."""

    base: str
    quote: str
    rate: float
    observed_at_ms: int


@parses(NAME, "orderbooks")
def parse_order_book(payload: Any, *, contract_size_base: float = 1.0) -> Parsed[OrderBook]:
    """Parse one book; ``contract_size_base`` coins stand behind a size of one."""
    return _order_book(mapping(payload), contract_size_base)


@parses(NAME, "orderbooks/latest")
def parse_order_books(
    payload: Any, *, contract_size_base: float = 1.0
) -> Parsed[tuple[OrderBook, ...]]:
    """Parse a list of books, ascending in time; one that cannot be is left out whole."""
    parsed = parse_rows(
        rows_of(payload), lambda row: _order_book(mapping(row), contract_size_base).value
    )
    ascending = sorted(parsed.value, key=lambda book: book.observed_at_ms)
    return Parsed(tuple(ascending), parsed.refused, parsed.reasons)


def _order_book(row: dict[str, Any], contract_size_base: float) -> Parsed[OrderBook]:
    def level(row: Any) -> Level:
        row = mapping(row)
        return read(row, "price", quantity), read(row, "size", quantity) * contract_size_base

    return parse_book(
        # Spot and perpetual of one exchange are two books.
        f"{NAME}:{read(row, 'symbol_id', text)}",
        _observed_at_ms(row),
        read(row, "bids", rows_of),
        read(row, "asks", rows_of),
        level,
    )


@parses(NAME, "trades")
def parse_trades(payload: Any, *, contract_size_base: float = 1.0) -> Parsed[Trades]:
    """Parse prints; whose order met whose may be the vendor's estimate, or unknown."""

    def trade(row: Any) -> Trade:
        row = mapping(row)
        side = read(row, "taker_side", text)
        if side not in TAKER_IS_BUYER:
            raise Refused("taker_side: not a side")
        return (
            _observed_at_ms(row),
            read(row, "price", quantity),
            read(row, "size", quantity) * contract_size_base,
            TAKER_IS_BUYER[side],
        )

    return trades_of(parse_rows(rows_of(payload), trade))


@parses(NAME, "quotes/current")
def parse_quote(payload: Any) -> Parsed[Quote]:
    """Parse one symbol's quote: documented as an object, shown as an array; the newest counts."""
    quotes = _quotes(payload if type(payload) is list else [payload])
    if not quotes.value:
        raise Refused("no quote")
    newest = max(quotes.value, key=lambda quote: quote.observed_at_ms)
    return Parsed(newest, quotes.refused, quotes.reasons)


@parses(NAME, "quotes")
def parse_quotes(payload: Any) -> Parsed[tuple[Quote, ...]]:
    """Parse quotes of several symbols, or of one through time; ascending."""
    return _quotes(rows_of(payload))


def _quotes(rows: list[Any]) -> Parsed[tuple[Quote, ...]]:
    parsed = parse_rows(rows, _quote)
    ascending = sorted(parsed.value, key=lambda quote: quote.observed_at_ms)
    return Parsed(tuple(ascending), parsed.refused, parsed.reasons)


def _quote(row: Any) -> Quote:
    row = mapping(row)
    bid, ask = (read_optional(row, key, positive) for key in ("bid_price", "ask_price"))
    if bid is not None and ask is not None and bid > ask:
        raise Refused("bid is above ask")
    last = read_optional(row, "last_trade", mapping)
    return Quote(
        symbol_id=read(row, "symbol_id", text),
        bid_price=bid,
        bid_size=read_optional(row, "bid_size", quantity) or None,  # 0: unknown
        ask_price=ask,
        ask_size=read_optional(row, "ask_size", quantity) or None,
        last_price=None if last is None else read(last, "price", positive),
        last_at_ms=None if last is None else _observed_at_ms(last),
        observed_at_ms=_observed_at_ms(row),
    )


@parses(NAME, "exchangerate")
def parse_rate(payload: Any) -> Parsed[ExchangeRate]:
    row = mapping(payload)
    return Parsed(
        ExchangeRate(
            read(row, "asset_id_base", text),
            read(row, "asset_id_quote", text),
            read(row, "rate", positive),
            read(row, "time", iso_ms),
        )
    )


def _observed_at_ms(row: dict[str, Any]) -> int:
    """Return the exchange's own time, else when the vendor received it."""
    at_ms = read_optional(row, "time_exchange", iso_ms)
    return read(row, "time_coinapi", iso_ms) if at_ms is None else at_ms
