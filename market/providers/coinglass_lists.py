"""Coinglass v4 with a key, the lists: what is true now, over all exchanges.

The half of the client that needs no span of time; the other is ``coinglass``. Parsers in
``coinglass_list_payloads``, ``coinglass_market_payloads`` and ``coinglass_catalogue_payloads``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from market.providers.coinglass_catalogue_payloads import (
    ExchangePair,
    LiquidationFill,
    Subscription,
    WhalePosition,
    parse_exchange_pairs,
    parse_fear_greed,
    parse_liquidation_orders,
    parse_names,
    parse_subscription,
    parse_whales,
)
from market.providers.coinglass_limits import NAME
from market.providers.coinglass_list_payloads import (
    LIQUIDATION_WINDOWS,
    WINDOWS,
    ByExchange,
    CoinFunding,
    CoinLiquidations,
    ExchangeOpenInterest,
    Liquidated,
    TakerShare,
    parse_funding_by_exchange,
    parse_liquidations_by_coin,
    parse_liquidations_by_exchange,
    parse_open_interest_by_exchange,
    parse_taker_shares,
)
from market.providers.coinglass_market_payloads import (
    CoinMarket,
    PairMarket,
    PriceChanges,
    parse_coin_markets,
    parse_pair_markets,
    parse_price_changes,
)
from market.providers.payload import Parsed
from market.providers.plans import CoinglassPlan
from market.providers.query import present, within
from market.providers.refusals import EndpointRefused, RefusedEndpoints
from market.providers.replies import KeyedCalls, Reply
from market.providers.transport import Transport
from market.types import Instrument, Series

T = TypeVar("T")
V = TypeVar("V", str, float)

# How long an answer may serve again. The vendor renews lists every 5 to 20 s; on the smallest plan
# two dozen calls a minute are ours, so lists serve a little longer.
CATALOGUE_TTL_S = 3600.0
LIST_TTL_S = 30.0
INDEX_TTL_S = 3600.0  # renewed daily

LIQUIDATION_ORDERS = "futures/liquidation/order"
# Whose single orders are read, and from what size on: at most 200 come in one answer.
ORDERS_EXCHANGE = "Binance"
ORDERS_LEAST_USD = 10_000

MAX_PER_PAGE = 200
LONGEST_COIN = 24


@dataclass(frozen=True, slots=True)
class CoinName:
    """The vendor's name of a coin; one of its units is ``multiplier`` coins."""

    name: str
    multiplier: int = 1


class CoinglassLists:
    """What is true now. ``coin`` is the vendor's spelling (see ``fetch_supported_coins``)."""

    def __init__(
        self, transport: Transport, plan: CoinglassPlan, refused: RefusedEndpoints
    ) -> None:
        self._calls = KeyedCalls(transport, refused)
        self.plan = plan

    async def fetch_supported_coins(self) -> Reply[tuple[str, ...]]:
        """Return every coin. Source: GET /api/futures/supported-coins."""
        return await self._list("futures/supported-coins", {}, parse_names, CATALOGUE_TTL_S)

    async def find_coin(self, instrument: Instrument) -> CoinName | None:
        """Return what the vendor calls a coin: PEPE may be listed as 1000PEPE, or not at all.

        Only multiples of a coin need the list of names; any other coin has its own.
        """
        own = CoinName(instrument.symbol.base)
        multiples = [
            CoinName(listing.venue_symbol.removesuffix("USDT"), listing.multiplier)
            for listing in (instrument.binance, instrument.okx)
            if listing is not None and listing.multiplier > 1
        ]
        if not multiples:
            return own
        known = (await self.fetch_supported_coins()).value
        return next((coin for coin in (own, *multiples) if coin.name in known), None)

    async def fetch_supported_exchanges(self) -> Reply[tuple[str, ...]]:
        """Return every exchange. Source: GET /api/futures/supported-exchanges."""
        return await self._list("futures/supported-exchanges", {}, parse_names, CATALOGUE_TTL_S)

    async def fetch_exchange_pairs(
        self, exchange: str | None = None
    ) -> Reply[dict[str, tuple[ExchangePair, ...]]]:
        """Return contracts by exchange. Source: GET /api/futures/supported-exchange-pairs."""
        return await self._list(
            "futures/supported-exchange-pairs",
            present(exchange=exchange),
            parse_exchange_pairs,
            CATALOGUE_TTL_S,
        )

    async def fetch_subscription(self) -> Reply[Subscription]:
        """Return what the key is worth. Source: GET /api/user/account/subscription."""
        return await self._list("user/account/subscription", {}, parse_subscription, 0.0)

    async def fetch_coin_markets(
        self, *, page: int = 1, per_page: int = 100, exchanges: Sequence[str] = ()
    ) -> Reply[dict[str, CoinMarket]]:
        """Return a page of coins with everything at once, from the Standard plan on.

        Source: GET /api/futures/coins-markets.
        """
        if page < 1:
            raise ValueError("pages begin at 1")
        params = present(
            exchange_list=",".join(exchanges) or None,
            page=page,
            per_page=within(per_page, MAX_PER_PAGE),
        )
        return await self._list("futures/coins-markets", params, parse_coin_markets)

    async def fetch_price_changes(self) -> Reply[dict[str, PriceChanges]]:
        """Return every coin's changes. Source: GET /api/futures/coins-price-change (Standard)."""
        return await self._list("futures/coins-price-change", {}, parse_price_changes)

    async def fetch_pair_markets(self, coin: str) -> Reply[tuple[PairMarket, ...]]:
        """Return a coin's contracts. Source: GET /api/futures/pairs-markets."""
        return await self._list(
            "futures/pairs-markets", {"symbol": coin_name(coin)}, parse_pair_markets
        )

    async def fetch_open_interest_by_exchange(
        self, coin: str
    ) -> Reply[ByExchange[ExchangeOpenInterest]]:
        """Return open interest now. Source: GET /api/futures/open-interest/exchange-list."""
        return await self._list(
            "futures/open-interest/exchange-list",
            {"symbol": coin_name(coin)},
            parse_open_interest_by_exchange,
        )

    async def fetch_funding_by_exchange(self) -> Reply[dict[str, CoinFunding]]:
        """Return running funding of every coin everywhere: ask once per scan, not per coin.

        Source: GET /api/futures/funding-rate/exchange-list.
        """
        return await self._list("futures/funding-rate/exchange-list", {}, parse_funding_by_exchange)

    async def fetch_liquidations_by_exchange(
        self, coin: str, window: str
    ) -> Reply[ByExchange[Liquidated]]:
        """Return liquidated USD of the last 1h, 4h, 12h or 24h.

        Source: GET /api/futures/liquidation/exchange-list.
        """
        return await self._list(
            "futures/liquidation/exchange-list",
            {"symbol": coin_name(coin), "range": one_of(window, LIQUIDATION_WINDOWS)},
            parse_liquidations_by_exchange,
        )

    async def fetch_liquidations_by_coin(self, exchange: str) -> Reply[dict[str, CoinLiquidations]]:
        """Return all four windows of every coin of one exchange.

        Source: GET /api/futures/liquidation/coin-list; documented from Startup on.
        """
        return await self._list(
            "futures/liquidation/coin-list", {"exchange": exchange}, parse_liquidations_by_coin
        )

    async def fetch_liquidation_orders(
        self, coin: str, *, exchange: str = ORDERS_EXCHANGE, least_usd: int = ORDERS_LEAST_USD
    ) -> Reply[tuple[LiquidationFill, ...]]:
        """Return single forced orders of the last 7 days, at most 200, from Standard on.

        Source: GET /api/futures/liquidation/order.
        """
        params = {
            "exchange": exchange,
            "symbol": coin_name(coin),
            "min_liquidation_amount": str(least_usd),
        }
        return await self._list(LIQUIDATION_ORDERS, params, parse_liquidation_orders)

    async def fetch_taker_shares(self, coin: str, window: str) -> Reply[ByExchange[TakerShare]]:
        """Return what takers bought and sold within a window of 5m to 24h.

        Source: GET /api/futures/taker-buy-sell-volume/exchange-list.
        """
        return await self._list(
            "futures/taker-buy-sell-volume/exchange-list",
            {"symbol": coin_name(coin), "range": one_of(window, WINDOWS)},
            parse_taker_shares,
        )

    async def fetch_whale_alerts(self) -> Reply[tuple[WhalePosition, ...]]:
        """Return what Hyperliquid's whales did. Source: GET /api/hyperliquid/whale-alert."""
        return await self._list("hyperliquid/whale-alert", {}, parse_whales)

    async def fetch_whale_positions(self) -> Reply[tuple[WhalePosition, ...]]:
        """Return what Hyperliquid's whales hold. Source: GET /api/hyperliquid/whale-position."""
        return await self._list("hyperliquid/whale-position", {}, parse_whales)

    async def fetch_fear_greed(self) -> Reply[Series]:
        """Return every day since 2018. Source: GET /api/index/fear-greed-history."""
        return await self._list("index/fear-greed-history", {}, parse_fear_greed, INDEX_TTL_S)

    async def _list(
        self,
        endpoint: str,
        params: Mapping[str, str | int | float],
        parse: Callable[[Any], Parsed[T]],
        cache_ttl_s: float = LIST_TTL_S,
    ) -> Reply[T]:
        return await self._ask(
            endpoint,
            params,
            lambda payload, _: parse(payload),
            refusable=endpoint,
            cache_ttl_s=cache_ttl_s,
        )

    async def _ask(
        self,
        endpoint: str,
        params: Mapping[str, str | int | float],
        parse: Callable[[Any, int], Parsed[T]],
        *,
        refusable: str,
        cache_ttl_s: float,
    ) -> Reply[T]:
        if endpoint in self.plan.closed_endpoints:
            raise EndpointRefused(NAME, f"the {self.plan.name} plan does not include this")
        return await self._calls.ask(
            f"/api/{endpoint}", params, parse, endpoint=refusable, cache_ttl_s=cache_ttl_s
        )


def coin_name(coin: str) -> str:
    if not 0 < len(coin) <= LONGEST_COIN:
        raise ValueError("not a coin")
    return coin


def one_of(value: V, allowed: Sequence[V]) -> V:
    if value not in allowed:
        raise ValueError(f"not one of {', '.join(map(str, allowed))}: {value}")
    return value
