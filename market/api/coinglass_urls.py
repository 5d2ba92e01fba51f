"""Routes of ``/coinglass/…``."""

from django.urls import path

from market.api.coinglass_viewsets import CoinglassHistoryViewSet as History
from market.api.coinglass_viewsets import CoinglassViewSet as Now

urlpatterns = [
    path("markets", Now.as_view({"get": "markets"})),
    path("markets/<str:symbol>", Now.as_view({"get": "market"})),
    path(
        "liquidations/<str:symbol>",
        Now.as_view({"get": "liquidations"}),
    ),
    path(
        "liquidations/<str:symbol>/heatmap",
        Now.as_view({"get": "heatmap"}),
    ),
    path(
        "perpetual-market/<str:symbol>",
        Now.as_view({"get": "perpetual_market"}),
    ),
    path("supported-coins", Now.as_view({"get": "supported_coins"})),
    path("exchanges", Now.as_view({"get": "exchanges"})),
    path("dashboard/<str:symbol>", Now.as_view({"get": "dashboard"})),
    path(
        "open-interest/<str:symbol>",
        History.as_view({"get": "open_interest"}),
    ),
    path(
        "funding-rate/<str:symbol>",
        History.as_view({"get": "funding_rate"}),
    ),
    path(
        "long-short/<str:symbol>",
        History.as_view({"get": "long_short"}),
    ),
    path(
        "top-traders/<str:symbol>",
        History.as_view({"get": "top_traders"}),
    ),
]
