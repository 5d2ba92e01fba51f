"""/settings: which alerts a chat gets, changed by pressing buttons below one message.

Data of a button: ``set:`` shows all, ``set:conf`` the choices of one, ``set:conf:high`` chooses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time
from types import MappingProxyType
from typing import Any

from django.db import transaction

from notifications import figures
from notifications.commands import Ask, Refusal, Reply
from notifications.models import AlertKind, AlertRule, Subscriber
from notifications.renderers import Button
from notifications.subscribers import retime_held
from notifications.text import escape

SETTINGS_ACTION = "set"
START_FIRST = "You get no alerts here yet. Send /start first."
_MOST_COINS_TOLD = 30


@dataclass(frozen=True, slots=True)
class Choice:
    code: str
    label: str
    columns: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Setting:
    code: str
    label: str
    describe: Callable[[AlertRule], str]
    choices: tuple[Choice, ...]
    kind: str = AlertKind.SIGNAL

    def choice(self, code: str) -> Choice | None:
        return next((each for each in self.choices if each.code == code), None)


def _choice(code: str, label: str, **columns: Any) -> Choice:
    return Choice(code, label, MappingProxyType(columns))


def _quiet(first_h: int, last_h: int) -> Choice:
    return _choice(
        f"{first_h:02}{last_h:02}",
        f"{first_h:02}:00–{last_h:02}:00",
        quiet_from=time(first_h),
        quiet_to=time(last_h),
    )


def _describe_quiet(rule: AlertRule) -> str:
    if rule.quiet_from is None or rule.quiet_to is None:
        return "none"
    return f"{rule.quiet_from:%H:%M}–{rule.quiet_to:%H:%M}"


def _describe_distance(rule: AlertRule) -> str:
    if rule.min_distance <= 0:
        return "any score"
    return f"at least {rule.min_distance:g} points from 50"


def _describe_cap(rule: AlertRule) -> str:
    return "no limit" if rule.daily_cap is None else f"{rule.daily_cap} a day"


def _describe_digest(rule: AlertRule) -> str:
    if rule.digest_minutes is None:
        return "one message each"
    return f"together every {figures.duration(rule.digest_minutes * 60)}"


def _describe_emerging(rule: AlertRule) -> str:
    return f"from {rule.min_score:g} points on" if rule.is_enabled else "none"


SETTINGS = (
    Setting(
        "conf",
        "🎚 Confidence",
        lambda rule: rule.get_min_confidence_display().lower(),
        (
            _choice("low", "Any", min_confidence="low"),
            _choice("medium", "Medium or high", min_confidence="medium"),
            _choice("high", "High only", min_confidence="high"),
        ),
    ),
    Setting(
        "dir",
        "↕️ Direction",
        lambda rule: rule.get_directions_display(),
        (
            _choice("both", "LONG and SHORT", directions="both"),
            _choice("LONG", "🟢 LONG only", directions="LONG"),
            _choice("SHORT", "🔴 SHORT only", directions="SHORT"),
        ),
    ),
    Setting(
        "dist",
        "📏 Strength",
        _describe_distance,
        (
            _choice("0", "Any", min_distance=0.0),
            *(
                _choice(str(points), f"{points} points", min_distance=float(points))
                for points in (8, 12, 16, 20)
            ),
        ),
    ),
    Setting(
        "flips",
        "🔄 Flips",
        lambda rule: "only changes of direction" if rule.flips_only else "every signal",
        (
            _choice("0", "Every signal", flips_only=False),
            _choice("1", "Only changes of direction", flips_only=True),
        ),
    ),
    Setting(
        "quiet",
        "🌙 Quiet hours",
        _describe_quiet,
        (
            _choice("off", "None", quiet_from=None, quiet_to=None),
            _quiet(22, 7),
            _quiet(23, 8),
            _quiet(0, 6),
        ),
    ),
    Setting(
        "cap",
        "🚦 At most",
        _describe_cap,
        (
            _choice("off", "No limit", daily_cap=None),
            *(_choice(str(most), f"{most} a day", daily_cap=most) for most in (3, 5, 10, 20)),
        ),
    ),
    Setting(
        "digest",
        "📚 Digest",
        _describe_digest,
        (
            _choice("off", "One message each", digest_minutes=None),
            _choice("60", "Every hour", digest_minutes=60),
            _choice("240", "Every 4 hours", digest_minutes=240),
            _choice("1440", "Once a day", digest_minutes=1440),
        ),
    ),
    Setting(
        "chart",
        "🖼 Chart",
        lambda rule: "with a chart" if rule.with_chart else "text only",
        (
            _choice("1", "With a chart", with_chart=True),
            _choice("0", "Text only", with_chart=False),
        ),
    ),
    Setting(
        "mss",
        "🌱 Emerging coins",
        _describe_emerging,
        (
            _choice("off", "None", is_enabled=False),
            *(
                _choice(str(least), f"From {least}", is_enabled=True, min_score=float(least))
                for least in (50, 65, 75, 85)
            ),
        ),
        kind=AlertKind.MSS,
    ),
)


def rule_of(subscriber: Subscriber, kind: str = AlertKind.SIGNAL) -> AlertRule:
    """Return a subscriber's rule of a kind, made when it is not there: signals on, others off."""
    rule, _ = AlertRule.objects.get_or_create(
        subscriber=subscriber, kind=kind, defaults={"is_enabled": kind == AlertKind.SIGNAL}
    )
    return rule


def needs_subscriber(ask: Ask) -> Subscriber:
    """Return the chat's row; raises Refusal before /start."""
    if ask.subscriber is None:
        raise Refusal(START_FIRST)
    return ask.subscriber


def describe_coins(rule: AlertRule) -> str:
    """Return "every coin", "BTC, ETH" or "none"."""
    if not rule.is_enabled:
        return "none"
    if not rule.symbols:
        return "every coin"
    told = ", ".join(escape(symbol) for symbol in rule.symbols[:_MOST_COINS_TOLD])
    more = len(rule.symbols) - _MOST_COINS_TOLD
    return f"{told} and {more} more" if more > 0 else told


def settings_menu(ask: Ask) -> Reply:
    """Answer /settings and every button below its message."""
    subscriber = needs_subscriber(ask)
    code, _, chosen = ask.argument.partition(":")
    setting = next((each for each in SETTINGS if each.code == code), None)
    if setting is None:
        return _overview(subscriber)
    if not chosen:
        return _choices(setting, rule_of(subscriber, setting.kind))
    choice = setting.choice(chosen)
    if choice is None:
        return _overview(subscriber)
    _choose(subscriber, setting, choice)
    reply = _overview(subscriber)
    return Reply(reply.text, reply.buttons, f"{setting.label}: {choice.label}", replaces=True)


@transaction.atomic
def _choose(subscriber: Subscriber, setting: Setting, choice: Choice) -> None:
    rule = rule_of(subscriber, setting.kind)
    AlertRule.objects.filter(pk=rule.pk).update(**choice.columns)
    retime_held(subscriber)


def _overview(subscriber: Subscriber) -> Reply:
    rules = {kind: rule_of(subscriber, kind) for kind in {each.kind for each in SETTINGS}}
    lines = [
        "⚙️ <b>Your alerts</b>",
        f"🪙 Coins: {describe_coins(rules[AlertKind.SIGNAL])}",
        *(f"{each.label}: {escape(each.describe(rules[each.kind]))}" for each in SETTINGS),
        f"🕒 Times are of {escape(subscriber.timezone)}; /timezone changes that.",
    ]
    buttons = [Button(each.label, f"{SETTINGS_ACTION}:{each.code}") for each in SETTINGS]
    rows = [buttons[at : at + 2] for at in range(0, len(buttons), 2)]
    return Reply("\n".join(lines), rows, replaces=True)


def _choices(setting: Setting, rule: AlertRule) -> Reply:
    rows = [
        [
            Button(
                f"✅ {each.label}" if _is_chosen(each, rule) else each.label,
                f"{SETTINGS_ACTION}:{setting.code}:{each.code}",
            )
        ]
        for each in setting.choices
    ]
    text = f"<b>{setting.label}</b>\nNow: {escape(setting.describe(rule))}"
    return Reply(text, [*rows, [Button("⬅️ Back", f"{SETTINGS_ACTION}:")]], replaces=True)


def _is_chosen(choice: Choice, rule: AlertRule) -> bool:
    return all(getattr(rule, name) == value for name, value in choice.columns.items())
