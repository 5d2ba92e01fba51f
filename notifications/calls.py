"""One message to one chat: its calls to Telegram in order, and what became of them.

Runs in a sender's thread. It touches no database: what happened is returned, and the sender records
it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from market.clock import wall_s
from notifications import limits
from notifications.composing import Part
from notifications.telegram import (
    CONNECT_TIMEOUT_S,
    READ_TIMEOUT_S,
    WRITE_TIMEOUT_S,
    TelegramClient,
)
from notifications.telegram_errors import BadMarkup, TelegramError
from notifications.text import plain

logger = logging.getLogger(__name__)

# A call that all its phases hold up takes this long; none is begun with less left of the lease.
CALL_MOST_S = CONNECT_TIMEOUT_S + WRITE_TIMEOUT_S + READ_TIMEOUT_S

Wait = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """``error`` None and all parts sent: done. ``error`` None and some left: the lease ran short.

    ``message_id`` is that of the last part. ``note`` says what was not as intended.
    """

    parts_sent: int
    message_id: int | None = None
    error: TelegramError | None = None
    note: str = ""


def send_parts(
    client: TelegramClient,
    chat_id: int,
    parts: Sequence[Part],
    *,
    already_sent: int,
    lease_until_s: float,
    wait: Wait,
) -> Outcome:
    """Send what is left of a message. The turn for its first call has been taken by the caller."""
    sent, message_id, note = already_sent, None, ""
    has_turn = True
    try:
        for part in parts[already_sent:]:
            if not has_turn and not _wait_for_turn(chat_id, lease_until_s, wait):
                break
            try:
                message_id = _send(client, chat_id, part, is_html=True)
            except BadMarkup as e:
                logger.warning("markup refused, sent as plain text", extra={"reason": str(e)})
                note = f"sent as plain text: {e.description}"
                if not _wait_for_turn(chat_id, lease_until_s, wait):
                    break
                message_id = _send(client, chat_id, part, is_html=False)
            has_turn = False
            sent += 1
    except TelegramError as e:
        return Outcome(sent, message_id, e, note)
    return Outcome(sent, message_id, None, note)


def _send(client: TelegramClient, chat_id: int, part: Part, *, is_html: bool) -> int:
    text = part.text if is_html else plain(part.text)
    if part.photo is None:
        message = client.send_message(chat_id, text, is_html=is_html, keyboard=part.keyboard)
    else:
        message = client.send_photo(
            chat_id, part.photo, text, is_html=is_html, keyboard=part.keyboard
        )
    message_id = message.get("message_id") if isinstance(message, dict) else None
    return message_id if isinstance(message_id, int) else 0


def _wait_for_turn(chat_id: int, lease_until_s: float, wait: Wait) -> bool:
    """Wait for the right to make another call; False when the lease leaves no time for it."""
    while wall_s() + CALL_MOST_S < lease_until_s:
        pause_s = limits.take_turn(chat_id)
        if pause_s == 0:
            return True
        if wall_s() + pause_s + CALL_MOST_S >= lease_until_s:
            return False
        wait(pause_s)
    return False
