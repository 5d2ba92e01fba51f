"""Routes of MSS."""

from django.urls import path

from mss.api.run_viewsets import MssRunViewSet
from mss.api.viewsets import MssHistoryViewSet, MssViewSet
from mss.api.watch_viewsets import WatchViewSet

urlpatterns = [
    path("mss/info", MssViewSet.as_view({"get": "info"})),
    path("mss/discover", MssViewSet.as_view({"get": "discover"})),
    path("mss/analyze/<str:symbol>", MssViewSet.as_view({"get": "analyze"})),
    path("mss/scan", MssViewSet.as_view({"get": "scan"})),
    path("mss/scans", MssRunViewSet.as_view({"post": "create"})),
    path("mss/scans/<uuid:id>", MssRunViewSet.as_view({"get": "retrieve"}), name="mss-scan"),
    path("mss/watch", WatchViewSet.as_view({"get": "watching", "post": "create"})),
    path(
        "mss/watch/<str:symbol>",
        WatchViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
        name="mss-watched",
    ),
    path("mss/history", MssHistoryViewSet.as_view({"get": "of_all"})),
    path("mss/history/<str:symbol>", MssHistoryViewSet.as_view({"get": "of_coin"})),
    path("mss/top-scores", MssHistoryViewSet.as_view({"get": "top"})),
]
