"""The commands of the notifications app itself: coming, going, which coins, when, and help."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches

from django.conf import settings
from django.db import transaction

from market.clock import wall_now
from notifications import figures
from notifications.arguments import coin_names, find_zones, read_duration
from notifications.commands import (
    Ask,
    ButtonAction,
    CoinsUnavailable,
    Command,
    Refusal,
    Reply,
    UnknownCoin,
    canonical_coin,
    register_button,
    register_command,
    registered_commands,
)
from notifications.models import AlertRule, Subscriber
from notifications.renderers import Button
from notifications.settings_menu import (
    SETTINGS,
    SETTINGS_ACTION,
    describe_coins,
    needs_subscriber,
    rule_of,
    settings_menu,
)
from notifications.subscribers import end_subscription, mute, retime_held, subscribe
from notifications.text import escape

_MOST_WATCHED = 100
_EVERY_COIN = ("ALL", "*", "EVERYTHING")
_SETTINGS_ROW = [Button("⚙️ Settings", f"{SETTINGS_ACTION}:")]
_MUTE_ROW = [
    Button("1 h", "mute:1h"),
    Button("8 h", "mute:8h"),
    Button("24 h", "mute:24h"),
    Button("🔔 Unmute", "mute:off"),
]


def register_own_commands() -> None:
    """Fill the registry. Called once at start-up, before other apps add theirs."""
    for command in (
        Command("start", "Get alerts in this chat", "/start", _start),
        Command("stop", "Get no more alerts in this chat", "/stop", _stop),
        Command("watch", "Alerts for these coins; all: for every coin", "/watch BTC ETH", _watch),
        Command("unwatch", "No alerts for these coins", "/unwatch ETH", _unwatch),
        Command("list", "What you get alerts for", "/list", _list),
        Command("settings", "Confidence, quiet hours, digest and more", "/settings", settings_menu),
        Command("mute", "Silence for a while; off: end it", "/mute 2h", _mute),
        Command("timezone", "The clock of your alerts", "/timezone Europe/Berlin", _timezone),
        Command("help", "What this bot understands", "/help", _help),
    ):
        register_command(command)
    register_button(ButtonAction(SETTINGS_ACTION, settings_menu))
    register_button(ButtonAction("watch", _watch))
    register_button(ButtonAction("mute", _mute))


def hint_for(unknown: str) -> Reply:
    """Answer what is no command, or one that is unknown."""
    names = [command.name for command in registered_commands()]
    close = get_close_matches(unknown, names, n=1)
    if close:
        return Reply(f"🤔 There is no /{escape(unknown)}. Did you mean /{close[0]}?")
    if unknown:
        return Reply(f"🤔 There is no /{escape(unknown)}. Send /help for what there is.")
    return Reply(
        "🤔 I understand commands only, such as /list or /settings. Send /help for all of them."
    )


def unknown_coin(error: UnknownCoin) -> Refusal:
    """Say that there is no such coin, and which there are."""
    text = f"🤷 I know no coin called <b>{escape(error.name)}</b>."
    if error.suggestions:
        text += f" Did you mean {', '.join(escape(name) for name in error.suggestions)}?"
    return Refusal(text)


def coins_unavailable() -> Refusal:
    return Refusal("📡 No market answers at the moment. Please try again in a minute.")


def _start(ask: Ask) -> Reply:
    # What a deep link carries after /start is of no meaning here.
    known = ask.subscriber is not None and ask.subscriber.state == Subscriber.State.ACTIVE
    subscriber = subscribe(
        chat_id=ask.chat_id,
        chat_type=_chat_type(ask),
        name=ask.name,
        language_code=ask.language_code,
    )
    lines = [
        "👋 You get alerts in this chat already." if known else "👋 Welcome! Alerts come here now.",
        f"🪙 Coins: {describe_coins(rule_of(subscriber))}",
        f"🕒 Times are of {escape(subscriber.timezone)}; /timezone changes that.",
        "⭐ /watch BTC chooses coins, /settings the rest, /help tells all commands.",
    ]
    if settings.ENVIRONMENT != "live":
        lines.insert(1, "🧪 SIMULATED: this bot tells of a market that is not real.")
    return Reply("\n".join(lines), [_SETTINGS_ROW])


def _stop(ask: Ask) -> Reply:
    if ask.subscriber is not None:
        end_subscription(ask.subscriber, Subscriber.State.STOPPED, "stopped by /stop")
    return Reply("👋 No more alerts in this chat. /start brings them back, with your settings.")


def _watch(ask: Ask) -> Reply:
    subscriber = needs_subscriber(ask)
    coins = _coins(ask, "/watch BTC")
    if coins == _EVERY_COIN:
        _change_coins(subscriber, lambda _: [])
        return _coins_changed(subscriber, "⭐ Alerts for every coin.", "Every coin")
    rule = _change_coins(subscriber, lambda known: [*dict.fromkeys([*known, *coins])])
    text = f"⭐ Watching {', '.join(map(escape, coins))}."
    if len(rule.symbols) == len(coins):
        text += " No alerts for other coins; /watch all brings them back."
    return _coins_changed(subscriber, text, f"Watching {', '.join(coins)}")


def _unwatch(ask: Ask) -> Reply:
    subscriber = needs_subscriber(ask)
    if coin_names(ask.argument) and set(coin_names(ask.argument)) <= set(_EVERY_COIN):
        rule = rule_of(subscriber)
        AlertRule.objects.filter(pk=rule.pk).update(is_enabled=False, symbols=[])
        return Reply("🚫 No alerts for any coin. /watch BTC or /watch all brings them back.")
    rule = rule_of(subscriber)
    # A coin that was delisted meanwhile can still be taken off.
    named = coin_names(ask.argument)
    gone = [name for name in named if name in rule.symbols] or list(_coins(ask, "/unwatch BTC"))
    if rule.is_enabled and not rule.symbols:
        raise Refusal("You get alerts for every coin. /watch BTC chooses single ones instead.")
    kept = [name for name in rule.symbols if name not in gone]
    AlertRule.objects.filter(pk=rule.pk).update(symbols=kept, is_enabled=bool(kept))
    text = f"🚫 No more alerts for {', '.join(map(escape, gone))}."
    return _coins_changed(subscriber, text, "")


def _list(ask: Ask) -> Reply:
    subscriber = needs_subscriber(ask)
    rule = rule_of(subscriber)
    lines = [f"🪙 Alerts for: <b>{describe_coins(rule)}</b>"]
    lines += [f"{each.label}: {escape(each.describe(rule))}" for each in SETTINGS]
    lines.append(f"🕒 Times are of {escape(subscriber.timezone)}")
    if subscriber.state != Subscriber.State.ACTIVE:
        lines.insert(0, "⏸ Alerts are stopped; /start brings them back.")
    elif subscriber.muted_until is not None and subscriber.muted_until > wall_now():
        until = figures.local_time(subscriber.muted_until, subscriber.zone)
        lines.insert(0, f"🔕 Muted until {until}")
    return Reply("\n".join(lines), [_SETTINGS_ROW])


def _mute(ask: Ask) -> Reply:
    subscriber = needs_subscriber(ask)
    wanted = ask.argument.strip().lower()
    if wanted in ("off", "0", "end"):
        mute(subscriber, None)
        return Reply("🔔 Alerts come again.", notice="Alerts come again")
    length = read_duration(wanted)
    if length is None:
        text = "🔕 For how long? Write /mute 30m, /mute 2h, /mute 1d or /mute off."
        return Reply(text, [_MUTE_ROW])
    until = wall_now() + length
    mute(subscriber, until)
    told = figures.local_time(until, subscriber.zone)
    text = f"🔕 Muted until {told}. What gathers meanwhile comes then, in one message."
    return Reply(text, [[_MUTE_ROW[-1]]], f"Muted until {told}")


def _timezone(ask: Ask) -> Reply:
    subscriber = needs_subscriber(ask)
    if not ask.argument.strip():
        now = figures.local_time(wall_now(), subscriber.zone)
        return Reply(
            f"🕒 Your clock is {escape(subscriber.timezone)}, where it is {now}. "
            "Write /timezone Europe/Berlin or just /timezone Berlin to change it."
        )
    found = find_zones(ask.argument)
    if not found:
        asked = escape(ask.argument[:40])
        raise Refusal(f"🤷 I know no time zone called {asked}. Try /timezone Europe/Berlin.")
    if len(found) > 1:
        lines = [f"/timezone {name}" for name in found]
        raise Refusal("🤔 Which of these?\n" + "\n".join(lines))
    with transaction.atomic():
        Subscriber.objects.filter(pk=subscriber.pk).update(timezone=found[0])
        subscriber.timezone = found[0]
        retime_held(subscriber)
    now = figures.local_time(wall_now(), subscriber.zone)
    return Reply(f"🕒 Your clock is {found[0]} now, where it is {now}.")


def _help(_ask: Ask) -> Reply:
    lines = [
        f"{escape(command.example)} – {escape(command.description)}"
        for command in registered_commands()
    ]
    return Reply("\n".join(["<b>What I understand</b>", *lines]), [_SETTINGS_ROW])


def _coins(ask: Ask, example: str) -> tuple[str, ...]:
    """Return the canonical names of what was named, or ``_EVERY_COIN``; raises Refusal."""
    names = coin_names(ask.argument)
    if not names:
        raise Refusal(f"Which coin? Write {example}.")
    if set(names) <= set(_EVERY_COIN):
        return _EVERY_COIN
    try:
        return tuple(dict.fromkeys(canonical_coin(name) for name in names))
    except UnknownCoin as e:
        raise unknown_coin(e) from None
    except CoinsUnavailable:
        raise coins_unavailable() from None


@transaction.atomic
def _change_coins(subscriber: Subscriber, change: Callable[[list[str]], list[str]]) -> AlertRule:
    rule = AlertRule.objects.select_for_update().get(pk=rule_of(subscriber).pk)
    rule.symbols = change(rule.symbols)
    if len(rule.symbols) > _MOST_WATCHED:
        raise Refusal(f"That would be more than {_MOST_WATCHED} coins. /watch all takes every one.")
    rule.is_enabled = True
    rule.save(update_fields=["symbols", "is_enabled"])
    return rule


def _coins_changed(subscriber: Subscriber, text: str, notice: str) -> Reply:
    coins = describe_coins(rule_of(subscriber))
    stopped = subscriber.state != Subscriber.State.ACTIVE
    lines = [text, f"🪙 Alerts for: {coins}"]
    if stopped:
        lines.append("⏸ Alerts are stopped; /start brings them back.")
    return Reply("\n".join(lines), [_SETTINGS_ROW], notice)


def _chat_type(ask: Ask) -> str:
    known = Subscriber.ChatType.values
    return ask.chat_type if ask.chat_type in known else Subscriber.ChatType.PRIVATE
