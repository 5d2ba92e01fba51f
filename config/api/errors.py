"""Every error is one ``application/problem+json`` object (RFC 9457), whoever raised it.

Members: ``type``, ``title``, ``status``, ``detail``, ``request_id``, and ``errors`` (parameter and
detail) for a refused input. Apps say in ``AppConfig.ready()`` what their exceptions mean over HTTP
with :func:`register_problem`; anything unknown is a 500 that tells the request id and nothing else,
with the traceback in the log.
"""

# ruff: noqa: ARG001 - Django fixes the signatures of error views

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

import orjson
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.views import defaults
from rest_framework import exceptions

from config.api.throttling import charge_refused
from config.request_id import current_request_id

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:futures-signals:problem:"

# Raised before REST framework asks its throttles.
_REFUSED_FOR_THE_KEY = (
    exceptions.AuthenticationFailed,
    exceptions.NotAuthenticated,
    exceptions.PermissionDenied,
)

ExceptionT = TypeVar("ExceptionT", bound=Exception)

# Seconds after which a client may try again when the database was away: about a restart.
_DATABASE_RETRY_AFTER_S = 5


class ProblemResponse(HttpResponse):
    """The one error shape. ``extra`` adds members; ``detail`` is a sentence for the client."""

    def __init__(
        self,
        status: int,
        *,
        detail: str | None = None,
        title: str | None = None,
        type_slug: str | None = None,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        phrase = HTTPStatus(status).phrase
        body = {
            "type": TYPE_PREFIX + (type_slug or phrase.lower().replace(" ", "-")),
            "title": title or phrase,
            "status": status,
            "detail": detail or title or phrase,
            "request_id": current_request_id(),
            **(extra or {}),
        }
        super().__init__(
            orjson.dumps(body),
            status=status,
            content_type=CONTENT_TYPE,
            headers=dict(headers or {}),
        )


@dataclass(frozen=True, slots=True)
class _Problem:
    status: int
    title: str
    type_slug: str
    members: Callable[[Any], Mapping[str, Any]] | None


_registered: dict[type[Exception], _Problem] = {}


def register_problem(
    exception_class: type[ExceptionT],
    status: int,
    title: str,
    type_slug: str,
    extra: Callable[[ExceptionT], Mapping[str, Any]] | None = None,
) -> None:
    """Say how an exception class (and its subclasses) is answered over HTTP.

    The answer's ``detail`` is ``extra``'s member of that name, else the exception's own ``detail``
    attribute, else the title: an exception's text is never shown. A member ``retry_after_s`` also
    becomes the ``Retry-After`` header.
    """
    _registered[exception_class] = _Problem(status, title, type_slug, extra)


def problem_for(error: Exception) -> ProblemResponse | None:
    """Return the answer to a known exception, None for one that nobody expected."""
    for exception_class in type(error).__mro__:
        problem = _registered.get(exception_class)
        if problem is not None:
            return _registered_problem(problem, error)
    if isinstance(error, Http404):
        return ProblemResponse(404, detail="There is nothing at this address.")
    if isinstance(error, PermissionDenied):
        return ProblemResponse(403, detail="This is not allowed.")
    if isinstance(error, exceptions.APIException):
        return _api_problem(error)
    if isinstance(error, OperationalError | InterfaceError):
        logger.error("database unavailable", exc_info=error)
        return ProblemResponse(
            503,
            title="Database unavailable",
            detail="The database does not answer; try again shortly.",
            type_slug="database-unavailable",
            headers={"Retry-After": str(_DATABASE_RETRY_AFTER_S)},
        )
    return None


def handle_exception(error: Exception, context: Mapping[str, Any]) -> ProblemResponse | None:
    """REST framework's EXCEPTION_HANDLER. None lets Django log the traceback and answer 500."""
    if isinstance(error, _REFUSED_FOR_THE_KEY):
        error = charge_refused(context["request"]) or error
    return problem_for(error)


def _registered_problem(problem: _Problem, error: Exception) -> ProblemResponse:
    members = problem.members
    extra = dict(members(error)) if members else {}
    own_detail = getattr(error, "detail", None)
    detail = extra.pop("detail", own_detail if isinstance(own_detail, str) else None)
    retry_after_s = extra.get("retry_after_s")
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.warning("request failed", extra={"error": type(error).__name__, "detail": detail})
    return ProblemResponse(
        problem.status,
        title=problem.title,
        detail=detail,
        type_slug=problem.type_slug,
        extra=extra,
        headers={} if retry_after_s is None else {"Retry-After": _whole_seconds(retry_after_s)},
    )


def _api_problem(error: exceptions.APIException) -> ProblemResponse:
    headers: dict[str, str] = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]
    if isinstance(error, exceptions.ValidationError):
        return ProblemResponse(
            400,
            title="Invalid input",
            detail="Some parameters are not valid; see errors.",
            type_slug="invalid-input",
            extra={"errors": _field_errors(error.detail)},
        )
    if isinstance(error, exceptions.Throttled):
        wait_s: float | None = getattr(error, "wait", None)
        headers["Retry-After"] = _whole_seconds(wait_s or 1.0)
        return ProblemResponse(429, detail="Too many requests; wait, then go on.", headers=headers)
    if isinstance(error, exceptions.ParseError):
        return ProblemResponse(400, detail="The request's body could not be read.", headers=headers)
    detail = error.detail if isinstance(error.detail, str) else None
    return ProblemResponse(error.status_code, detail=detail, headers=headers)


def _whole_seconds(wait_s: float) -> str:
    return str(max(1, math.ceil(wait_s)))


def _field_errors(detail: Any, parameter: str | None = None) -> list[dict[str, str | None]]:
    """Flatten REST framework's nested detail to one entry per sentence, naming the parameter."""
    if isinstance(detail, Mapping):
        return [
            entry
            for key, nested in detail.items()
            for entry in _field_errors(nested, _path(parameter, str(key)))
        ]
    if isinstance(detail, list):
        entries: list[dict[str, str | None]] = []
        for index, nested in enumerate(detail):
            inside = _path(parameter, str(index)) if isinstance(nested, Mapping) else parameter
            entries.extend(_field_errors(nested, inside))
        return entries
    return [{"parameter": parameter, "detail": str(detail)}]


def _path(parent: str | None, key: str) -> str | None:
    if key == "non_field_errors":
        return parent
    return key if parent is None else f"{parent}.{key}"


def _is_admin(request: HttpRequest) -> bool:
    return request.path_info.startswith("/admin/")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400: suspicious requests, such as an unknown host."""
    return ProblemResponse(400, detail="The request is malformed.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_admin(request):
        return defaults.permission_denied(request, exception)
    return ProblemResponse(403, detail="This is not allowed.")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_admin(request):
        return defaults.page_not_found(request, exception)
    return ProblemResponse(404, detail="There is nothing at this address.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500. Says nothing of the cause: that is in the log, under the request id."""
    if _is_admin(request):
        return defaults.server_error(request)
    return ProblemResponse(500, detail="Something went wrong here; the request id finds it.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """CSRF_FAILURE_VIEW: only the admin has forms."""
    return ProblemResponse(403, detail="The form's token is missing or stale; reload the page.")
