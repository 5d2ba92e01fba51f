"""What readiness tells of alerts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from pytest_django import Settings

from market.clock import wall_now
from notifications import limits
from notifications.health import LATE_AFTER_S, probe_notifications
from notifications.models import Delivery, Subscriber
from notifications.subscribers import end_subscription, mute
from tests.notifications.alerts import make_subscriber, raise_signal

pytestmark = pytest.mark.django_db


def test_without_alerts_all_is_well() -> None:
    result = probe_notifications()

    assert (result.state, result.data["oldest_owed_age_s"]) == ("ok", None)


def test_it_counts_what_is_owed_and_tells_its_age(move_on: Callable[[float], None]) -> None:
    make_subscriber(1)
    raise_signal()
    raise_signal()
    Delivery.objects.filter(pk=Delivery.objects.latest("pk").pk).update(state="failed")
    move_on(60)

    result = probe_notifications()

    assert (result.state, result.data["oldest_owed_age_s"]) == ("ok", 60)
    counts = {name: result.data[name] for name in ("pending", "sending", "failed")}
    assert counts == {"pending": 1, "sending": 0, "failed": 1}


def test_an_alert_that_is_late_degrades_it(move_on: Callable[[float], None]) -> None:
    make_subscriber(1)
    raise_signal()
    move_on(LATE_AFTER_S)
    assert probe_notifications().state == "ok"

    move_on(1)

    assert probe_notifications().state == "degraded"


def test_what_a_mute_holds_back_is_not_late(move_on: Callable[[float], None]) -> None:
    mute(make_subscriber(1), wall_now() + timedelta(days=1))
    raise_signal()
    move_on(3600)

    assert probe_notifications().state == "ok"


def test_a_refused_token_is_told() -> None:
    limits.stop("Unauthorized")

    result = probe_notifications()

    assert (result.state, result.detail) == (
        "degraded", "Telegram refuses the bot's token: Unauthorized",
    )  # fmt: skip


def test_a_configured_chat_that_cannot_be_reached_is_told(settings: Settings) -> None:
    settings.TELEGRAM_CHAT_ID = 5
    raise_signal()
    end_subscription(Subscriber.objects.get(), "invalid", "Bad Request: chat not found")

    result = probe_notifications()

    assert result.state == "degraded"
    assert "TELEGRAM_CHAT_ID" in result.detail


def test_a_dry_run_is_told(settings: Settings) -> None:
    settings.TELEGRAM_DRY_RUN = True

    result = probe_notifications()

    assert (result.state, result.data["dry_run"]) == ("ok", True)
    assert "none is sent" in result.detail
