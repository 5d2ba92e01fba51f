"""The service's own pages: index, liveness, readiness, the OpenAPI document and its readers."""

# ruff: noqa: ARG001, ARG002 - every handler is passed the request

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerSplitView
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config import version
from config.api import health
from config.api.caching import STATIC_S, fresh_for
from config.api.document import openapi_json
from config.api.params import read_params

# Both put styles into the page; Redoc's search runs in a worker made from a blob.
_DOCUMENTATION_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
# What the index names that is no operation of the document, by the names of their routes.
_BESIDE_OPERATIONS = ("docs", "redoc", "openapi", "mcp")
_REDOC_PICTURE = b"https://cdn.redoc.ly/redoc/logo-mini.svg"
_NO_PICTURE = b"data:image/gif;base64,R0lGODdhAQABAAAAACwAAAAAAQABAAA="


class IndexSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    version = serializers.CharField()
    description = serializers.CharField()
    endpoints = serializers.DictField(
        child=serializers.CharField(), help_text="Path by operationId."
    )


class LivenessSerializer(serializers.Serializer[Any]):
    status = serializers.CharField(help_text="Always `healthy`: the process answers.")
    timestamp = serializers.DateTimeField()
    service = serializers.CharField()


class CheckSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(["ok", "degraded", "down"])
    critical = serializers.BooleanField(help_text="The service is not ready while this is down.")
    detail = serializers.CharField()
    data = serializers.DictField(  # type: ignore[assignment] # hides Serializer.data
        help_text="Figures behind the state."
    )


class ReadinessSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(["ready", "degraded", "unavailable"])
    checks = serializers.DictField(child=CheckSerializer(), help_text="Name to result.")


class OpenView(APIView):
    """Base of views that nobody needs a key for. They cost next to nothing, so nobody counts."""

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]
    throttle_classes: list[Any] = []


class IndexView(OpenView):
    problem_statuses = (400,)

    @fresh_for(STATIC_S)
    @extend_schema(operation_id="getIndex", tags=["service"], responses=IndexSerializer)
    def get(self, request: Request) -> Response:
        """Name, version and every endpoint of this service."""
        read_params(request)
        return Response(
            {
                "name": version.NAME,
                "version": version.VERSION,
                "description": version.DESCRIPTION,
                "endpoints": _endpoints(),
            }
        )


class LivenessView(OpenView):
    # Whatever calls this must not learn of a typing error by a restart: parameters are ignored.
    problem_statuses = ()
    may_be_kept = False

    @extend_schema(operation_id="getHealth", tags=["service"], responses=LivenessSerializer)
    def get(self, request: Request) -> Response:
        """Say that the process answers. Asks nothing else, not even the database."""
        return Response({"status": "healthy", "timestamp": timezone.now(), "service": version.NAME})


class ReadinessView(OpenView):
    problem_statuses = ()
    may_be_kept = False

    @extend_schema(
        operation_id="getReadiness",
        tags=["service"],
        responses={
            200: ReadinessSerializer,
            503: OpenApiResponse(ReadinessSerializer, description="A critical check is down."),
        },
    )
    def get(self, request: Request) -> Response:
        """Ask database, store, providers and data freshness whether the service can do its work."""
        readiness = health.readiness()
        return Response(
            {"status": readiness.status, "checks": readiness.checks},
            status=200 if readiness.ready else 503,
        )


class OpenApiView(OpenView):
    """The OpenAPI 3.1 document as JSON."""

    @fresh_for(STATIC_S)
    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        return HttpResponse(openapi_json(), content_type="application/json")


class DocumentationPage(APIView):
    """Base of the readers of the OpenAPI document: packages' scripts and styles, all from here."""

    url_name = "openapi"
    authentication_classes: list[Any] = []
    throttle_classes: list[Any] = []

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        final = super().finalize_response(request, response, *args, **kwargs)
        final.headers["Content-Security-Policy"] = _DOCUMENTATION_POLICY
        return final


class SwaggerView(DocumentationPage, SpectacularSwaggerSplitView):
    """Swagger UI. Its script is a request of its own, as the security policy wants."""


class RedocView(DocumentationPage, SpectacularRedocView):
    template_name = "redoc.html"

    @staticmethod
    def _redoc_standalone() -> str:
        return "/redoc.js"


def redoc_script(request: HttpRequest) -> HttpResponse:
    """The package's script without the picture that it loads from its maker's host."""
    return HttpResponse(_redoc_script(), content_type="text/javascript; charset=utf-8")


@lru_cache(maxsize=1)
def _redoc_script() -> bytes:
    file = finders.find("drf_spectacular_sidecar/redoc/bundles/redoc.standalone.js")
    return Path(str(file)).read_bytes().replace(_REDOC_PICTURE, _NO_PICTURE)


@lru_cache(maxsize=1)
def _endpoints() -> dict[str, str]:
    operations = {
        operation["operationId"]: path
        for path, methods in orjson.loads(openapi_json())["paths"].items()
        for operation in methods.values()
    }
    return {name: reverse(name) for name in _BESIDE_OPERATIONS} | operations
