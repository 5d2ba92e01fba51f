"""The route of a signal with its context, under the path that assistants know it by."""

from django.urls import path

from analytics.api.context_viewsets import SignalContextViewSet

urlpatterns = [
    path(
        "gpt/actions/signal-with-context/<str:symbol>",
        SignalContextViewSet.as_view({"get": "retrieve"}),
    ),
]
