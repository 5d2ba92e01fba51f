"""Routes of the smart-money app."""

from collections.abc import Callable

from django.http.response import HttpResponseBase
from django.urls import path

from smartmoney.api.background_viewsets import BackgroundScanViewSet
from smartmoney.api.smc_viewsets import StructureViewSet
from smartmoney.api.viewsets import DiscoveryViewSet, SmartMoneyScanViewSet


def _scan(action: str) -> Callable[..., HttpResponseBase]:
    return SmartMoneyScanViewSet.as_view({"get": action})


def _discovery(action: str) -> Callable[..., HttpResponseBase]:
    return DiscoveryViewSet.as_view({"get": action})


urlpatterns = [
    path("smart-money/scan", _scan("scan")),
    path("smart-money/scan/accumulation", _scan("accumulation")),
    path("smart-money/scan/distribution", _scan("distribution")),
    path("smart-money/scan/auto", _scan("auto")),
    path("smart-money/accumulation", _scan("finder")),
    path("smart-money/analyze/<str:symbol>", _scan("analyze")),
    path("smart-money/info", _scan("info")),
    path("smart-money/discover", _discovery("discover")),
    path("smart-money/futures/list", _discovery("futures")),
    path("smart-money/trending", _discovery("trending")),
    path("smart-money/new-listings", _discovery("new_listings")),
    path("smart-money/search", _discovery("search")),
    path("smart-money/scans", BackgroundScanViewSet.as_view({"post": "create"})),
    path(
        "smart-money/scans/<uuid:id>",
        BackgroundScanViewSet.as_view({"get": "retrieve"}),
        name="smart-money-scan",
    ),
    path("smc/analyze/<str:symbol>", StructureViewSet.as_view({"get": "analyze"})),
    path("smc/info", StructureViewSet.as_view({"get": "info"})),
]
