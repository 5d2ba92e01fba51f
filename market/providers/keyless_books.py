"""Order books and prints of the exchanges themselves, which stand in for CoinAPI without a key."""

from __future__ import annotations

from dataclasses import dataclass

from market.order_book import OrderBook, Trades
from market.providers.order_books import (
    BINANCE_DEPTH_WEIGHT,
    BINANCE_TRADES_WEIGHT,
    fetch_binance_book,
    fetch_binance_trades,
    fetch_okx_book,
)
from market.providers.payload import Parsed
from market.providers.transport import Transport
from market.types import Listing, Venue

# Deep enough for every wall near the price, and the dearest that still weighs 2 on Binance.
LEVELS = 50
BOOK_WEIGHT = BINANCE_DEPTH_WEIGHT[LEVELS]
EVIDENCE_WEIGHT = BOOK_WEIGHT + BINANCE_TRADES_WEIGHT


@dataclass(frozen=True, slots=True)
class KeylessBooks:
    """The transports of the exchanges' own clients: their budgets count these calls too."""

    binance: Transport
    okx: Transport

    async def fetch_book(self, listing: Listing, *, levels: int = LEVELS) -> Parsed[OrderBook]:
        if listing.venue is Venue.BINANCE:
            return await fetch_binance_book(self.binance, listing, levels=levels)
        return await fetch_okx_book(self.okx, listing, levels=levels)

    async def fetch_trades(self, listing: Listing) -> Parsed[Trades] | None:
        """Return the newest prints; None where the venue's are not read."""
        if listing.venue is not Venue.BINANCE:
            return None
        return await fetch_binance_trades(self.binance, listing)
