"""An alert is raised once, and owed to whoever's rule wants it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction
from pytest_django import Settings

from market.clock import wall_now
from notifications import services
from notifications.models import AlertEvent, AlertRule, Delivery, Subscriber
from notifications.subscribers import mute
from tests.notifications.alerts import make_subscriber, raise_signal

pytestmark = pytest.mark.django_db

FACTS = {
    "symbol": "BTC", "direction": "LONG", "score": 60.0, "distance": 10.0, "confidence": "low",
    "is_flip": True,
}  # fmt: skip


def raise_again(key: str, environment: str = "test") -> AlertEvent:
    return services.raise_alert(
        environment=environment,
        kind="signal",
        dedup_key=key,
        facts=FACTS,
        occurred_at=wall_now(),
    )


def owed_to() -> list[int]:
    deliveries = Delivery.objects.filter(state=Delivery.State.PENDING)
    return sorted(deliveries.values_list("subscriber__chat_id", flat=True))


def test_a_key_that_was_raised_before_returns_its_event() -> None:
    first = raise_again("signal:test:BTC:1")

    assert raise_again("signal:test:BTC:1") == first
    assert raise_again("signal:test:BTC:2") != first
    assert raise_again("signal:test:BTC:1", environment="sandbox") != first


def test_an_alert_goes_when_the_transaction_that_raised_it_is_rolled_back() -> None:
    with transaction.atomic():
        raise_again("signal:test:BTC:1")
        transaction.set_rollback(True)

    assert not AlertEvent.objects.exists()


def test_facts_that_no_rule_could_read_are_refused_at_once() -> None:
    with pytest.raises(ValueError, match="symbol"):
        services.raise_alert(
            environment="test", kind="signal", dedup_key="x", facts={}, occurred_at=wall_now()
        )


def test_raising_wakes_a_worker_after_the_commit(
    django_capture_on_commit_callbacks: Callable[..., list[object]],
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        raise_again("signal:test:BTC:1")
        raise_again("signal:test:BTC:1")

    assert len(callbacks) == 1


def test_an_alert_is_owed_to_those_whose_rule_wants_it() -> None:
    make_subscriber(1)
    make_subscriber(2, symbols=["ETH"])
    make_subscriber(3, is_enabled=False)
    make_subscriber(4, min_distance=12.5)
    Subscriber.objects.filter(pk=make_subscriber(5).pk).update(state=Subscriber.State.BLOCKED)

    raise_signal("BTC")

    assert owed_to() == [1, 4]


def test_fanning_out_twice_owes_nothing_twice() -> None:
    make_subscriber(1)
    event = raise_signal()

    assert services.fan_out(event.pk) == 0
    assert owed_to() == [1]


def test_an_event_of_another_environment_is_left_alone() -> None:
    make_subscriber(1)
    event = raise_again("signal:1", environment="live")

    assert services.fan_out(event.pk) == 0
    assert AlertEvent.objects.get().fanned_out_at is None


def test_a_sweep_fans_out_what_nobody_was_woken_for_and_goes_on_past_trouble(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.TELEGRAM_DRY_RUN = True
    broken, whole = raise_again("signal:1"), raise_again("signal:2")
    AlertEvent.objects.filter(pk=broken.pk).update(facts={})
    make_subscriber(1)

    services.sweep()

    waiting = AlertEvent.objects.filter(fanned_out_at__isnull=True)
    assert [event.pk for event in waiting] == [broken.pk]
    assert Delivery.objects.filter(event=whole, subscriber__chat_id=1).exists()


def test_alerts_beyond_the_daily_cap_are_suppressed_with_that_reason() -> None:
    make_subscriber(1, daily_cap=2)
    make_subscriber(2)

    for _ in range(3):
        raise_signal()

    capped = Delivery.objects.filter(subscriber__chat_id=1).order_by("pk")
    assert [(row.state, row.closes_day) for row in capped] == [
        ("pending", False), ("pending", True), ("suppressed", False),
    ]  # fmt: skip
    assert capped[2].reason == "over the daily cap of 2"
    assert Delivery.objects.filter(subscriber__chat_id=2, state="pending").count() == 3


def test_the_daily_cap_counts_the_subscribers_own_day(move_on: Callable[[float], None]) -> None:
    subscriber = make_subscriber(1, daily_cap=1)
    # It is half an hour to midnight there.
    local = wall_now().replace(minute=30)
    move_on((local - wall_now()).total_seconds())
    offset_h = (23 - local.hour + 12) % 24 - 12
    zone = f"Etc/GMT{-offset_h:+d}"  # their signs are the other way round
    Subscriber.objects.filter(pk=subscriber.pk).update(timezone=zone)

    raise_signal()
    raise_signal()
    move_on(1800)
    raise_signal()

    states = Delivery.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["pending", "suppressed", "pending"]


def test_what_is_raised_in_a_mute_gathers_until_its_end() -> None:
    subscriber = make_subscriber(1)
    until = wall_now() + timedelta(hours=2)
    mute(subscriber, until)

    raise_signal()

    delivery = Delivery.objects.get()
    assert (delivery.due_at, delivery.is_gathered) == (until, True)


def test_ending_a_mute_early_lets_go_what_had_gathered() -> None:
    subscriber = make_subscriber(1)
    mute(subscriber, wall_now() + timedelta(hours=2))
    raise_signal()

    mute(subscriber, None)

    assert Delivery.objects.get().due_at <= wall_now()


def test_the_configured_chat_is_a_first_subscriber(settings: Settings) -> None:
    settings.TELEGRAM_CHAT_ID = -1001234567890

    raise_signal()
    raise_signal()

    configured = Subscriber.objects.get()
    assert (configured.chat_id, configured.is_configured) == (-1001234567890, True)
    assert configured.chat_type == "supergroup"
    assert Delivery.objects.filter(subscriber=configured, state="pending").count() == 2


def test_a_chat_that_the_settings_no_longer_name_gets_nothing_more(settings: Settings) -> None:
    settings.TELEGRAM_CHAT_ID = 1
    raise_signal()
    settings.TELEGRAM_CHAT_ID = 2

    raise_signal()

    former = Subscriber.objects.get(chat_id=1)
    assert (former.state, former.is_configured) == ("stopped", False)
    assert Delivery.objects.get(subscriber=former).state == "suppressed"
    assert owed_to() == [2]


def test_what_the_configured_chat_stopped_stays_stopped(settings: Settings) -> None:
    settings.TELEGRAM_CHAT_ID = 1
    raise_signal()
    Subscriber.objects.update(state=Subscriber.State.STOPPED)

    raise_signal()

    assert Delivery.objects.count() == 1


def test_a_dry_run_without_a_chat_has_somebody_to_show_alerts_for(settings: Settings) -> None:
    settings.TELEGRAM_DRY_RUN = True
    raise_signal()
    assert owed_to() == [0]

    settings.TELEGRAM_DRY_RUN = False
    raise_signal()

    assert owed_to() == []
    assert Subscriber.objects.get().state == "stopped"


def test_old_alerts_are_forgotten_but_not_what_is_owed(
    settings: Settings, move_on: Callable[[float], None]
) -> None:
    settings.ALERT_RETENTION_DAYS = 30
    make_subscriber(1)
    settled, owed = raise_signal(), raise_signal()
    waiting = raise_again("signal:waiting")
    Delivery.objects.filter(event=settled).update(state=Delivery.State.FAILED)
    move_on(31 * 86_400)
    new = raise_signal()
    Delivery.objects.filter(event=new).update(state=Delivery.State.FAILED)

    assert services.forget_old_alerts() == 1

    assert set(AlertEvent.objects.values_list("pk", flat=True)) == {owed.pk, waiting.pk, new.pk}


def test_subscribing_again_keeps_the_rules(move_on: Callable[[float], None]) -> None:
    subscriber = make_subscriber(1, min_distance=20)
    Subscriber.objects.update(state=Subscriber.State.BLOCKED, state_reason="blocked")

    again = make_subscriber(1)

    assert (again.pk, again.state, again.state_reason) == (subscriber.pk, "active", "")
    assert AlertRule.objects.get().min_distance == 20
