"""``manage.py apikey``: what each of its commands prints and does."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from config.accounts.keys import create_api_key, revoke_api_key, verify_key
from config.accounts.models import ApiKey, AuditEntry

pytestmark = pytest.mark.django_db


def apikey(*arguments: str) -> str:
    output = io.StringIO()
    call_command("apikey", *arguments, stdout=output, stderr=io.StringIO())
    return output.getvalue()


def test_create_prints_nothing_but_a_key_that_works() -> None:
    plain = apikey("create", "scanner", "--scope", "write").strip()

    credential = verify_key(plain)
    assert credential is not None
    assert (credential.name, credential.scope) == ("scanner", "write")


def test_create_takes_limits_and_a_last_day() -> None:
    apikey("create", "gpt", "--rate", "30", "--quota", "0", "--expires", "2999-01-31")

    key = ApiKey.objects.get()
    assert (key.scope, key.rate_per_minute, key.daily_quota) == ("read", 30, 0)
    assert f"{key.expires_at:%Y-%m-%d %H:%M}" == "2999-01-31 00:00"


@pytest.mark.parametrize(
    "arguments",
    [
        ("create",),
        ("create", "gpt", "--scope", "root"),
        ("create", "gpt", "--expires", "tomorrow"),
        ("create", "gpt", "--rate", "-1"),
        ("create", "gpt", "--quota", "2000000001"),
        ("rotate", "gone", "--overlap-hours", "x"),
        ("rotate", "gone"),
        ("revoke", "gone"),
        ("burn", "gone"),
        (),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        apikey(*arguments)

    assert not ApiKey.objects.exists()


def test_list_shows_every_key_and_no_secret() -> None:
    key, plain = create_api_key("gpt", rate_per_minute=30, daily_quota=0)
    revoke_api_key(create_api_key("old")[0])

    output = apikey("list")

    old, gpt = output.splitlines()[1:]
    assert gpt.split() == [key.prefix, "gpt", "read", "valid", "30", "any", "never", "never"]
    assert "revoked" in old
    assert plain.partition(".")[2] not in output


def test_rotate_prints_the_new_key_and_keeps_the_old_for_the_hours_named() -> None:
    key, old = create_api_key("gpt")

    new = apikey("rotate", key.prefix, "--overlap-hours", "2").strip()

    assert verify_key(new) is not None
    assert verify_key(old) is not None
    assert AuditEntry.objects.first().detail == {"overlap_s": 7200}


def test_rotate_can_end_the_old_secret_at_once() -> None:
    key, old = create_api_key("gpt")

    apikey("rotate", key.prefix, "--overlap-hours", "0")

    assert verify_key(old) is None


def test_rotate_refuses_a_revoked_key() -> None:
    key, _ = create_api_key("gpt")
    revoke_api_key(key)

    with pytest.raises(CommandError, match="revoked"):
        apikey("rotate", key.prefix)


def test_revoke_takes_a_prefix_or_a_whole_key_and_says_who_did_it() -> None:
    _, plain = create_api_key("gpt")

    output = apikey("revoke", plain)

    assert verify_key(plain) is None
    assert plain.partition(".")[2] not in output
    entry = AuditEntry.objects.first()
    assert entry is not None
    assert entry.action == "key.revoked"
    assert entry.actor.startswith("manage.py apikey")
