"""Who may do what: every kind of key against every permission class."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DatabaseError
from django.db.models import QuerySet
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient

from config.accounts import keys
from config.accounts.keys import create_api_key, forget_believed_keys, revoke_api_key
from config.accounts.models import ApiKey
from tests.config.capture import captured_logs

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.config.guarded_urls")]

CONFIGURED = "configured-key-0123456789"
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)
FAR_AHEAD = datetime(2999, 1, 1, tzinfo=UTC)


def present(which: str) -> str | None:
    """Make the keys a case needs and return the one to send; None sends no key."""
    if which == "none":
        return None
    if which == "unknown":
        return "0123456789ab.unknown"
    if which == "configured":
        return CONFIGURED
    scope, _, state = which.partition(" ")
    expires_at = {"expired": LONG_AGO, "unexpired": FAR_AHEAD}.get(state)
    key, plain = create_api_key("bot", scope, expires_at=expires_at)
    if state == "revoked":
        revoke_api_key(key)
    return plain


@pytest.mark.parametrize(
    ("installed", "sent", "read", "write", "admin"),
    [
        # what is installed, what is sent, status of /read, /write, /admin
        ("nothing", "none", 200, 401, 401),
        ("nothing", "unknown", 401, 401, 401),
        ("env key", "none", 401, 401, 401),
        ("env key", "unknown", 401, 401, 401),
        ("env key", "configured", 200, 200, 403),
        ("env key", "read", 200, 403, 403),
        ("db key", "none", 401, 401, 401),
        ("db key", "configured", 401, 401, 401),
        ("db key", "read", 200, 403, 403),
        ("db key", "write", 200, 200, 403),
        ("db key", "admin", 200, 200, 200),
        ("db key", "admin unexpired", 200, 200, 200),
        ("db key", "admin expired", 401, 401, 401),
        ("db key", "admin revoked", 401, 401, 401),
        ("revoked key only", "none", 401, 401, 401),
    ],
)
def test_access(
    api: APIClient,
    settings: Settings,
    installed: str,
    sent: str,
    read: int,
    write: int,
    admin: int,
) -> None:
    if installed == "env key":
        settings.CONFIGURED_API_KEYS = ("another-key-0123456789", CONFIGURED)
    if installed == "db key":
        create_api_key("other", "read")
    if installed == "revoked key only":
        revoke_api_key(create_api_key("other", "read")[0])
    plain = present(sent)
    headers = {} if plain is None else {"X-API-Key": plain}

    statuses = [api.get(f"/{path}", headers=headers).status_code for path in PATHS]

    assert statuses == [read, write, admin]


PATHS = ("read", "write", "admin")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-Key": CONFIGURED},
        {"X-API-Key": f" {CONFIGURED} "},
        {"Authorization": f"Bearer {CONFIGURED}"},
        {"Authorization": f"bearer   {CONFIGURED}"},
    ],
)
def test_both_header_forms_carry_a_key(
    api: APIClient, settings: Settings, headers: dict[str, str]
) -> None:
    settings.CONFIGURED_API_KEYS = (CONFIGURED,)

    response = api.get("/write", headers=headers)

    assert response.json() == {"key": "API_KEYS"}


@pytest.mark.parametrize(
    "value", ["", "x" * 10_000, ".", "a.b.c", "ü.ü", "'; DROP TABLE", "0123456789ab."]
)
def test_whatever_is_no_key_is_refused(api: APIClient, settings: Settings, value: str) -> None:
    settings.CONFIGURED_API_KEYS = (CONFIGURED,)
    create_api_key("other", "read")

    response = api.get("/read", HTTP_X_API_KEY=value)

    assert response.status_code == 401


def test_another_kind_of_authorization_is_none_of_ours(api: APIClient) -> None:
    response = api.get("/read", headers={"Authorization": "Basic dTpw"})

    assert response.status_code == 200


def test_a_right_prefix_with_a_wrong_secret_is_refused(api: APIClient) -> None:
    _, plain = create_api_key("bot", "read")

    response = api.get("/read", headers={"X-API-Key": plain[:-1] + "~"})

    assert response.status_code == 401


def test_a_missing_key_is_a_401_problem_with_a_challenge(
    api: APIClient, settings: Settings
) -> None:
    settings.CONFIGURED_API_KEYS = (CONFIGURED,)

    response = api.get("/read")

    assert response["WWW-Authenticate"].startswith("Bearer")
    assert response["Content-Type"] == "application/problem+json"
    assert "X-API-Key" in response.json()["detail"]


def test_a_key_of_too_small_a_scope_is_a_403_problem(api: APIClient) -> None:
    _, plain = create_api_key("bot", "read")

    response = api.get("/write", headers={"X-API-Key": plain})

    assert response.status_code == 403
    assert response["Content-Type"] == "application/problem+json"


def test_writing_without_any_key_configured_is_refused_with_the_way_out(api: APIClient) -> None:
    response = api.get("/write")

    assert "manage.py apikey create NAME --scope write" in response.json()["detail"]


def test_only_a_hash_of_the_secret_is_stored() -> None:
    key, plain = create_api_key("bot", "read")

    prefix, secret = plain.split(".")
    row = ApiKey.objects.values().get(pk=key.pk)
    assert row["prefix"] == prefix
    assert secret not in str(row)
    assert len(secret) == 43


def test_an_unknown_scope_is_refused() -> None:
    with pytest.raises(ValueError, match="root"):
        create_api_key("bot", "root")


def test_a_busy_client_costs_no_query_per_request(
    api: APIClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    _, plain = create_api_key("bot", "read")
    api.get("/read", headers={"X-API-Key": plain})

    with django_assert_num_queries(0):
        response = api.get("/read", headers={"X-API-Key": plain})

    assert response.status_code == 200


def test_public_reading_costs_no_query_per_request(
    api: APIClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    api.get("/read")

    with django_assert_num_queries(0):
        response = api.get("/read")

    assert response.status_code == 200


def test_a_revocation_holds_at_once_in_the_process_that_made_it(api: APIClient) -> None:
    key, plain = create_api_key("bot", "read")
    api.get("/read", headers={"X-API-Key": plain})

    revoke_api_key(key)

    assert api.get("/read", headers={"X-API-Key": plain}).status_code == 401


def test_the_first_key_closes_public_reading_in_the_process_that_made_it(api: APIClient) -> None:
    api.get("/read")

    create_api_key("bot", "read")

    assert api.get("/read").status_code == 401


def test_what_the_database_said_is_not_believed_for_long(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, plain = create_api_key("bot", "read")
    api.get("/read", headers={"X-API-Key": plain})
    ApiKey.objects.filter(pk=key.pk).update(revoked_at=LONG_AGO)  # as another process does it

    later_s = keys.monotonic() + keys.BELIEVED_S
    monkeypatch.setattr(keys, "monotonic", lambda: later_s)

    assert api.get("/read", headers={"X-API-Key": plain}).status_code == 401


def test_the_use_of_a_key_is_noted_at_most_once_a_minute(api: APIClient) -> None:
    key, plain = create_api_key("bot", "read")

    api.get("/read", headers={"X-API-Key": plain})
    key.refresh_from_db()
    first = key.last_used_at
    forget_believed_keys()
    api.get("/read", headers={"X-API-Key": plain})
    key.refresh_from_db()

    assert first is not None
    assert key.last_used_at == first


def test_a_use_longer_ago_than_a_minute_is_noted_anew(api: APIClient) -> None:
    key, plain = create_api_key("bot", "read")
    ApiKey.objects.filter(pk=key.pk).update(last_used_at=LONG_AGO)

    api.get("/read", headers={"X-API-Key": plain})

    key.refresh_from_db()
    assert key.last_used_at is not None
    assert key.last_used_at > LONG_AGO


def test_a_database_too_busy_to_note_the_use_does_not_refuse_the_key(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, plain = create_api_key("bot", "read")

    def busy(self: QuerySet[Any], **fields: Any) -> int:
        raise DatabaseError("locked")

    monkeypatch.setattr(QuerySet, "update", busy)
    with captured_logs() as lines:
        response = api.get("/read", headers={"X-API-Key": plain})

    assert response.status_code == 200
    assert lines.of("config.accounts.keys")[0]["level"] == "WARNING"
