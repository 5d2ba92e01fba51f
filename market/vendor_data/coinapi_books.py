"""A coin's order book for clients, with what large orders and prints in it say.

CoinAPI's with its key; without one the book of Binance, else of OKX, whose source is stated. Books
are always read equally deep, whatever is shown, because walls are judged by the levels read.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from market import clock
from market.order_book import OrderBook, Side, Trades, depth_of
from market.providers.coinapi import CoinApi
from market.providers.coinapi_candle_payloads import Period
from market.providers.errors import ProviderError
from market.providers.keyless_books import KeylessBooks
from market.providers.payload import Parsed
from market.providers.registry import Providers
from market.providers.store_threads import in_store_thread
from market.types import Instrument, Listing
from market.vendor_data import coinapi
from market.vendor_data.book_memories import remember_book
from market.vendor_data.coinapi import Market, market_of
from market.vendor_data.direct import Answer, Findings, Shortfall, ask, ask_vendor
from market.vendor_data.failures import COINAPI, KeyMissing, NothingThere
from market.whale_evidence import WallEvidence, WhaleEvidence, whale_evidence

Document = dict[str, Any]

LEVELS_READ = 100
TRADES_READ = 100  # as many as one credit buys
DASHBOARD_BARS = 24
PRINTS_SHOWN = 5


def order_book(instrument: Instrument, exchange: str, limit: int) -> Answer:
    """Return a coin's book and its evidence; of Binance or OKX themselves without a key."""

    async def make(found: Findings[CoinApi]) -> Document:
        market = await market_of(found, instrument, exchange)
        return {
            "symbol": instrument.symbol.base,
            "exchange": exchange,
            **await _book_part(found, instrument, market, limit),
        }

    try:
        return ask_vendor(COINAPI, make)
    except KeyMissing:
        return _keyless(instrument, limit)


def dashboard(instrument: Instrument, exchange: str, limit: int) -> Answer:
    """Return bars, book, trades and quote at once; a part that fails is null and named."""

    async def make(found: Findings[CoinApi]) -> Document:
        market = await market_of(found, instrument, exchange)
        # The book's evidence reads trades too: both ask the same, so it is one call.
        came, missing = await found.parts(
            {
                "ohlcv": coinapi.bars_part(found, market, Period.H1, DASHBOARD_BARS),
                "orderbook": _book_part(found, instrument, market, limit),
                "trades": coinapi.trades_part(found, market, TRADES_READ),
                "quote": coinapi.quote_part(found, market),
            }
        )
        if not came:
            raise next(iter(missing.values()))
        return {
            "symbol": instrument.symbol.base,
            "exchange": exchange,
            "timestamp": clock.now(),
            "status": {name: name in came for name in (*came, *missing)},
            "unavailable": {name: failure.detail for name, failure in missing.items()},
            **dict.fromkeys(missing),
            **came,
        }

    return ask_vendor(COINAPI, make)


def _keyless(instrument: Instrument, limit: int) -> Answer:
    listings = [listing for listing in (instrument.binance, instrument.okx) if listing is not None]
    if not listings:
        raise NothingThere(
            COINAPI.name, f"No exchange has a perpetual contract of {instrument.symbol.base}."
        )

    def find(providers: Providers) -> Findings[KeylessBooks]:
        return Findings(COINAPI, providers.books, listings[0].venue.value)

    async def make(found: Findings[KeylessBooks]) -> Document:
        for listing in listings:
            found.source = listing.venue.value
            try:
                document = await _venue_part(found, instrument, listing, limit)
            except ProviderError as e:
                if listing is listings[-1]:
                    raise
                found.problems.append(Shortfall("orderbook", found.source, e.detail))
            else:
                return {
                    "symbol": instrument.symbol.base,
                    "exchange": listing.venue.value.upper(),
                    **document,
                }
        raise AssertionError("the last listing returns or raises")

    return ask(COINAPI, find, make)


async def _book_part(
    found: Findings[CoinApi], instrument: Instrument, market: Market, limit: int
) -> Document:
    book = found.take(
        await found.client.fetch_order_book(
            market.symbol_id, levels=LEVELS_READ, contract_size_base=market.size_base
        )
    )

    prints = await _prints_if_any(found, coinapi.prints_of(found, market, TRADES_READ))
    return await _document(instrument, _per_coin(book, market.multiplier), prints, limit)


async def _venue_part(
    found: Findings[KeylessBooks], instrument: Instrument, listing: Listing, limit: int
) -> Document:
    book = await found.client.fetch_book(listing)
    found.dated(book.value.observed_at_ms)

    async def read() -> Trades | None:
        parsed: Parsed[Trades] | None = await found.client.fetch_trades(listing)
        return None if parsed is None else parsed.value

    prints = await _prints_if_any(found, read())
    return await _document(instrument, book.value, prints, limit)


async def _prints_if_any(found: Findings[Any], reading: Awaitable[Trades | None]) -> Trades | None:
    """Return the prints beside a book; without them the book still says something."""
    try:
        return await reading
    except ProviderError as e:
        found.problems.append(Shortfall("trades", found.source, found.failure(e).detail))
        return None


def _per_coin(book: OrderBook, multiplier: int) -> OrderBook:
    if multiplier == 1:
        return book
    sides = (levels / [multiplier, 1.0] for levels in (book.bids, book.asks))
    return OrderBook(book.venue, book.observed_at_ms, *sides)


async def _document(
    instrument: Instrument, book: OrderBook, prints: Trades | None, limit: int
) -> Document:
    memory = await in_store_thread(remember_book, instrument.symbol.base, book)
    evidence = whale_evidence(book, prints, memory)
    depth, spread = depth_of(book), evidence.spread
    return {
        "timestamp": clock.datetime_at(book.observed_at_ms),
        "spread": None
        if spread is None
        else {
            "bestBid": spread.best_bid,
            "bestAsk": spread.best_ask,
            "spread": spread.spread_usd,
            "spreadPercent": spread.spread_pct,
        },
        "metrics": {
            "totalBidSize": depth.bid_base,
            "totalAskSize": depth.ask_base,
            "imbalance": evidence.imbalance_pct,
            "bidLevels": depth.bid_levels,
            "askLevels": depth.ask_levels,
        },
        "whaleWalls": _walls(evidence),
        "evidence": _evidence(evidence),
        "bids": _levels(book, Side.BID, limit),
        "asks": _levels(book, Side.ASK, limit),
    }


def _walls(evidence: WhaleEvidence) -> Document:
    bids, asks = evidence.bid_walls, evidence.ask_walls
    return {
        "largeBids": evidence.bid_wall_count,
        "largeAsks": evidence.ask_wall_count,
        "topBidWall": _wall(bids[0]) if bids else None,
        "topAskWall": _wall(asks[0]) if asks else None,
        "bidWalls": [_wall(each) for each in bids],
        "askWalls": [_wall(each) for each in asks],
    }


def _wall(each: WallEvidence) -> Document:
    remembered = each.remembered
    return {
        "price": each.wall.price,
        "size": each.wall.size_base,
        "usd": each.wall.usd,
        "ratio": each.wall.ratio,
        "distanceBps": each.wall.distance_bps,
        "weight": None if remembered is None else remembered.weight,
        "stoodS": None if remembered is None else remembered.stood_ms / 1000.0,
    }


def _evidence(evidence: WhaleEvidence) -> Document:
    pressure, prints = evidence.pressure, evidence.prints
    return {
        "wallImbalance": evidence.wall_imbalance_pct,
        "imbalanceWithin": {
            f"{within:g}": share for within, share in evidence.imbalance_within_pct
        },
        "pulledWalls": [
            {"side": wall.side.value, "price": wall.price, "usd": wall.usd, "weight": wall.weight}
            for wall in evidence.pulled_walls
        ],
        "books": evidence.books,
        "watchedS": evidence.watched_s,
        "persistence": evidence.persistence,
        "buyPressure": None if pressure is None else pressure.buy_pct,
        "sellPressure": None if pressure is None else pressure.sell_pct,
        "largePrints": None
        if prints is None
        else {
            "count": prints.count,
            "buyUsd": prints.buy_usd,
            "sellUsd": prints.sell_usd,
            "unknownUsd": prints.unknown_usd,
            "largest": [
                {
                    "time": clock.datetime_at(each.ts_ms),
                    "price": each.price,
                    "usd": each.usd,
                    "side": each.taker.value,
                }
                for each in prints.largest[:PRINTS_SHOWN]
            ],
        },
        "reasons": list(evidence.reasons),
    }


def _levels(book: OrderBook, side: Side, limit: int) -> list[Document]:
    return [{"price": price, "size": size} for price, size in book.levels(side)[:limit].tolist()]
