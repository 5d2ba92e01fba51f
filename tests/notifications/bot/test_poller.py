"""The poller: one an installation, ends at once, loses and repeats nothing."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import httpx
import pytest
from pytest_django import Settings

from market.sandbox.handle import Sandbox
from market.sandbox.in_process import BlockingSandboxTransport
from market.sandbox.telegram_updates import Webhook
from market.store import get_store
from notifications import bot, poller, updates
from notifications.commands import registered_commands
from notifications.models import ReceivedUpdate
from notifications.telegram import transport_replaced
from tests.notifications.bot.chats import Chat

SOMEBODY = 111

pytestmark = pytest.mark.django_db


class Stop(threading.Event):
    """A stop event that is set after so many looks or waits; waiting for it takes no time."""

    def __init__(self, looks: int, waits: int = 1_000) -> None:
        super().__init__()
        self.waited_s: list[float] = []
        self.at_wait: Callable[[], object] = lambda: None
        self._looks_left = looks
        self._waits_left = waits

    def is_set(self) -> bool:
        self._looks_left -= 1
        return self._looks_left < 0

    def wait(self, timeout: float | None = None) -> bool:
        self.waited_s.append(timeout or 0.0)
        self._waits_left -= 1
        if self._waits_left >= 0:
            self.at_wait()
        return self._waits_left < 0


def stop_after_polls(polls: int) -> Stop:
    """The poller looks once when it begins and once before each poll."""
    return Stop(1 + polls)


class Watched(BlockingSandboxTransport):
    """The way to the stand-in Telegram, with something happening before updates are asked for."""

    def __init__(self, sandbox: Sandbox, before_poll: Callable[[], object]) -> None:
        super().__init__(sandbox)
        self._before_poll = before_poll

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/getUpdates"):
            self._before_poll()
        return super().handle_request(request)


@pytest.fixture(autouse=True)
def polls_that_do_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poller, "POLL_S", 0)
    monkeypatch.setattr(poller, "STOP_CHECK_S", 30.0)


def test_what_people_write_is_kept_and_then_confirmed(sandbox: Sandbox):
    sandbox.telegram.users.says(SOMEBODY, "/start")
    sandbox.telegram.users.says(SOMEBODY, "/help")

    poller.run(stop_after_polls(2))

    assert ReceivedUpdate.objects.count() == 2
    assert sandbox.telegram.updates.pending() == []


def test_a_poller_that_dies_before_confirming_neither_loses_nor_repeats_a_command(chat: Chat):
    chat.users.says(chat.id, "/help")
    poller.run(stop_after_polls(1))
    pending = len(chat.sandbox.telegram.updates.pending())
    bot.answer_updates(chat.wait)

    chat.users.says(chat.id, "/help")
    poller.run(stop_after_polls(2))
    bot.answer_updates(chat.wait)

    assert pending == 1
    assert chat.sandbox.telegram.updates.pending() == []
    assert len(chat.messages()) == 2


def test_with_the_database_away_nothing_is_confirmed_and_all_comes_again(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
):
    keep, failures = updates.receive, [updates.NotKept()]

    def receive(came: list[object]) -> int:
        if failures:
            raise failures.pop()
        return keep(came)

    monkeypatch.setattr(updates, "receive", receive)
    sandbox.telegram.users.says(SOMEBODY, "/start")

    poller.run(Stop(1 + 3))

    assert ReceivedUpdate.objects.count() == 1
    assert sandbox.telegram.updates.pending() == []


def test_it_ends_in_the_middle_of_a_poll(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(poller, "POLL_S", 50)
    monkeypatch.setattr(poller, "STOP_CHECK_S", 0.01)
    stop = threading.Event()

    with transport_replaced(Watched(sandbox, stop.set)):
        poller.run(stop)

    # It came back although nothing was answered yet; the next poller gets the lease at once.
    assert get_store().get(poller._LEASE) is None
    sandbox.telegram.updates.set_webhook(Webhook("https://example.org"), None, drop=False)


def test_only_one_process_polls(sandbox: Sandbox, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO, "notifications")
    get_store().add(poller._LEASE, b"another", 60)

    poller.run(Stop(3))

    assert sandbox.calls("telegram") == 0
    assert [each.message for each in caplog.records if "another process" in each.message] == [
        "another process asks Telegram for updates, waiting for its lease"
    ]


def test_a_poller_that_lost_its_lease_stops_asking(chat: Chat):
    """As after a pause of the whole machine: somebody else has taken over."""

    def lose_the_lease() -> None:
        get_store().set(poller._LEASE, b"another", 3600)
        chat.wait(poller.RENEW_S + 1)

    with transport_replaced(Watched(chat.sandbox, lose_the_lease)):
        poller.run(stop_after_polls(5))

    assert chat.sandbox.calls("telegram", "/getUpdates") == 1
    assert get_store().get(poller._LEASE) == b"another"


@pytest.mark.parametrize(
    ("code", "description", "said", "pause_s"),
    [
        (409, "Conflict: terminated by other getUpdates request", "another program uses", 5.0),
        (401, "Unauthorized", "refuses the token", poller.REFUSED_PAUSE_S),
        (500, "Internal Server Error", "does not answer", 5.0),
    ],
)
def test_trouble_is_said_and_polling_goes_on_after_a_pause(
    chat: Chat, monkeypatch, caplog, code: int, description: str, said: str, pause_s: float
):
    paused: list[float] = []

    def pause(for_s: float, stop: threading.Event, lease: object) -> None:
        paused.append(for_s)

    monkeypatch.setattr(poller, "_wait", pause)
    chat.sandbox.fault(
        "telegram",
        "answer",
        path="/getUpdates",
        times=1,
        status=code,
        json={"ok": False, "error_code": code, "description": description},
    )
    chat.users.says(chat.id, "/help")

    poller.run(stop_after_polls(3))

    assert any(said in each.message for each in caplog.records)
    assert paused == [pause_s]
    assert chat.sandbox.telegram.updates.pending() == []


def test_pauses_grow_while_telegram_is_away_and_are_short_again_afterwards(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
):
    paused: list[float] = []
    monkeypatch.setattr(poller, "_wait", lambda for_s, stop, lease: paused.append(for_s))
    chat.sandbox.fault("telegram", "dead", path="/getUpdates", times=6)

    poller.run(stop_after_polls(7))

    assert paused == [5, 10, 20, 40, 60, 60]


def test_it_takes_over_from_a_webhook_and_announces_the_commands(sandbox: Sandbox):
    sandbox.telegram.updates.set_webhook(Webhook("https://example.org"), None, drop=False)

    poller.run(stop_after_polls(1))

    assert sandbox.telegram.updates.webhook is None
    assert [each["command"] for each in sandbox.telegram.commands] == [
        command.name for command in registered_commands()
    ]


@pytest.mark.parametrize(
    ("changes", "is_wanted"),
    [
        ({}, True),
        ({"TELEGRAM_BOT_TOKEN": ""}, False),
        ({"TELEGRAM_DRY_RUN": True}, False),
        ({"TELEGRAM_WEBHOOK_URL": "https://example.org/telegram/webhook"}, False),
    ],
)
def test_it_is_wanted_with_a_token_without_a_webhook_and_when_messages_are_sent(
    settings: Settings, changes: dict[str, object], is_wanted: bool
):
    for name, value in changes.items():
        setattr(settings, name, value)

    assert poller.is_wanted() is is_wanted
