"""How alerts of a kind read: each app that raises alerts registers its wording here.

An event holds facts; words are made when a delivery is sent, for the subscriber it goes to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from zoneinfo import ZoneInfo

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whom a message is for, as far as wording depends on it."""

    timezone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Button:
    """A button below a message; ``data`` comes back to the bot when it is pressed."""

    text: str
    data: str  # 1 to 64 bytes


class AlertRenderer(Protocol):
    """Words and picture of one kind of alert. Text is Telegram's HTML, already escaped."""

    def message(self, facts: Facts, viewer: Viewer) -> str:
        """Return the whole message; whoever sends it splits what is too long."""

    def line(self, facts: Facts, viewer: Viewer) -> str:
        """Return one line for a digest of several alerts."""

    def picture(self, facts: Facts) -> bytes | None:
        """Return an image file (PNG or JPEG) to go with the message; None when there is none."""

    def buttons(self, facts: Facts) -> list[list[Button]]:
        """Return rows of buttons to stand below the message."""


_renderers: dict[str, AlertRenderer] = {}


def register_renderer(kind: str, renderer: AlertRenderer) -> None:
    """Say how alerts of a kind read. Called in ``AppConfig.ready()``."""
    _renderers[kind] = renderer


def renderer_of(kind: str) -> AlertRenderer:
    """Return the wording of a kind. Raises LookupError for a kind that nobody registered."""
    try:
        return _renderers[kind]
    except KeyError:
        raise LookupError(f"no renderer is registered for alerts of kind {kind!r}") from None
