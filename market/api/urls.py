"""Routes of the market app."""

from django.urls import path

from market.api.viewsets import MarketViewSet

urlpatterns = [
    path("market/<str:symbol>", MarketViewSet.as_view({"get": "retrieve"}), name="market"),
]
