"""OKX v5, public swap data without a key: second in the exchange chains, first for liquidations.

Thin fetches on top of the shared transport; parsers in ``okx_payloads``, budgets and refusals in
``okx_limits``. Two hosts answer alike: when the first cannot be reached, the second is asked.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from market import clock
from market.providers.contracts import OkxInstrument, parse_instruments
from market.providers.errors import ProviderCircuitOpen, ProviderUnavailable
from market.providers.observations import (
    FundingRate,
    LiquidationPage,
    MarkPrice,
    OpenInterest,
    Ticker,
)
from market.providers.okx_payloads import (
    parse_candles,
    parse_funding_history,
    parse_funding_rates,
    parse_liquidation_orders,
    parse_long_share,
    parse_mark_prices,
    parse_open_interest,
    parse_open_interest_history,
    parse_taker_buy_share,
    parse_tickers,
)
from market.providers.payload import Parsed
from market.providers.query import present, within
from market.providers.transport import Transport
from market.types import HOUR_MS, CandlePage, Interval, Listing, Series

# How long an answer may serve again; what is one coin's is kept by the series store instead.
METADATA_TTL_S = 3600.0
BULK_TTL_S = 10.0

MAX_CANDLES = 300
MAX_STATISTICS = 100
MAX_FUNDING_ROWS = 400  # documented; 100 were seen: page by the oldest row, not by the count
FUNDING_MAX_AGE_MS = 9 * HOUR_MS  # until the next settlement, which may be an hour late
STATISTICS_MAX_AGE_PERIODS = 2  # statistics come with a delay of some minutes

# Days are UTC days as on Binance; plain "1D" would begin at 16:00 UTC.
BARS = {
    Interval.M5: "5m",
    Interval.M15: "15m",
    Interval.H1: "1H",
    Interval.H4: "4H",
    Interval.D1: "1Dutc",
}


class LongShare(StrEnum):
    """Whose long share; the value is the endpoint. Top traders: the 5 % largest by position."""

    ALL_ACCOUNTS = "long-short-account-ratio-contract"
    TOP_TRADER_POSITIONS = "long-short-position-ratio-contract-top-trader"
    TOP_TRADER_ACCOUNTS = "long-short-account-ratio-contract-top-trader"


class Okx:
    """Public swap data (no key)."""

    def __init__(self, transport: Transport, fallback: Transport | None = None) -> None:
        self._transport = transport
        self._fallback = fallback

    async def fetch_instruments(self) -> Parsed[tuple[OkxInstrument, ...]]:
        """Return every swap. Source: GET /api/v5/public/instruments, 20 per 2 s."""
        payload = await self._get(
            "/api/v5/public/instruments",
            {"instType": "SWAP"},
            pool="instruments",
            cache_ttl_s=METADATA_TTL_S,
        )
        return parse_instruments(payload)

    async def fetch_candles(
        self,
        listing: Listing,
        interval: Interval,
        *,
        limit: int = MAX_CANDLES,
        older_than_ms: int | None = None,
        newer_than_ms: int | None = None,
        history: bool = False,
    ) -> Parsed[CandlePage]:
        """Return bars, ascending, per coin. The newest 1440 are here, older ones in ``history``.

        Source: GET /api/v5/market/candles (40 per 2 s) or history-candles (20 per 2 s, pages of
        100 were seen); at most 300 rows.
        """
        endpoint = "history-candles" if history else "candles"
        now_ms = clock.now_ms()
        payload = await self._get(
            f"/api/v5/market/{endpoint}",
            {
                "instId": listing.venue_symbol,
                "bar": BARS[interval],
                "after": older_than_ms,
                "before": newer_than_ms,
                "limit": within(limit, MAX_CANDLES),
            },
            pool=endpoint,
        )
        return parse_candles(payload, interval, multiplier=listing.multiplier, now_ms=now_ms)

    async def fetch_tickers(self) -> Parsed[dict[str, Ticker]]:
        """Return the last 24 hours of every swap. Source: GET /api/v5/market/tickers."""
        payload = await self._get(
            "/api/v5/market/tickers", {"instType": "SWAP"}, pool="tickers", cache_ttl_s=BULK_TTL_S
        )
        return parse_tickers(payload)

    async def fetch_mark_prices(
        self, listing: Listing | None = None
    ) -> Parsed[dict[str, MarkPrice]]:
        """Return mark prices, of all swaps or one. Source: GET /api/v5/public/mark-price."""
        inst_id = None if listing is None else listing.venue_symbol
        payload = await self._get(
            "/api/v5/public/mark-price",
            {"instType": "SWAP", "instId": inst_id},
            pool="mark-price",
            scope=inst_id or "SWAP",
            cache_ttl_s=BULK_TTL_S,
        )
        return parse_mark_prices(payload)

    async def fetch_funding_rates(
        self, listing: Listing | None = None
    ) -> Parsed[dict[str, FundingRate]]:
        """Return expected funding, of all swaps or one. Source: GET /api/v5/public/funding-rate."""
        inst_id = "ANY" if listing is None else listing.venue_symbol
        payload = await self._get(
            "/api/v5/public/funding-rate",
            {"instId": inst_id},
            pool="funding-rate",
            scope=inst_id,
            cache_ttl_s=BULK_TTL_S,
        )
        return parse_funding_rates(payload)

    async def fetch_funding_history(
        self,
        listing: Listing,
        *,
        interval_h: float,
        limit: int = 100,
        older_than_ms: int | None = None,
        newer_than_ms: int | None = None,
    ) -> Parsed[Series]:
        """Return settled funding in percent per 8 h, ascending, about three months back.

        Source: GET /api/v5/public/funding-rate-history, 10 per 2 s and instrument.
        """
        payload = await self._get(
            "/api/v5/public/funding-rate-history",
            {
                "instId": listing.venue_symbol,
                "after": older_than_ms,
                "before": newer_than_ms,
                "limit": within(limit, MAX_FUNDING_ROWS),
            },
            pool="funding-rate-history",
            scope=listing.venue_symbol,
        )
        return parse_funding_history(payload, interval_h=interval_h, max_age_ms=FUNDING_MAX_AGE_MS)

    async def fetch_open_interest(
        self, listing: Listing | None = None
    ) -> Parsed[dict[str, OpenInterest]]:
        """Return open interest, of all swaps or one. Source: GET /api/v5/public/open-interest."""
        inst_id = None if listing is None else listing.venue_symbol
        payload = await self._get(
            "/api/v5/public/open-interest",
            {"instType": "SWAP", "instId": inst_id},
            pool="open-interest",
            scope=inst_id or "SWAP",
            cache_ttl_s=BULK_TTL_S,
        )
        return parse_open_interest(payload)

    async def fetch_open_interest_history(
        self,
        listing: Listing,
        period: Interval,
        *,
        limit: int = MAX_STATISTICS,
        start_ms: int | None = None,
        end_ms: int | None = None,
    ) -> Parsed[Series]:
        """Return open interest in USD, ascending; about 100 rows deep.

        Source: GET /api/v5/rubik/stat/contracts/open-interest-history, 10 per 2 s and instrument.
        """
        payload = await self._statistics(
            "contracts/open-interest-history", listing, period, limit, start_ms, end_ms
        )
        return parse_open_interest_history(payload, max_age_ms=_statistics_max_age_ms(period))

    async def fetch_long_share(
        self,
        of: LongShare,
        listing: Listing,
        period: Interval,
        *,
        limit: int = MAX_STATISTICS,
        start_ms: int | None = None,
        end_ms: int | None = None,
    ) -> Parsed[Series]:
        """Return the long share of accounts or positions, percent, ascending.

        Source: GET /api/v5/rubik/stat/contracts/{of}, 5 per 2 s and instrument.
        """
        payload = await self._statistics(
            f"contracts/{of.value}", listing, period, limit, start_ms, end_ms
        )
        return parse_long_share(
            payload, endpoint=of.value, max_age_ms=_statistics_max_age_ms(period)
        )

    async def fetch_taker_buy_share(
        self,
        listing: Listing,
        period: Interval,
        *,
        limit: int = MAX_STATISTICS,
        start_ms: int | None = None,
        end_ms: int | None = None,
    ) -> Parsed[Series]:
        """Return the taker buy share of traded volume, percent, stamped with each bar's end.

        Source: GET /api/v5/rubik/stat/taker-volume-contract, 5 per 2 s and instrument.
        """
        now_ms = clock.now_ms()
        if end_ms is None:
            # Nothing newer exists. Naming the bar keeps an answer from before its start, whose
            # last row was unfinished, from serving after it.
            end_ms = now_ms // period.ms * period.ms
        payload = await self._statistics(
            "taker-volume-contract", listing, period, limit, start_ms, end_ms, unit=0
        )
        return parse_taker_buy_share(
            payload, period=period, now_ms=now_ms, max_age_ms=_statistics_max_age_ms(period)
        )

    async def fetch_liquidation_orders(
        self, listing: Listing, *, older_than_ms: int | None = None
    ) -> Parsed[LiquidationPage]:
        """Return a page of forced orders of the last 24 h, the newest without ``older_than_ms``.

        Source: GET /api/v5/public/liquidation-orders, withdrawn from the documentation in 2023 and
        still answering: best effort.
        """
        payload = await self._get(
            "/api/v5/public/liquidation-orders",
            {
                "instType": "SWAP",
                "instFamily": listing.venue_symbol.removesuffix("-SWAP"),
                "state": "filled",
                "after": older_than_ms,
                "limit": 100,
            },
            pool="liquidation-orders",
        )
        return parse_liquidation_orders(payload, listing)

    async def _statistics(
        self,
        path: str,
        listing: Listing,
        period: Interval,
        limit: int,
        start_ms: int | None,
        end_ms: int | None,
        unit: int | None = None,
    ) -> Any:
        return await self._get(
            f"/api/v5/rubik/stat/{path}",
            {
                "instId": listing.venue_symbol,
                "period": BARS[period],
                "unit": unit,  # 0: coins
                "begin": start_ms,
                "end": end_ms,
                "limit": within(limit, MAX_STATISTICS),
            },
            pool=path.removeprefix("contracts/"),
            scope=listing.venue_symbol,
        )

    async def _get(
        self,
        path: str,
        params: dict[str, str | int | None],
        *,
        pool: str,
        scope: str = "",
        cache_ttl_s: float = 0.0,
    ) -> Any:
        sent = present(**params)
        try:
            return await self._transport.get_json(
                path, params=sent, pool=pool, scope=scope, cache_ttl_s=cache_ttl_s
            )
        except (ProviderUnavailable, ProviderCircuitOpen):
            if self._fallback is None:
                raise
            return await self._fallback.get_json(
                path, params=sent, pool=pool, scope=scope, cache_ttl_s=cache_ttl_s
            )


def _statistics_max_age_ms(period: Interval) -> int:
    return STATISTICS_MAX_AGE_PERIODS * period.ms
