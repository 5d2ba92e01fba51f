"""Routes of views that fail, one per kind of failure: what the error tests ask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, include, path
from rest_framework import exceptions, serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

SECRET_TEXT = "postgres://user:hunter2@db/leak"


class VenueClosed(Exception):
    """Registered by a test."""

    def __init__(self, detail: str, retry_after_s: float) -> None:
        super().__init__(SECRET_TEXT)
        self.detail = detail
        self.retry_after_s = retry_after_s


class Leg(serializers.Serializer[Any]):
    size = serializers.IntegerField(min_value=1)


class Order(serializers.Serializer[Any]):
    side = serializers.ChoiceField(["long", "short"])
    legs = Leg(many=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs["legs"]) > 2:
            raise serializers.ValidationError("Too many legs.")
        return attrs


class OpenView(APIView):
    permission_classes = [AllowAny]


class OrderView(OpenView):
    def post(self, request: Request) -> Response:
        Order(data=request.data).is_valid(raise_exception=True)
        return Response({"accepted": True})


class NeverYet(BaseThrottle):
    def allow_request(self, request: Request, view: APIView) -> bool:
        return False

    def wait(self) -> float:
        return 12.3


class ThrottledView(OpenView):
    throttle_classes = [NeverYet]

    def get(self, request: Request) -> Response:
        return Response({})


class NotANumberView(OpenView):
    def get(self, request: Request) -> Response:
        return Response({"score": float("nan")})


def raising(make: Callable[[], Exception]) -> type[APIView]:
    class RaisingView(OpenView):
        def get(self, request: Request) -> Response:
            raise make()

    return RaisingView


def plain_crash(request: HttpRequest) -> HttpResponse:
    raise RuntimeError(SECRET_TEXT)


def suspicious(request: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation(SECRET_TEXT)


def forbidden(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied(SECRET_TEXT)


def _raising(name: str, make: Callable[[], Exception]) -> URLPattern:
    return path(f"raise/{name}", raising(make).as_view())


urlpatterns = [
    path("orders", OrderView.as_view()),
    path("throttled", ThrottledView.as_view()),
    path("not-a-number", NotANumberView.as_view()),
    path("plain-crash", plain_crash),
    path("suspicious", suspicious),
    path("forbidden", forbidden),
    _raising("crash", lambda: RuntimeError(SECRET_TEXT)),
    _raising("http404", lambda: Http404(SECRET_TEXT)),
    _raising("not-found", lambda: exceptions.NotFound()),
    _raising("denied", lambda: exceptions.PermissionDenied()),
    _raising("database", lambda: OperationalError(SECRET_TEXT)),
    _raising("venue-closed", lambda: VenueClosed("The venue is closed.", 2.5)),
    path("", include("config.urls")),
]

handler400 = "config.api.errors.bad_request"
handler403 = "config.api.errors.permission_denied"
handler404 = "config.api.errors.page_not_found"
handler500 = "config.api.errors.server_error"
