"""Parsers of order books and single trades of Binance and OKX, and what all books share.

Pure, strict, total. Sizes become coins, prices those of one coin, levels come best first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from market.order_book import OrderBook, Trades
from market.providers.payload import (
    REASONS_KEPT,
    Parsed,
    Refused,
    epoch_ms,
    finite,
    flag,
    mapping,
    parse_rows,
    parses,
    read,
    rows_of,
)
from market.types import Listing

# No coin is priced or sized outside; see ``OrderBook``.
LEAST, MOST = 1e-18, 1e18

Level = tuple[float, float]  # price, size
Trade = tuple[int, float, float, bool | None]  # time, price, size, whether the taker bought


@parses("binance", "depth")
def parse_binance_book(payload: Any, listing: Listing) -> Parsed[OrderBook]:
    document = mapping(payload)
    return parse_book(
        listing.venue.value,
        # The time of the matching engine; the message's own comes a little later.
        read(document, "T", epoch_ms),
        read(document, "bids", rows_of),
        read(document, "asks", rows_of),
        _level_of(listing, listing.multiplier),
    )


@parses("okx", "books")
def parse_okx_book(payload: Any, listing: Listing) -> Parsed[OrderBook]:
    books = read(mapping(payload), "data", rows_of)
    if len(books) != 1:
        raise Refused("data: not one book")
    document = mapping(books[0])
    return parse_book(
        listing.venue.value,
        read(document, "ts", epoch_ms),
        read(document, "bids", rows_of),
        read(document, "asks", rows_of),
        _level_of(listing, listing.contract_size_base * listing.multiplier),
    )


@parses("binance", "aggTrades")
def parse_binance_trades(payload: Any, listing: Listing) -> Parsed[Trades]:
    parsed = parse_rows(rows_of(payload), lambda row: _binance_trade(mapping(row), listing))
    return trades_of(parsed)


def _binance_trade(row: dict[str, Any], listing: Listing) -> Trade:
    return (
        read(row, "T", epoch_ms),
        read(row, "p", quantity) / listing.multiplier,
        read(row, "q", quantity) * listing.multiplier,
        not read(row, "m", flag),  # m: the buyer was the maker
    )


def _level_of(listing: Listing, coins: float) -> Callable[[Any], Level]:
    """Return a reader of [price, size, …] rows; ``coins`` stand behind a size of one."""

    def level(row: Any) -> Level:
        row = rows_of(row)
        return quantity(row[0]) / listing.multiplier, quantity(row[1]) * coins

    return level


def parse_book(
    venue: str,
    observed_at_ms: int,
    bids: list[Any],
    asks: list[Any],
    level: Callable[[Any], Level],
) -> Parsed[OrderBook]:
    """Build a book from two sides; orders of one price are one level. One without any is refused.

    A size of 0 is no level, and no fault.
    """
    sides = [parse_rows(rows, level) for rows in (bids, asks)]
    if not any(side.value for side in sides):
        raise Refused("no level on either side")
    try:
        book = OrderBook.of(venue, observed_at_ms, *(_joined(side.value) for side in sides))
    except ValueError as e:
        raise Refused(str(e)) from None
    return Parsed(
        book,
        sum(side.refused for side in sides),
        tuple(reason for side in sides for reason in side.reasons)[:REASONS_KEPT],
    )


def _joined(levels: Iterable[Level]) -> list[Level]:
    sizes: dict[float, float] = {}
    for price, size in levels:
        sizes[price] = sizes.get(price, 0.0) + size
    return list(sizes.items())


def trades_of(parsed: Parsed[tuple[Trade, ...]]) -> Parsed[Trades]:
    """Build ascending trades from parsed rows."""
    columns = zip(*parsed.value, strict=True) if parsed.value else ((), (), (), ())
    times, prices, sizes, takers = (list(column) for column in columns)
    try:
        trades = Trades.of(times, prices, sizes, takers)
    except ValueError as e:
        raise Refused(str(e)) from None
    return Parsed(trades, parsed.refused, parsed.reasons)


def quantity(value: Any) -> float:
    """Return a price or size that a market can have; 0 for none."""
    number = finite(value)
    if number and not LEAST <= number <= MOST:
        raise Refused("not a possible price or size")
    return number
