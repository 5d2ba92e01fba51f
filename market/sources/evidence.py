"""What is shown beside a coin's score: its order book, prints, and the last five minutes.

All of it in one step of calls beside the others for a single coin; of several coins the books
alone, for prints weigh ten times as much. Nothing here enters the signal score, so nothing here is
waited for longer than the score itself takes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from market.providers.coinapi_catalogue_payloads import spot_symbol_id
from market.providers.coinglass import FundingWeight, Span
from market.providers.coinglass_payloads import CoinglassInterval
from market.providers.errors import ProviderError
from market.providers.keyless_books import BOOK_WEIGHT, EVIDENCE_WEIGHT
from market.providers.plans import coinapi_credits
from market.sources.asking import Asking, Evidence
from market.types import Instrument, Interval, Venue

logger = logging.getLogger(__name__)

COINAPI_EXCHANGE = "BINANCE"
TRADES = 100


async def ask_evidence(asking: Asking, coin: Instrument) -> None:
    found = asking.harvest.evidence.setdefault(coin.symbol.base, Evidence())
    parts: list[Coroutine[Any, Any, None]] = [
        _ask_book(asking, coin, found),
        _ask_volume_weighted_funding(asking, coin, found),
    ]
    if coin.binance is not None:
        parts.append(_ask_five_minutes(asking, coin, found))
    await asyncio.gather(*(_quietly(part) for part in parts))


async def ask_book(asking: Asking, coin: Instrument) -> None:
    """Read a coin's exchange book alone, as far as the budget of books goes."""
    found = asking.harvest.evidence.setdefault(coin.symbol.base, Evidence())
    listing = coin.binance or coin.okx
    if listing is None or not await asking.providers.shares["books"].grant(BOOK_WEIGHT):
        return

    async def ask() -> None:
        found.book = (await asking.providers.books.fetch_book(listing)).value
        found.book_source = listing.venue.value

    await _quietly(ask())


async def _quietly(part: Coroutine[Any, Any, None]) -> None:
    """Let one part fail alone: what is missing shows as unavailable, and the log says why."""
    try:
        await part
    except ProviderError as error:
        logger.info("evidence not read", extra={"reason": error.detail})
    except Exception:  # an outer edge: what is only shown must not cost the answer
        logger.exception("evidence not read")


async def _ask_book(asking: Asking, coin: Instrument, found: Evidence) -> None:
    """An exchange's own book, and CoinAPI's spot book as far as credits reach, which is preferred.

    At once: whoever waited for the second before asking the first would hold up the answer.
    """
    await asyncio.gather(
        _quietly(_ask_keyless_book(asking, coin, found)),
        _quietly(_ask_coinapi_book(asking, coin, found)),
    )


async def _ask_coinapi_book(asking: Asking, coin: Instrument, found: Evidence) -> None:
    api = asking.providers.coinapi
    if api is None or not await asking.providers.shares[Venue.COINAPI.value].grant(
        1 + coinapi_credits(TRADES)
    ):
        return
    # Spot ids follow a published pattern: no look-up before the call.
    symbol_id = spot_symbol_id(COINAPI_EXCHANGE, coin.symbol.base)
    book, trades = await asyncio.gather(
        api.fetch_order_book(symbol_id),
        api.fetch_trades(symbol_id, limit=TRADES),
        return_exceptions=True,
    )
    if isinstance(book, BaseException):
        raise book
    found.book, found.book_source = book.value, Venue.COINAPI.value
    found.trades = None if isinstance(trades, BaseException) else trades.value


async def _ask_keyless_book(asking: Asking, coin: Instrument, found: Evidence) -> None:
    listing = coin.binance or coin.okx
    if listing is None or not await asking.providers.shares["books"].grant(EVIDENCE_WEIGHT):
        return
    books = asking.providers.books
    book, trades = await asyncio.gather(
        books.fetch_book(listing), books.fetch_trades(listing), return_exceptions=True
    )
    if isinstance(book, BaseException):
        raise book
    if found.book is not None:
        return  # CoinAPI was quicker
    found.book, found.book_source = book.value, listing.venue.value
    if trades is not None and not isinstance(trades, BaseException):
        found.trades = trades.value


async def _ask_five_minutes(asking: Asking, coin: Instrument, found: Evidence) -> None:
    """The open of the last closed 5m bar: the price five minutes ago, or up to ten."""
    if coin.binance is None:
        return
    page = await asking.providers.binance.fetch_klines(coin.binance, Interval.M5, limit=2)
    closed = page.value.closed
    if len(closed) and asking.at_ms - int(closed.open_time_ms[-1]) <= 2 * Interval.M5.ms:
        found.close_5m_ago = float(closed.open[-1])


async def _ask_volume_weighted_funding(asking: Asking, coin: Instrument, found: Evidence) -> None:
    api = asking.providers.coinglass
    if api is None or not await asking.providers.shares[Venue.COINGLASS.value].grant(1):
        return
    reply = await api.fetch_funding_history(
        coin.symbol.base, Span(CoinglassInterval.H4, 1), weight=FundingWeight.VOLUME
    )
    latest = reply.value.latest()
    if latest is not None and asking.at_ms - latest[1] <= CoinglassInterval.H4.ms:
        found.volume_weighted_funding_pct = latest[0]
