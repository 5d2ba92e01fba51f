"""How large a request may be: refused before anybody reads or parses it.

The web server bounds the whole head at 400 kB and reads no body on its own; these limits are what
an honest client stays far below. How deep JSON may nest is ``config.api.parsers``' matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse

from config.api.errors import ProblemResponse

MOST_URL_LENGTH = 8 * 1024
MOST_HEADERS_LENGTH = 32 * 1024
MOST_BODY_BYTES = 1_000_000

GetResponse = Callable[[HttpRequest], HttpResponse]


def bounded_request(get_response: GetResponse) -> GetResponse:
    """Middleware that answers what is too large with 411, 413, 414 or 431."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return _refusal(request.META) or get_response(request)

    return middleware


def _refusal(meta: Mapping[str, Any]) -> ProblemResponse | None:
    if len(meta.get("PATH_INFO", "")) + len(meta.get("QUERY_STRING", "")) > MOST_URL_LENGTH:
        return ProblemResponse(414, detail=f"A URL may have {MOST_URL_LENGTH} characters at most.")
    headers_length = 0
    for name, value in meta.items():
        if name.startswith("HTTP_"):
            headers_length += len(name) + len(value)
    if headers_length > MOST_HEADERS_LENGTH:
        return ProblemResponse(
            431, detail=f"All headers together may have {MOST_HEADERS_LENGTH} characters at most."
        )
    body_length = meta.get("CONTENT_LENGTH") or ""
    if not body_length:
        if "HTTP_TRANSFER_ENCODING" in meta:
            # Nothing would be read of it, and the client would believe that it was.
            return ProblemResponse(411, detail="A body must be sent with its Content-Length.")
        return None
    if not (body_length.isascii() and body_length.isdecimal()):
        return ProblemResponse(400, detail="The Content-Length is not a number.")
    if len(body_length) > 18 or int(body_length) > MOST_BODY_BYTES:
        return ProblemResponse(413, detail=f"A body may have {MOST_BODY_BYTES:,} bytes at most.")
    return None
