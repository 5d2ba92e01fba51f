"""``GET /signals/{symbol}``: the current signal of a coin."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import viewsets
from rest_framework.request import Request

from config.api.caching import fresh_for
from config.api.params import read_params
from market.api.symbol import SYMBOL
from signals.api.serializers import SignalParams, SignalSerializer
from signals.freshest import freshest_evaluation
from signals.profiles import active_profile

AGE = OpenApiParameter(
    "Age", int, "header", response=[200], description="Seconds since the answer was computed."
)


class SignalViewSet(viewsets.ViewSet):
    """Signals computed on request. Reading stores no signal and sends nothing."""

    @fresh_for(lambda: settings.SIGNAL_CACHE_TTL_S)
    @extend_schema(
        operation_id="getSignal",
        tags=["signals"],
        parameters=[SYMBOL, SignalParams, AGE],
        responses=SignalSerializer,
    )
    def retrieve(self, request: Request, symbol: str) -> HttpResponse:
        """Current LONG, SHORT or NEUTRAL of a coin, with the reasons and the sources.

        Answered from an evaluation of the last seconds when there is one: the `Age` header says
        how long ago it was made.
        """
        query = read_params(request, SignalParams)
        profile = active_profile(query.get("profile"))
        answer = freshest_evaluation(symbol, profile)
        headers = {"Age": str(int(answer.age_s))}
        if not query["debug"]:
            headers["ETag"] = answer.etag
        return HttpResponse(
            answer.render(with_debug=query["debug"]),
            content_type="application/json",
            headers=headers,
        )
