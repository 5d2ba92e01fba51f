"""Routes of ``/coinapi/…``."""

from django.urls import path

from market.api.coinapi_viewsets import CoinApiViewSet as View

urlpatterns = [
    path("ohlcv/<str:symbol>/latest", View.as_view({"get": "latest"})),
    path(
        "ohlcv/<str:symbol>/historical",
        View.as_view({"get": "historical"}),
    ),
    path("orderbook/<str:symbol>", View.as_view({"get": "order_book"})),
    path("trades/<str:symbol>", View.as_view({"get": "trades"})),
    path("quote/<str:symbol>", View.as_view({"get": "quote"})),
    path(
        "multi-exchange/<str:symbol>",
        View.as_view({"get": "multi_exchange"}),
    ),
    path("dashboard/<str:symbol>", View.as_view({"get": "dashboard"})),
]
