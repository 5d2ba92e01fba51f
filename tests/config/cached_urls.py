"""Views of the caching and versioning tests."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.api.caching import fresh_for
from config.api.versioning import deprecated
from config.api.views import OpenView

ANSWER: dict[str, Any] = {"price": 1}


class Unsaid(APIView):
    def get(self, request: Request) -> Response:
        return Response(ANSWER)

    def post(self, request: Request) -> Response:
        return Response(ANSWER)


class Fresh(APIView):
    @fresh_for(30)
    def get(self, request: Request) -> Response:
        return Response(ANSWER, headers={"Age": "12"})


class Open(OpenView):
    @fresh_for(lambda: 60.9)
    def get(self, request: Request) -> Response:
        return Response(ANSWER)


class Unkept(APIView):
    may_be_kept = False

    def get(self, request: Request) -> Response:
        return Response(ANSWER)


class Old(APIView):
    @deprecated(since=date(2027, 1, 10), sunset=date(2027, 7, 10), instead="/new")
    @extend_schema(operation_id="getOld", tags=["service"], responses={200: bytes})
    def get(self, request: Request) -> Response:
        """What was asked before."""
        return Response(ANSWER)


def stream(request: Any) -> StreamingHttpResponse:
    return StreamingHttpResponse(iter([b"{}"]), content_type="application/json")


def page(request: Any) -> HttpResponse:
    return HttpResponse("<p>for people</p>")


urlpatterns = [
    path("unsaid", Unsaid.as_view()),
    path("fresh", Fresh.as_view()),
    path("open", Open.as_view()),
    path("unkept", Unkept.as_view()),
    path("old", Old.as_view()),
    path("stream", stream),
    path("page", page),
]

handler404 = "config.api.errors.page_not_found"
