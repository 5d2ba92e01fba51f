"""Who gets alerts: chats that come, go, are muted, move or turn out to be gone."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction

from config.wakeups import wake
from market.clock import wall_now
from notifications.models import AlertKind, AlertRule, Delivery, Subscriber
from notifications.rules import held_until

# Stands in for a chat while nobody is configured and alerts are only shown in the admin.
DRY_RUN_CHAT_ID = 0


@transaction.atomic
def subscribe(
    *, chat_id: int, chat_type: str, name: str = "", language_code: str = ""
) -> Subscriber:
    """Make a chat an active subscriber with the default rule; keep the rules it already has."""
    subscriber, _ = Subscriber.objects.update_or_create(
        environment=settings.ENVIRONMENT,
        chat_id=chat_id,
        defaults={
            "chat_type": chat_type,
            "name": name,
            "language_code": language_code,
            "state": Subscriber.State.ACTIVE,
            "state_reason": "",
            "seen_at": wall_now(),
        },
        create_defaults={
            "chat_type": chat_type,
            "name": name,
            "language_code": language_code,
            "created_at": wall_now(),
            "seen_at": wall_now(),
        },
    )
    AlertRule.objects.get_or_create(subscriber=subscriber, kind=AlertKind.SIGNAL)
    return subscriber


@transaction.atomic
def end_subscription(subscriber: Subscriber, state: str, reason: str) -> None:
    """Send this chat nothing more; what it is still owed ends with the reason."""
    Subscriber.objects.filter(pk=subscriber.pk).update(state=state, state_reason=reason[:200])
    subscriber.deliveries.filter(state=Delivery.State.PENDING).update(
        state=Delivery.State.SUPPRESSED, reason=reason[:300]
    )


@transaction.atomic
def move_chat(subscriber: Subscriber, new_chat_id: int) -> None:
    """Store the id that a group got when it became a supergroup."""
    others = Subscriber.objects.filter(environment=subscriber.environment, chat_id=new_chat_id)
    if others.exists():
        end_subscription(
            subscriber, Subscriber.State.INVALID, f"became {new_chat_id}, which subscribes already"
        )
        return
    Subscriber.objects.filter(pk=subscriber.pk).update(
        chat_id=new_chat_id, chat_type=Subscriber.ChatType.SUPERGROUP
    )


@transaction.atomic
def mute(subscriber: Subscriber, until: datetime | None) -> None:
    """Hold alerts back until an instant, or no longer (None); what has gathered moves along."""
    Subscriber.objects.filter(pk=subscriber.pk).update(muted_until=until)
    subscriber.muted_until = until
    retime_held(subscriber)


@transaction.atomic
def retime_held(subscriber: Subscriber) -> None:
    """Find a new time for what is gathered, after a mute, quiet hours or time zone changed."""
    now = wall_now()
    for rule in AlertRule.objects.filter(subscriber=subscriber):
        due_at = held_until(
            rule.terms(), zone=subscriber.zone, muted_until=subscriber.muted_until, now=now
        )
        subscriber.deliveries.filter(
            state=Delivery.State.PENDING, is_gathered=True, event__kind=rule.kind
        ).update(due_at=due_at or now)
    wake("notifications.tasks.deliver_due")


def configured_subscriber() -> Subscriber | None:
    """Return the subscriber that the settings name, made when it is not there yet.

    Without ``TELEGRAM_CHAT_ID`` a dry run has a stand-in, so that alerts can be looked at before
    there is a bot. A chat that the settings no longer name gets nothing more.
    """
    chat_id = settings.TELEGRAM_CHAT_ID
    if not chat_id and not settings.TELEGRAM_DRY_RUN:
        _stop_configured_but(None)
        return None
    known = Subscriber.objects.filter(
        environment=settings.ENVIRONMENT, chat_id=chat_id, is_configured=True
    ).first()
    if known is not None:
        return known
    with transaction.atomic():
        _stop_configured_but(chat_id)
        subscriber, _ = Subscriber.objects.get_or_create(
            environment=settings.ENVIRONMENT,
            chat_id=chat_id,
            defaults={
                "chat_type": _chat_type_of(chat_id),
                "name": "TELEGRAM_CHAT_ID" if chat_id else "Nobody yet (dry run)",
                "created_at": wall_now(),
            },
        )
        Subscriber.objects.filter(pk=subscriber.pk).update(is_configured=True)
        # The operator's own chat hears of everything; others choose emerging coins in /settings.
        for kind in AlertKind:
            AlertRule.objects.get_or_create(subscriber=subscriber, kind=kind)
    return subscriber


def _stop_configured_but(chat_id: int | None) -> None:
    former = Subscriber.objects.filter(environment=settings.ENVIRONMENT, is_configured=True)
    for subscriber in former.exclude(chat_id=chat_id) if chat_id is not None else former:
        end_subscription(
            subscriber, Subscriber.State.STOPPED, "TELEGRAM_CHAT_ID no longer names this chat"
        )
        Subscriber.objects.filter(pk=subscriber.pk).update(is_configured=False)


def _chat_type_of(chat_id: int) -> str:
    """Guess from the number, until an update tells: it decides which rate limits hold."""
    if chat_id >= 0:
        return Subscriber.ChatType.PRIVATE
    is_super = str(chat_id).startswith("-100")
    return Subscriber.ChatType.SUPERGROUP if is_super else Subscriber.ChatType.GROUP
