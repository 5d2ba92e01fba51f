"""The bot's commands and buttons: a registry that each app fills in ``AppConfig.ready()``.

A handler takes what was asked and returns a reply; it sends nothing itself. It may run twice for
one message (a process died, Telegram was away), so what it changes must be the same done twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from notifications.models import Subscriber
from notifications.renderers import Button, Viewer

_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Ask:
    """What somebody wants. ``subscriber``: the chat's row, None before /start."""

    chat_id: int
    chat_type: str
    name: str
    language_code: str
    argument: str
    subscriber: Subscriber | None

    @property
    def viewer(self) -> Viewer:
        return Viewer(self.subscriber.zone if self.subscriber else _UTC)


@dataclass(frozen=True, slots=True)
class Reply:
    """``text`` is Telegram's HTML, already escaped.

    ``replaces``: stands in place of the message whose button was pressed. ``notice`` appears over
    the chat for a moment, and only after a button.
    """

    text: str = ""
    buttons: Sequence[Sequence[Button]] = ()
    notice: str = ""
    replaces: bool = False


class Refusal(Exception):
    """What was asked cannot be done; the reply says why."""

    def __init__(self, text: str, buttons: Sequence[Sequence[Button]] = ()) -> None:
        super().__init__("refused")
        self.reply = Reply(text, buttons)


Handler = Callable[[Ask], Reply]


@dataclass(frozen=True, slots=True)
class Command:
    """``description`` is shown while typing; ``example`` is how it is written in /help.

    ``asks_providers``: costs calls that are limited, so that a chat may not ask without end.
    """

    name: str
    description: str
    example: str
    handle: Handler
    asks_providers: bool = False


@dataclass(frozen=True, slots=True)
class ButtonAction:
    """What a button does whose data is ``action:argument``."""

    action: str
    handle: Handler
    asks_providers: bool = False


class UnknownCoin(Exception):
    """No coin goes by this name; ``suggestions`` are the closest that do."""

    def __init__(self, name: str, suggestions: Sequence[str] = ()) -> None:
        super().__init__("unknown coin")
        self.name = name
        self.suggestions = tuple(suggestions)


class CoinsUnavailable(Exception):
    """It cannot be told now which coins there are."""


CoinResolver = Callable[[str], str]

_commands: dict[str, Command] = {}
_actions: dict[str, ButtonAction] = {}
_resolver: CoinResolver | None = None


def register_command(command: Command) -> None:
    """Add a command, or replace the one of its name."""
    _commands[command.name] = command


def register_button(action: ButtonAction) -> None:
    """Say what buttons of an action do; replaces the one registered before."""
    _actions[action.action] = action


def register_coin_resolver(resolver: CoinResolver) -> None:
    """Say how a name becomes a coin's canonical one; raises UnknownCoin or CoinsUnavailable."""
    global _resolver
    _resolver = resolver


def registered_commands() -> tuple[Command, ...]:
    return tuple(_commands.values())


def command_named(name: str) -> Command | None:
    return _commands.get(name)


def action_named(name: str) -> ButtonAction | None:
    return _actions.get(name)


def canonical_coin(name: str) -> str:
    """Return the canonical name of a coin. Raises UnknownCoin, CoinsUnavailable."""
    if _resolver is None:
        raise CoinsUnavailable
    return _resolver(name)
