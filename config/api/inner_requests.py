"""A read of our own API inside a request: the same route, view, key and limits as over HTTP.

MCP tools are answered this way. Calling the services directly would need a second table of how
parameters are read, who may ask and how errors are told; so a tool's answer is REST's answer, byte
for byte, by construction. What middleware does was done to the request outside, once.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse
from django.urls import resolve

from config.api.errors import problem_for, server_error

logger = logging.getLogger(__name__)

# Of the request outside: its body, and what would turn an answer into "not modified".
_NOT_INHERITED = frozenset(
    {
        "CONTENT_LENGTH", "CONTENT_TYPE", "HTTP_ACCEPT", "HTTP_ACCEPT_ENCODING",
        "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_NONE_MATCH", "HTTP_RANGE",
    }
)  # fmt: skip


def read_inside(outer: HttpRequest, path: str, arguments: Mapping[str, Any]) -> HttpResponse:
    """Return the answer to a GET. ``path`` may have {names}, which are taken from the arguments."""
    query = dict(arguments)
    for name in [name for name in arguments if f"{{{name}}}" in path]:
        path = path.replace(f"{{{name}}}", _segment(query.pop(name)))
    return _answered(_inner_request(outer, path, urlencode(_texts(query))))


def _answered(request: WSGIRequest) -> HttpResponse:
    try:
        match = resolve(request.path_info)
        request.resolver_match = match
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        if isinstance(response, SimpleTemplateResponse):  # REST framework's are rendered late
            response.render()
        return response
    except Exception as error:
        known = problem_for(error)
        if known is not None:
            return known
        logger.exception("inner request failed", extra={"path": request.path_info})
        return server_error(request)


def _inner_request(outer: HttpRequest, path: str, query: str) -> WSGIRequest:
    inherited = {key: value for key, value in outer.META.items() if key not in _NOT_INHERITED}
    return WSGIRequest(
        {
            **inherited,
            "REQUEST_METHOD": "GET",
            # WSGI's spelling of UTF-8.
            "PATH_INFO": path.encode("utf-8", "replace").decode("latin-1"),
            "SCRIPT_NAME": "",
            "QUERY_STRING": query,
            "wsgi.input": io.BytesIO(),
        }
    )


def _segment(value: Any) -> str:
    text = str(value)
    if "/" in text:  # would be another address, as it is over HTTP
        text = quote(text, safe="")
    return text


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    """Return values as they stand in a query: JSON's booleans have other names in Python."""
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in values.items()
    }
