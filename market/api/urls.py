"""Routes of the market app."""

from django.urls import include, path

from market.api.viewsets import MarketViewSet

urlpatterns = [
    path("market/<str:symbol>", MarketViewSet.as_view({"get": "retrieve"})),
    path("coinglass/", include("market.api.coinglass_urls")),
    path("lunarcrush/", include("market.api.lunarcrush_urls")),
    path("coinapi/", include("market.api.coinapi_urls")),
]
