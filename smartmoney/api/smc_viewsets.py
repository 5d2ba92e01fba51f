"""``/smc``: market structure of a coin on one or several timeframes."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.caching import STATIC_S, fresh_for
from config.api.params import NoParams, read_params
from market.api.symbol import SYMBOL
from smartmoney.api.about import structure_info
from smartmoney.api.answers import structure_answer
from smartmoney.api.params import StructureParams, timeframes_of
from smartmoney.api.smc_serializers import StructureInfoSerializer, StructureSerializer
from smartmoney.api.viewsets import TAGS
from smartmoney.services import analyze_structure


class StructureViewSet(viewsets.ViewSet):
    """Swings, breaks, gaps, blocks and liquidity that never repaint."""

    @extend_schema(
        operation_id="analyzeStructure",
        tags=TAGS,
        parameters=[SYMBOL, StructureParams],
        responses=StructureSerializer,
    )
    def analyze(self, request: Request, symbol: str) -> Response:
        """Market structure of closed candles, with when each object became known.

        Several `timeframes` are weighed together in `alignment`; those that could not be read are
        named there and in `problems`.
        """
        asked = timeframes_of(read_params(request, StructureParams))
        return Response(structure_answer(analyze_structure(symbol, asked), asked))

    @fresh_for(STATIC_S)
    @extend_schema(operation_id="structureInfo", tags=TAGS, responses=StructureInfoSerializer)
    def info(self, request: Request) -> Response:
        """What the structures mean, and which timeframes there are."""
        read_params(request, NoParams)
        return Response(structure_info())
