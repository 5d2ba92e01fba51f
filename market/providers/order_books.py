"""Order books and single trades as Binance and OKX publish them, without a key.

Evidence for ``market.whale_evidence``, first CoinAPI's, else these. The functions take the
transport of the venue's client; parsers are in ``order_book_payloads``. OKX publishes single trades
too, but in no form that is documented to us: its prints are not read.
"""

from __future__ import annotations

from market.order_book import OrderBook, Trades
from market.providers.order_book_payloads import (
    parse_binance_book,
    parse_binance_trades,
    parse_okx_book,
)
from market.providers.payload import Parsed
from market.providers.query import within
from market.providers.transport import Transport
from market.types import Listing

# Books are fresh or useless; the short time only joins those who ask at once.
BOOK_TTL_S = 2.0
TRADES_TTL_S = 5.0

# Weight of /fapi/v1/depth by its number of levels; other numbers are refused by the vendor.
BINANCE_DEPTH_WEIGHT = {5: 2, 10: 2, 20: 2, 50: 2, 100: 5, 500: 10, 1000: 20}
BINANCE_TRADES_WEIGHT = 20
MAX_BINANCE_TRADES = 1000
MAX_OKX_LEVELS = 400


async def fetch_binance_book(
    transport: Transport, listing: Listing, *, levels: int = 100
) -> Parsed[OrderBook]:
    """Return the book per coin. Source: GET /fapi/v1/depth, weight 2 to 20 by ``levels``."""
    if levels not in BINANCE_DEPTH_WEIGHT:
        raise ValueError(f"levels must be one of {', '.join(map(str, BINANCE_DEPTH_WEIGHT))}")
    payload = await transport.get_json(
        "/fapi/v1/depth",
        params={"symbol": listing.venue_symbol, "limit": levels},
        pool="weight",
        cost=BINANCE_DEPTH_WEIGHT[levels],
        cache_ttl_s=BOOK_TTL_S,
    )
    return parse_binance_book(payload, listing)


async def fetch_binance_trades(
    transport: Transport, listing: Listing, *, limit: int = 500
) -> Parsed[Trades]:
    """Return the newest prints per coin: dear, for one coin at a time.

    Source: GET /fapi/v1/aggTrades, weight 20.
    """
    payload = await transport.get_json(
        "/fapi/v1/aggTrades",
        params={"symbol": listing.venue_symbol, "limit": within(limit, MAX_BINANCE_TRADES)},
        pool="weight",
        cost=BINANCE_TRADES_WEIGHT,
        cache_ttl_s=TRADES_TTL_S,
    )
    return parse_binance_trades(payload, listing)


async def fetch_okx_book(
    transport: Transport, listing: Listing, *, levels: int = 100
) -> Parsed[OrderBook]:
    """Return the book per coin. Source: GET /api/v5/market/books, 40 per 2 s."""
    payload = await transport.get_json(
        "/api/v5/market/books",
        params={"instId": listing.venue_symbol, "sz": within(levels, MAX_OKX_LEVELS)},
        pool="books",
        cache_ttl_s=BOOK_TTL_S,
    )
    return parse_okx_book(payload, listing)
