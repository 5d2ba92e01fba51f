"""What clients may keep, for how long, and how they ask whether it has changed.

A view says with ``@fresh_for(seconds)`` how long its answer stays good, and with ``may_be_kept =
False`` that nobody may keep it; without either a client has to ask each time. The middleware gives
every JSON answer to a read an ``ETag`` over its bytes and answers ``If-None-Match`` with 304. An
answer given to the holder of a key is kept by that client alone; errors and answers to writes by
nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from hashlib import blake2b
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags

Handler = TypeVar("Handler", bound=Callable[..., Any])

READS = frozenset({"GET", "HEAD"})
# What only an upgrade of the service changes.
STATIC_S = 3600
# What somebody may edit in the admin.
SETTINGS_S = 60
# Two different answers of one address share 96 bits once in 10^14 answers.
_ETAG_BYTES = 12
_KEY_HEADERS = ("Authorization", "X-API-Key")
_VARY = ", ".join(_KEY_HEADERS)
_CACHE_CONTROL = "Cache-Control"
_JSON = frozenset({"application/json", "application/problem+json"})


def fresh_for(seconds: float | Callable[[], float]) -> Callable[[Handler], Handler]:
    """Mark a view's handler: its answer stays good for so long. A setting is read by a callable.

    An answer that was made earlier says so in ``Age``, from which clients count on.
    """

    def mark(handler: Handler) -> Handler:
        @wraps(handler)
        def answer(*args: Any, **kwargs: Any) -> Any:
            response = handler(*args, **kwargs)
            response.fresh_for_s = seconds() if callable(seconds) else seconds
            return response

        return answer  # type: ignore[return-value] # the same signature

    return mark


def conditional_reads(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware. Leaves alone what is not JSON: pages and files have rules of their own."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if response.headers.get("Content-Type") not in _JSON:
            return response
        view = _view_of(request)
        is_kept = request.method in READS and response.status_code == 200
        if not (is_kept and getattr(view, "may_be_kept", True)):
            response.headers.setdefault(_CACHE_CONTROL, "no-store")
            return response
        if _CACHE_CONTROL not in response.headers:
            response.headers[_CACHE_CONTROL] = _freshness(request, response)
            # The service's own views ask for no key, and their answers do not depend on one.
            if getattr(view, "authentication_classes", None):
                _vary_by_key(response)
        if response.headers[_CACHE_CONTROL] != "no-store" and isinstance(response, HttpResponse):
            _answer_conditionally(request, response)
        return response

    return middleware


def _view_of(request: HttpRequest) -> type[Any] | None:
    match = request.resolver_match
    return None if match is None else getattr(match.func, "cls", None)


def _vary_by_key(response: HttpResponseBase) -> None:
    if "Vary" in response.headers:
        patch_vary_headers(response, _KEY_HEADERS)
    else:  # as ever but for the admin, and much quicker
        response.headers["Vary"] = _VARY


def _freshness(request: HttpRequest, response: HttpResponseBase) -> str:
    meta = request.META  # request.headers would first read every header
    has_key = "HTTP_X_API_KEY" in meta or "HTTP_AUTHORIZATION" in meta
    whose = "private" if has_key else "public"
    fresh_for_s = int(getattr(response, "fresh_for_s", 0))
    return f"{whose}, max-age={fresh_for_s}" if fresh_for_s > 0 else f"{whose}, no-cache"


def etag_of(content: bytes) -> str:
    """Return the tag of an answer's bytes. Who keeps ready answers may keep it beside them."""
    return f'"{blake2b(content, digest_size=_ETAG_BYTES).hexdigest()}"'


def _answer_conditionally(request: HttpRequest, response: HttpResponse) -> None:
    etag = response.headers.get("ETag")
    if etag is None:
        response.headers["ETag"] = etag = etag_of(response.content)
    known = request.META.get("HTTP_IF_NONE_MATCH")
    if known is None:
        return
    # Weak and strong are the same to a read: a proxy that compresses makes ours weak.
    known_etags = {each.removeprefix("W/") for each in parse_etags(known)}
    if etag in known_etags or "*" in known_etags:
        response.status_code = 304
        response.content = b""
        for name in ("Content-Type", "Content-Length"):
            response.headers.pop(name, None)
