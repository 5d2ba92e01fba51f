"""The admin: who is told what, what became of it, and sending it again."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from config.accounts.models import User
from notifications import limits
from notifications.models import AlertEvent, AlertRule, Delivery, Subscriber
from tests.notifications.alerts import PlainWords, make_subscriber, raise_signal

pytestmark = pytest.mark.django_db

DELIVERIES = "admin:notifications_delivery_changelist"


def failed_delivery() -> Delivery:
    make_subscriber(100)
    raise_signal("BTC")
    Delivery.objects.update(state="failed", reason="Bad Request: no", text="<b>as it was</b>")
    return Delivery.objects.get()


@pytest.mark.parametrize("query", ["", "?q=100", "?state__exact=failed", "?q=no"])
def test_deliveries_can_be_searched_and_filtered(admin_client: Client, query: str) -> None:
    delivery = failed_delivery()

    page = admin_client.get(reverse(DELIVERIES) + query)

    assert [row.pk for row in page.context["cl"].result_list] == [delivery.pk]
    assert b"Bad Request: no" in page.content


def test_a_delivery_shows_its_text_escaped_and_offers_no_change(admin_client: Client) -> None:
    delivery = failed_delivery()
    url = reverse("admin:notifications_delivery_change", args=[delivery.pk])

    page = admin_client.get(url).content.decode()

    assert "&lt;b&gt;as it was&lt;/b&gt;" in page
    assert 'name="_save"' not in page
    assert admin_client.post(url, {"state": "sent"}).status_code == 403
    assert Delivery.objects.get().state == "failed"


def test_what_was_sent_shows_as_it_would_read(admin_client: Client, words: PlainWords) -> None:
    words.text = "<b>{symbol}</b> goes {direction}"
    delivery = failed_delivery()
    Delivery.objects.update(state="pending", text="")

    url = reverse("admin:notifications_delivery_change", args=[delivery.pk])

    assert "BTC goes LONG" in admin_client.get(url).content.decode()


def test_a_dead_letter_is_sent_again_by_an_action(admin_client: Client) -> None:
    delivery = failed_delivery()

    answer = admin_client.post(
        reverse(DELIVERIES), {"action": "send_again", "_selected_action": [delivery.pk]}
    )

    assert answer.status_code == 302
    assert (Delivery.objects.get().state, Delivery.objects.get().attempts) == ("pending", 0)


def test_who_may_only_look_cannot_send_again(client: Client) -> None:
    delivery = failed_delivery()
    user = User.objects.create_user("reader", password="x", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_delivery"))
    client.force_login(user)

    client.post(reverse(DELIVERIES), {"action": "send_again", "_selected_action": [delivery.pk]})

    assert client.get(reverse(DELIVERIES)).status_code == 200
    assert Delivery.objects.get().state == "failed"


def test_a_refused_token_and_a_dry_run_are_named_above_the_list(
    admin_client: Client, settings: Settings
) -> None:
    limits.stop("Unauthorized")
    assert b"refuses the token (Unauthorized)" in admin_client.get(reverse(DELIVERIES)).content

    settings.TELEGRAM_DRY_RUN = True
    assert b"none is sent" in admin_client.get(reverse(DELIVERIES)).content


def test_events_can_be_looked_at_only(admin_client: Client) -> None:
    event = raise_signal("BTC")

    page = admin_client.get(reverse("admin:notifications_alertevent_changelist"))

    assert event.dedup_key.encode() in page.content
    assert admin_client.get(reverse("admin:notifications_alertevent_add")).status_code == 403
    delete = reverse("admin:notifications_alertevent_delete", args=[event.pk])
    assert admin_client.post(delete, {"post": "yes"}).status_code == 403
    assert AlertEvent.objects.count() == 1


def subscriber_form(subscriber: Subscriber, **changes: object) -> dict[str, object]:
    rule = AlertRule.objects.get(subscriber=subscriber)
    return {
        "name": subscriber.name,
        "state": subscriber.state,
        "timezone": subscriber.timezone,
        "muted_until_0": "",
        "muted_until_1": "",
        "rules-TOTAL_FORMS": 1,
        "rules-INITIAL_FORMS": 1,
        "rules-0-id": rule.pk,
        "rules-0-subscriber": subscriber.pk,
        "rules-0-kind": "signal",
        "rules-0-is_enabled": "on",
        "rules-0-symbols": "[]",
        "rules-0-min_distance": 0,
        "rules-0-min_confidence": "low",
        "rules-0-directions": "both",
        "rules-0-min_score": 75,
        **changes,
    }


def test_a_subscriber_is_edited_together_with_their_rule(admin_client: Client) -> None:
    subscriber = make_subscriber(100)
    url = reverse("admin:notifications_subscriber_change", args=[subscriber.pk])

    answer = admin_client.post(
        url,
        subscriber_form(
            subscriber,
            **{"timezone": "Europe/Berlin", "chat_id": 5, "rules-0-symbols": '["BTC"]'},
        ),
    )

    assert answer.status_code == 302
    subscriber.refresh_from_db()
    assert (subscriber.timezone, subscriber.chat_id) == ("Europe/Berlin", 100)
    assert AlertRule.objects.get().symbols == ["BTC"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"timezone": "Middle/Earth"}, "is not a time zone"),
        ({"rules-0-symbols": '["btc"]'}, "A list of coins in capitals"),
        ({"rules-0-quiet_from": "23:00"}, "Quiet hours need"),
        ({"rules-0-quiet_from": "23:00", "rules-0-quiet_to": "23:00"}, "Quiet hours need"),
        ({"rules-0-digest_minutes": "0"}, "rule_digest_minutes"),
    ],
)
def test_what_no_rule_can_mean_is_refused_with_a_sentence(
    admin_client: Client, change: dict[str, object], sentence: str
) -> None:
    subscriber = make_subscriber(100)
    url = reverse("admin:notifications_subscriber_change", args=[subscriber.pk])

    answer = admin_client.post(url, subscriber_form(subscriber, **change))

    assert answer.status_code == 200
    assert sentence in answer.content.decode()


def test_a_subscriber_can_be_added_by_hand(admin_client: Client) -> None:
    answer = admin_client.post(
        reverse("admin:notifications_subscriber_add"),
        {
            "name": "Desk", "chat_id": "-100123", "chat_type": "supergroup", "state": "active",
            "timezone": "UTC", "rules-TOTAL_FORMS": 0, "rules-INITIAL_FORMS": 0,
        },
    )  # fmt: skip

    assert answer.status_code == 302
    assert Subscriber.objects.get().environment == "test"


@pytest.mark.parametrize("query", ["", "?q=100", "?state__exact=active"])
def test_subscribers_are_listed_with_what_they_are_owed(admin_client: Client, query: str) -> None:
    failed_delivery()

    page = admin_client.get(reverse("admin:notifications_subscriber_changelist") + query)

    (row,) = page.context["cl"].result_list
    assert (row.owed, row.failed) == (0, 1)
