"""Routes of ``/lunarcrush/…``."""

from django.urls import path

from market.api.lunarcrush_viewsets import LunarCrushViewSet as View

urlpatterns = [
    path("coin/<str:symbol>", View.as_view({"get": "coin"})),
    path(
        "coin/<str:symbol>/time-series",
        View.as_view({"get": "time_series"}),
    ),
    path("coin/<str:symbol>/change", View.as_view({"get": "change"})),
    path("coin/<str:symbol>/momentum", View.as_view({"get": "momentum"})),
    path("topic/<str:topic>", View.as_view({"get": "topic"})),
]
