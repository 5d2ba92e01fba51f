"""``/analytics``: what came of the signals. Only outcomes are called performance."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from analytics import performance, selectors
from analytics.api import outcome_answers as answers
from analytics.api import outcome_serializers as shapes
from analytics.api import params
from analytics.api.viewsets import TAGS
from analytics.filters import Bucket
from analytics.symbols import symbol_asked_for, symbol_meant
from config.api.params import read_params
from market.api.symbol import SYMBOL


class OutcomeViewSet(viewsets.ViewSet):
    """Hit rates with their intervals beside the base rate, and returns after costs."""

    @extend_schema(
        operation_id="getPerformanceSummary",
        tags=TAGS,
        parameters=[params.PerformanceParams],
        responses=shapes.PerformanceSerializer,
    )
    def of_all(self, request: Request) -> Response:
        """What came of the signals of all coins, after each horizon, by side."""
        filters = params.filters_of(read_params(request, params.PerformanceParams))
        return Response(answers.performance_answer(performance.performance(filters)))

    @extend_schema(
        operation_id="getSymbolPerformance",
        tags=TAGS,
        parameters=[SYMBOL, params.PerformanceParams],
        responses=shapes.SymbolPerformanceSerializer,
    )
    def of_symbol(self, request: Request, symbol: str) -> Response:
        """What was said of one coin, and what came of it after each horizon, by side."""
        query = read_params(request, params.PerformanceParams)
        meant = symbol_meant(symbol)
        return Response(
            answers.symbol_performance_answer(
                performance.performance(params.filters_of(query, meant)),
                selectors.summary(query["days"], meant),
                selectors.recent_scores(query["days"], meant),
            )
        )

    @extend_schema(
        operation_id="getPerformanceByFactor",
        tags=TAGS,
        parameters=[params.OutcomeParams],
        responses=shapes.ByFactorSerializer,
    )
    def by_factor(self, request: Request) -> Response:
        """Hit rates of signals that a factor supported, opposed or left alone."""
        query = read_params(request, params.OutcomeParams)
        filters = params.filters_of(query, symbol_asked_for(query))
        return Response(answers.by_factor_answer(filters, performance.by_factor(filters)))

    @extend_schema(
        operation_id="getPerformanceByConfidence",
        tags=TAGS,
        parameters=[params.OutcomeParams],
        responses=shapes.ByConfidenceSerializer,
    )
    def by_confidence(self, request: Request) -> Response:
        """Hit rates of each confidence band: whether high means more often right."""
        query = read_params(request, params.OutcomeParams)
        filters = params.filters_of(query, symbol_asked_for(query))
        return Response(answers.by_confidence_answer(filters, performance.by_confidence(filters)))

    @extend_schema(
        operation_id="getCalibration",
        tags=TAGS,
        parameters=[params.CalibrationParams],
        responses=shapes.CalibrationSerializer,
    )
    def calibration(self, request: Request) -> Response:
        """How far each confidence band can be relied on, at each horizon, against the base rate."""
        query = read_params(request, params.CalibrationParams)
        filters = params.filters_of(query, symbol_asked_for(query))
        return Response(answers.calibration_answer(filters, performance.calibration(filters)))

    @extend_schema(
        operation_id="getPerformanceTrends",
        tags=TAGS,
        parameters=[params.TrendsParams],
        responses=shapes.TrendsSerializer,
    )
    def trends(self, request: Request) -> Response:
        """Hit rates over time, by day, week or month of the signal."""
        query = read_params(request, params.TrendsParams)
        filters = params.filters_of(query, symbol_asked_for(query))
        bucket = Bucket(query["bucket"])
        return Response(answers.trends_answer(filters, bucket, performance.trends(filters, bucket)))
