"""The states of deliveries: claiming them before they are sent, recording how it went.

Every step is one conditional UPDATE, so that of several processes one gets a row, and a process
that was thought dead changes nothing any more. ``sending`` is committed before Telegram is called;
when its lease expires nobody knows whether the message arrived: it is sent again and counted.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db.models import F, QuerySet

from market.clock import wall_now
from notifications.models import Delivery
from notifications.selectors import due_deliveries, expired_deliveries

logger = logging.getLogger(__name__)

# Longer than one call may take in all its phases (30 s), with room for a busy machine.
LEASE_S = 60.0
DIGEST_MOST = 60  # alerts in one message; more than this nobody reads
RETRY_LEAST_S = 1.0
RETRY_MOST_S = 300.0  # so that five minutes after an outage all is sent
MAX_ATTEMPTS = 150  # some twelve hours


@dataclass(frozen=True, slots=True)
class Claim:
    """Deliveries of one subscriber that this process alone may send, as one message."""

    token: str
    deliveries: Sequence[Delivery]
    lease_until: datetime

    @property
    def first(self) -> Delivery:
        return self.deliveries[0]


def claim(delivery: Delivery) -> Claim | None:
    """Claim a due delivery, a gathered one with its companions; None when others were faster."""
    now = wall_now()
    ids = [delivery.pk]
    if delivery.is_gathered:
        companions = due_deliveries(now).filter(subscriber=delivery.subscriber_id, is_gathered=True)
        ids = list(companions.values_list("pk", flat=True)[:DIGEST_MOST])
    token, lease_until = uuid4().hex, now + timedelta(seconds=LEASE_S)
    claimed = Delivery.objects.filter(
        pk__in=ids, state=Delivery.State.PENDING, due_at__lte=now
    ).update(state=Delivery.State.SENDING, claim=token, lease_until=lease_until)
    if not claimed:
        return None
    rows = (
        Delivery.objects.filter(claim=token)
        .select_related("subscriber", "event")
        .prefetch_related("subscriber__rules")
        .order_by("due_at", "pk")
    )
    return Claim(token, list(rows), lease_until)


def record_sent(claim: Claim, message_id: int, note: str = "") -> None:
    _finish(
        claim,
        state=Delivery.State.SENT,
        message_id=message_id,
        sent_at=wall_now(),
        reason=note,
        text="",
    )


def record_shown(claim: Claim, text: str) -> None:
    """A dry run ends here, with the text to be looked at in the admin."""
    _finish(claim, state=Delivery.State.SHOWN, text=text, reason="dry run")


def record_waiting(claim: Claim, due_at: datetime, reason: str, parts_sent: int = 0) -> None:
    """Nothing went wrong: it is only not yet allowed to be sent."""
    _finish(
        claim,
        state=Delivery.State.PENDING,
        due_at=due_at,
        reason=reason[:300],
        parts_sent=parts_sent,
    )


def record_failed_attempt(
    claim: Claim, reason: str, *, may_have_arrived: bool, parts_sent: int = 0, text: str = ""
) -> None:
    """Count the attempt and come back later; give up after ``MAX_ATTEMPTS``."""
    attempts = max(row.attempts for row in claim.deliveries) + 1
    counts: dict[str, Any] = {
        "attempts": F("attempts") + 1,
        "unconfirmed": F("unconfirmed") + int(may_have_arrived),
        "parts_sent": parts_sent,
    }
    if attempts >= MAX_ATTEMPTS:
        reason = f"given up after {attempts} attempts: {reason}"
        _finish(claim, state=Delivery.State.FAILED, reason=reason[:300], text=text, **counts)
        return
    due_at = wall_now() + timedelta(seconds=retry_after_s(attempts))
    _finish(claim, state=Delivery.State.PENDING, due_at=due_at, reason=reason[:300], **counts)


def record_failed(claim: Claim, reason: str, text: str = "") -> None:
    """Give up at once: the same call would fail again."""
    logger.warning("alert not delivered", extra={"delivery": claim.first.pk, "reason": reason})
    _finish(claim, state=Delivery.State.FAILED, reason=reason[:300], text=text)


def record_suppressed(claim: Claim, reason: str) -> None:
    _finish(claim, state=Delivery.State.SUPPRESSED, reason=reason[:300])


def part_of(claim: Claim, deliveries: Iterable[Delivery]) -> Claim:
    """Return a claim of some of a claim's deliveries, to record these apart."""
    return Claim(claim.token, tuple(deliveries), claim.lease_until)


def retime(delivery: Delivery, due_at: datetime, *, is_gathered: bool) -> None:
    """Let a delivery that is not claimed wait until another time."""
    Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.PENDING).update(
        due_at=due_at, is_gathered=is_gathered
    )


def suppress(delivery: Delivery, reason: str) -> None:
    """End a delivery that is not claimed and nobody wants any more."""
    Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.PENDING).update(
        state=Delivery.State.SUPPRESSED, reason=reason[:300]
    )


def recover_expired() -> int:
    """Give back what was being sent by a process that has not answered within its lease."""
    now = wall_now()
    expired = expired_deliveries(now)
    counts = {
        "attempts": F("attempts") + 1,
        "unconfirmed": F("unconfirmed") + 1,
        "claim": "",
        "lease_until": None,
    }
    reason = "sent, but no answer was recorded"
    given_up = expired.filter(attempts__gte=MAX_ATTEMPTS - 1).update(
        state=Delivery.State.FAILED, reason=reason, **counts
    )
    returned = expired.update(state=Delivery.State.PENDING, due_at=now, reason=reason, **counts)
    if given_up or returned:
        logger.warning(
            "deliveries without a recorded answer",
            extra={"sent_again": returned, "given_up": given_up},
        )
    return returned


def send_again(deliveries: QuerySet[Delivery]) -> int:
    """Owe again what had ended without being sent, as if it were new."""
    ended = (Delivery.State.FAILED, Delivery.State.SUPPRESSED, Delivery.State.SHOWN)
    return deliveries.filter(state__in=ended).update(
        state=Delivery.State.PENDING, due_at=wall_now(), attempts=0, reason="sent again by hand"
    )


def retry_after_s(attempts: int) -> float:
    """Return the pause after so many failed attempts: 1, 2, 4, 8 … seconds."""
    return float(min(RETRY_LEAST_S * 2 ** (min(attempts, 20) - 1), RETRY_MOST_S))


def _finish(claim: Claim, **columns: Any) -> None:
    ids = [row.pk for row in claim.deliveries]
    mine = Delivery.objects.filter(pk__in=ids, claim=claim.token, state=Delivery.State.SENDING)
    changed = mine.update(claim="", lease_until=None, **columns)
    if changed < len(ids):
        # The lease ran out meanwhile: whoever has it now decides, and it is counted as unconfirmed.
        logger.warning("the lease of a delivery was over", extra={"delivery": claim.first.pk})
