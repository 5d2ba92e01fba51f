"""Keys and the audit log in the admin."""

from __future__ import annotations

import pytest
from django.test import Client

from config.accounts.keys import create_api_key, verify_key
from config.accounts.models import ApiKey, AuditEntry, User

pytestmark = pytest.mark.django_db

KEYS = "/admin/accounts/apikey/"
FORM = {
    "name": "gpt",
    "scope": "read",
    "rate_per_minute": "30",
    "daily_quota": "",
    "expires_at_0": "",
    "expires_at_1": "",
}


@pytest.fixture
def admin_client() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("boss", password="irrelevant-0"))
    return client


def act(client: Client, action: str, *keys: ApiKey) -> list[str]:
    """Run an action on keys from their list; return the messages of the page after it."""
    chosen = [str(key.pk) for key in keys]
    page = client.post(KEYS, {"action": action, "_selected_action": chosen}, follow=True)
    assert page.status_code == 200
    return [str(message) for message in page.context["messages"]]


def acts() -> list[tuple[str, str]]:
    found = AuditEntry.objects.exclude(action__startswith="login.").order_by("id")
    return list(found.values_list("actor", "action"))


def test_the_admin_shows_a_new_key_once(admin_client: Client) -> None:
    page = admin_client.post(f"{KEYS}add/", FORM, follow=True)
    again = admin_client.get(KEYS)

    key = ApiKey.objects.get()
    messages = [str(message) for message in page.context["messages"]]
    plain = messages[0].rpartition(" ")[2]
    credential = verify_key(plain)
    assert credential is not None
    assert (credential.name, credential.rate_per_minute) == ("gpt", 30)
    assert key.prefix in plain
    assert plain.encode() not in again.content


def test_the_admin_revokes_keys(admin_client: Client) -> None:
    key, plain = create_api_key("gpt", "read")
    assert verify_key(plain) is not None

    act(admin_client, "revoke", key)

    key.refresh_from_db()
    assert key.revoked_at is not None
    assert verify_key(plain) is None


def test_the_admin_cannot_widen_what_a_key_may_do(admin_client: Client) -> None:
    key, _ = create_api_key("gpt", "read")
    form = {**FORM, "name": "renamed", "scope": "admin"}

    admin_client.post(f"{KEYS}{key.pk}/change/", form)

    key.refresh_from_db()
    assert (key.name, key.scope) == ("renamed", "read")


def test_a_deleted_key_is_refused_at_once(admin_client: Client) -> None:
    key, plain = create_api_key("gpt", "read")
    assert verify_key(plain) is not None

    admin_client.post(f"{KEYS}{key.pk}/delete/", {"post": "yes"})

    assert verify_key(plain) is None


def test_a_changed_limit_holds_at_once(admin_client: Client) -> None:
    key, plain = create_api_key("gpt", "read")
    assert verify_key(plain) is not None

    admin_client.post(f"{KEYS}{key.pk}/change/", {**FORM, "daily_quota": "7"})

    credential = verify_key(plain)
    assert credential is not None
    assert (credential.rate_per_minute, credential.daily_quota) == (30, 7)


def test_the_admin_rotates_keys_and_shows_each_new_secret_once(admin_client: Client) -> None:
    key, old = create_api_key("gpt", "read")

    [message] = act(admin_client, "rotate", key)

    assert verify_key(message.rpartition(" ")[2]) is not None
    assert verify_key(old) is not None


def test_the_admin_rotates_keys_so_that_the_old_secret_ends(admin_client: Client) -> None:
    key, old = create_api_key("gpt", "read")

    [message] = act(admin_client, "rotate_at_once", key)

    assert verify_key(message.rpartition(" ")[2]) is not None
    assert verify_key(old) is None


def test_several_keys_are_deleted_together_and_refused_at_once(admin_client: Client) -> None:
    made = [create_api_key(name) for name in ("one", "two")]
    assert all(verify_key(plain) for _, plain in made)

    chosen = [str(key.pk) for key, _ in made]
    admin_client.post(
        KEYS, {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
    )

    assert [verify_key(plain) for _, plain in made] == [None, None]
    assert acts()[-2:] == [("boss", "key.deleted")] * 2


def test_what_an_administrator_does_to_keys_is_written_once_under_their_name(
    admin_client: Client,
) -> None:
    admin_client.post(f"{KEYS}add/", FORM)
    key = ApiKey.objects.get()
    admin_client.post(f"{KEYS}{key.pk}/change/", {**FORM, "name": "renamed"})
    act(admin_client, "rotate", key)
    act(admin_client, "revoke", key)

    assert acts() == [
        ("boss", "key.created"),
        ("boss", "key.changed"),
        ("boss", "key.rotated"),
        ("boss", "key.revoked"),
    ]


def test_what_an_administrator_changes_elsewhere_is_written_with_its_fields(
    admin_client: Client,
) -> None:
    admin_client.post(
        "/admin/accounts/user/add/",
        {"username": "new", "usable_password": "false"},
    )
    user = User.objects.get(username="new")
    form = {"username": "newer", "date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    admin_client.post(f"/admin/accounts/user/{user.pk}/change/", form)
    admin_client.post(f"/admin/accounts/user/{user.pk}/delete/", {"post": "yes"})

    written = AuditEntry.objects.filter(action__startswith="admin.").order_by("id")
    assert [(entry.actor, entry.action, entry.target) for entry in written] == [
        ("boss", "admin.added", f"accounts.User {user.pk}: new"),
        ("boss", "admin.changed", f"accounts.User {user.pk}: newer"),
        ("boss", "admin.deleted", f"accounts.User {user.pk}: newer"),
    ]
    assert "Username" in str(written[1].detail["changes"])


def test_a_deletion_of_several_rows_is_written_row_by_row(admin_client: Client) -> None:
    users = [User.objects.create_user(name) for name in ("one", "two", "three")]

    admin_client.post(
        "/admin/accounts/user/",
        {
            "action": "delete_selected",
            "_selected_action": [str(user.pk) for user in users],
            "post": "yes",
        },
    )

    assert acts() == [("boss", "admin.deleted")] * 3


def test_the_audit_log_can_be_read_but_not_changed(admin_client: Client) -> None:
    create_api_key("gpt", by="ann")
    entry = AuditEntry.objects.get(action="key.created")
    page = "/admin/accounts/auditentry/"

    listed = admin_client.get(page)
    shown = admin_client.get(f"{page}{entry.pk}/change/")
    refused = [
        admin_client.get(f"{page}add/"),
        admin_client.post(f"{page}{entry.pk}/change/", {"actor": "eve"}),
        admin_client.post(f"{page}{entry.pk}/delete/", {"post": "yes"}),
    ]

    assert "key.created" in listed.content.decode()
    assert shown.status_code == 200
    assert [response.status_code for response in refused] == [403, 403, 403]
    assert AuditEntry.objects.get(pk=entry.pk).actor == "ann"
