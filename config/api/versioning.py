"""Saying goodbye to an operation: headers for programs, a mark in the schema for people.

    @deprecated(since=date(2027, 1, 10), sunset=date(2027, 7, 10), instead="/signals/{symbol}")
    @extend_schema(…)
    def retrieve(self, request): …

``docs/api.md`` says what is promised: an operation is announced at least 180 days before its end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import wraps
from typing import Any, TypeVar

from django.utils.http import http_date

Handler = TypeVar("Handler", bound=Callable[..., Any])

LEAST_NOTICE = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Deprecation:
    """From ``since`` on it should not be used, from ``sunset`` on it may be gone."""

    since: date
    sunset: date
    instead: str

    def headers(self) -> dict[str, str]:
        """Return the headers of RFC 9745 and RFC 8594, and where to go on."""
        return {
            "Deprecation": f"@{_timestamp(self.since)}",
            "Sunset": http_date(_timestamp(self.sunset)),
            "Link": f'<{self.instead}>; rel="successor-version"',
        }

    def sentence(self) -> str:
        return (
            f"Deprecated since {self.since:%Y-%m-%d}, gone from {self.sunset:%Y-%m-%d} on: "
            f"use `{self.instead}`."
        )


def deprecated(since: date, sunset: date, instead: str) -> Callable[[Handler], Handler]:
    """Mark a view's handler as one that will go. ``instead`` is the path that replaces it."""
    if sunset - since < LEAST_NOTICE:
        raise ValueError(f"announced {(sunset - since).days} days before, not {LEAST_NOTICE.days}")
    deprecation = Deprecation(since, sunset, instead)

    def mark(handler: Handler) -> Handler:
        @wraps(handler)
        def answer(*args: Any, **kwargs: Any) -> Any:
            response = handler(*args, **kwargs)
            for name, value in deprecation.headers().items():
                response.headers[name] = value
            return response

        answer.deprecation = deprecation  # type: ignore[attr-defined]
        return answer  # type: ignore[return-value] # the same signature

    return mark


def deprecation_of(handler: Any) -> Deprecation | None:
    """Return what a handler was marked with."""
    found: Deprecation | None = getattr(handler, "deprecation", None)
    return found


def _timestamp(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp())
