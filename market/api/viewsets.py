"""``GET /market/{symbol}``: what the venues say of a coin, with the source of each number."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.caching import fresh_for
from config.api.params import read_params
from market.api.serializers import MarketParams, MarketSerializer, market_document
from market.api.symbol import SYMBOL
from market.services import LIVE_TTL_S, report_market, resolve_symbol
from market.types import Interval


class MarketViewSet(viewsets.ViewSet):
    """Market data collected on request."""

    @fresh_for(LIVE_TTL_S)
    @extend_schema(
        operation_id="getMarketData",
        tags=["market"],
        parameters=[SYMBOL, MarketParams],
        responses=MarketSerializer,
    )
    def retrieve(self, request: Request, symbol: str) -> Response:
        """Price, bars, funding, open interest, positioning and mood of a coin, with their sources.

        One collection. What no source answers is absent from `readings` and named in `problems`.
        """
        query = read_params(request, MarketParams)
        report = report_market(resolve_symbol(symbol), Interval(query["interval"]), query["limit"])
        return Response(market_document(report))
