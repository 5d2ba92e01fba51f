"""``/history``: the stored signals. Reading changes nothing; clearing hides and deletes nothing."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.auth import AdminAccess
from config.api.params import read_params
from config.api.renderers import OrjsonRenderer
from market.clock import now
from signals.api import history_answers as answers
from signals.api import history_params as params
from signals.api import history_serializers as shapes
from signals.export import Export
from signals.export_formats import CsvTable, JsonLines
from signals.history import listed_signals, stored_signals
from signals.history_clearing import clear_history
from signals.history_filters import SignalFilter, stored_symbol
from signals.history_pages import history_page, whole_signal
from signals.history_statistics import history_statistics
from signals.history_streams import history_streams

TAGS = ["history"]
ID = OpenApiParameter(
    "id", {"type": "integer", "minimum": 1}, "path", description="As lists of signals have it."
)


class AnyMediaType(OrjsonRenderer):
    """Lets a client ask for text/csv; what is sent is not rendered but streamed."""

    media_type = "*/*"


class HistoryViewSet(viewsets.ViewSet):
    """What was published and imported, newest first."""

    @extend_schema(
        operation_id="listSignalHistory",
        tags=TAGS,
        parameters=[params.HistoryParams],
        responses=shapes.HistorySerializer,
    )
    def page(self, request: Request) -> Response:
        """Stored signals that pass the filters, newest first, a page at a time.

        Pass `nextCursor` on as `cursor` for the next page. Signals stored meanwhile shift nothing.
        """
        query = read_params(request, params.HistoryParams)
        filters = {name: query[name] for name in query if name in params.FILTERS}
        page = history_page(filters, limit=query["limit"], cursor=query.get("cursor"))
        return Response(answers.page_answer(page))

    @extend_schema(
        operation_id="getStoredSignal",
        tags=TAGS,
        parameters=[ID],
        responses=shapes.WholeSignalSerializer,
    )
    def retrieve(self, request: Request, id: int) -> Response:  # noqa: A002
        """One stored signal whole: factors, provenance, problems and its place in the chain.

        A signal that a clear hides can still be read here: nothing stored is ever out of reach.
        """
        read_params(request)
        whole = whole_signal(id)
        if whole is None:
            raise Http404
        return Response(whole)

    @extend_schema(
        operation_id="getHistoryStatistics",
        tags=TAGS,
        parameters=[params.StatisticsParams],
        responses=shapes.HistoryStatisticsSerializer,
    )
    def statistics(self, request: Request) -> Response:
        """Listed signals counted by side and coin, and out of how many evaluations they came."""
        query = read_params(request, params.StatisticsParams)
        symbol = stored_symbol(query["symbol"]) if "symbol" in query else None
        return Response(answers.statistics_answer(history_statistics(symbol)))

    @extend_schema(
        operation_id="getHistoryInfo",
        tags=TAGS,
        parameters=[params.InfoParams],
        responses=shapes.HistoryInfoSerializer,
    )
    def info(self, request: Request) -> Response:
        """What the history is, and length and head hash of every chain.

        Whoever keeps a copy of the heads can tell later whether anything before them was changed.
        """
        query = read_params(request, params.InfoParams)
        symbol, found, profile = query.get("cursor", "").partition(":")
        after = (symbol, profile) if found else None
        return Response(answers.info_answer(history_streams(limit=query["limit"], after=after)))


class HistoryExportViewSet(viewsets.ViewSet):
    """The stored signals as a file."""

    renderer_classes = (AnyMediaType,)
    may_be_kept = False

    @extend_schema(
        operation_id="exportSignalHistory",
        tags=TAGS,
        parameters=[params.ExportParams],
        responses={
            (200, "application/x-ndjson"): OpenApiTypes.STR,
            (200, "text/csv"): OpenApiTypes.STR,
        },
    )
    def retrieve(self, request: Request) -> StreamingHttpResponse:
        """All signals that pass the filters as a stream, oldest row first, however many.

        JSON Lines ends with a line `end`; an export that broke off ends with a line `broken`, CSV
        with one that begins with `#BROKEN`.
        """
        query = read_params(request, params.ExportParams)
        signals = stored_signals() if query["include_cleared"] else listed_signals()
        filters = {name: query[name] for name in query if name in params.FILTERS}
        is_csv = query["format"] == "csv"
        form = CsvTable() if is_csv else JsonLines(with_inputs=query["inputs"])
        name = f"signals-{settings.ENVIRONMENT}-{now():%Y%m%dT%H%M%SZ}.{query['format']}"
        return StreamingHttpResponse(
            Export(SignalFilter(filters, signals).qs, form),
            content_type=form.content_type,
            headers={
                "Content-Disposition": f'attachment; filename="{name}"',
                "Cache-Control": "no-store",
            },
        )


class HistoryClearViewSet(viewsets.ViewSet):
    """Hiding the history from its lists."""

    permission_classes = (AdminAccess,)

    @extend_schema(
        operation_id="clearSignalHistory",
        tags=TAGS,
        parameters=[params.ClearParams],
        responses={200: shapes.HistoryClearedSerializer},
    )
    def destroy(self, request: Request) -> Response:
        """Hide the history up to an instant from every list. Deletes nothing.

        Needs a key with scope admin and `confirm=true`, and is entered in the audit log.
        """
        query = read_params(request, params.ClearParams)
        key: Any = request.auth
        cleared = clear_history(query.get("before"), actor=f"key:{key.prefix}")
        return Response(answers.cleared_answer(cleared))
