"""``/coinglass/…``: what all exchanges together say of a coin, asked of Coinglass for a client."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from market.api.coinglass_serializers import (
    CoinglassCoinsParams,
    CoinglassCoinsSerializer,
    CoinglassDashboardSerializer,
    CoinglassExchangesParams,
    CoinglassExchangesSerializer,
    CoinglassFundingParams,
    CoinglassHeatmapSerializer,
    CoinglassHistoryParams,
    CoinglassHistorySerializer,
    CoinglassLiquidationsParams,
    CoinglassLiquidationsSerializer,
    CoinglassLongShareHistorySerializer,
    CoinglassMarketSerializer,
    CoinglassMarketsParams,
    CoinglassMarketsSerializer,
    CoinglassPerpetualMarketSerializer,
    CoinglassRowsParams,
)
from market.api.symbol import SYMBOL
from market.api.vendor_answers import VendorParams, VendorViewSet, read_query, respond
from market.providers.coinglass import FundingWeight
from market.providers.coinglass_payloads import CoinglassInterval, LongShare
from market.services import resolve_symbol
from market.vendor_data import coinglass, coinglass_histories, coinglass_liquidations

TAGS = ["market"]


class CoinglassViewSet(VendorViewSet):
    """What is true now."""

    @extend_schema(
        operation_id="getCoinglassMarkets",
        tags=TAGS,
        parameters=[CoinglassMarketsParams],
        responses=CoinglassMarketsSerializer,
    )
    def markets(self, request: Request) -> Response:
        """Price, open interest and funding over all exchanges, of a page of coins or of one."""
        query = read_query(request, CoinglassMarketsParams, CoinglassMarketsSerializer)
        if "symbol" in query:
            return respond(coinglass.listed_coin_market(resolve_symbol(query["symbol"])), query)
        return respond(coinglass.coin_markets(query["limit"], query["page"]), query)

    @extend_schema(
        operation_id="getCoinglassMarket",
        tags=TAGS,
        parameters=[SYMBOL, VendorParams],
        responses=CoinglassMarketSerializer,
    )
    def market(self, request: Request, symbol: str) -> Response:
        """Price, open interest and funding of a coin over all exchanges (Standard plan and up)."""
        query = read_query(request, VendorParams, CoinglassMarketSerializer)
        return respond(coinglass.coin_market(resolve_symbol(symbol)), query)

    @extend_schema(
        operation_id="getCoinglassLiquidations",
        tags=TAGS,
        parameters=[SYMBOL, CoinglassLiquidationsParams],
        responses=CoinglassLiquidationsSerializer,
    )
    def liquidations(self, request: Request, symbol: str) -> Response:
        """USD closed by force within 1, 4, 12 and 24 hours, by side and exchange."""
        query = read_query(request, CoinglassLiquidationsParams, CoinglassLiquidationsSerializer)
        answer = coinglass_liquidations.liquidations(
            resolve_symbol(symbol),
            with_orders=query["include_orders"],
            with_map=query["include_map"],
            limit=query["limit"],
        )
        return respond(answer, query)

    @extend_schema(
        operation_id="getCoinglassLiquidationHeatmap",
        tags=TAGS,
        parameters=[SYMBOL, CoinglassRowsParams],
        responses=CoinglassHeatmapSerializer,
    )
    def heatmap(self, request: Request, symbol: str) -> Response:
        """At which prices forced orders of the last days crowded (Standard plan and up)."""
        query = read_query(request, CoinglassRowsParams, CoinglassHeatmapSerializer)
        return respond(
            coinglass_liquidations.liquidation_heatmap(resolve_symbol(symbol), query["limit"]),
            query,
        )

    @extend_schema(
        operation_id="getCoinglassPerpetualMarket",
        tags=TAGS,
        parameters=[SYMBOL, CoinglassRowsParams],
        responses=CoinglassPerpetualMarketSerializer,
    )
    def perpetual_market(self, request: Request, symbol: str) -> Response:
        """A coin's contracts on every exchange, the most traded first."""
        query = read_query(request, CoinglassRowsParams, CoinglassPerpetualMarketSerializer)
        return respond(coinglass.perpetual_market(resolve_symbol(symbol), query["limit"]), query)

    @extend_schema(
        operation_id="getCoinglassSupportedCoins",
        tags=TAGS,
        parameters=[CoinglassCoinsParams],
        responses=CoinglassCoinsSerializer,
    )
    def supported_coins(self, request: Request) -> Response:
        """Every coin that Coinglass follows, in its spelling."""
        query = read_query(request, CoinglassCoinsParams, CoinglassCoinsSerializer)
        return respond(coinglass.supported_coins(query["limit"]), query)

    @extend_schema(
        operation_id="getCoinglassExchanges",
        tags=TAGS,
        parameters=[CoinglassExchangesParams],
        responses=CoinglassExchangesSerializer,
    )
    def exchanges(self, request: Request) -> Response:
        """Exchanges that Coinglass follows, with their contracts."""
        query = read_query(request, CoinglassExchangesParams, CoinglassExchangesSerializer)
        return respond(coinglass.exchanges(query.get("exchange"), query["limit"]), query)

    @extend_schema(
        operation_id="getCoinglassDashboard",
        tags=TAGS,
        parameters=[SYMBOL, CoinglassRowsParams],
        responses=CoinglassDashboardSerializer,
    )
    def dashboard(self, request: Request, symbol: str) -> Response:
        """Market, liquidations and open interest of a coin in one answer."""
        query = read_query(request, CoinglassRowsParams, CoinglassDashboardSerializer)
        return respond(coinglass.dashboard(resolve_symbol(symbol), query["limit"]), query)


class CoinglassHistoryViewSet(VendorViewSet):
    """The same through time."""

    @extend_schema(
        operation_id="getCoinglassOpenInterest",
        tags=TAGS,
        parameters=[SYMBOL, CoinglassHistoryParams],
        responses=CoinglassHistorySerializer,
    )
    def open_interest(self, request: Request, symbol: str) -> Response:
        """Open interest of a coin over all exchanges through time, in USD."""
        query = read_query(request, CoinglassHistoryParams, CoinglassHistorySerializer)
        answer = coinglass_histories.open_interest_history(
            resolve_symbol(symbol), CoinglassInterval(query["interval"]), query["limit"]
        )
        return respond(answer, query)

    @extend_schema(
        operation_id="getCoinglassFundingRate",
        tags=TAGS,
        parameters=[SYMBOL, CoinglassFundingParams],
        responses=CoinglassHistorySerializer,
    )
    def funding_rate(self, request: Request, symbol: str) -> Response:
        """Funding of a coin through time, weighted over exchanges, in percent per 8 hours."""
        query = read_query(request, CoinglassFundingParams, CoinglassHistorySerializer)
        answer = coinglass_histories.funding_history(
            resolve_symbol(symbol),
            CoinglassInterval(query["interval"]),
            query["limit"],
            FundingWeight(query["weight"]),
        )
        return respond(answer, query)

    @extend_schema(
        operation_id="getCoinglassLongShort",
        tags=TAGS,
        parameters=[SYMBOL, CoinglassHistoryParams],
        responses=CoinglassLongShareHistorySerializer,
    )
    def long_short(self, request: Request, symbol: str) -> Response:
        """Share of all accounts that are long, through time."""
        return self._long_share(request, symbol, LongShare.ALL_ACCOUNTS)

    @extend_schema(
        operation_id="getCoinglassTopTraders",
        tags=TAGS,
        parameters=[SYMBOL, CoinglassHistoryParams],
        responses=CoinglassLongShareHistorySerializer,
    )
    def top_traders(self, request: Request, symbol: str) -> Response:
        """Share of top traders' positions that are long, through time."""
        return self._long_share(request, symbol, LongShare.TOP_TRADER_POSITIONS)

    def _long_share(self, request: Request, symbol: str, of: LongShare) -> Response:
        query = read_query(request, CoinglassHistoryParams, CoinglassLongShareHistorySerializer)
        answer = coinglass_histories.long_share_history(
            of, resolve_symbol(symbol), CoinglassInterval(query["interval"]), query["limit"]
        )
        return respond(answer, query)
