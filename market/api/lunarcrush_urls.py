"""Routes of ``/lunarcrush/…``."""

from django.urls import path

from market.api.lunarcrush_viewsets import LunarCrushViewSet as View

urlpatterns = [
    path("coin/<str:symbol>", View.as_view({"get": "coin"}), name="lunarcrush-coin"),
    path(
        "coin/<str:symbol>/time-series",
        View.as_view({"get": "time_series"}),
        name="lunarcrush-time-series",
    ),
    path("coin/<str:symbol>/change", View.as_view({"get": "change"}), name="lunarcrush-change"),
    path(
        "coin/<str:symbol>/momentum", View.as_view({"get": "momentum"}), name="lunarcrush-momentum"
    ),
    path("topic/<str:topic>", View.as_view({"get": "topic"}), name="lunarcrush-topic"),
]
