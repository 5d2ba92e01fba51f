"""The bot: takes received updates one by one, finds what is asked, and has it answered.

Runs in a worker for a few seconds at a time. What a handler raises unexpectedly ends that one
update, with an apology; the next ones are answered.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from django.conf import settings
from django.db import DatabaseError

from config.shift import is_told_to_stop
from config.wakeups import wake
from market.clock import wall_s
from market.store import StoreUnavailable
from notifications import limits, updates
from notifications.arguments import read_command
from notifications.bot_commands import hint_for
from notifications.calls import Wait
from notifications.commands import Ask, Handler, Refusal, Reply, action_named, command_named
from notifications.membership import follow_membership, subscriber_of
from notifications.question_limits import seconds_until_next_question
from notifications.replies import Sent, answer_button, own_username, send_reply, take_turn
from notifications.telegram_errors import TelegramError
from notifications.updates import ClaimedUpdate

logger = logging.getLogger(__name__)

# What is left over after this goes to a new message, so that alerts get their turn.
RUN_S = 10.0
# What is due within this is waited for; what is due later is found by the next sweep.
LOOK_AHEAD_S = 3.0
_PRIVATE = "private"

APOLOGY = "😕 That went wrong on our side, and it is written down. Please try again later."
UNKNOWN_BUTTON = "This button is of no use any more. Send /help for what is."


def answer_updates(wait: Wait = time.sleep) -> int:
    """Answer what is due, for some seconds; return how many updates were settled."""
    if settings.TELEGRAM_DRY_RUN or limits.stopped_reason() is not None:
        return 0
    settled = 0
    ends_s = wall_s() + RUN_S
    while wall_s() < ends_s and not is_told_to_stop():
        update = updates.claim_next()
        if update is not None:
            answer(update, wait)
            settled += 1
            continue
        next_s = updates.seconds_to_next()
        if next_s is None or next_s > LOOK_AHEAD_S:
            return settled
        # Over 0: another worker may just be taking what is due.
        wait(max(next_s, 0.05))
    wake("notifications.tasks.answer_updates")
    return settled


def sweep(wait: Wait = time.sleep) -> int:
    """Give back what a dead process was answering, then answer what is due."""
    updates.recover_expired()
    return answer_updates(wait)


def answer(update: ClaimedUpdate, wait: Wait = time.sleep) -> None:
    """Do what one update asks, and record how it went."""
    try:
        sent = _sent_for(update, wait)
    except DatabaseError:
        # The lease runs out and another worker tries again.
        raise
    except StoreUnavailable:
        updates.record_failed_attempt(update, "the shared store is away")
        return
    except TelegramError as e:
        sent = Sent(error=e)
    except Exception:
        logger.exception("an update broke off", extra={"update": update.pk})
        _apologize(update, wait)
        updates.record_failed(update, "broke off; see the log")
        return
    sent.record(update)


def _sent_for(update: ClaimedUpdate, wait: Wait) -> Sent:
    content = update.payload.get(update.kind)
    if not isinstance(content, dict):
        return Sent("not understood")
    if update.kind == "my_chat_member":
        return Sent(follow_membership(content))
    if update.chat_id is not None and updates.is_flooding(update.chat_id):
        return Sent("too many updates of this chat")
    if update.kind == "message":
        return _answer_message(update, content, wait)
    if update.kind == "callback_query":
        return _answer_press(update, content, wait)
    return Sent("of no use here")


def _answer_message(update: ClaimedUpdate, message: dict[str, Any], wait: Wait) -> Sent:
    text, chat = message.get("text"), message.get("chat")
    if not isinstance(text, str) or not isinstance(chat, dict) or update.chat_id is None:
        return Sent("nothing to read")
    written = read_command(text)
    command = None if written is None else command_named(written.name)
    is_to_us = chat.get("type") == _PRIVATE
    if written is not None and written.bot:
        is_to_us = written.bot.lower() == own_username().lower()
    if not is_to_us and (command is None or (written is not None and written.bot)):
        # Talk of a group, or a command of another bot in it.
        return Sent("not meant for us")
    if (wait_s := take_turn(update.chat_id, wait)) > 0:
        return Sent("a limit of Telegram's", wait_s=wait_s)
    if command is None or written is None:
        return send_reply(update, hint_for(written.name if written else ""), wait)
    ask = _ask(update.chat_id, chat, message.get("from"), written.argument)
    reply = _handled(command.handle, ask, asks_providers=command.asks_providers)
    return send_reply(update, reply, wait)


def _answer_press(update: ClaimedUpdate, query: dict[str, Any], wait: Wait) -> Sent:
    query_id, data, message = query.get("id"), query.get("data"), query.get("message")
    if not isinstance(query_id, str):
        return Sent("not understood")
    action_name, _, argument = data.partition(":") if isinstance(data, str) else ("", "", "")
    action = action_named(action_name)
    chat = message.get("chat") if isinstance(message, dict) else None
    if action is None or update.chat_id is None or not isinstance(chat, dict):
        answer_button(query_id, UNKNOWN_BUTTON)
        return Sent("unknown button")
    wait_s = take_turn(update.chat_id, wait)
    if wait_s > 0 or action.asks_providers:
        # The answer takes a while, and the button should not seem dead meanwhile.
        answer_button(query_id, "")
    if wait_s > 0:
        return Sent("a limit of Telegram's", wait_s=wait_s)
    try:
        reply = _handled(
            action.handle,
            _ask(update.chat_id, chat, query.get("from"), argument),
            asks_providers=action.asks_providers,
        )
    except Exception:
        answer_button(query_id, "")
        raise
    if not action.asks_providers:
        answer_button(query_id, reply.notice)
    return send_reply(update, reply, wait, below=message)


def _handled(handle: Handler, ask: Ask, *, asks_providers: bool) -> Reply:
    if asks_providers and (wait_s := seconds_until_next_question(ask.chat_id)) > 0:
        return Reply(
            f"⏳ That is a lot of questions at once. Please ask again in {max(1, round(wait_s))} s."
        )
    try:
        return handle(ask)
    except Refusal as refusal:
        return refusal.reply


def _ask(chat_id: int, chat: dict[str, Any], sender: Any, argument: str) -> Ask:
    person = sender if isinstance(sender, dict) else {}
    name = chat.get("title") or " ".join(
        str(person[part]) for part in ("first_name", "last_name") if person.get(part)
    )
    return Ask(
        chat_id=chat_id,
        chat_type=str(chat.get("type", "")),
        name=str(name)[:130],
        language_code=str(person.get("language_code") or "")[:10],
        argument=argument,
        subscriber=subscriber_of(chat_id),
    )


def _apologize(update: ClaimedUpdate, wait: Wait) -> None:
    if update.chat_id is not None and update.kind in ("message", "callback_query"):
        try:
            if take_turn(update.chat_id, wait) == 0:
                send_reply(update, Reply(APOLOGY), wait)
        except StoreUnavailable:
            logger.warning("no apology, the shared store is away")
