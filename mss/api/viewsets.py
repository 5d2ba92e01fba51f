"""``/mss``: emerging coins now. Reading stores no score and sends nothing."""

from __future__ import annotations

from datetime import timedelta

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.caching import SETTINGS_S, fresh_for
from config.api.params import NoParams, read_params
from market.clock import now
from mss.api import answers, params
from mss.api import serializers as shapes
from mss.api.about import mss_info
from mss.api.info_serializers import MssInfoSerializer
from mss.profiles import active_profile
from mss.rows import score_page
from mss.selectors import history, symbol_meant, top_scores
from mss.services import analyze, discover, scan

TAGS = ["mss"]
SYMBOL = OpenApiParameter(
    "symbol",
    {"type": "string", "maxLength": 100},
    "path",
    description="Any usual spelling, or CoinGecko's id, which alone is unique: NEW, NEWUSDT, "
    "new-coin-2.",
)


class MssViewSet(viewsets.ViewSet):
    """New and small coins in three phases: discovery, social confirmation, positions."""

    @fresh_for(SETTINGS_S)
    @extend_schema(operation_id="mssInfo", tags=TAGS, responses=MssInfoSerializer)
    def info(self, request: Request) -> Response:
        """The points, pass marks and tiers in force, where figures come from, the endpoints."""
        read_params(request, NoParams)
        return Response(mss_info(active_profile()))

    @extend_schema(
        operation_id="discoverEmergingCoins",
        tags=TAGS,
        parameters=[params.DiscoverParams],
        responses=shapes.MssDiscoverSerializer,
    )
    def discover(self, request: Request) -> Response:
        """New, small coins by phase 1 alone, most points first.

        Costs two calls at most, whatever the limit. `left_out` counts the others by reason.
        """
        query = read_params(request, params.DiscoverParams)
        return Response(answers.discover_answer(query, discover(params.filters_of(query))))

    @extend_schema(
        operation_id="analyzeEmergingCoin",
        tags=TAGS,
        parameters=[SYMBOL, params.AnalyzeParams],
        responses=shapes.MssAnalysisSerializer,
    )
    def analyze(self, request: Request, symbol: str) -> Response:
        """One coin by all three phases, line by line, and what of it is not known."""
        query = read_params(request, params.AnalyzeParams)
        return Response(answers.analysis_answer(analyze(symbol), include_raw=query["include_raw"]))

    @extend_schema(
        operation_id="scanEmergingCoins",
        tags=TAGS,
        parameters=[params.ScanParams],
        responses=shapes.MssScanSerializer,
    )
    def scan(self, request: Request) -> Response:
        """Discover new coins and score those that phase 1 lets on, highest score first.

        Takes about ten seconds at most. `partial` is true when coins were left by then; the run
        that goes on with them is named in `run_id`.
        """
        query = read_params(request, params.ScanParams)
        outcome = scan(params.filters_of(query), query["min_mss_score"])
        return Response(answers.scan_answer(query, outcome))


class MssHistoryViewSet(viewsets.ViewSet):
    """Scores that were stored, by scans in the background and for watched coins."""

    @extend_schema(
        operation_id="mssHistory",
        tags=TAGS,
        parameters=[params.HistoryParams],
        responses=shapes.MssHistorySerializer,
    )
    def of_all(self, request: Request) -> Response:
        """Stored scores of all coins, newest first."""
        return _history(request, None)

    @extend_schema(
        operation_id="mssHistoryOfCoin",
        tags=TAGS,
        parameters=[SYMBOL, params.HistoryParams],
        responses=shapes.MssHistorySerializer,
    )
    def of_coin(self, request: Request, symbol: str) -> Response:
        """Stored scores of one symbol, newest first; coins of the same name are among them."""
        return _history(request, symbol)

    @extend_schema(
        operation_id="mssTopScores",
        tags=TAGS,
        parameters=[params.TopScoresParams],
        responses=shapes.MssTopScoresSerializer,
    )
    def top(self, request: Request) -> Response:
        """Each coin's newest stored score of the last hours, highest first."""
        query = read_params(request, params.TopScoresParams)
        at = now()
        since = at - timedelta(hours=query["hours"])
        page = score_page(top_scores(since, query["min_score"]), query["limit"], query["offset"])
        return Response({"success": True, "timestamp": at, "hours": query["hours"], **page})


def _history(request: Request, text: str | None) -> Response:
    query = read_params(request, params.HistoryParams)
    symbol = None if text is None else symbol_meant(text)
    page = score_page(
        history(symbol, params.score_filters_of(query)), query["limit"], query["offset"]
    )
    return Response({"success": True, "symbol": symbol, **page})
