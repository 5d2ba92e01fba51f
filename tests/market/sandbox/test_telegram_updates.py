"""The stand-in Telegram: users who write and press, polls that wait, one poller, webhooks."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import orjson
import pytest

from market.sandbox.telegram_push import SECRET_HEADER, push_pending
from tests.market.sandbox.telegram_bot import Bot
from tests.market.sandbox.upstream import Upstream, Wall

SOMEBODY = 1_111_111
GROUP = -4_000_000_001
HOOK = "http://127.0.0.1:9/telegram/webhook"


@pytest.fixture
def bot(upstream: Upstream) -> Bot:
    return Bot(upstream.sandbox)


def test_what_a_user_writes_waits_until_it_is_confirmed(bot):
    first = bot.telegram.users.says(SOMEBODY, "/start")
    second = bot.telegram.users.says(SOMEBODY, "hello")

    both = bot.updates()
    again = bot.updates(offset=first)
    rest = bot.updates(offset=first + 1)
    none = bot.updates(offset=second + 1)

    assert [each["update_id"] for each in both] == [first, second]
    assert both[0]["message"]["entities"] == [{"offset": 0, "length": 6, "type": "bot_command"}]
    assert again == both
    assert [each["message"]["text"] for each in rest] == ["hello"]
    assert none == []


def test_only_what_the_bot_asked_for_is_queued_and_the_wish_is_kept(bot):
    bot.done("getUpdates", allowed_updates=["message"])
    bot.done("getUpdates")

    assert bot.telegram.users.blocks(SOMEBODY) is None
    assert bot.telegram.users.says(SOMEBODY, "x") is not None


def test_a_poll_waits_for_what_a_user_writes(bot):
    async def wait_and_write() -> Any:
        poll = asyncio.create_task(bot.ask("getUpdates", timeout=50, timeout_s=60.0))
        while bot.sandbox.calls("telegram", "/getUpdates") == 0:
            await asyncio.sleep(0)
        bot.telegram.users.says(SOMEBODY, "/help")
        return (await poll).json()["result"]

    (update,) = asyncio.run(wait_and_write())

    assert update["message"]["text"] == "/help"


def test_a_second_poller_ends_the_first_ones_wait(bot):
    async def both() -> tuple[httpx.Response, httpx.Response]:
        first = asyncio.create_task(bot.ask("getUpdates", timeout=50, timeout_s=60.0))
        while bot.sandbox.calls("telegram", "/getUpdates") == 0:
            await asyncio.sleep(0)
        second = await bot.ask("getUpdates")
        return await first, second

    first, second = asyncio.run(both())

    assert first.status_code == 409
    assert first.json()["description"].startswith("Conflict: terminated by other getUpdates")
    assert second.status_code == 200


def test_a_webhook_and_a_poller_exclude_each_other(bot):
    async def poll_then_hook() -> httpx.Response:
        poll = asyncio.create_task(bot.ask("getUpdates", timeout=50, timeout_s=60.0))
        while bot.sandbox.calls("telegram", "/getUpdates") == 0:
            await asyncio.sleep(0)
        await bot.ask("setWebhook", url=HOOK)
        return await poll

    ended = asyncio.run(poll_then_hook())
    refused = bot.refused("getUpdates")
    deleted = bot.call("deleteWebhook").json()
    again = bot.call("deleteWebhook").json()

    assert ended.json()["description"] == "Conflict: terminated by setWebhook request"
    assert refused[1].startswith("Conflict: can't use getUpdates method while webhook is active")
    assert (deleted["description"], again["description"]) == (
        "Webhook was deleted",
        "Webhook is already deleted",
    )
    assert bot.updates() == []


@pytest.mark.parametrize(
    ("params", "description"),
    [
        (
            {"url": "http://example.org/hook"},
            "bad webhook: An HTTPS URL must be provided for webhook",
        ),
        ({"url": HOOK, "secret_token": "no spaces"}, "secret token contains unallowed characters"),
    ],
)
def test_a_webhook_needs_https_and_a_plain_secret(bot, params, description):
    assert bot.refused("setWebhook", **params) == (400, f"Bad Request: {description}")


def test_updates_are_pushed_in_order_with_the_secret_and_kept_while_refused(bot):
    bot.done("setWebhook", url=HOOK, secret_token="s3cret")
    bot.telegram.users.says(SOMEBODY, "one")
    bot.telegram.users.says(SOMEBODY, "two")
    seen: list[tuple[str, str]] = []
    statuses = [200, 503, 200]

    def hook(request: httpx.Request) -> httpx.Response:
        text = orjson.loads(request.content)["message"]["text"]
        seen.append((text, request.headers[SECRET_HEADER]))
        return httpx.Response(statuses.pop(0))

    async def push() -> str:
        async with httpx.AsyncClient(transport=httpx.MockTransport(hook)) as client:
            return await push_pending(bot.telegram.updates, client)

    error = asyncio.run(push())
    between = bot.done("getWebhookInfo")
    recovered = asyncio.run(push())

    assert error == "Wrong response from the webhook: 503 Service Unavailable"
    assert between["last_error_message"] == error
    assert between["pending_update_count"] == 1
    assert recovered == ""
    assert seen == [("one", "s3cret"), ("two", "s3cret"), ("two", "s3cret")]
    assert bot.done("getWebhookInfo")["pending_update_count"] == 0


def test_a_pressed_button_is_answered_once(bot):
    keyboard = {"inline_keyboard": [[{"text": "Watch BTC", "callback_data": "watch:BTC"}]]}
    bot.done("sendMessage", chat_id=SOMEBODY, text="BTC", reply_markup=keyboard)
    query_id = bot.telegram.users.presses(SOMEBODY, button="Watch")
    (update,) = bot.updates()

    answered = bot.done("answerCallbackQuery", callback_query_id=query_id, text="Watching")
    again = bot.refused("answerCallbackQuery", callback_query_id=query_id)
    unknown = bot.refused("answerCallbackQuery", callback_query_id="12")

    assert update["callback_query"]["data"] == "watch:BTC"
    assert update["callback_query"]["message"]["text"] == "BTC"
    assert answered is True
    assert bot.telegram.users.answers[query_id] == {"text": "Watching", "show_alert": False}
    assert again == unknown
    assert again[1].startswith("Bad Request: query is too old")


def test_a_user_who_blocks_the_bot_cannot_be_written_to_until_they_return(bot, wall: Wall):
    bot.telegram.users.blocks(SOMEBODY)
    refused = bot.refused("sendMessage", chat_id=SOMEBODY, text="x")
    bot.telegram.users.unblocks(SOMEBODY)
    wall.advance(1)

    assert refused == (403, "Forbidden: bot was blocked by the user")
    assert bot.done("sendMessage", chat_id=SOMEBODY, text="x")
    statuses = [each["my_chat_member"]["new_chat_member"]["status"] for each in bot.updates()]
    assert statuses == ["kicked", "member"]


@pytest.mark.parametrize(
    ("command", "accepted"),
    [
        ({"command": "signal", "description": "Ask for one coin"}, True),
        ({"command": "Signal", "description": "x"}, False),
        ({"command": "a" * 33, "description": "x"}, False),
        ({"command": "signal", "description": ""}, False),
    ],
)
def test_commands_are_checked_before_they_are_listed(bot, command, accepted):
    answer = bot.call("setMyCommands", commands=[command])

    assert answer.status_code == (200 if accepted else 400)
    assert bot.telegram.commands == ([command] if accepted else [])


def test_people_are_played_and_messages_read_through_the_control_pages(bot, upstream: Upstream):
    keyboard = {"inline_keyboard": [[{"text": "Why", "callback_data": "why:BTC"}]]}
    bot.done("sendMessage", chat_id=GROUP, text="hello", reply_markup=keyboard)

    said = upstream.post("/_control/telegram/say", {"chat_id": GROUP, "text": "/signal BTC"})
    pressed = upstream.post("/_control/telegram/press", {"chat_id": GROUP, "button": "Why"})
    upstream.post("/_control/telegram/update", {"update": {"update_id": 5, "poll": {}}})
    upstream.post("/_control/telegram/block", {"chat_id": GROUP})
    nothing = upstream.post("/_control/telegram/say", {"text": "to whom?"})
    no_button = upstream.post("/_control/telegram/press", {"chat_id": GROUP, "button": "Nope"})
    messages = upstream.get("http://127.0.0.1", f"/_control/telegram/messages?chat_id={GROUP}")
    state = upstream.get("http://127.0.0.1", "/_control/telegram").json()

    assert said.json()["update_id"] == state["pending_updates"][0]["update_id"]
    assert list(state["callback_answers"]) == [pressed.json()["callback_query_id"]]
    assert [sorted(set(each) - {"update_id"})[0] for each in state["pending_updates"]] == [
        "message",
        "callback_query",
        "poll",
        "my_chat_member",
    ]
    assert (nothing.status_code, nothing.json()) == (400, {"error": "give chat_id"})
    assert no_button.status_code == 400
    assert [each["text"] for each in messages.json()["messages"]] == ["hello"]
    assert messages.json()["messages"][0]["received_ms"] > 0
