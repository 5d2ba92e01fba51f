"""Log-ins to the admin: few attempts per address and per name, and an audit entry for each.

Three counts per quarter of an hour bound guessing: of one name from one address, of one address,
and of one name from everywhere. The last would let anybody lock somebody out, so a browser that
has logged in with a name before is counted by itself alone, whatever others do.
"""

# ruff: noqa: ARG001 - Django fixes the signatures of signal receivers

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, salted_hmac

from config.accounts import audit
from config.accounts.models import User
from config.api import counting
from config.api.addresses import client_address
from config.api.counting import Addition

WINDOW_S = 15 * 60
ATTEMPTS_PER_NAME_AND_ADDRESS = 10
ATTEMPTS_PER_ADDRESS = 30
ATTEMPTS_PER_NAME = 100

_COOKIE = "known_browser"
_COOKIE_AGE_S = 180 * 24 * 3600
_NONCE_BYTES = 12


def wait_before_attempt(request: HttpRequest) -> int:
    """Count an attempt to log in; return the seconds to wait when there were too many, else 0."""
    name = request.POST.get("username", "")
    address = client_address(request.META)
    digest = _digest(name)
    browser = _known_browser(request, digest)
    limits = (
        {f"browser:{browser}": ATTEMPTS_PER_NAME_AND_ADDRESS}
        if browser
        else {
            f"name-and-address:{digest}:{address}": ATTEMPTS_PER_NAME_AND_ADDRESS,
            f"address:{address}": ATTEMPTS_PER_ADDRESS,
            f"name:{digest}": ATTEMPTS_PER_NAME,
        }
    )
    now_s = counting.now_s()
    window = int(now_s // WINDOW_S)
    totals = counting.count(
        [Addition(f"login:{window}:{subject}", 1, 2 * WINDOW_S) for subject in limits]
    )
    if totals is None or not any(
        total > limit for total, limit in zip(totals, limits.values(), strict=True)
    ):
        return 0
    # One entry for each limit that is reached, not for each attempt beyond it.
    if any(total == limit + 1 for total, limit in zip(totals, limits.values(), strict=True)):
        audit.record(_shown_name(name), "login.throttled", address=address)
    return max(1, int((window + 1) * WINDOW_S - now_s))


def remember_browser(request: HttpRequest, response: HttpResponse) -> None:
    """Let a browser that has logged in be counted by itself from now on."""
    digest = _digest(request.user.get_username())
    if _known_browser(request, digest):
        return
    response.set_signed_cookie(
        _COOKIE,
        f"{digest}.{secrets.token_hex(_NONCE_BYTES)}",
        max_age=_COOKIE_AGE_S,
        path="/admin/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def note_success(sender: Any, request: HttpRequest | None, user: Any, **_: Any) -> None:
    """Receive Django's ``user_logged_in``."""
    if request is not None:
        audit.record(user.get_username(), "login.succeeded", address=client_address(request.META))


def note_failure(
    sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any
) -> None:
    """Receive Django's ``user_login_failed``."""
    if request is not None:
        name = _shown_name(str(credentials.get("username", "")))
        audit.record(name, "login.failed", address=client_address(request.META))


def _known_browser(request: HttpRequest, digest: str) -> str | None:
    cookie = request.get_signed_cookie(_COOKIE, default="", max_age=_COOKIE_AGE_S) or ""
    of_name, _, nonce = cookie.partition(".")
    return nonce if nonce and constant_time_compare(of_name, digest) else None


def _digest(name: str) -> str:
    # Names are not stored as they were typed: now and then one is a password in the wrong field.
    return salted_hmac("admin-login", name.casefold()).hexdigest()[:32]


def _shown_name(name: str) -> str:
    return name if User.objects.filter(username=name).exists() else "(an unknown name)"
