"""The outermost middleware: request id, access log and what every answer says.

On the hot path of every request, so it is one function with no allocation it can avoid.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import perf_counter

from django.http import HttpRequest, HttpResponse

from config.api.throttling import write_rate_limit
from config.request_id import HEADER, accept_or_make, set_request_id

access_logger = logging.getLogger("access")

GetResponse = Callable[[HttpRequest], HttpResponse]

# Data is nothing to run, show or frame.
POLICY_OF_DATA = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# Pages load everything from here and have nothing inline.
POLICY_OF_PAGES = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


def request_context(get_response: GetResponse) -> GetResponse:
    """Give the request its id, answer it, and write one access line (the query is left out)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        started_s = perf_counter()
        request_id = accept_or_make(request.META.get("HTTP_X_REQUEST_ID"))
        set_request_id(request_id)
        try:
            response = get_response(request)
            headers = response.headers
            headers[HEADER] = request_id
            is_page = headers.get("Content-Type", "").startswith("text/html")
            headers.setdefault(
                "Content-Security-Policy", POLICY_OF_PAGES if is_page else POLICY_OF_DATA
            )
            write_rate_limit(request, response)
            access_logger.info(
                "request",
                extra={
                    "method": request.method,
                    "path": request.path_info,
                    "status": response.status_code,
                    "duration_ms": round((perf_counter() - started_s) * 1000, 2),
                },
            )
            return response
        finally:
            set_request_id(None)

    return middleware
