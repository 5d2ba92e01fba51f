"""``/coinapi/…``: bars, books, trades and quotes of named exchanges, asked of CoinAPI."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from market.api.coinapi_serializers import (
    CoinApiBookParams,
    CoinApiBookSerializer,
    CoinApiDashboardSerializer,
    CoinApiExchangesParams,
    CoinApiHistoricalParams,
    CoinApiHistoricalSerializer,
    CoinApiLatestParams,
    CoinApiLatestSerializer,
    CoinApiMultiExchangeSerializer,
    CoinApiParams,
    CoinApiQuoteSerializer,
    CoinApiTradesParams,
    CoinApiTradesSerializer,
)
from market.api.symbol import SYMBOL
from market.api.vendor_answers import VendorViewSet, read_query, respond
from market.providers.coinapi_candle_payloads import Period
from market.services import resolve_symbol
from market.vendor_data import coinapi, coinapi_books, coinapi_exchanges

TAGS = ["market"]


class CoinApiViewSet(VendorViewSet):
    """Market data by exchange."""

    @extend_schema(
        operation_id="getCoinApiLatestOhlcv",
        tags=TAGS,
        parameters=[SYMBOL, CoinApiLatestParams],
        responses=CoinApiLatestSerializer,
    )
    def latest(self, request: Request, symbol: str) -> Response:
        """The newest bars of a coin on an exchange."""
        query = read_query(request, CoinApiLatestParams, CoinApiLatestSerializer)
        answer = coinapi.latest_bars(
            resolve_symbol(symbol), query["exchange"], Period(query["period"]), query["limit"]
        )
        return respond(answer, query)

    @extend_schema(
        operation_id="getCoinApiHistoricalOhlcv",
        tags=TAGS,
        parameters=[SYMBOL, CoinApiHistoricalParams],
        responses=CoinApiHistoricalSerializer,
    )
    def historical(self, request: Request, symbol: str) -> Response:
        """Bars of the last days with their change, extremes and range."""
        query = read_query(request, CoinApiHistoricalParams, CoinApiHistoricalSerializer)
        answer = coinapi.past_bars(
            resolve_symbol(symbol),
            query["exchange"],
            Period(query["period"]),
            query["days_back"],
            query["limit"],
        )
        return respond(answer, query)

    @extend_schema(
        operation_id="getCoinApiOrderBook",
        tags=TAGS,
        parameters=[SYMBOL, CoinApiBookParams],
        responses=CoinApiBookSerializer,
    )
    def order_book(self, request: Request, symbol: str) -> Response:
        """Order book with walls, imbalance, taker pressure and large prints.

        Without a CoinAPI key it is the perpetual's book on Binance, else OKX: see `source`.
        """
        query = read_query(request, CoinApiBookParams, CoinApiBookSerializer)
        answer = coinapi_books.order_book(resolve_symbol(symbol), query["exchange"], query["limit"])
        return respond(answer, query)

    @extend_schema(
        operation_id="getCoinApiTrades",
        tags=TAGS,
        parameters=[SYMBOL, CoinApiTradesParams],
        responses=CoinApiTradesSerializer,
    )
    def trades(self, request: Request, symbol: str) -> Response:
        """Trades of about the last minute, and which side pressed."""
        query = read_query(request, CoinApiTradesParams, CoinApiTradesSerializer)
        answer = coinapi.trades(resolve_symbol(symbol), query["exchange"], query["limit"])
        return respond(answer, query)

    @extend_schema(
        operation_id="getCoinApiQuote",
        tags=TAGS,
        parameters=[SYMBOL, CoinApiParams],
        responses=CoinApiQuoteSerializer,
    )
    def quote(self, request: Request, symbol: str) -> Response:
        """Best bid and ask of a coin on an exchange."""
        query = read_query(request, CoinApiParams, CoinApiQuoteSerializer)
        return respond(coinapi.quote(resolve_symbol(symbol), query["exchange"]), query)

    @extend_schema(
        operation_id="getCoinApiMultiExchange",
        tags=TAGS,
        parameters=[SYMBOL, CoinApiExchangesParams],
        responses=CoinApiMultiExchangeSerializer,
    )
    def multi_exchange(self, request: Request, symbol: str) -> Response:
        """Each exchange's own bid and ask of a coin, and how far their prices differ."""
        query = read_query(request, CoinApiExchangesParams, CoinApiMultiExchangeSerializer)
        return respond(
            coinapi_exchanges.multi_exchange(resolve_symbol(symbol), query["exchanges"]), query
        )

    @extend_schema(
        operation_id="getCoinApiDashboard",
        tags=TAGS,
        parameters=[SYMBOL, CoinApiBookParams],
        responses=CoinApiDashboardSerializer,
    )
    def dashboard(self, request: Request, symbol: str) -> Response:
        """Bars, book, trades and quote of a coin on an exchange in one answer."""
        query = read_query(request, CoinApiBookParams, CoinApiDashboardSerializer)
        answer = coinapi_books.dashboard(resolve_symbol(symbol), query["exchange"], query["limit"])
        return respond(answer, query)
