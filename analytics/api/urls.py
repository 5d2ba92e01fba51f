"""Routes of analytics. Fixed names come before ``{symbol}``, which would swallow them."""

from django.urls import path

from analytics.api.outcome_viewsets import OutcomeViewSet
from analytics.api.viewsets import AnalyticsViewSet, SignalListViewSet

urlpatterns = [
    path("analytics/summary", AnalyticsViewSet.as_view({"get": "summary"})),
    path("analytics/stats/overview", AnalyticsViewSet.as_view({"get": "overview"})),
    path("analytics/history/latest", SignalListViewSet.as_view({"get": "latest"})),
    path("analytics/history/date-range", SignalListViewSet.as_view({"get": "date_range"})),
    path("analytics/history/<str:symbol>", SignalListViewSet.as_view({"get": "of_symbol"})),
    path("analytics/performance/summary", OutcomeViewSet.as_view({"get": "of_all"})),
    path("analytics/performance/<str:symbol>", OutcomeViewSet.as_view({"get": "of_symbol"})),
    path("analytics/by-factor", OutcomeViewSet.as_view({"get": "by_factor"})),
    path("analytics/by-confidence", OutcomeViewSet.as_view({"get": "by_confidence"})),
    path("analytics/calibration", OutcomeViewSet.as_view({"get": "calibration"})),
    path("analytics/trends", OutcomeViewSet.as_view({"get": "trends"})),
]
