"""Routes of the signals app."""

from django.urls import path

from signals.api.batch_viewsets import BatchSignalsViewSet
from signals.api.viewsets import SignalViewSet

urlpatterns = [
    path("signals/<str:symbol>", SignalViewSet.as_view({"get": "retrieve"}), name="signal"),
    path("batch/signals", BatchSignalsViewSet.as_view({"post": "create"}), name="batch-signals"),
]
