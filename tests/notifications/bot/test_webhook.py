"""The webhook: who may call it, what it keeps, and how it comes to be set."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from django.test import Client
from pytest_django import Settings

from config.residents import registered_residents
from market.sandbox.handle import Sandbox
from market.sandbox.telegram_push import SECRET_HEADER
from market.sandbox.telegram_updates import Webhook
from notifications import bot, updates, webhook
from notifications.api.views import MOST_BODY_BYTES
from notifications.models import ReceivedUpdate
from tests.notifications.bot.chats import Chat
from tests.notifications.bot.test_poller import Stop

PATH = "/telegram/webhook"
URL = f"https://example.org{PATH}"
SECRET = "a-secret-of-the-tests"
UPDATE = {"update_id": 7, "poll": {}}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def configured(settings: Settings) -> None:
    settings.TELEGRAM_WEBHOOK_URL, settings.TELEGRAM_WEBHOOK_SECRET = URL, SECRET


def post(body: Any, secret: str | None = SECRET) -> int:
    headers = {} if secret is None else {SECRET_HEADER: secret}
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    answer = Client().post(PATH, content, content_type="application/json", headers=headers)
    return answer.status_code


def test_an_update_is_kept_once_and_answered_at_once(sandbox: Sandbox):
    assert [post(UPDATE), post(UPDATE)] == [200, 200]
    assert ReceivedUpdate.objects.get().state == ReceivedUpdate.State.PENDING


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + "x", SECRET[:-1], "ünïcode"])
def test_who_does_not_know_the_secret_is_turned_away(secret: str | None):
    assert post(UPDATE, secret) == 403
    assert not ReceivedUpdate.objects.exists()


def test_without_a_secret_nobody_knows_it(settings: Settings):
    settings.TELEGRAM_WEBHOOK_SECRET = ""

    assert post(UPDATE, "") == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"\xff", 400),
        (b"[]", 400),
        (b"null", 400),
        (b'{"message": {}}', 400),
        (b'{"update_id": "7"}', 400),
        (b"[" * 100_000, 400),
        (b" " * (MOST_BODY_BYTES + 1), 413),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_body_that_is_no_update_is_refused(body: bytes, status: int):
    assert post(body) == status


@pytest.mark.parametrize(
    ("name", "value"), [("TELEGRAM_WEBHOOK_URL", None), ("TELEGRAM_DRY_RUN", True)]
)
def test_without_a_webhook_there_is_no_such_page(settings: Settings, name: str, value: Any):
    setattr(settings, name, value)

    assert post(UPDATE) == 404


def test_it_is_not_read():
    assert Client().get(PATH).status_code == 405


def test_with_the_database_away_telegram_is_asked_to_come_back(monkeypatch):
    def away(came: object) -> int:
        raise updates.NotKept

    monkeypatch.setattr("notifications.api.views.receive", away)

    assert post(UPDATE) == 503


def test_it_is_set_with_secret_kinds_and_commands(sandbox: Sandbox):
    webhook.run(Stop(0, waits=1))

    hook = sandbox.telegram.updates.webhook
    assert hook is not None
    assert (hook.url, hook.secret_token) == (URL, SECRET)
    assert sandbox.telegram.updates.webhook_info()["allowed_updates"] == list(
        updates.ALLOWED_UPDATES
    )
    assert "signal" in [each["command"] for each in sandbox.telegram.commands]


def test_it_is_set_again_when_somebody_moved_it(sandbox: Sandbox, caplog):
    sandbox.telegram.updates.set_webhook(Webhook("https://elsewhere.org"), None, drop=False)
    moved = Stop(0, waits=2)
    moved.at_wait = lambda: sandbox.telegram.updates.set_webhook(
        Webhook("https://elsewhere.org"), None, drop=False
    )

    webhook.run(moved)

    assert sandbox.telegram.updates.webhook is not None
    assert sandbox.telegram.updates.webhook.url == URL
    assert any("moved" in each.message for each in caplog.records)


def test_a_failure_to_set_it_is_said_and_tried_again(sandbox: Sandbox, caplog):
    sandbox.fault("telegram", "http_5xx", path="/setWebhook", times=1)
    stop = Stop(0, waits=2)

    webhook.run(stop)

    assert stop.waited_s == [0.0, webhook.RETRY_S, webhook.LOOK_EVERY_S]
    assert sandbox.telegram.updates.webhook is not None
    assert any("could not be set" in each.message for each in caplog.records)


def test_what_telegram_pushes_is_answered(chat: Chat):
    webhook.run(Stop(0, waits=1))
    chat.users.says(chat.id, "/help")
    pushed = []
    while (due := chat.sandbox.telegram.updates.to_push()) is not None:
        hook, update = due
        pushed.append(post(update, hook.secret_token))
        chat.sandbox.telegram.updates.pushed(hook, update, "")

    bot.answer_updates(chat.wait)

    assert pushed == [200]
    assert chat.messages()[0]["text"].startswith("What I understand")


def test_poller_and_webhook_are_residents_of_which_one_is_wanted(settings: Settings):
    residents = {each.name: each for each in registered_residents()}
    poller, hook = residents["telegram-poller"], residents["telegram-webhook"]

    with_webhook = (poller.is_wanted(), hook.is_wanted())
    settings.TELEGRAM_WEBHOOK_URL = None

    assert with_webhook == (False, True)
    assert (poller.is_wanted(), hook.is_wanted()) == (True, False)
