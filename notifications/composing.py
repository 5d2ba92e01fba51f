"""What a delivery looks like: facts rendered for its subscriber, cut to Telegram's limits.

The words of one alert are those of its kind's renderer; only what holds several together, a digest,
is worded here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from notifications.models import AlertEvent, AlertRule, Delivery
from notifications.renderers import AlertRenderer, Viewer, renderer_of
from notifications.text import CAPTION_LIMIT, TEXT_LIMIT, plain, split, visible_units

logger = logging.getLogger(__name__)

T = TypeVar("T")
Keyboard = list[list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Part:
    """One call to Telegram: a text, or a photo with the text as its caption."""

    text: str
    photo: bytes | None = None
    keyboard: Keyboard | None = None


class CannotRender(Exception):
    """The alert has no words: no renderer for its kind, or one that fails on its facts."""


class Pictures:
    """Pictures of the events of one run: they do not depend on who looks at them."""

    MOST = 20  # at 60 KB each

    def __init__(self) -> None:
        self._by_event: dict[int, bytes | None] = {}

    def of(self, event: AlertEvent) -> bytes | None:
        """Return an event's picture; None when there is none or it cannot be drawn."""
        if event.pk not in self._by_event:
            if len(self._by_event) >= self.MOST:
                self._by_event.clear()
            self._by_event[event.pk] = self._draw(event)
        return self._by_event[event.pk]

    def _draw(self, event: AlertEvent) -> bytes | None:
        try:
            return renderer_of(event.kind).picture(event.facts)
        except Exception:  # the outer edge of another app's drawing: the text goes without it
            logger.exception("picture of an alert not drawn", extra={"event": event.pk})
            return None


def compose_alert(
    delivery: Delivery, rule: AlertRule | None, pictures: Pictures | None
) -> list[Part]:
    """Return the calls that make up one alert. Raises CannotRender."""
    event = delivery.event
    renderer = _renderer(event)
    viewer = Viewer(delivery.subscriber.zone)
    text = _worded(event, lambda: renderer.message(event.facts, viewer))
    rows = _worded(event, lambda: renderer.buttons(event.facts))
    keyboard = [
        [{"text": button.text, "callback_data": button.data} for button in row] for row in rows
    ]
    text += _closing_line(delivery, rule)
    photo = None
    if pictures is not None and rule is not None and rule.with_chart:
        photo = pictures.of(event)
    texts = split(text, TEXT_LIMIT, first_limit=CAPTION_LIMIT if photo else None)
    if not texts:
        raise CannotRender("its text is empty")
    parts = [Part(texts[0], photo)] + [Part(text) for text in texts[1:]]
    parts[-1] = Part(parts[-1].text, parts[-1].photo, keyboard or None)
    return parts


def compose_digest(
    deliveries: Sequence[Delivery], rules: Sequence[AlertRule]
) -> tuple[Part, list[Delivery], list[tuple[Delivery, CannotRender]]]:
    """Return one message for several alerts, those it holds, and those without words.

    What no longer fits is in neither list: it waits for the next message.
    """
    held: list[Delivery] = []
    unworded: list[tuple[Delivery, CannotRender]] = []
    lines: list[str] = []
    closing = ""
    # Head and closing line are short; this leaves room for both.
    room = TEXT_LIMIT - 200
    by_kind = {rule.kind: rule for rule in rules}
    for delivery in deliveries:
        try:
            line = _line(delivery)
        except CannotRender as e:
            unworded.append((delivery, e))
            continue
        room -= visible_units(line) + 1
        if room < 0 and held:
            break
        lines.append(line)
        held.append(delivery)
        closing = closing or _closing_line(delivery, by_kind.get(delivery.event.kind))
    head = f"🗞 <b>{len(held)} alerts, gathered for you</b>\n\n"
    text = split(head + "\n".join(lines) + closing)[0]
    return Part(text), held, unworded


def preview(delivery: Delivery) -> str:
    """Return what the admin shows of a message: as it was kept, else as it would read now."""
    if delivery.text:
        return delivery.text
    rule = next(
        (rule for rule in delivery.subscriber.rules.all() if rule.kind == delivery.event.kind),
        None,
    )
    try:
        return "\n\n".join(plain(part.text) for part in compose_alert(delivery, rule, None))
    except CannotRender as e:
        return f"({e})"


def _line(delivery: Delivery) -> str:
    event = delivery.event
    renderer = _renderer(event)
    return _worded(event, lambda: renderer.line(event.facts, Viewer(delivery.subscriber.zone)))


def _renderer(event: AlertEvent) -> AlertRenderer:
    try:
        return renderer_of(event.kind)
    except LookupError as e:
        raise CannotRender(str(e)) from e


def _worded(event: AlertEvent, word: Callable[[], T]) -> T:
    try:
        return word()
    except Exception as e:  # the outer edge of another app's wording
        logger.exception("alert not worded", extra={"event": event.pk})
        raise CannotRender(f"could not be worded: {type(e).__name__}") from e


def _closing_line(delivery: Delivery, rule: AlertRule | None) -> str:
    if not delivery.closes_day or rule is None or rule.daily_cap is None:
        return ""
    return f"\n\n🔕 That is all for today: your daily cap is {rule.daily_cap}. /settings"
