"""A sender killed at any moment: every alert owed arrives, and what came twice was counted."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection, connections
from pytest_django import Settings

from market.sandbox.handle import Sandbox
from market.sandbox.telegram_rules import TOKEN
from notifications.models import Delivery
from tests.notifications.alerts import deliver_all, make_subscriber, raise_signal
from tests.notifications.wire import Gate, served

SUBSCRIBERS = 25


@pytest.fixture
def shared_database(transactional_db: None) -> Iterator[str]:
    """Yield the URL of the test's database for another process."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        url = f"sqlite:///{name}"
    else:
        server = urlsplit(os.environ["TEST_DATABASE_URL"])
        url = server._replace(path=f"/{name}").geturl()
    yield url
    connections.close_all()


@pytest.mark.parametrize("killed_after", [1, 12])
def test_a_sender_killed_between_calling_and_recording_loses_nothing(
    sandbox: Sandbox,
    shared_database: str,
    settings: Settings,
    move_on: Callable[[float], None],
    killed_after: int,
) -> None:
    for chat_id in range(1, SUBSCRIBERS + 1):
        make_subscriber(chat_id)
    raise_signal("BTC")
    gate = Gate(killed_after)

    with served(sandbox, gate) as url:
        sender = subprocess.Popen(
            [sys.executable, "-m", "tests.notifications.send_alone", url, TOKEN,
             str(settings.STORE_PATH)],
            cwd=Path(__file__).parents[2],
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "config.settings.test",
                "TEST_DATABASE_URL": shared_database,
            },
        )  # fmt: skip
        was_shut = gate.is_shut.wait(60)
        sender.kill()
        sender.wait(30)
    assert was_shut
    unanswered = Delivery.objects.filter(state=Delivery.State.SENDING).count()
    assert unanswered >= 1
    deliver_all(move_on)

    arrived = Counter(m["chat"]["id"] for m in sandbox.telegram.chats.delivered())
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}
    assert set(arrived) == set(range(1, SUBSCRIBERS + 1))  # none lost
    unconfirmed = dict(Delivery.objects.values_list("subscriber__chat_id", "unconfirmed"))
    assert all(count - 1 <= unconfirmed[chat_id] for chat_id, count in arrived.items())
    assert sum(arrived.values()) > SUBSCRIBERS  # it did happen here
    # More, if the sender itself gave up waiting for an answer before it was killed.
    assert sum(unconfirmed.values()) >= unanswered


@pytest.mark.parametrize("senders", [2])
def test_several_senders_at_once_send_nothing_twice(
    sandbox: Sandbox, shared_database: str, settings: Settings, senders: int
) -> None:
    for chat_id in range(1, SUBSCRIBERS + 1):
        make_subscriber(chat_id)
    raise_signal("BTC")

    with served(sandbox) as url:
        processes = [
            subprocess.Popen(
                # Stores of their own: no turn is shared, only the rows stand between them.
                [sys.executable, "-m", "tests.notifications.send_alone", url, TOKEN,
                 f"{settings.STORE_PATH}-{number}"],
                cwd=Path(__file__).parents[2],
                env={
                    **os.environ,
                    "DJANGO_SETTINGS_MODULE": "config.settings.test",
                    "TEST_DATABASE_URL": shared_database,
                },
            )
            for number in range(senders)
        ]  # fmt: skip
        assert [process.wait(120) for process in processes] == [0] * senders

    arrived = Counter(m["chat"]["id"] for m in sandbox.telegram.chats.delivered())
    assert arrived == dict.fromkeys(range(1, SUBSCRIBERS + 1), 1)
    assert set(Delivery.objects.values_list("state", "unconfirmed")) == {("sent", 0)}
