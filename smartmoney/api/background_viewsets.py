"""``/smart-money/scans``: start a scan of hundreds of coins, and read how far it is."""

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
from smartmoney.api import params
from smartmoney.api import serializers as shapes
from smartmoney.choices import Choice, Criteria, chosen_coins, named_coins, watchlist_coins
from smartmoney.engine.accumulation import Pattern
from smartmoney.exceptions import BadChoice
from smartmoney.scan_documents import background_document
from smartmoney.scans import start_scan
from smartmoney.selectors import results_of, scan_by_id

TAGS = ["smart money"]
MOST_LISTED = 1000
MOST_FAILED = 100
ID = OpenApiParameter("id", UUID, "path", description="As the scan's start said.")


class BackgroundScanViewSet(KeyedWrites, viewsets.ViewSet):
    """Scans that go on in the background. Starting one needs a key that may write."""

    @extend_schema(
        operation_id="startSmartMoneyScan",
        tags=TAGS,
        request=shapes.StartScanSerializer,
        responses={202: shapes.BackgroundScanSerializer},
    )
    def create(self, request: Request) -> Response:
        """Start a scan, or return the one of the same coins that is under way."""
        read_params(request, NoParams)
        choice = _choice(read_body(request, shapes.StartScanSerializer))
        if not choice.instruments:
            raise BadChoice("criteria", "No coin fits now.")
        symbols = [instrument.symbol.base for instrument in choice.instruments]
        scan = start_scan(symbols, name=choice.name, failed=choice.failed)
        return Response(
            background_document(scan),
            status=status.HTTP_202_ACCEPTED,
            headers={"Location": reverse("smart-money-scan", args=[scan.pk])},
        )

    @extend_schema(
        operation_id="getSmartMoneyScan",
        tags=TAGS,
        parameters=[ID, params.ScanResultsParams],
        responses=shapes.ScanResultsSerializer,
    )
    def retrieve(self, request: Request, id: UUID) -> Response:  # noqa: A002 - the path's name
        """How far a scan is, and what it has found so far."""
        query = read_params(request, params.ScanResultsParams)
        scan = scan_by_id(id)
        if scan is None:
            raise Http404
        side = None if query["side"] == "all" else Pattern(query["side"])
        results = results_of(scan, side, query["min_score"])
        page = results[query["offset"] : query["offset"] + query["limit"]]
        failed = list(scan.failed.items())[:MOST_FAILED]
        return Response(
            {
                **background_document(scan),
                "total": results.count(),
                "limit": query["limit"],
                "offset": query["offset"],
                "results": [result.document for result in page],
                "failed": [{"symbol": name, "reason": reason} for name, reason in failed],
            }
        )


def _choice(asked: dict[str, object]) -> Choice:
    if "coins" in asked:
        return named_coins(list(asked["coins"]))  # type: ignore[call-overload]
    if "watchlist" in asked:
        return watchlist_coins(str(asked["watchlist"]), MOST_LISTED)
    return chosen_coins(Criteria(str(asked["criteria"])), int(str(asked["limit"])))
