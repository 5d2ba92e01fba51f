"""Requests and responses of the stand-in vendors, and the routes between them.

A handler is a plain function of (request, now): it reads no clock and awaits nothing, unless the
vendor holds the answer back, as a long poll does. What a vendor refuses is raised as ``Refused``
with the response to send.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import orjson

from market.sandbox.metering import Charge, Meter, Pool, Refusal

JSON = "application/json;charset=UTF-8"
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """``path`` is relative to the vendor's base URL; header names are lower case."""

    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    client: str = "127.0.0.1"
    method: str = "GET"
    body: bytes = b""
    files: Mapping[str, bytes] = field(default_factory=dict)

    def below(self, prefix: str) -> Request:
        """Return the request as who is mounted under a prefix sees it."""
        return replace(self, path=self.path[len(prefix) :] or "/")


@dataclass(frozen=True, slots=True)
class Response:
    body: bytes
    status: int = 200
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


class Refused(Exception):
    """The vendor answers, but not with what was asked for."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


class ConnectionDropped(Exception):
    """The connection is to be closed without an answer; ``is_done``: to a call that was obeyed."""

    def __init__(self, provider: str = "", *, is_done: bool = False) -> None:
        super().__init__(provider)
        self.is_done = is_done


Handler = Callable[[Request, int], Response | Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``path`` may hold one ``{name}`` segment, which is handed over as a parameter."""

    path: str
    handler: Handler
    charge: Callable[[Request], Charge | None]


class VendorStream(Protocol):
    """A websocket. ``idle_s`` without a word from the client ends it, ``longest_s`` in any case."""

    idle_s: float | None
    longest_s: float | None

    def received(self, text: str) -> list[bytes]:
        """Return the answers to what a client sent."""
        ...

    def pushes(self, since_ms: int, now_ms: int) -> list[bytes]:
        """Return the frames that are due after one instant and up to another."""
        ...


class Vendor:
    """A stand-in for one upstream: derive, fill ``endpoints``, mount it in ``upstreams``."""

    name: str
    prefix: str  # path of its base URL here
    endpoints: Sequence[Endpoint]
    methods: Sequence[str] = ("GET",)
    connect_pool: Pool | None = None  # in which the opening of websockets is counted

    def read(self, request: Request) -> Request:
        """Return a call as ``endpoints``, faults and log shall see it."""
        return request

    def before(self, _request: Request) -> Response | None:
        """Return an answer that any path gets (a wrong key), or None."""
        return None

    def after(
        self, _request: Request, _endpoint: Endpoint, response: Response, _meter: Meter
    ) -> Response:
        """Add the headers the vendor sends with every answer."""
        return response

    def open_stream(self, _request: Request) -> VendorStream | None:
        """Return the websocket of a path, or None where there is none."""
        return None

    def unknown_path(self) -> Response:
        return html_response("404 Not Found", 404)

    def limited(self, refusal: Refusal) -> Response:
        """Answer a caller who broke a limit."""
        raise NotImplementedError


def find_endpoint(vendor: Vendor, request: Request) -> tuple[Endpoint, Request] | None:
    """Return the endpoint of a path and the request with the path's parameter filled in."""
    segments = request.path.split("/")
    for endpoint in vendor.endpoints:
        if endpoint.path == request.path:
            return endpoint, request
    for endpoint in vendor.endpoints:
        wanted = endpoint.path.split("/")
        if "{" not in endpoint.path or len(wanted) != len(segments):
            continue
        named = {
            pattern[1:-1]: segment
            for pattern, segment in zip(wanted, segments, strict=True)
            if pattern.startswith("{") and segment
        }
        if (
            all(p.startswith("{") or p == s for p, s in zip(wanted, segments, strict=True))
            and named
        ):
            return endpoint, replace(request, params={**request.params, **named})
    return None


def json_response(value: Any, status: int = 200, *headers: tuple[str, str]) -> Response:
    return Response(orjson.dumps(value), status, JSON, headers)


def html_response(title: str, status: int) -> Response:
    body = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Response(body.encode(), status, HTML)


def decimal(value: float, places: int) -> str:
    """Write a number with exactly so many decimals; what is not known is empty."""
    return f"{value:.{places}f}" if math.isfinite(value) else ""


def trimmed(value: float, places: int) -> str:
    """Write a number with at most so many decimals; what is not known is empty."""
    text = decimal(value, places)
    return text.rstrip("0").rstrip(".") if "." in text else text


def whole(value: float) -> int | None:
    return int(value) if math.isfinite(value) else None
