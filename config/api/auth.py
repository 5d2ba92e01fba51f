"""API keys over HTTP: who is asking, and the permission classes every endpoint chooses from.

A key comes as ``X-API-Key: KEY`` or ``Authorization: Bearer KEY``. While no key is configured at
all, reading is public and writing refused; from the first key on, both need one.
"""

# ruff: noqa: ARG002 - REST framework fixes these signatures

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from config.accounts.keys import Credential, any_key_configured, verify_key

_CHALLENGE = 'Bearer realm="api"'
# Longer than any key we hand out; a megabyte of header must not reach the hash.
_MOST_KEY_LENGTH = 256


class ApiKeyAuthentication(BaseAuthentication):
    """Sets ``request.auth`` to the key's Credential; ``request.user`` stays anonymous."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Credential] | None:
        plain = _presented_key(request)
        if plain is None:
            return None
        credential = verify_key(plain) if len(plain) <= _MOST_KEY_LENGTH else None
        if credential is None:
            raise AuthenticationFailed("This API key is unknown, expired or revoked.")
        return AnonymousUser(), credential

    def authenticate_header(self, request: Request) -> str:
        return _CHALLENGE


class ReadAccess(BasePermission):
    """Open while no key is configured at all, else a key with scope read or more."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.auth is None and not any_key_configured():
            return True
        return _has_scope(request, "read")


class _KeyedAccess(BasePermission):
    scope: ClassVar[str]

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.auth is None and not any_key_configured():
            raise NotAuthenticated(
                "This needs an API key and none is configured; "
                "make one with: manage.py apikey create NAME --scope " + self.scope
            )
        return _has_scope(request, self.scope)


class WriteAccess(_KeyedAccess):
    """A key with scope write or admin; refused while no key is configured."""

    scope = "write"


class AdminAccess(_KeyedAccess):
    """A key with scope admin; refused while no key is configured."""

    scope = "admin"


class KeyedWrites:
    """A viewset that is read like any other and written with a key."""

    request: Any

    def get_permissions(self) -> list[BasePermission]:
        return [ReadAccess() if self.request.method in SAFE_METHODS else WriteAccess()]


def _presented_key(request: Request) -> str | None:
    own_header: str | None = request.META.get("HTTP_X_API_KEY")
    if own_header is not None:
        return own_header.strip()
    kind, _, value = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return value.strip() if kind.lower() == "bearer" else None


def _has_scope(request: Request, scope: str) -> bool:
    credential: Any = request.auth
    if not isinstance(credential, Credential):
        raise NotAuthenticated("This needs an API key: header X-API-Key or Authorization: Bearer.")
    return credential.allows(scope)
