"""Who blocks the bot, removes it or lets it back in, as Telegram tells it."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from notifications.models import Subscriber
from notifications.subscribers import end_subscription

_GONE = ("kicked", "left")
_HERE = ("member", "administrator", "creator")


def subscriber_of(chat_id: int) -> Subscriber | None:
    return Subscriber.objects.filter(environment=settings.ENVIRONMENT, chat_id=chat_id).first()


def follow_membership(change: dict[str, Any]) -> str:
    """Note that the bot may or may not write to a chat any more; return what was noted."""
    chat, member = change.get("chat"), change.get("new_chat_member")
    chat_id = chat.get("id") if isinstance(chat, dict) else None
    status = member.get("status") if isinstance(member, dict) else None
    subscriber = subscriber_of(chat_id) if type(chat_id) is int else None
    if subscriber is None:
        return "not a subscriber"
    if status in _GONE and subscriber.state != Subscriber.State.STOPPED:
        end_subscription(subscriber, Subscriber.State.BLOCKED, f"the bot's status is {status}")
        return "blocked or removed"
    if status in _HERE:
        # Who had stopped, stays so.
        Subscriber.objects.filter(pk=subscriber.pk, state=Subscriber.State.BLOCKED).update(
            state=Subscriber.State.ACTIVE, state_reason=""
        )
        return "let in"
    return "nothing changes"
