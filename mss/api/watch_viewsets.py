"""``/mss/watch``: which coins are scored again and again, by whose wish."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import Http404
from django.urls import reverse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.auth import KeyedWrites
from config.api.params import NoParams, read_body, read_params
from market.clock import wall_now
from mss.api import params
from mss.api import watch_serializers as shapes
from mss.api.viewsets import SYMBOL, TAGS
from mss.rows import not_watched_row, watched_row
from mss.selectors import history, newest_scores, symbol_meant, watch_entry, watchlist
from mss.services import watch_add, watch_remove


class WatchViewSet(KeyedWrites, viewsets.ViewSet):
    """Watched coins. A key sees and changes its own; a key of scope admin sees everybody's."""

    @extend_schema(
        operation_id="listWatchedCoins",
        tags=TAGS,
        parameters=[params.WatchlistParams],
        responses=shapes.MssWatchlistSerializer,
    )
    def watching(self, request: Request) -> Response:
        """The watched coins by name, each with its newest stored score."""
        query = read_params(request, params.WatchlistParams)
        found = watchlist(_seen_by(request))
        page = found[query["offset"] : query["offset"] + query["limit"]]
        newest = newest_scores([entry.coin_key for entry in page])
        return Response(
            {
                "success": True,
                "total": found.count(),
                "limit": query["limit"],
                "offset": query["offset"],
                "watching": [watched_row(entry, newest.get(entry.coin_key)) for entry in page],
            }
        )

    @extend_schema(
        operation_id="watchCoin",
        tags=TAGS,
        request=shapes.WatchSerializer,
        responses={
            200: OpenApiResponse(shapes.MssWatchedSerializer, description="It was watched before."),
            201: shapes.MssWatchedSerializer,
        },
    )
    def create(self, request: Request) -> Response:
        """Watch a coin, or change how it is watched. It is scored as soon as a worker is free."""
        read_params(request, NoParams)
        asked = read_body(request, shapes.WatchSerializer)
        hours = asked.get("expires_in_hours")
        entry, is_new = watch_add(
            _owner(request.auth),
            asked["symbol"],
            interval_minutes=asked["interval_minutes"],
            min_score=asked["score_threshold"],
            note=asked["note"],
            expires_at=None if hours is None else wall_now() + timedelta(hours=hours),
        )
        newest = newest_scores([entry.coin_key]).get(entry.coin_key)
        return Response(
            {"success": True, **watched_row(entry, newest)},
            status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK,
            headers={"Location": reverse("mss-watched", args=[entry.symbol])},
        )

    @extend_schema(
        operation_id="getWatchedCoin",
        tags=TAGS,
        parameters=[SYMBOL, params.WatchedParams],
        responses=shapes.MssWatchedSerializer,
    )
    def retrieve(self, request: Request, symbol: str) -> Response:
        """How a coin is watched and its newest stored score; `active` is false when it is not."""
        query = read_params(request, params.WatchedParams)
        meant = symbol_meant(symbol)
        entry = watch_entry(_seen_by(request), meant)
        if entry is None:
            row = not_watched_row(meant, query["interval_minutes"], history(meant).first())
        else:
            row = watched_row(entry, newest_scores([entry.coin_key]).get(entry.coin_key))
        return Response({"success": True, **row})

    @extend_schema(
        operation_id="unwatchCoin",
        tags=TAGS,
        parameters=[SYMBOL],
        responses={204: OpenApiResponse(description="It is watched no longer.")},
    )
    def destroy(self, request: Request, symbol: str) -> Response:
        """Watch a coin no longer."""
        read_params(request, NoParams)
        if not watch_remove(_owner(request.auth), symbol_meant(symbol)):
            raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)


def _owner(credential: Any) -> str:
    return f"key:{credential.prefix}"


def _seen_by(request: Request) -> str | None:
    """Return whose coins are shown; None: everybody's, while no key is configured at all, too."""
    credential: Any = request.auth
    if credential is None or credential.allows("admin"):
        return None
    return _owner(credential)
