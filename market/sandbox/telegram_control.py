"""Control of the stand-in Telegram: read what was delivered, and play the people it went to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from market.sandbox.telegram import Telegram

Action = Callable[[Telegram, dict[str, Any]], Any]


def _messages(telegram: Telegram, body: dict[str, Any]) -> Any:
    """What the bot wrote, oldest first: of one ``chat_id``, or of all."""
    chat_id = int(body["chat_id"]) if "chat_id" in body else None
    return {"messages": telegram.chats.delivered(chat_id)}


def _say(telegram: Telegram, body: dict[str, Any]) -> Any:
    """A user writes ``text`` in ``chat_id``."""
    return {
        "update_id": telegram.users.says(
            int(body["chat_id"]), str(body["text"]), user_id=body.get("user_id")
        )
    }


def _press(telegram: Telegram, body: dict[str, Any]) -> Any:
    """A user presses a ``button`` by its label, or sends any ``data``."""
    query_id = telegram.users.presses(
        int(body["chat_id"]),
        button=str(body.get("button", "")),
        data=str(body.get("data", "")),
        message_id=body.get("message_id"),
        user_id=body.get("user_id"),
    )
    return {"callback_query_id": query_id}


def _block(telegram: Telegram, body: dict[str, Any]) -> Any:
    """The user of ``chat_id`` blocks the bot."""
    return {"update_id": telegram.users.blocks(int(body["chat_id"]))}


def _unblock(telegram: Telegram, body: dict[str, Any]) -> Any:
    return {"update_id": telegram.users.unblocks(int(body["chat_id"]))}


def _update(telegram: Telegram, body: dict[str, Any]) -> Any:
    """Queue exactly this ``update``, whatever it is."""
    return {"update_id": telegram.updates.add_raw(dict(body["update"]))}


def _state(telegram: Telegram, _body: dict[str, Any]) -> Any:
    """Updates that wait, answers to buttons, commands, webhook."""
    return {
        "pending_updates": telegram.updates.pending(),
        "callback_answers": telegram.users.answers,
        "commands": telegram.commands,
        "webhook": telegram.updates.webhook_info(),
    }


ACTIONS: dict[tuple[str, str], Action] = {
    ("GET", "/telegram"): _state,
    ("GET", "/telegram/messages"): _messages,
    ("POST", "/telegram/say"): _say,
    ("POST", "/telegram/press"): _press,
    ("POST", "/telegram/block"): _block,
    ("POST", "/telegram/unblock"): _unblock,
    ("POST", "/telegram/update"): _update,
}
