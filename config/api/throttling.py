"""How much a client may ask: per key, else per address. REST framework's default throttle.

Every answer to a limited client says where it stands, in the three fields of
draft-ietf-httpapi-ratelimit-headers (as versions 00 to 07 have them; from 08 on they are one):
``RateLimit-Limit``, ``RateLimit-Remaining`` and ``RateLimit-Reset`` (seconds), of the window that
is closer to its end. Beyond it the answer is 429 with ``Retry-After``.
"""

# ruff: noqa: ARG002 - REST framework fixes these signatures

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from config.accounts.keys import Credential
from config.api.addresses import client_address
from config.api.permits import Limits, PermitOffice, Verdict

_office = PermitOffice()
forget_permits = _office.forget

# Where the verdict lies until the middleware writes it into the answer.
_ATTRIBUTE = "rate_limit_verdict"


class ClientThrottle(BaseThrottle):
    """One permit for each request: of its key, or of its address when it has none."""

    def __init__(self) -> None:
        self._wait_s: float | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        verdict = _judge(request._request, request.auth)
        if verdict is None or verdict.granted:
            return True
        self._wait_s = verdict.reset_s
        return False

    def wait(self) -> float | None:
        return self._wait_s


def charge_refused(request: Request) -> Throttled | None:
    """Count a request that was refused before the throttle saw it; return what to raise instead.

    Guessing keys, and knocking with one that may not, counts like asking does.
    """
    if hasattr(request._request, _ATTRIBUTE):
        return None
    verdict = _judge(request._request, getattr(request, "_auth", None))
    return None if verdict is None or verdict.granted else Throttled(wait=verdict.reset_s)


def admit_address(request: HttpRequest, purpose: str, per_minute: int) -> Verdict | None:
    """Count a request that no key stands for, per address; 0 is no limit."""
    verdict = None
    if per_minute:
        verdict = _office.ask(f"{purpose}:{client_address(request.META)}", Limits(per_minute))
    setattr(request, _ATTRIBUTE, verdict)
    return verdict


def write_rate_limit(request: HttpRequest, response: HttpResponse) -> None:
    """Say in the answer where its client stands; nothing where there is no limit."""
    verdict: Verdict | None = getattr(request, _ATTRIBUTE, None)
    if verdict is not None:
        headers = response.headers
        headers["RateLimit-Limit"] = str(verdict.limit)
        headers["RateLimit-Remaining"] = str(verdict.remaining)
        headers["RateLimit-Reset"] = str(verdict.reset_s)


def _judge(request: HttpRequest, credential: object) -> Verdict | None:
    if not isinstance(credential, Credential):
        return admit_address(request, "address", settings.ANONYMOUS_RATE_PER_MINUTE)
    verdict = _office.ask(f"key:{credential.prefix}", _limits_of(credential))
    setattr(request, _ATTRIBUTE, verdict)
    return verdict


def _limits_of(credential: Credential) -> Limits:
    rate, quota = credential.rate_per_minute, credential.daily_quota
    return Limits(
        settings.API_KEY_RATE_PER_MINUTE if rate is None else rate,
        settings.API_KEY_DAILY_QUOTA if quota is None else quota,
    )
