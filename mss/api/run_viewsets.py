"""``/mss/scans``: start a scan that goes on in the background, and read how far it is."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.auth import KeyedWrites
from config.api.params import NoParams, read_body, read_params
from mss.api import params
from mss.api import run_serializers as shapes
from mss.api.answers import failed_of
from mss.api.viewsets import TAGS
from mss.rows import run_row, score_row
from mss.selectors import results_of, run_by_id
from mss.services import start_scan

ID = OpenApiParameter("id", UUID, "path", description="As the scan's start said.")


class MssRunViewSet(KeyedWrites, viewsets.ViewSet):
    """Scans in the background: their scores are stored. Starting one needs a key that may write."""

    @extend_schema(
        operation_id="startMssScan",
        tags=TAGS,
        request=shapes.StartMssScanSerializer,
        responses={202: shapes.MssRunSerializer},
    )
    def create(self, request: Request) -> Response:
        """Start a scan, or return the one with the same filters that is under way."""
        read_params(request, NoParams)
        asked = read_body(request, shapes.StartMssScanSerializer)
        run = start_scan(params.filters_of(asked))
        return Response(
            {"success": True, **run_row(run)},
            status=status.HTTP_202_ACCEPTED,
            headers={"Location": reverse("mss-scan", args=[run.pk])},
        )

    @extend_schema(
        operation_id="getMssScan",
        tags=TAGS,
        parameters=[ID, params.RunParams],
        responses=shapes.MssRunResultsSerializer,
    )
    def retrieve(self, request: Request, id: UUID) -> Response:  # noqa: A002 - the path's name
        """How far a scan is, and the scores it has stored so far, highest first."""
        query = read_params(request, params.RunParams)
        run = run_by_id(id)
        if run is None:
            raise Http404
        found = results_of(run, query["min_mss_score"])
        page = found[query["offset"] : query["offset"] + query["limit"]]
        return Response(
            {
                "success": True,
                **run_row(run),
                "total": found.count(),
                "limit": query["limit"],
                "offset": query["offset"],
                "scores": [score_row(score.document) for score in page],
                "failed": failed_of(run.failed),
            }
        )
