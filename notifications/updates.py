"""Received updates as rows: kept once each, claimed by one process at a time, forgotten in the end.

The updates of one chat are answered in the order they came; different chats do not wait for each
other. An answer whose lease ran out is given again: a command may be answered twice when a process
dies between answering and writing that down, and never not at all.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.db.models import Exists, OuterRef, Q, QuerySet

from config.wakeups import wake
from market.clock import wall_now
from notifications.models import ReceivedUpdate

logger = logging.getLogger(__name__)

# What the bot is for; all else Telegram need not send.
ALLOWED_UPDATES = ("message", "callback_query", "my_chat_member")
# Longer than an evaluation and its reply may take (8 s + 30 s), with room for a busy machine.
LEASE_S = 60.0
MAX_ATTEMPTS = 6
_RETRY_LEAST_S = 2.0
_RETRY_MOST_S = 60.0
# They hold what people wrote, so no longer than is of use when something went wrong.
KEPT_FOR = timedelta(days=7)
# Nobody types faster than this; what does is a loop, and is not answered.
MOST_PER_MINUTE = 30
_LONGEST_REASON = 300
_LARGEST_NUMBER = 2**63 - 1


class NotKept(Exception):
    """The database is away: Telegram must not forget these updates."""


@dataclass(frozen=True, slots=True)
class ClaimedUpdate:
    """An update that this process alone may answer."""

    pk: int
    kind: str
    chat_id: int | None
    payload: dict[str, Any]
    attempts: int
    token: str
    lease_until: datetime


def bot_id() -> int:
    """Return the configured bot's number, the first part of its token; 0 without one."""
    return int(settings.TELEGRAM_BOT_TOKEN.partition(":")[0] or 0)


def receive(updates: Iterable[Any]) -> int:
    """Keep updates that are not kept yet and wake a worker; return how many could be read.

    Once this returns, Telegram may forget them. Raises NotKept.
    """
    now = wall_now()
    rows = [row for row in (_row(update, now) for update in updates) if row is not None]
    if rows:
        try:
            ReceivedUpdate.objects.bulk_create(rows, ignore_conflicts=True)
        except (DatabaseError, InterfaceError) as e:
            raise NotKept from e
        wake("notifications.tasks.answer_updates")
    return len(rows)


def is_update(update: Any) -> bool:
    return isinstance(update, dict) and _is_number(update.get("update_id"))


def claim_next() -> ClaimedUpdate | None:
    """Claim the oldest update that is due and not preceded by an open one of its chat."""
    while True:
        now = wall_now()
        found = _due(now).order_by("update_id").first()
        if found is None:
            return None
        token, lease_until = uuid4().hex, now + timedelta(seconds=LEASE_S)
        claimed = ReceivedUpdate.objects.filter(
            pk=found.pk, state=ReceivedUpdate.State.PENDING
        ).update(
            state=ReceivedUpdate.State.ANSWERING,
            claim=token,
            lease_until=lease_until,
        )
        if claimed:
            return ClaimedUpdate(
                found.pk,
                found.kind,
                found.chat_id,
                found.payload,
                found.attempts,
                token,
                lease_until,
            )


def seconds_to_next() -> float | None:
    """Return in how many seconds something can be claimed; None when nothing waits for that."""
    next_at = _unblocked().order_by("due_at").values_list("due_at", flat=True).first()
    return None if next_at is None else max(0.0, (next_at - wall_now()).total_seconds())


def is_flooding(chat_id: int) -> bool:
    """Tell whether a chat wrote more in the last minute than any person does."""
    since = wall_now() - timedelta(minutes=1)
    recent = ReceivedUpdate.objects.filter(
        environment=settings.ENVIRONMENT, chat_id=chat_id, received_at__gt=since
    )
    return recent.count() > MOST_PER_MINUTE


def record_done(update: ClaimedUpdate, reason: str = "") -> None:
    _finish(update, state=ReceivedUpdate.State.DONE, done_at=wall_now(), reason=reason)


def record_failed(update: ClaimedUpdate, reason: str) -> None:
    """Give up: the same answer would fail again."""
    logger.warning("update not answered", extra={"update": update.pk, "reason": reason})
    _finish(update, state=ReceivedUpdate.State.FAILED, done_at=wall_now(), reason=reason)


def record_waiting(update: ClaimedUpdate, for_s: float, reason: str) -> None:
    """Nothing went wrong: the answer is only not yet allowed to be sent."""
    due_at = wall_now() + timedelta(seconds=for_s)
    _finish(update, state=ReceivedUpdate.State.PENDING, due_at=due_at, reason=reason)


def record_failed_attempt(update: ClaimedUpdate, reason: str) -> None:
    """Count the attempt and come back later; give up after ``MAX_ATTEMPTS``."""
    attempts = update.attempts + 1
    if attempts >= MAX_ATTEMPTS:
        record_failed(update, f"given up after {attempts} attempts: {reason}")
        return
    wait_s = min(_RETRY_LEAST_S * 2.0 ** (attempts - 1), _RETRY_MOST_S)
    _finish(
        update,
        state=ReceivedUpdate.State.PENDING,
        attempts=attempts,
        due_at=wall_now() + timedelta(seconds=wait_s),
        reason=reason,
    )


def recover_expired() -> int:
    """Give back what was being answered by a process that has not reported within its lease."""
    expired = ReceivedUpdate.objects.filter(
        environment=settings.ENVIRONMENT,
        bot_id=bot_id(),
        state=ReceivedUpdate.State.ANSWERING,
        lease_until__lt=wall_now(),
    )
    returned = expired.update(
        state=ReceivedUpdate.State.PENDING,
        claim="",
        lease_until=None,
        reason="answered, but no end was recorded",
    )
    if returned:
        logger.warning("updates whose answer was not recorded", extra={"again": returned})
    return returned


def forget_old_updates() -> int:
    """Delete what was received long ago; return how many."""
    before = wall_now() - KEPT_FOR
    deleted, _ = ReceivedUpdate.objects.filter(received_at__lt=before).delete()
    return deleted


def _row(update: Any, now: datetime) -> ReceivedUpdate | None:
    if not is_update(update):
        logger.warning("something that is no update was received")
        return None
    kind = next((name for name in update if name != "update_id"), "")
    content = update.get(kind)
    message = content.get("message", content) if isinstance(content, dict) else {}
    chat = message.get("chat") if isinstance(message, dict) else None
    chat_id = chat.get("id") if isinstance(chat, dict) else None
    return ReceivedUpdate(
        environment=settings.ENVIRONMENT,
        bot_id=bot_id(),
        update_id=update["update_id"],
        kind=str(kind)[:32],
        chat_id=chat_id if _is_number(chat_id) else None,
        payload=_storable(update),
        due_at=now,
        received_at=now,
    )


def _is_number(value: Any) -> bool:
    """Tell whether a value is a whole number that a column can hold."""
    return type(value) is int and abs(value) <= _LARGEST_NUMBER


def _storable(value: Any) -> Any:
    """Return JSON without what a database refuses: one such update would block all after it."""
    if isinstance(value, dict):
        return {_storable(name): _storable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_storable(inner) for inner in value]
    if isinstance(value, str):
        halves = value.encode("utf-16", "surrogatepass")
        return halves.decode("utf-16", "replace").replace("\0", "")
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _pending() -> QuerySet[ReceivedUpdate]:
    return ReceivedUpdate.objects.filter(
        environment=settings.ENVIRONMENT, bot_id=bot_id(), state=ReceivedUpdate.State.PENDING
    )


def _unblocked() -> QuerySet[ReceivedUpdate]:
    """Return what waits, but for that which an open update of the same chat precedes."""
    before = ReceivedUpdate.objects.filter(
        environment=OuterRef("environment"),
        bot_id=OuterRef("bot_id"),
        chat_id=OuterRef("chat_id"),
        update_id__lt=OuterRef("update_id"),
        state__in=ReceivedUpdate.OPEN,
    )
    return _pending().filter(Q(chat_id__isnull=True) | ~Exists(before))


def _due(now: datetime) -> QuerySet[ReceivedUpdate]:
    return _unblocked().filter(due_at__lte=now)


def _finish(update: ClaimedUpdate, *, reason: str, **columns: Any) -> None:
    mine = ReceivedUpdate.objects.filter(
        pk=update.pk, claim=update.token, state=ReceivedUpdate.State.ANSWERING
    )
    if not mine.update(claim="", lease_until=None, reason=reason[:_LONGEST_REASON], **columns):
        # Somebody else has it now and decides.
        logger.warning("the lease of an update was over", extra={"update": update.pk})
