"""``POST /batch/signals``: the current signals of up to fifty coins in one answer."""

from __future__ import annotations

import orjson
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.request import Request

from config.api.errors import problem_for
from config.api.params import read_body, read_params
from signals.api.batch_serializers import BatchSignalsParams, BatchSignalsSerializer
from signals.batch_signals import Batch, evaluate_batch
from signals.profiles import active_profile


class BatchSignalsViewSet(viewsets.ViewSet):
    """A read whose question is too long for an address; it needs what any other read needs."""

    @extend_schema(
        operation_id="batchSignals",
        tags=["signals"],
        request=BatchSignalsParams,
        responses={200: BatchSignalsSerializer},
    )
    def create(self, request: Request) -> HttpResponse:
        """Current signals of up to 50 coins, read as one frame within one deadline.

        Each is what `/signals/{symbol}` answers. A coin without an answer is in `errors` with its
        own problem. Nothing is stored or sent.
        """
        read_params(request)
        asked = read_body(request, BatchSignalsParams)
        profile = active_profile(asked.get("profile"))
        return HttpResponse(
            _render(evaluate_batch(asked["symbols"], profile)), content_type="application/json"
        )


def _render(batch: Batch) -> bytes:
    return orjson.dumps(
        {
            "count": len(batch.answers),
            "partial": batch.is_partial,
            "signals": [orjson.Fragment(answer.body) for answer in batch.answers],
            "errors": {
                name: orjson.Fragment(_problem(failure)) for name, failure in batch.failures.items()
            },
        }
    )


def _problem(failure: Exception) -> bytes:
    """Return the problem that the coin alone would be answered with; raise what nobody expected."""
    problem = problem_for(failure)
    if problem is None:
        raise failure
    return problem.content
