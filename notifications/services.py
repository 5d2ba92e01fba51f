"""The verbs of the notifications app that others call: raise an alert, fan it out.

Sending lies in ``notifications.sender``; what decides is pure and lies in ``notifications.rules``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from config.wakeups import wake
from market.clock import wall_now
from notifications.models import AlertEvent
from notifications.rules import check_facts


def raise_alert(
    *, environment: str, kind: str, dedup_key: str, facts: dict[str, Any], occurred_at: datetime
) -> AlertEvent:
    """Write down that something is worth telling; call it in the transaction that makes it true.

    A ``dedup_key`` that was used before returns the event it made: telling twice is a no-op. Raises
    ValueError for facts that rules could not be held against.
    """
    check_facts(kind, facts)
    event, is_new = AlertEvent.objects.get_or_create(
        environment=environment,
        dedup_key=dedup_key,
        defaults={
            "kind": kind,
            "facts": facts,
            "occurred_at": occurred_at,
            "created_at": wall_now(),
        },
    )
    if is_new:
        wake("notifications.tasks.fan_out", event.pk)
    return event
