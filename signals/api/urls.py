"""Routes of the signals app."""

from django.urls import path

from signals.api.viewsets import SignalViewSet

urlpatterns = [
    path("signals/<str:symbol>", SignalViewSet.as_view({"get": "retrieve"}), name="signal"),
]
