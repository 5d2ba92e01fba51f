"""Every recorded body of Telegram has the shape of what the stand-in says in the same case."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.market.sandbox.telegram_bot import Bot
from tests.market.sandbox.test_telegram_messages import picture
from tests.market.sandbox.upstream import Upstream
from tests.recordings import recording

SOMEBODY = 1_111_111
GROUP = -4_000_000_001
# Telegram tells these of some users and chats and not of others.
_MAY_BE_THERE = {"last_name", "username", "language_code", "is_bot", "type", "first_name"}


@pytest.fixture
def bot(upstream: Upstream) -> Bot:
    return Bot(upstream.sandbox)


def sample(name: str) -> Any:
    return orjson.loads(recording(f"providers/samples/telegram/{name}.json").read_bytes())


def shape(value: Any) -> Any:
    """Return a body with its values replaced by their types, optional personal names left out."""
    if isinstance(value, dict):
        kept = {name: inner for name, inner in value.items() if name not in _MAY_BE_THERE}
        return {name: shape(inner) for name, inner in sorted(kept.items())}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


@pytest.mark.parametrize(
    ("name", "method", "params"),
    [
        ("getMe", "getMe", {}),
        ("sendMessage", "sendMessage", {"chat_id": GROUP, "text": "Hello World"}),
        ("setMyCommands", "setMyCommands", {"commands": []}),
        ("setWebhook", "setWebhook", {"url": "https://example.org/hook"}),
        ("error-401", "getMe", {"token": "1:sandbox-telegram-token-999999999999"}),
        ("error-400-chat-not-found", "sendMessage", {"chat_id": 9_400_001, "text": "x"}),
        ("error-400-migrated", "sendMessage", {"chat_id": -9_400_002, "text": "x"}),
        ("error-403-blocked", "sendMessage", {"chat_id": 9_403_001, "text": "x"}),
        ("error-429", "sendMessage", {"chat_id": 9_429_001, "text": "x"}),
    ],
)
def test_an_answer_has_the_recorded_shape(bot, name, method, params):
    told = bot.call(method, **params).json()
    recorded = sample(name)

    assert shape(told) == shape(recorded)
    assert told.get("description") == recorded.get("description")
    assert told.get("error_code") == recorded.get("error_code")


def test_bad_markup_has_the_recorded_shape(bot):
    told = bot.call("sendMessage", chat_id=5, text="<#>", parse_mode="HTML").json()
    recorded = sample("error-400-parse")

    assert shape(told) == shape(recorded)
    assert told["description"].startswith("Bad Request: can't parse entities: ")
    assert recorded["description"].startswith("Bad Request: can't parse entities: ")


def test_a_poll_beside_a_webhook_has_the_recorded_shape(bot):
    bot.done("setWebhook", url="https://example.org/hook")

    assert bot.call("getUpdates").json() == sample("error-409-webhook-active")


def test_a_photo_has_the_recorded_shape(bot):
    told = bot.call(
        "sendPhoto",
        how="files",
        chat_id=(None, "5"),
        caption=(None, "Example caption"),
        photo=("a.png", picture(1280, 720)),
    ).json()
    recorded = sample("sendPhoto")

    assert shape(told) == shape(recorded)
    assert [(size["width"], size["height"]) for size in told["result"]["photo"][1:]] == [
        (size["width"], size["height"]) for size in recorded["result"]["photo"][1:]
    ]


def test_updates_have_the_recorded_shape(bot):
    bot.telegram.users.says(SOMEBODY, "/start")

    assert shape(bot.call("getUpdates").json()) == shape(sample("getUpdates"))


def test_a_message_pushed_has_the_recorded_shape_and_its_commands_marked(bot):
    bot.telegram.users.says(SOMEBODY, "/start")
    (told,) = bot.updates()
    marks = told["message"].pop("entities")

    assert shape(told) == shape(sample("update-message"))
    assert marks[0]["type"] == "bot_command"


def test_a_pressed_button_has_the_recorded_shape_below_a_message_of_the_chat(bot):
    """The recorded one was pressed below an inline message: that has no chat of ours."""
    bot.telegram.users.presses(SOMEBODY, data="x")
    (told,) = bot.updates()
    recorded = sample("update-callback_query")

    del told["callback_query"]["message"], told["callback_query"]["chat_instance"]
    del recorded["callback_query"]["inline_message_id"]
    assert shape(told) == shape(recorded)


@pytest.mark.parametrize("verb", ["blocks", "unblocks"])
def test_blocking_and_unblocking_have_the_recorded_shape(bot, verb):
    getattr(bot.telegram.users, verb)(SOMEBODY)
    (told,) = bot.updates()
    recorded = sample(f"update-my_chat_member-{verb.removesuffix('s')}ed")

    assert shape(told) == shape(recorded)
    for when in ("old_chat_member", "new_chat_member"):
        assert told["my_chat_member"][when]["status"] == recorded["my_chat_member"][when]["status"]
