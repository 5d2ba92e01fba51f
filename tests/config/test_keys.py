"""API keys through their life: made, rotated, changed, revoked, deleted; each act written down."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from django.db import connections, transaction

from config.accounts.keys import (
    Credential,
    create_api_key,
    delete_api_keys,
    forget_believed_keys,
    revoke_api_key,
    rotate_api_key,
    save_changed_key,
    verify_key,
)
from config.accounts.models import ApiKey, AuditEntry

pytestmark = pytest.mark.django_db

LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)


def entries() -> list[tuple[str, str, str, Any]]:
    return list(
        AuditEntry.objects.order_by("id").values_list("actor", "action", "target", "detail")
    )


def test_a_key_carries_its_limits() -> None:
    _, plain = create_api_key("bot", "write", rate_per_minute=30, daily_quota=0)

    credential = verify_key(plain)

    assert credential == Credential(plain.partition(".")[0], "bot", "write", 30, 0)


def test_a_rotated_key_has_a_new_secret_and_the_old_one_works_for_a_while() -> None:
    key, old = create_api_key("bot", "write")

    new = rotate_api_key(key)

    assert new != old
    assert new.partition(".")[0] == old.partition(".")[0]
    assert verify_key(new) == verify_key(old) != None  # noqa: E711
    assert key.rotated_at is not None
    assert key.previous_until == key.rotated_at + timedelta(days=1)


def test_the_old_secret_ends_with_the_overlap() -> None:
    key, old = create_api_key("bot")
    new = rotate_api_key(key)

    ApiKey.objects.update(previous_until=LONG_AGO)

    assert verify_key(old) is None
    assert verify_key(new) is not None


def test_a_rotation_without_overlap_ends_the_old_secret_at_once_and_forgets_it() -> None:
    key, old = create_api_key("bot")
    assert verify_key(old) is not None

    new = rotate_api_key(key, overlap=timedelta(0))

    assert verify_key(old) is None
    assert verify_key(new) is not None
    assert (key.previous_sha256, key.previous_until) == ("", None)


def test_a_second_rotation_ends_the_first_secret() -> None:
    key, first = create_api_key("bot")
    second = rotate_api_key(key)

    third = rotate_api_key(key)

    assert [verify_key(plain) is not None for plain in (first, second, third)] == [
        False,
        True,
        True,
    ]


@pytest.mark.parametrize("which", ["revoked_at", "expires_at"])
def test_the_old_secret_of_a_key_that_has_ended_is_refused_too(which: str) -> None:
    key, old = create_api_key("bot")
    new = rotate_api_key(key)

    ApiKey.objects.update(**{which: LONG_AGO})

    assert [verify_key(old), verify_key(new)] == [None, None]


def test_an_empty_secret_proves_no_key_that_was_never_rotated() -> None:
    key, _ = create_api_key("bot")

    assert verify_key(f"{key.prefix}.") is None
    assert verify_key(key.prefix) is None


def test_a_revoked_key_is_not_rotated() -> None:
    key, plain = create_api_key("bot")
    revoke_api_key(key)

    with pytest.raises(ValueError, match="revoked"):
        rotate_api_key(key)

    assert verify_key(plain) is None


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({}, "valid"),
        ({"expires_at": datetime(2999, 1, 1, tzinfo=UTC)}, "valid"),
        ({"expires_at": LONG_AGO}, "expired"),
        ({"revoked_at": LONG_AGO}, "revoked"),
        ({"expires_at": LONG_AGO, "revoked_at": LONG_AGO}, "revoked"),
    ],
)
def test_the_state_of_a_key(change: dict[str, datetime], state: str) -> None:
    create_api_key("bot")
    ApiKey.objects.update(**change)

    assert ApiKey.objects.with_state().get().state == state


def test_every_act_on_a_key_is_in_the_audit_log_by_name() -> None:
    key, _ = create_api_key("bot", "write", by="ann")
    rotate_api_key(key, overlap=timedelta(hours=2), by="bob")
    key.rate_per_minute = 5
    save_changed_key(key, ["rate_per_minute"], by="cat")
    revoke_api_key(key, by="dan")
    name = str(key)
    delete_api_keys([key], by="eve")

    assert entries() == [
        ("ann", "key.created", name, {"scope": "write"}),
        ("bob", "key.rotated", name, {"overlap_s": 7200}),
        ("cat", "key.changed", name, {"fields": ["rate_per_minute"]}),
        ("dan", "key.revoked", name, {}),
        ("eve", "key.deleted", name, {}),
    ]


def test_a_key_that_was_revoked_before_is_not_revoked_twice() -> None:
    key, _ = create_api_key("bot")
    revoke_api_key(key, by="ann")

    revoke_api_key(key, by="bob")

    assert [actor for actor, action, *_ in entries() if action == "key.revoked"] == ["ann"]


def test_an_act_that_cannot_be_written_down_does_not_happen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*args: Any, **fields: Any) -> None:
        raise RuntimeError("no log")

    monkeypatch.setattr("config.accounts.audit.record", fail)

    with pytest.raises(RuntimeError):
        create_api_key("bot")

    assert not ApiKey.objects.exists()


def test_no_secret_is_stored_or_written_down() -> None:
    key, first = create_api_key("bot")
    second = rotate_api_key(key)

    stored = str([*ApiKey.objects.values(), *AuditEntry.objects.values()])
    for plain in (first, second):
        secret = plain.partition(".")[2]
        assert secret not in stored
        assert hashlib.sha256(secret.encode()).hexdigest() in stored


@pytest.mark.django_db(transaction=True)
def test_what_another_thread_read_before_the_commit_is_not_believed_after_it() -> None:
    key, plain = create_api_key("bot")
    verify_key(plain)  # notes the use, which the reader then need not do beside the writer
    forget_believed_keys()
    seen: list[bool] = []

    def read_elsewhere() -> None:
        seen.append(verify_key(plain) is not None)
        connections.close_all()

    with transaction.atomic():
        revoke_api_key(key)
        reader = Thread(target=read_elsewhere)
        reader.start()
        reader.join()

    assert seen == [True]
    assert verify_key(plain) is None
