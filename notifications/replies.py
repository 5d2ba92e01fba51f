"""Replies of the bot on their way: within the limits that deliveries keep, and what came of it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from market.store import get_store
from notifications import limits, updates
from notifications.calls import Outcome, Wait, send_parts
from notifications.commands import Reply
from notifications.composing import Keyboard, Part
from notifications.membership import subscriber_of
from notifications.renderers import Button
from notifications.subscribers import end_subscription, move_chat
from notifications.telegram import get_client
from notifications.telegram_errors import (
    BadMarkup,
    ChatMoved,
    ChatNotStarted,
    ChatUnreachable,
    NothingToDo,
    TelegramError,
    TelegramFlood,
    TelegramUnauthorized,
    TelegramUnavailable,
)
from notifications.text import plain, split
from notifications.updates import ClaimedUpdate, bot_id

logger = logging.getLogger(__name__)

# A turn is waited for so long; a longer wait is another run's.
PATIENCE_S = 3.0
_ASK_AGAIN_S = 60.0  # after a refused token
_NAME_KEPT_S = 86_400.0
_MOST_NOTICE = 200


@dataclass(frozen=True, slots=True)
class Sent:
    """How it went: an error of Telegram's, a wait before anything was done, or else well."""

    reason: str = ""
    error: TelegramError | None = None
    wait_s: float = 0.0

    def record(self, update: ClaimedUpdate) -> None:
        """Write down what this means for the update."""
        if self.wait_s > 0:
            updates.record_waiting(update, self.wait_s, self.reason)
            return
        told = self.reason or (self.error.description if self.error else "")
        match self.error:
            case TelegramFlood() as flood:
                limits.pause(flood.retry_after_s)
                pause_s = flood.retry_after_s + limits.EXTRA_PAUSE_S
                updates.record_waiting(update, pause_s, told)
            case TelegramUnauthorized():
                limits.stop(told)
                logger.error("Telegram refuses the token, nothing is sent", extra={"reason": told})
                updates.record_waiting(update, _ASK_AGAIN_S, told)
            case TelegramUnavailable():
                updates.record_failed_attempt(update, told)
            case ChatUnreachable() as gone:
                subscriber = None if update.chat_id is None else subscriber_of(update.chat_id)
                if subscriber is not None:
                    end_subscription(subscriber, gone.state, told)
                updates.record_done(update, told)
            case None | NothingToDo() | ChatNotStarted():
                updates.record_done(update, told)
            case _:
                updates.record_failed(update, told)


def take_turn(chat_id: int, wait: Wait) -> float:
    """Take the right to send one message, waiting a little; return for how long to wait else."""
    while (wait_s := limits.take_turn(chat_id)) > 0:
        if wait_s > PATIENCE_S:
            return wait_s
        wait(wait_s)
    return 0.0


def send_reply(
    update: ClaimedUpdate, reply: Reply, wait: Wait, *, below: dict[str, Any] | None = None
) -> Sent:
    """Send a reply, whose turn has been taken; ``below`` is the message of a pressed button."""
    if not reply.text or update.chat_id is None:
        return Sent(reply.notice)
    keyboard = _keyboard(reply.buttons)
    if reply.replaces and below is not None and below.get("date"):
        return _edit(update.chat_id, below, reply.text, keyboard)
    parts = [Part(text) for text in split(reply.text)]
    parts[-1] = Part(parts[-1].text, None, keyboard)
    outcome = _send(update, update.chat_id, parts, wait)
    if isinstance(outcome.error, ChatMoved):
        subscriber = subscriber_of(update.chat_id)
        if subscriber is not None:
            move_chat(subscriber, outcome.error.new_chat_id)
        outcome = _send(update, outcome.error.new_chat_id, parts, wait)
    if outcome.error is None and outcome.parts_sent < len(parts):
        return Sent("the lease ran short", wait_s=PATIENCE_S)
    return Sent(outcome.note, outcome.error)


def answer_button(query_id: str, notice: str) -> None:
    """End a button's waiting; when that fails it ends by itself after a while."""
    try:
        get_client().answer_callback_query(query_id, notice[:_MOST_NOTICE])
    except NothingToDo:
        pass  # answered before, or too long ago
    except TelegramError as e:
        logger.warning("a button was not answered", extra={"reason": str(e)})


def own_username() -> str:
    """Return the bot's name, asked for once a day. Raises TelegramError."""
    key = f"telegram:username:{bot_id()}"
    known = get_store().get(key)
    if known is not None:
        return known.decode()
    username = str(get_client().get_me().get("username", ""))
    get_store().set(key, username.encode(), _NAME_KEPT_S)
    return username


def _send(update: ClaimedUpdate, chat_id: int, parts: Sequence[Part], wait: Wait) -> Outcome:
    return send_parts(
        get_client(),
        chat_id,
        parts,
        already_sent=0,
        # The first call's turn is taken; it is made in any case.
        lease_until_s=update.lease_until.timestamp(),
        wait=wait,
    )


def _edit(chat_id: int, message: dict[str, Any], text: str, keyboard: Keyboard | None) -> Sent:
    client, message_id = get_client(), int(message["message_id"])
    try:
        try:
            client.edit_message_text(chat_id, message_id, text, keyboard=keyboard)
        except BadMarkup as e:
            logger.warning("markup refused, sent as plain text", extra={"reason": str(e)})
            client.edit_message_text(
                chat_id, message_id, plain(text), is_html=False, keyboard=keyboard
            )
    except TelegramError as e:
        return Sent(error=e)
    return Sent()


def _keyboard(rows: Sequence[Sequence[Button]]) -> Keyboard | None:
    return [
        [{"text": button.text, "callback_data": button.data} for button in row] for row in rows
    ] or None
