"""Routes of the signals app."""

from django.urls import path

from signals.api.batch_viewsets import BatchSignalsViewSet
from signals.api.history_viewsets import (
    HistoryClearViewSet,
    HistoryExportViewSet,
    HistoryViewSet,
)
from signals.api.viewsets import SignalViewSet

urlpatterns = [
    path("signals/<str:symbol>", SignalViewSet.as_view({"get": "retrieve"})),
    path("batch/signals", BatchSignalsViewSet.as_view({"post": "create"})),
    path("history/signals", HistoryViewSet.as_view({"get": "page"})),
    path("history/signals/<int:id>", HistoryViewSet.as_view({"get": "retrieve"})),
    path("history/statistics", HistoryViewSet.as_view({"get": "statistics"})),
    path("history/info", HistoryViewSet.as_view({"get": "info"})),
    path("history/export", HistoryExportViewSet.as_view({"get": "retrieve"})),
    path("history/clear", HistoryClearViewSet.as_view({"delete": "destroy"})),
]
