"""``GET /gpt/actions/signal-with-context/{symbol}``: one call that answers a question about a coin.

Made for assistants, open to all. It stands here because analytics may read every app.
"""

from __future__ import annotations

from typing import Any

import orjson
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.request import Request

from analytics.api.context_serializers import (
    ContextParams,
    SignalContextSerializer,
    timeframe_of,
)
from analytics.api.outcome_answers import performance_answer
from analytics.context import NOT_ASKED_FOR, SignalContext, signal_with_context
from config.api.params import read_params
from config.api.renderers import dump_json
from market.api.symbol import SYMBOL
from market.types import Interval
from smartmoney.api.answers import structure_answer


class SignalContextViewSet(viewsets.ViewSet):
    """Computed on request. Reading stores no signal and sends nothing."""

    @extend_schema(
        operation_id="getSignalWithContext",
        tags=["assistants"],
        parameters=[SYMBOL, ContextParams],
        responses=SignalContextSerializer,
    )
    def retrieve(self, request: Request, symbol: str) -> HttpResponse:
        """A coin's signal with its structure, its last signals and what came of them.

        Every part has the figures of its own endpoint. A part that could not be had is null, and
        `unavailable` says why.
        """
        query = read_params(request, ContextParams)
        timeframe = timeframe_of(query)
        context = signal_with_context(
            symbol,
            timeframe,
            include_structure=query["include_smc"],
            include_history=query["include_history"],
        )
        return HttpResponse(
            dump_json(_document(context, timeframe)), content_type="application/json"
        )


def _document(context: SignalContext, timeframe: Interval) -> dict[str, Any]:
    unavailable = {}
    if context.structure_missing is not None:
        unavailable["smcAnalysis"] = context.structure_missing
    if context.recent is None:
        unavailable |= dict.fromkeys(("recentHistory", "outcomes"), NOT_ASKED_FOR)
    return {
        "success": True,
        "symbol": context.signal["symbol"],
        "mainSignal": orjson.Fragment(context.signal_json),
        "smcAnalysis": None
        if context.structure is None
        else structure_answer(context.structure, [timeframe]),
        "recentHistory": None
        if context.recent is None
        else {"count": len(context.recent), "signals": context.recent},
        "outcomes": None if context.outcomes is None else performance_answer(context.outcomes),
        "interpretation": {
            "primarySignal": context.direction.value,
            "confidence": context.signal["confidence"],
            "smcAlignment": context.alignment.value,
            "summary": context.summary,
        },
        "unavailable": unavailable,
    }
