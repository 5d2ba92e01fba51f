"""Reads of the notifications app; each keeps to the environment of the settings."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db.models import Count, QuerySet

from notifications.models import AlertEvent, AlertRule, Delivery, Subscriber


def waiting_events() -> QuerySet[AlertEvent]:
    """Return events whose deliveries are not made yet, oldest first."""
    return AlertEvent.objects.filter(
        environment=settings.ENVIRONMENT, fanned_out_at__isnull=True
    ).order_by("pk")


def rules_for(event: AlertEvent) -> QuerySet[AlertRule]:
    """Return the rules of the event's kind that active subscribers have switched on."""
    return AlertRule.objects.filter(
        kind=event.kind,
        is_enabled=True,
        subscriber__environment=event.environment,
        subscriber__state=Subscriber.State.ACTIVE,
    ).select_related("subscriber")


def due_deliveries(now: datetime) -> QuerySet[Delivery]:
    """Return what may be sent now, longest due first, with all that decides about sending it."""
    return (
        _pending()
        .filter(due_at__lte=now)
        .select_related("subscriber", "event")
        .prefetch_related("subscriber__rules")
        .order_by("due_at", "pk")
    )


def is_anything_due(now: datetime) -> bool:
    return _pending().filter(due_at__lte=now).exists()


def next_due_at(after: datetime) -> datetime | None:
    """Return when the next delivery that is not due yet will be."""
    return (
        _pending()
        .filter(due_at__gt=after)
        .order_by("due_at")
        .values_list("due_at", flat=True)
        .first()
    )


def oldest_owed_at(now: datetime) -> datetime | None:
    """Return since when something that could be out by now is owed; held ones are not due yet."""
    owed = Delivery.objects.filter(environment=settings.ENVIRONMENT, due_at__lte=now)
    delivery = (
        owed.filter(state__in=Delivery.OWED)
        .order_by("due_at")
        .values_list("due_at", flat=True)
        .first()
    )
    event = waiting_events().values_list("created_at", flat=True).first()
    return min((at for at in (delivery, event) if at is not None), default=None)


def expired_deliveries(now: datetime) -> QuerySet[Delivery]:
    """Return what somebody was sending who has not said since how it went."""
    return Delivery.objects.filter(
        environment=settings.ENVIRONMENT, state=Delivery.State.SENDING, lease_until__lt=now
    )


def deliveries_by_state() -> dict[str, int]:
    counts = (
        Delivery.objects.filter(environment=settings.ENVIRONMENT)
        .order_by()
        .values_list("state")
        .annotate(Count("pk"))
    )
    return {**dict.fromkeys(Delivery.State.values, 0), **dict(counts)}


def forgettable_events(before: datetime) -> QuerySet[AlertEvent]:
    """Return events from before an instant of which nothing is owed any more."""
    return AlertEvent.objects.filter(
        environment=settings.ENVIRONMENT, created_at__lt=before, fanned_out_at__isnull=False
    ).exclude(deliveries__state__in=Delivery.OWED)


def unreachable_configured() -> Subscriber | None:
    """Return the chat that the settings name if nothing can be sent to it."""
    return (
        Subscriber.objects.filter(environment=settings.ENVIRONMENT, is_configured=True)
        .exclude(state__in=[Subscriber.State.ACTIVE, Subscriber.State.STOPPED])
        .first()
    )


def _pending() -> QuerySet[Delivery]:
    return Delivery.objects.filter(environment=settings.ENVIRONMENT, state=Delivery.State.PENDING)
