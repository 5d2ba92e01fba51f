"""Routes of ``/coinglass/…``."""

from django.urls import path

from market.api.coinglass_viewsets import CoinglassHistoryViewSet as History
from market.api.coinglass_viewsets import CoinglassViewSet as Now

urlpatterns = [
    path("markets", Now.as_view({"get": "markets"}), name="coinglass-markets"),
    path("markets/<str:symbol>", Now.as_view({"get": "market"}), name="coinglass-market"),
    path(
        "liquidations/<str:symbol>",
        Now.as_view({"get": "liquidations"}),
        name="coinglass-liquidations",
    ),
    path(
        "liquidations/<str:symbol>/heatmap",
        Now.as_view({"get": "heatmap"}),
        name="coinglass-heatmap",
    ),
    path(
        "perpetual-market/<str:symbol>",
        Now.as_view({"get": "perpetual_market"}),
        name="coinglass-perpetual-market",
    ),
    path(
        "supported-coins", Now.as_view({"get": "supported_coins"}), name="coinglass-supported-coins"
    ),
    path("exchanges", Now.as_view({"get": "exchanges"}), name="coinglass-exchanges"),
    path("dashboard/<str:symbol>", Now.as_view({"get": "dashboard"}), name="coinglass-dashboard"),
    path(
        "open-interest/<str:symbol>",
        History.as_view({"get": "open_interest"}),
        name="coinglass-open-interest",
    ),
    path(
        "funding-rate/<str:symbol>",
        History.as_view({"get": "funding_rate"}),
        name="coinglass-funding-rate",
    ),
    path(
        "long-short/<str:symbol>",
        History.as_view({"get": "long_short"}),
        name="coinglass-long-short",
    ),
    path(
        "top-traders/<str:symbol>",
        History.as_view({"get": "top_traders"}),
        name="coinglass-top-traders",
    ),
]
