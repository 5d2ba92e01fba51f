"""Make, verify, rotate and revoke API keys.

A key is ``prefix.secret``: the prefix finds its row, the SHA-256 of a 256-bit random secret proves
it (a slow hash adds nothing to a secret that cannot be guessed). Keys of the ``API_KEYS`` setting
have scope write. What was verified is believed for a few seconds, so that a busy client costs no
query per request; a revocation reaches other processes within that time. Whatever changes keys is
in the audit log, by the name of who did it.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Q
from django.db.models.functions import Now

from config.accounts import audit
from config.accounts.models import ApiKey

logger = logging.getLogger(__name__)

# Seconds that an answer of the database is believed: the longest a revoked key still works.
BELIEVED_S = 5.0
# How exact last_used_at is: at most one write per key in this time.
LAST_USED_EVERY = timedelta(minutes=1)

# How long the old secret still works beside a new one, unless told otherwise.
ROTATION_OVERLAP = timedelta(days=1)

_PREFIX_BYTES = 6  # 12 hex characters: never twice in practice, and the database sees to it
_SECRET_BYTES = 32
# Bounds memory when somebody presents many different valid keys: more than any installation has.
_MOST_BELIEVED = 1024

# A scope includes those before it.
_RANK = {"read": 0, "write": 1, "admin": 2}


@dataclass(frozen=True, slots=True)
class Credential:
    """A verified key, as ``request.auth`` carries it."""

    prefix: str  # "configured-0" for the first key of the API_KEYS setting
    name: str
    scope: str
    rate_per_minute: int | None = None  # None: the setting's
    daily_quota: int | None = None

    def allows(self, scope: str) -> bool:
        return _RANK[self.scope] >= _RANK[scope]


class _Believed:
    """What this process asked the database lately."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: dict[str, tuple[float, Credential]] = {}
        self._any: tuple[float, bool] | None = None

    def forget(self) -> None:
        with self._lock:
            self._keys.clear()
            self._any = None

    def key(self, digest: str) -> Credential | None:
        with self._lock:
            until, credential = self._keys.get(digest, (0.0, None))
        return credential if monotonic() < until else None

    def believe_key(self, digest: str, credential: Credential) -> None:
        with self._lock:
            if len(self._keys) >= _MOST_BELIEVED:
                self._keys.clear()
            self._keys[digest] = (monotonic() + BELIEVED_S, credential)

    def any_key(self) -> bool | None:
        with self._lock:
            until, answer = self._any or (0.0, False)
        return answer if monotonic() < until else None

    def believe_any_key(self, answer: bool) -> None:
        with self._lock:
            self._any = (monotonic() + BELIEVED_S, answer)


_believed = _Believed()
forget_believed_keys = _believed.forget


@transaction.atomic
def create_api_key(
    name: str,
    scope: str = ApiKey.Scope.READ,
    *,
    expires_at: datetime | None = None,
    rate_per_minute: int | None = None,
    daily_quota: int | None = None,
    by: str = "",
) -> tuple[ApiKey, str]:
    """Store a new key and return it with its plain text, which exists nowhere else."""
    if scope not in ApiKey.Scope.values:
        raise ValueError(f"not a scope: {scope!r}; one of {', '.join(ApiKey.Scope.values)}")
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    key = ApiKey.objects.create(
        name=name,
        prefix=secrets.token_hex(_PREFIX_BYTES),
        secret_sha256=_sha256(secret),
        scope=scope,
        expires_at=expires_at,
        rate_per_minute=rate_per_minute,
        daily_quota=daily_quota,
    )
    _record(by, "key.created", key, scope=scope)
    _forget_what_changed()
    return key, f"{key.prefix}.{secret}"


@transaction.atomic
def rotate_api_key(key: ApiKey, *, overlap: timedelta = ROTATION_OVERLAP, by: str = "") -> str:
    """Give the key a new secret and return its new plain text, which exists nowhere else.

    The old secret works for ``overlap`` longer; one that an earlier rotation left ends at once.
    Raises ValueError for a key that is revoked.
    """
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    current = ApiKey.objects.select_for_update().get(pk=key.pk)
    if current.revoked_at is not None:
        raise ValueError("a revoked key stays revoked; make a new one")
    ApiKey.objects.filter(pk=key.pk).update(
        previous_sha256=current.secret_sha256 if overlap else "",
        previous_until=Now() + overlap if overlap else None,
        secret_sha256=_sha256(secret),
        rotated_at=Now(),
    )
    key.refresh_from_db()
    _record(by, "key.rotated", key, overlap_s=int(overlap.total_seconds()))
    _forget_what_changed()
    return f"{key.prefix}.{secret}"


@transaction.atomic
def revoke_api_key(key: ApiKey, *, by: str = "") -> None:
    """Refuse the key from now on. Its row stays: it says what once had access."""
    if ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=Now()):
        _record(by, "key.revoked", key)
    key.refresh_from_db()
    _forget_what_changed()


@transaction.atomic
def save_changed_key(key: ApiKey, fields: Iterable[str], *, by: str) -> None:
    """Save a key whose name, limits or expiry were edited."""
    key.save()
    _record(by, "key.changed", key, fields=sorted(fields))
    _forget_what_changed()


@transaction.atomic
def delete_api_keys(keys: Iterable[ApiKey], *, by: str) -> None:
    """Remove keys with their rows. Unlike a revocation, only the audit log still knows of them."""
    for key in keys:
        _record(by, "key.deleted", key)
        key.delete()
    _forget_what_changed()


def any_key_configured() -> bool:
    """Tell whether access needs a key. Revoked and expired keys count: losing the last valid key
    must not open the service."""
    if settings.CONFIGURED_API_KEYS:
        return True
    believed = _believed.any_key()
    if believed is None:
        believed = ApiKey.objects.exists()
        _believed.believe_any_key(believed)
    return believed


def verify_key(plain: str) -> Credential | None:
    """Return whose key this is; None when it is unknown, expired or revoked."""
    if (place := _place_among_configured(plain)) is not None:
        return Credential(f"configured-{place}", "API_KEYS", "write")
    digest = _sha256(plain)
    return _believed.key(digest) or _verify_stored(plain, digest)


def _place_among_configured(plain: str) -> int | None:
    if not settings.CONFIGURED_API_KEYS:
        return None
    presented = plain.encode()
    # All are compared, so that the time tells nothing about which one came close.
    matches = [hmac.compare_digest(presented, key.encode()) for key in settings.CONFIGURED_API_KEYS]
    return matches.index(True) if True in matches else None


def _verify_stored(plain: str, digest: str) -> Credential | None:
    prefix, _, secret = plain.partition(".")
    usable = ApiKey.objects.filter(
        Q(expires_at__isnull=True) | Q(expires_at__gt=Now()), prefix=prefix, revoked_at__isnull=True
    ).annotate(old_counts=Q(previous_until__gt=Now()))
    # "\0" is no text to PostgreSQL and in no prefix anyway.
    key = usable.first() if prefix.isalnum() and prefix.isascii() else None
    if key is None or not _proves(secret, key):
        return None
    credential = Credential(key.prefix, key.name, key.scope, key.rate_per_minute, key.daily_quota)
    _believed.believe_key(digest, credential)
    _note_use(key)
    return credential


def _proves(secret: str, key: Any) -> bool:
    digest = _sha256(secret)
    is_current = hmac.compare_digest(digest, key.secret_sha256)
    was_before = hmac.compare_digest(digest, key.previous_sha256)
    return is_current or (was_before and bool(key.old_counts))


def _note_use(key: ApiKey) -> None:
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=Now() - LAST_USED_EVERY)
    try:
        if ApiKey.objects.filter(stale, pk=key.pk).exists():
            ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=Now())
    except DatabaseError:
        # A busy or read-only database must not refuse a valid key: only the note is lost.
        logger.warning("use of API key not noted", extra={"key_prefix": key.prefix}, exc_info=True)


def _forget_what_changed() -> None:
    """Ask the database anew, also once the change is visible to all who ask."""
    forget_believed_keys()
    transaction.on_commit(forget_believed_keys)


def _record(by: str, action: str, key: ApiKey, **detail: Any) -> None:
    audit.record(by or "the service", action, str(key), **detail)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
