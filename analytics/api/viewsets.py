"""``/analytics``: what was said, listed and counted. ``outcome_viewsets`` has what came of it."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from analytics import lists, selectors
from analytics.api import answers, params
from analytics.api import serializers as shapes
from analytics.filters import Span
from analytics.latest import latest_signals
from analytics.symbols import symbol_asked_for, symbol_meant
from config.api.params import NoParams, read_params
from market.api.symbol import SYMBOL

TAGS = ["analytics"]


class AnalyticsViewSet(viewsets.ViewSet):
    """Counts of published signals, and of the evaluations they were chosen from."""

    @extend_schema(
        operation_id="getAnalyticsSummary",
        tags=TAGS,
        parameters=[params.SummaryParams],
        responses=shapes.SignalSummarySerializer,
    )
    def summary(self, request: Request) -> Response:
        """How many signals a period has, by side and confidence, and of how many evaluations."""
        query = read_params(request, params.SummaryParams)
        symbol = symbol_asked_for(query)
        return Response(answers.summary_answer(selectors.summary(query["days"], symbol)))

    @extend_schema(
        operation_id="getStatsOverview", tags=TAGS, responses=shapes.StatsOverviewSerializer
    )
    def overview(self, request: Request) -> Response:
        """What is stored at all, which coins the newest signals are about, and the last week."""
        read_params(request, NoParams)
        return Response(answers.overview_answer(selectors.overview()))


class SignalListViewSet(viewsets.ViewSet):
    """Published signals, newest first. Their evidence is passed on as the database's own JSON."""

    @extend_schema(
        operation_id="getLatestSignals",
        tags=TAGS,
        parameters=[params.LatestParams],
        responses=shapes.LatestSignalsSerializer,
    )
    def latest(self, request: Request) -> HttpResponse:
        """The newest published signals of all coins."""
        found = latest_signals(read_params(request, params.LatestParams)["limit"])
        return HttpResponse(
            found.body, content_type="application/json", headers={"ETag": found.etag}
        )

    @extend_schema(
        operation_id="getSignalsInDateRange",
        tags=TAGS,
        parameters=[params.DateRangeParams],
        responses=shapes.SignalsInRangeSerializer,
    )
    def date_range(self, request: Request) -> Response:
        """Published signals between two dates, both included, newest first.

        A page ends with `next_cursor`; give it back as `cursor`, with the same dates, for the next.
        """
        query = read_params(request, params.DateRangeParams)
        span = Span(query["start_date"], query["end_date"])
        symbol = symbol_asked_for(query)
        page = lists.between(span, symbol, query["limit"], query.get("cursor"))
        return Response(answers.range_answer(span, symbol, query["limit"], page))

    @extend_schema(
        operation_id="getSymbolHistory",
        tags=TAGS,
        parameters=[SYMBOL, params.SymbolHistoryParams],
        responses=shapes.SymbolHistorySerializer,
    )
    def of_symbol(self, request: Request, symbol: str) -> Response:
        """Published signals of one coin, newest first; also of one that is listed no more."""
        query = read_params(request, params.SymbolHistoryParams)
        meant = symbol_meant(symbol)
        limit, offset = query["limit"], query["offset"]
        return Response(
            answers.symbol_history_answer(
                meant, limit, offset, *lists.of_coin(meant, limit, offset)
            )
        )
