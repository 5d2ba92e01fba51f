"""What a call to Telegram means for the deliveries it was made for, and for the chat."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import Future
from datetime import timedelta

from market.clock import wall_now
from notifications import delivery as rows
from notifications import limits
from notifications.calls import Outcome
from notifications.composing import Part
from notifications.delivery import Claim
from notifications.subscribers import end_subscription, move_chat
from notifications.telegram_errors import (
    ChatMoved,
    ChatNotStarted,
    ChatUnreachable,
    TelegramError,
    TelegramFlood,
    TelegramUnauthorized,
    TelegramUnavailable,
)
from notifications.text import plain

logger = logging.getLogger(__name__)


def record(claim: Claim, parts: Sequence[Part], call: Future[Outcome]) -> bool:
    """Record how a message went; return whether more may be sent."""
    defect = call.exception()
    if defect is not None:
        logger.error("sending an alert broke off", exc_info=defect)
        reason = f"broke off: {type(defect).__name__}"
        rows.record_failed_attempt(claim, reason, may_have_arrived=True)
        return True
    outcome = call.result()
    text = "\n\n".join(plain(part.text) for part in parts)
    if outcome.error is not None:
        return _record_error(claim, outcome, outcome.error, text)
    if outcome.parts_sent < len(parts):
        rows.record_waiting(claim, wall_now(), "the rest follows", outcome.parts_sent)
    else:
        rows.record_sent(claim, outcome.message_id or 0, outcome.note)
    return True


def _record_error(claim: Claim, outcome: Outcome, error: TelegramError, text: str) -> bool:
    subscriber = claim.first.subscriber
    told = error.description
    match error:
        case TelegramFlood():
            limits.pause(error.retry_after_s)
            due_at = wall_now() + timedelta(seconds=error.retry_after_s + limits.EXTRA_PAUSE_S)
            rows.record_waiting(claim, due_at, told, outcome.parts_sent)
        case TelegramUnauthorized():
            limits.stop(told)
            logger.error("Telegram refuses the token, nothing is sent", extra={"reason": told})
            rows.record_waiting(claim, wall_now(), told, outcome.parts_sent)
            return False
        case TelegramUnavailable():
            rows.record_failed_attempt(
                claim,
                told,
                may_have_arrived=error.may_have_arrived,
                parts_sent=outcome.parts_sent,
                text=text,
            )
        case ChatMoved():
            move_chat(subscriber, error.new_chat_id)
            rows.record_failed_attempt(claim, told, may_have_arrived=False, text=text)
        case ChatUnreachable():
            rows.record_suppressed(claim, told)
            end_subscription(subscriber, error.state, told)
        case ChatNotStarted():
            reason = f"{told}: its owner has to press Start first"
            rows.record_failed_attempt(claim, reason, may_have_arrived=False, text=text)
        case _:
            rows.record_failed(claim, told, text)
    return True
