"""``POST /mcp``: the Model Context Protocol, for assistants that take tools from a server.

The view does what every view does (key, permission, limits) and refuses pages of other origins;
the protocol is ``config.api.mcp_server``, imported when the first assistant connects, since the
``mcp`` package takes tens of megabytes that a service without assistants should not pay for.
"""

from __future__ import annotations

import threading
from functools import cache
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import orjson
from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ParseError, PermissionDenied
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from config.api.assistant_operations import OPERATIONS

_TOOLS = frozenset(operation.id for operation in OPERATIONS)
_starting = threading.Lock()


class McpView(APIView):
    """Stateless: each POST is a whole exchange. Nothing is ever pushed, so there is no GET."""

    http_method_names = ["post"]

    def get_throttles(self) -> list[BaseThrottle]:
        # A tool's call is counted by the operation that it asks; twice would be once too often.
        return [] if _calls_a_tool(self.request) else super().get_throttles()

    @extend_schema(exclude=True)
    def post(self, request: Request) -> HttpResponse:
        _refuse_other_origins(request)
        if _message(request) is None:
            raise ParseError
        answer: HttpResponse = _server().answer(request._request)
        return answer


def _server() -> Any:
    with _starting:  # many assistants may be the first one
        return _made_once()


@cache
def _made_once() -> Any:
    return import_module("config.api.mcp_server").McpServer()


def _message(request: Request) -> Any:
    """Return the body's JSON; None for what is none, or nested so deeply that reading it fails."""
    try:
        return orjson.loads(request.body)
    except orjson.JSONDecodeError:
        return None


def _calls_a_tool(request: Request) -> bool:
    message = _message(request)
    try:
        return message["method"] == "tools/call" and message["params"]["name"] in _TOOLS
    except (KeyError, TypeError):
        return False  # the protocol's own reader says what is wrong


def _refuse_other_origins(request: Request) -> None:
    """Refuse browsers on pages of somebody else.

    Such a page could reach a service on the user's own machine, by its address or by a name that
    it lets point there. Programs that are no browsers send no Origin.
    """
    origin = request.META.get("HTTP_ORIGIN")
    if origin is None:
        return
    own = {f"{request.scheme}://{request.get_host()}", _origin_of(str(settings.PUBLIC_BASE_URL))}
    if origin not in own and origin not in settings.CORS_ALLOWED_ORIGINS:
        raise PermissionDenied("Pages of this origin may not use this address.")


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
