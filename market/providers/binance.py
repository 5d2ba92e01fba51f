"""Binance USDⓈ-M futures, public market data without a key: first in every exchange chain.

Thin fetches on top of the shared transport; parsers in ``binance_payloads``, budgets and refusals
in ``binance_limits``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from market import clock
from market.providers.binance_limits import klines_weight
from market.providers.binance_payloads import (
    FundingIntervals,
    PremiumIndex,
    parse_funding_history,
    parse_funding_info,
    parse_klines,
    parse_long_share,
    parse_open_interest,
    parse_open_interest_history,
    parse_premium_index,
    parse_premium_indices,
    parse_taker_buy_share,
    parse_tickers,
)
from market.providers.contracts import ExchangeInfo, parse_exchange_info
from market.providers.observations import OpenInterest, Ticker
from market.providers.payload import Parsed
from market.providers.query import present, within
from market.providers.transport import Transport
from market.types import HOUR_MS, CandlePage, Interval, Listing, Series

# How long an answer may serve again. One coin's bars and statistics never do: the series store
# keeps them, and writing each answer to the shared cache cost more CPU than the call.
METADATA_TTL_S = 3600.0
BULK_TTL_S = 10.0

MAX_KLINES = 1500
MAX_STATISTICS = 500
MAX_FUNDING_ROWS = 1000
# A settled rate stands until the next one, 8 h later at most, which may be an hour late.
FUNDING_MAX_AGE_MS = 9 * HOUR_MS
# Statistics come with a delay of some minutes: a value stands for two of its periods.
STATISTICS_MAX_AGE_PERIODS = 2


class LongShare(StrEnum):
    """Whose long share; the value is the endpoint."""

    ALL_ACCOUNTS = "globalLongShortAccountRatio"
    TOP_TRADER_POSITIONS = "topLongShortPositionRatio"
    TOP_TRADER_ACCOUNTS = "topLongShortAccountRatio"


class BinanceFutures:
    """USDⓈ-M futures, public market data (no key)."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def fetch_exchange_info(self) -> Parsed[ExchangeInfo]:
        """Return every listed contract. Source: GET /fapi/v1/exchangeInfo, weight 1."""
        payload = await self._transport.get_json(
            "/fapi/v1/exchangeInfo", pool="weight", cost=1, cache_ttl_s=METADATA_TTL_S
        )
        return parse_exchange_info(payload)

    async def fetch_klines(
        self,
        listing: Listing,
        interval: Interval,
        *,
        limit: int = 500,
        start_ms: int | None = None,
        end_ms: int | None = None,
    ) -> Parsed[CandlePage]:
        """Return bars, ascending, per coin; without times the newest.

        Source: GET /fapi/v1/klines, weight 1, 2, 5 or 10 by ``limit`` (at most 1500).
        """
        # Asked before sending: a bar that ends while the answer travels was still open in it.
        now_ms = clock.now_ms()
        if end_ms is None:
            # Nothing newer exists. Naming the bar keeps a call of the new bar from joining one
            # still in flight from the bar before, whose last row was unfinished.
            end_ms = now_ms // interval.ms * interval.ms
        payload = await self._transport.get_json(
            "/fapi/v1/klines",
            params=present(
                symbol=listing.venue_symbol,
                interval=interval.value,
                startTime=start_ms,
                endTime=end_ms,
                limit=within(limit, MAX_KLINES),
            ),
            pool="weight",
            cost=klines_weight(limit),
        )
        return parse_klines(payload, interval, multiplier=listing.multiplier, now_ms=now_ms)

    async def fetch_premium_indices(self) -> Parsed[dict[str, PremiumIndex]]:
        """Return mark price and running funding of every contract, by venue symbol.

        Source: GET /fapi/v1/premiumIndex, weight 10.
        """
        payload = await self._transport.get_json(
            "/fapi/v1/premiumIndex", pool="weight", cost=10, cache_ttl_s=BULK_TTL_S
        )
        return parse_premium_indices(payload)

    async def fetch_premium_index(self, listing: Listing) -> PremiumIndex:
        """Return mark price and running funding. Source: GET /fapi/v1/premiumIndex, weight 1."""
        payload = await self._transport.get_json(
            "/fapi/v1/premiumIndex",
            params={"symbol": listing.venue_symbol},
            pool="weight",
            cost=1,
            cache_ttl_s=BULK_TTL_S,
        )
        return parse_premium_index(payload)

    async def fetch_funding_intervals(self) -> Parsed[FundingIntervals]:
        """Return hours between settlements. Source: GET /fapi/v1/fundingInfo, funding pool."""
        payload = await self._transport.get_json(
            "/fapi/v1/fundingInfo", pool="funding", cost=1, cache_ttl_s=METADATA_TTL_S
        )
        return parse_funding_info(payload)

    async def fetch_funding_history(
        self,
        listing: Listing,
        *,
        interval_h: float,
        limit: int = 100,
        start_ms: int | None = None,
        end_ms: int | None = None,
    ) -> Parsed[Series]:
        """Return settled funding in percent per 8 h, ascending.

        Source: GET /fapi/v1/fundingRate, funding pool, at most 1000 rows.
        """
        payload = await self._transport.get_json(
            "/fapi/v1/fundingRate",
            params=present(
                symbol=listing.venue_symbol,
                startTime=start_ms,
                endTime=end_ms,
                limit=within(limit, MAX_FUNDING_ROWS),
            ),
            pool="funding",
            cost=1,
        )
        return parse_funding_history(payload, interval_h=interval_h, max_age_ms=FUNDING_MAX_AGE_MS)

    async def fetch_open_interest(self, listing: Listing) -> OpenInterest:
        """Return current open interest in coins. Source: GET /fapi/v1/openInterest, weight 1."""
        payload = await self._transport.get_json(
            "/fapi/v1/openInterest",
            params={"symbol": listing.venue_symbol},
            pool="weight",
            cost=1,
            cache_ttl_s=BULK_TTL_S,
        )
        return parse_open_interest(payload, multiplier=listing.multiplier)

    async def fetch_open_interest_history(
        self,
        listing: Listing,
        period: Interval,
        *,
        limit: int = 30,
        start_ms: int | None = None,
        end_ms: int | None = None,
    ) -> Parsed[Series]:
        """Return open interest in USD, ascending, 30 days back at most.

        Source: GET /futures/data/openInterestHist, data pool, at most 500 rows.
        """
        payload = await self._statistics(
            "openInterestHist", listing, period, limit, start_ms, end_ms
        )
        return parse_open_interest_history(payload, max_age_ms=_statistics_max_age_ms(period))

    async def fetch_long_share(
        self,
        of: LongShare,
        listing: Listing,
        period: Interval,
        *,
        limit: int = 30,
        start_ms: int | None = None,
        end_ms: int | None = None,
    ) -> Parsed[Series]:
        """Return the long share of accounts or positions, percent, ascending, 30 days at most.

        Source: GET /futures/data/{of}, data pool, at most 500 rows.
        """
        payload = await self._statistics(of.value, listing, period, limit, start_ms, end_ms)
        return parse_long_share(
            payload, endpoint=of.value, max_age_ms=_statistics_max_age_ms(period)
        )

    async def fetch_taker_buy_share(
        self,
        listing: Listing,
        period: Interval,
        *,
        limit: int = 30,
        start_ms: int | None = None,
        end_ms: int | None = None,
    ) -> Parsed[Series]:
        """Return the taker buy share of traded volume, percent, stamped with each bar's end.

        Source: GET /futures/data/takerlongshortRatio, data pool.
        """
        now_ms = clock.now_ms()
        payload = await self._statistics(
            "takerlongshortRatio", listing, period, limit, start_ms, end_ms
        )
        return parse_taker_buy_share(
            payload, period=period, now_ms=now_ms, max_age_ms=_statistics_max_age_ms(period)
        )

    async def fetch_tickers(self) -> Parsed[dict[str, Ticker]]:
        """Return the last 24 hours of every contract, by venue symbol.

        Rows of contracts that stopped trading stay in the list with an old time: join on the
        registry and look at ``observed_at_ms``. Source: GET /fapi/v1/ticker/24hr, weight 40.
        """
        payload = await self._transport.get_json(
            "/fapi/v1/ticker/24hr", pool="weight", cost=40, cache_ttl_s=BULK_TTL_S
        )
        return parse_tickers(payload)

    async def _statistics(
        self,
        endpoint: str,
        listing: Listing,
        period: Interval,
        limit: int,
        start_ms: int | None,
        end_ms: int | None,
    ) -> Any:
        return await self._transport.get_json(
            f"/futures/data/{endpoint}",
            params=present(
                symbol=listing.venue_symbol,
                period=period.value,
                limit=within(limit, MAX_STATISTICS),
                startTime=start_ms,
                endTime=end_ms,
            ),
            pool="data",
            cost=1,
        )


def _statistics_max_age_ms(period: Interval) -> int:
    return STATISTICS_MAX_AGE_PERIODS * period.ms
