"""Coinglass v4 with a key: what all exchanges together say of a coin, now and through time.

Thin fetches on top of the shared transport; the lists of now are in ``coinglass_lists``, parsers of
histories in ``coinglass_payloads`` and ``coinglass_flow_payloads``, budgets and refusals in
``coinglass_limits``. What the plan excludes is refused here, without a call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, Protocol, TypeVar

from market.providers.coinglass_flow_payloads import (
    DepthHistory,
    LiquidationHistory,
    TakerVolumes,
    parse_depth,
    parse_liquidations,
    parse_taker_volumes,
)
from market.providers.coinglass_limits import NAME
from market.providers.coinglass_lists import CoinglassLists, coin_name, one_of
from market.providers.coinglass_payloads import (
    Bars,
    CoinglassInterval,
    LongShare,
    parse_funding_rates,
    parse_long_share,
    parse_open_interest,
    parse_prices,
)
from market.providers.payload import Parsed
from market.providers.query import present, within
from market.providers.refusals import EndpointRefused
from market.providers.replies import Reply
from market.types import Listing, Series, Venue

T = TypeVar("T")

HISTORY_TTL_S = 60.0
MAX_ROWS = 1000
DEPTH_RANGES_PCT = (0.25, 0.5, 0.75, 1, 2, 3, 5, 10)
# The exchanges that publish most liquidations; histories have no "all".
MAJOR_EXCHANGES = ("Binance", "OKX", "Bybit")
EXCHANGES = {Venue.BINANCE: "Binance", Venue.OKX: "OKX"}


class FundingWeight(StrEnum):
    """How rates are averaged over exchanges; the value is part of the endpoint."""

    OPEN_INTEREST = "oi"
    VOLUME = "vol"


class HistoryParser(Protocol[T]):
    def __call__(
        self, payload: Any, *, interval: CoinglassInterval, observed_at_ms: int
    ) -> Parsed[T]: ...


@dataclass(frozen=True, slots=True)
class Span:
    """Which bars of a history: the newest ``limit``, or those between two times."""

    interval: CoinglassInterval
    limit: int = MAX_ROWS
    start_ms: int | None = None
    end_ms: int | None = None


class Coinglass(CoinglassLists):
    """Aggregated futures data (key)."""

    async def fetch_open_interest_history(self, coin: str, span: Span) -> Reply[Bars]:
        """Return open interest in USD over all exchanges.

        Source: GET /api/futures/open-interest/aggregated-history.
        """
        return await self._history(
            "futures/open-interest/aggregated-history",
            {"symbol": coin_name(coin), "unit": "usd"},
            span,
            parse_open_interest,
        )

    async def fetch_pair_open_interest_history(self, listing: Listing, span: Span) -> Reply[Bars]:
        """Return one contract's open interest in USD.

        Source: GET /api/futures/open-interest/history.
        """
        return await self._history(
            "futures/open-interest/history",
            {**_pair(listing), "unit": "usd"},
            span,
            parse_open_interest,
        )

    async def fetch_funding_history(
        self, coin: str, span: Span, *, weight: FundingWeight = FundingWeight.OPEN_INTEREST
    ) -> Reply[Bars]:
        """Return funding in percent per 8 h, weighted over exchanges.

        Source: GET /api/futures/funding-rate/oi-weight-history or vol-weight-history.
        """
        return await self._history(
            f"futures/funding-rate/{weight.value}-weight-history",
            {"symbol": coin_name(coin)},
            span,
            parse_funding_rates,
        )

    async def fetch_pair_funding_history(self, listing: Listing, span: Span) -> Reply[Bars]:
        """Return one contract's funding in percent per its own interval.

        Source: GET /api/futures/funding-rate/history.
        """
        return await self._history(
            "futures/funding-rate/history", _pair(listing), span, parse_funding_rates
        )

    async def fetch_long_share(self, of: LongShare, listing: Listing, span: Span) -> Reply[Series]:
        """Return the long share of accounts or positions, percent. Source: GET /api/{of}."""
        return await self._history(of.value, _pair(listing), span, partial(parse_long_share, of))

    async def fetch_liquidation_history(
        self, coin: str, span: Span, *, exchanges: Sequence[str] = MAJOR_EXCHANGES
    ) -> Reply[LiquidationHistory]:
        """Return liquidated USD of some exchanges together.

        Source: GET /api/futures/liquidation/aggregated-history.
        """
        return await self._history(
            "futures/liquidation/aggregated-history",
            {"symbol": coin_name(coin), "exchange_list": _exchange_list(exchanges)},
            span,
            partial(parse_liquidations, aggregated=True),
        )

    async def fetch_pair_liquidation_history(
        self, listing: Listing, span: Span
    ) -> Reply[LiquidationHistory]:
        """Return one contract's liquidated USD. Source: GET /api/futures/liquidation/history."""
        return await self._history(
            "futures/liquidation/history",
            _pair(listing),
            span,
            partial(parse_liquidations, aggregated=False),
        )

    async def fetch_taker_volumes(
        self, coin: str, span: Span, *, exchanges: Sequence[str] = MAJOR_EXCHANGES
    ) -> Reply[TakerVolumes]:
        """Return what takers bought and sold on some exchanges together.

        Source: GET /api/futures/aggregated-taker-buy-sell-volume/history.
        """
        return await self._history(
            "futures/aggregated-taker-buy-sell-volume/history",
            {"symbol": coin_name(coin), "exchange_list": _exchange_list(exchanges), "unit": "usd"},
            span,
            partial(parse_taker_volumes, aggregated=True),
        )

    async def fetch_pair_taker_volumes(self, listing: Listing, span: Span) -> Reply[TakerVolumes]:
        """Return what takers bought and sold of one contract.

        Source: GET /api/futures/v2/taker-buy-sell-volume/history.
        """
        return await self._history(
            "futures/v2/taker-buy-sell-volume/history",
            _pair(listing),
            span,
            partial(parse_taker_volumes, aggregated=False),
        )

    async def fetch_depth_history(
        self,
        coin: str,
        span: Span,
        *,
        range_pct: float = 1,
        exchanges: Sequence[str] = MAJOR_EXCHANGES,
    ) -> Reply[DepthHistory]:
        """Return what rested within ``range_pct`` of the price on some exchanges together.

        Source: GET /api/futures/orderbook/aggregated-ask-bids-history.
        """
        return await self._history(
            "futures/orderbook/aggregated-ask-bids-history",
            {
                "symbol": coin_name(coin),
                "exchange_list": _exchange_list(exchanges),
                "range": one_of(range_pct, DEPTH_RANGES_PCT),
            },
            span,
            partial(parse_depth, aggregated=True),
        )

    async def fetch_pair_depth_history(
        self, listing: Listing, span: Span, *, range_pct: float = 1
    ) -> Reply[DepthHistory]:
        """Return what rested within ``range_pct`` of one contract's price.

        Source: GET /api/futures/orderbook/ask-bids-history.
        """
        return await self._history(
            "futures/orderbook/ask-bids-history",
            {**_pair(listing), "range": one_of(range_pct, DEPTH_RANGES_PCT)},
            span,
            partial(parse_depth, aggregated=False),
        )

    async def fetch_prices(self, listing: Listing, span: Span) -> Reply[Bars]:
        """Return one contract's prices per priced unit. Source: GET /api/futures/price/history."""
        return await self._history("futures/price/history", _pair(listing), span, parse_prices)

    async def _history(
        self,
        endpoint: str,
        params: Mapping[str, str | int | float],
        span: Span,
        parse: HistoryParser[T],
    ) -> Reply[T]:
        if not self.plan.offers(span.interval):
            raise EndpointRefused(
                NAME,
                f"the {self.plan.name} plan has no bars below {self.plan.smallest_interval.value}",
            )
        times = present(
            interval=span.interval.value,
            limit=within(span.limit, MAX_ROWS),
            start_time=span.start_ms,
            end_time=span.end_ms,
        )
        return await self._ask(
            endpoint,
            {**params, **times},
            lambda payload, at_ms: parse(payload, interval=span.interval, observed_at_ms=at_ms),
            # A refused interval leaves the larger ones.
            refusable=f"{endpoint} {span.interval.value}",
            cache_ttl_s=HISTORY_TTL_S,
        )


def _pair(listing: Listing) -> dict[str, str | int | float]:
    return {"exchange": EXCHANGES[listing.venue], "symbol": listing.venue_symbol}


def _exchange_list(exchanges: Sequence[str]) -> str:
    if not exchanges:
        raise ValueError("at least one exchange is needed")
    return ",".join(exchanges)
