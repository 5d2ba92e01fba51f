"""``/lunarcrush/…``: what people say about a coin, asked of LunarCrush for a client."""

from __future__ import annotations

import re

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from market.api.lunarcrush_serializers import (
    LunarCrushChangeParams,
    LunarCrushChangeSerializer,
    LunarCrushCoinSerializer,
    LunarCrushMomentumSerializer,
    LunarCrushTimeSeriesParams,
    LunarCrushTimeSeriesSerializer,
    LunarCrushTopicSerializer,
)
from market.api.symbol import SYMBOL
from market.api.vendor_answers import VendorParams, VendorViewSet, read_query, respond
from market.services import resolve_symbol
from market.vendor_data import lunarcrush

TAGS = ["market"]
TOPIC = OpenApiParameter(
    "topic",
    {"type": "string", "maxLength": 60},
    "path",
    description="A word as posts have it: bitcoin, $sol, coins:1.",
)
_TOPIC = re.compile(r"[^\W_A-Z][\w :.-]{0,59}|[#$][\w .-]{1,59}")


class LunarCrushViewSet(VendorViewSet):
    """Social metrics."""

    @extend_schema(
        operation_id="getLunarCrushCoin",
        tags=TAGS,
        parameters=[SYMBOL, VendorParams],
        responses=LunarCrushCoinSerializer,
    )
    def coin(self, request: Request, symbol: str) -> Response:
        """Galaxy score, alt rank, sentiment and social volume of a coin."""
        query = read_query(request, VendorParams, LunarCrushCoinSerializer)
        return respond(lunarcrush.coin(resolve_symbol(symbol)), query)

    @extend_schema(
        operation_id="getLunarCrushTimeSeries",
        tags=TAGS,
        parameters=[SYMBOL, LunarCrushTimeSeriesParams],
        responses=LunarCrushTimeSeriesSerializer,
    )
    def time_series(self, request: Request, symbol: str) -> Response:
        """Price, social volume, sentiment and galaxy score of a coin through time."""
        query = read_query(request, LunarCrushTimeSeriesParams, LunarCrushTimeSeriesSerializer)
        answer = lunarcrush.time_series(
            resolve_symbol(symbol), query["interval"], query["days_back"], query["limit"]
        )
        return respond(answer, query)

    @extend_schema(
        operation_id="getLunarCrushChange",
        tags=TAGS,
        parameters=[SYMBOL, LunarCrushChangeParams],
        responses=LunarCrushChangeSerializer,
    )
    def change(self, request: Request, symbol: str) -> Response:
        """How the talk about a coin changed, and whether it spikes; from its time series."""
        query = read_query(request, LunarCrushChangeParams, LunarCrushChangeSerializer)
        return respond(lunarcrush.change(resolve_symbol(symbol), query["timeframe"]), query)

    @extend_schema(
        operation_id="getLunarCrushMomentum",
        tags=TAGS,
        parameters=[SYMBOL, VendorParams],
        responses=LunarCrushMomentumSerializer,
    )
    def momentum(self, request: Request, symbol: str) -> Response:
        """Social momentum of a coin, 0 to 100 with 50 for unchanged, and what made it."""
        query = read_query(request, VendorParams, LunarCrushMomentumSerializer)
        return respond(lunarcrush.coin_momentum(resolve_symbol(symbol)), query)

    @extend_schema(
        operation_id="getLunarCrushTopic",
        tags=TAGS,
        parameters=[TOPIC, VendorParams],
        responses=LunarCrushTopicSerializer,
    )
    def topic(self, request: Request, topic: str) -> Response:
        """Posts, interactions and sentiment of a topic within 24 hours, by network."""
        query = read_query(request, VendorParams, LunarCrushTopicSerializer)
        word = topic.strip().lower()
        if not _TOPIC.fullmatch(word):
            raise serializers.ValidationError(
                {"topic": ["Not a topic: letters, digits and spaces, after # or $ if you like."]}
            )
        return respond(lunarcrush.topic_summary(word), query)
