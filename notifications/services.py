"""The verbs of the notifications app: raise an alert, fan it out, sweep, forget what is old.

Sending lies in ``notifications.sender``; what decides is pure and lies in ``notifications.rules``.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from config.wakeups import wake
from market.clock import wall_now
from notifications import delivery, sender
from notifications.calls import Wait
from notifications.models import AlertEvent, AlertRule, Delivery, Subscriber
from notifications.rules import check_facts, local_day, wants, when_due
from notifications.selectors import forgettable_events, rules_for, waiting_events
from notifications.subscribers import configured_subscriber

logger = logging.getLogger(__name__)

# What a cap counts: alerts that were or will be told. Failed ones took nothing from anybody.
_COUNTED = (
    Delivery.State.PENDING,
    Delivery.State.SENDING,
    Delivery.State.SENT,
    Delivery.State.SHOWN,
)
_FORGET_AT_ONCE = 1000  # rows per transaction, so that no writer waits long


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


def fan_out(event_id: int) -> int:
    """Owe an event to every subscriber whose rule wants it; return how many deliveries that made.

    Claim and deliveries are one transaction: whoever dies in it has done nothing, and a second
    caller finds the event claimed.
    """
    configured_subscriber()
    with transaction.atomic():
        now = wall_now()
        waiting = waiting_events().filter(pk=event_id)
        if not waiting.update(fanned_out_at=now):
            return 0
        event = AlertEvent.objects.get(pk=event_id)
        rules = [rule for rule in rules_for(event) if wants(rule.terms(), event.facts)]
        told_today = _told_today(rules, now)
        deliveries = [_delivery(event, rule, told_today[rule.subscriber_id], now) for rule in rules]
        Delivery.objects.bulk_create(deliveries, ignore_conflicts=True, batch_size=500)
        if deliveries:
            wake("notifications.tasks.deliver_due")
    return len(deliveries)


def send_again(deliveries: QuerySet[Delivery]) -> int:
    """Owe again what had ended without being sent; return how many that were."""
    count = delivery.send_again(deliveries)
    if count:
        wake("notifications.tasks.deliver_due")
    return count


def sweep(wait: Wait = time.sleep) -> None:
    """Do what a lost wake-up or a dead process left undone: fan out, give back, send."""
    delivery.recover_expired()
    for event_id in list(waiting_events().values_list("pk", flat=True)):
        try:
            fan_out(event_id)
        except Exception:  # one event's trouble must not keep the others from going out
            logger.exception("alert not fanned out", extra={"event": event_id})
    sender.deliver_due(wait)


def forget_old_alerts() -> int:
    """Delete events of which nothing is owed any more after ``ALERT_RETENTION_DAYS``."""
    before = wall_now() - timedelta(days=settings.ALERT_RETENTION_DAYS)
    forgotten = 0
    while ids := list(forgettable_events(before).values_list("pk", flat=True)[:_FORGET_AT_ONCE]):
        AlertEvent.objects.filter(pk__in=ids).delete()
        forgotten += len(ids)
    return forgotten


def _delivery(event: AlertEvent, rule: AlertRule, told_today: int, now: datetime) -> Delivery:
    subscriber = rule.subscriber
    when = when_due(rule.terms(), zone=subscriber.zone, muted_until=subscriber.muted_until, now=now)
    over_cap = rule.daily_cap is not None and told_today >= rule.daily_cap
    return Delivery(
        environment=event.environment,
        event=event,
        subscriber=subscriber,
        state=Delivery.State.SUPPRESSED if over_cap else Delivery.State.PENDING,
        reason=f"over the daily cap of {rule.daily_cap}" if over_cap else "",
        due_at=when.due_at,
        is_gathered=when.is_gathered,
        closes_day=rule.daily_cap is not None and told_today + 1 == rule.daily_cap,
        created_at=now,
    )


def _told_today(rules: Sequence[AlertRule], now: datetime) -> Counter[int]:
    """Count the alerts of each capped subscriber's local day, by subscriber.

    The subscribers stay locked until the commit (SQLite has one writer anyway), so that two events
    fanned out at once cannot both be the last one of a day.
    """
    day_began_at = {
        rule.subscriber_id: local_day(rule.subscriber.zone, now)[0]
        for rule in rules
        if rule.daily_cap is not None
    }
    if not day_began_at:
        return Counter()
    list(
        Subscriber.objects.select_for_update()
        .filter(pk__in=day_began_at)
        .order_by("pk")
        .values_list("pk")
    )
    told = Delivery.objects.filter(
        subscriber__in=day_began_at,
        event__kind=rules[0].kind,
        state__in=_COUNTED,
        created_at__gte=min(day_began_at.values()),
    ).values_list("subscriber_id", "created_at")
    return Counter(
        subscriber for subscriber, created_at in told if created_at >= day_began_at[subscriber]
    )
