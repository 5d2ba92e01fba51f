"""Routes of ``/coinapi/…``."""

from django.urls import path

from market.api.coinapi_viewsets import CoinApiViewSet as View

urlpatterns = [
    path("ohlcv/<str:symbol>/latest", View.as_view({"get": "latest"}), name="coinapi-latest"),
    path(
        "ohlcv/<str:symbol>/historical",
        View.as_view({"get": "historical"}),
        name="coinapi-historical",
    ),
    path("orderbook/<str:symbol>", View.as_view({"get": "order_book"}), name="coinapi-orderbook"),
    path("trades/<str:symbol>", View.as_view({"get": "trades"}), name="coinapi-trades"),
    path("quote/<str:symbol>", View.as_view({"get": "quote"}), name="coinapi-quote"),
    path(
        "multi-exchange/<str:symbol>",
        View.as_view({"get": "multi_exchange"}),
        name="coinapi-multi-exchange",
    ),
    path("dashboard/<str:symbol>", View.as_view({"get": "dashboard"}), name="coinapi-dashboard"),
]
