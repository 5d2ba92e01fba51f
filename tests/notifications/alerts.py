"""What alerts of a test look like: facts, subscribers, words, and everything delivered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from django.conf import settings

from market.clock import wall_now
from market.sandbox.handle import Sandbox
from notifications import services
from notifications.models import AlertEvent, AlertRule, Delivery, Subscriber
from notifications.renderers import Button, Viewer
from notifications.subscribers import subscribe

# A picture of two white pixels.
PIXELS = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000002000000010800000000d14920560000000b49444154789c63f8ff1f"
    "00030001fffc25dc510000000049454e44ae426082"
)

_keys = count(1)


class PlainWords:
    """Words that a test can foresee, and change."""

    def __init__(self) -> None:
        self.text = "{direction} {symbol}"
        self.image: bytes | None = None
        self.drawn = 0

    def message(self, facts: Mapping[str, Any], viewer: Viewer) -> str:
        return self.text.format(**facts, zone=viewer.timezone.key)

    def line(self, facts: Mapping[str, Any], viewer: Viewer) -> str:
        return f"line of {facts['symbol']}"

    def picture(self, facts: Mapping[str, Any]) -> bytes | None:
        self.drawn += 1
        return self.image

    def buttons(self, facts: Mapping[str, Any]) -> list[list[Button]]:
        return [[Button("Why", f"why:{facts['symbol']}")]]


def make_subscriber(chat_id: int = 100, **rule: Any) -> Subscriber:
    """Subscribe a chat, with the columns of its rule as given."""
    chat_type = "private" if chat_id > 0 else "group"
    subscriber = subscribe(chat_id=chat_id, chat_type=chat_type, name=f"chat {chat_id}")
    AlertRule.objects.filter(subscriber=subscriber).update(**rule)
    return subscriber


def raise_signal(symbol: str = "BTC", **facts: Any) -> AlertEvent:
    """Raise an alert of a signal and fan it out."""
    event = services.raise_alert(
        environment=settings.ENVIRONMENT,
        kind="signal",
        dedup_key=f"signal:{next(_keys)}",
        facts={
            "symbol": symbol,
            "direction": "LONG",
            "score": 62.5,
            "distance": 12.5,
            "confidence": "medium",
            "is_flip": False,
            **facts,
        },
        occurred_at=wall_now(),
    )
    services.fan_out(event.pk)
    return event


def deliver_all(move_on: Callable[[float], None], *, most_s: float = 3600.0) -> None:
    """Sweep every ten seconds of moved time until nothing is owed, at most for so long."""
    began_at = wall_now()
    while Delivery.objects.filter(state__in=Delivery.OWED).exists():
        if (wall_now() - began_at).total_seconds() > most_s:
            break
        services.sweep(wait=move_on)
        move_on(10.0)


def delivered_texts(sandbox: Sandbox, chat_id: int | None = None) -> list[str]:
    """Return what the stand-in accepted, oldest first."""
    messages = sandbox.telegram.chats.delivered(chat_id)
    return [message.get("text", message.get("caption", "")) for message in messages]
