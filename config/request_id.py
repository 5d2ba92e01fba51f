"""The request's id: given to every log line and every error answer of one request.

The middleware in ``config.middleware`` sets it; work done outside a request has none.
"""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar

HEADER = "X-Request-ID"

# Long enough for UUIDs and trace ids, short and plain enough to be safe in logs and headers.
_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def current_request_id() -> str | None:
    return _current.get()


def set_request_id(request_id: str | None) -> None:
    _current.set(request_id)


def accept_or_make(inbound: str | None) -> str:
    """Keep a sane id that a proxy or client sent, else make one."""
    if inbound is not None and _SANE.fullmatch(inbound):
        return inbound
    return secrets.token_hex(16)
