"""The bot's own commands: who gets alerts, for which coins, when, and on which clock."""

from __future__ import annotations

from datetime import timedelta

import pytest

from market.clock import wall_now
from notifications.commands import registered_commands
from notifications.models import AlertKind, AlertRule, Subscriber
from notifications.subscribers import subscribe
from tests.notifications.bot.chats import Chat


def test_start_makes_a_subscriber_and_says_so_and_that_the_market_is_simulated(chat: Chat):
    answer = chat.asks("/start")

    assert "Alerts come here now" in answer
    assert "SIMULATED" in answer
    assert chat.subscriber.state == Subscriber.State.ACTIVE
    assert chat.subscriber.name == "Test"
    assert chat.rule.symbols == []
    assert chat.labels() == ["⚙️ Settings"]


def test_a_deep_links_payload_does_no_harm(chat: Chat):
    assert "Alerts come here now" in chat.asks("/start ref_123-abc")


def test_stop_ends_alerts_and_start_brings_them_back_with_the_same_settings(chat: Chat):
    chat.says("/start")
    chat.says("/watch BTC")

    chat.says("/stop")
    stopped = chat.subscriber.state
    answer = chat.asks("/start")

    assert stopped == Subscriber.State.STOPPED
    assert chat.subscriber.state == Subscriber.State.ACTIVE
    assert chat.rule.symbols == ["BTC"]
    assert "Coins: BTC" in answer


@pytest.mark.parametrize(
    "command", ["/watch BTC", "/unwatch BTC", "/list", "/settings", "/mute 2h", "/timezone Berlin"]
)
def test_before_start_there_is_nothing_to_change(chat: Chat, command: str):
    assert "Send /start first" in chat.asks(command)
    assert not Subscriber.objects.exists()


@pytest.mark.parametrize("text", ["btc", "BTCUSDT", "$btc", "BTC-USDT-SWAP", " Btc ,"])
def test_watch_takes_any_usual_spelling(chat: Chat, text: str):
    chat.says("/start")

    answer = chat.asks(f"/watch {text}")

    assert chat.rule.symbols == ["BTC"]
    assert "Watching BTC" in answer
    assert "/watch all" in answer


def test_coins_are_added_and_taken_off_and_the_last_one_leaves_none(chat: Chat):
    chat.says("/start")
    chat.says("/watch btc, eth sol")
    chat.says("/watch ETH XRP")
    added = chat.rule.symbols

    chat.says("/unwatch ETH SOL")
    left = chat.rule.symbols
    answer = chat.asks("/unwatch btc xrp")

    assert added == ["BTC", "ETH", "SOL", "XRP"]
    assert left == ["BTC", "XRP"]
    assert chat.rule.is_enabled is False
    assert "Alerts for: none" in answer


def test_watch_all_means_every_coin_and_unwatch_all_none(chat: Chat):
    chat.says("/start")
    chat.says("/unwatch all")
    none = chat.rule.is_enabled

    answer = chat.asks("/watch all")

    assert none is False
    assert (chat.rule.is_enabled, chat.rule.symbols) == (True, [])
    assert "every coin" in answer


def test_unwatching_one_of_every_coin_explains_itself(chat: Chat):
    chat.says("/start")

    assert "every coin" in chat.asks("/unwatch BTC")
    assert chat.rule.is_enabled is True


def test_an_unknown_coin_is_met_with_suggestions(chat: Chat):
    chat.says("/start")

    answer = chat.asks("/watch BTCC")

    assert "I know no coin called BTCC" in answer
    assert "BTC" in answer.partition("Did you mean")[2]
    assert chat.rule.symbols == []


def test_markup_in_what_people_write_is_shown_as_they_wrote_it(chat: Chat):
    chat.says("/start")

    assert "<B>X</B>&" in chat.asks("/watch <b>x</b>&")
    assert "/timezone" in chat.asks("/timezone <i>&nowhere</i>")


def test_list_tells_coins_rules_and_silence(chat: Chat):
    chat.says("/start")
    chat.says("/watch BTC ETH")
    chat.says("/mute 2h")
    AlertRule.objects.update(daily_cap=5)

    answer = chat.asks("/list")

    assert "Alerts for: BTC, ETH" in answer
    assert "At most: 5 a day" in answer
    assert "Muted until" in answer


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("30m", timedelta(minutes=30)),
        ("2h", timedelta(hours=2)),
        ("1d", timedelta(days=1)),
        ("1,5 h", timedelta(minutes=90)),
        ("90d", timedelta(days=30)),
    ],
)
def test_mute_lasts_as_long_as_was_said_and_thirty_days_at_most(chat: Chat, text, length):
    chat.says("/start")

    chat.says(f"/mute {text}")

    assert abs(chat.subscriber.muted_until - wall_now() - length) < timedelta(minutes=1)


def test_mute_off_ends_it_and_nonsense_asks_back_with_buttons(chat: Chat):
    chat.says("/start")
    chat.says("/mute 2h")

    answer = chat.asks("/mute soon")
    labels = chat.labels()
    notice = chat.presses(button="🔔 Unmute")

    assert "For how long?" in answer
    assert labels == ["1 h", "8 h", "24 h", "🔔 Unmute"]
    assert notice == "Alerts come again"
    assert chat.subscriber.muted_until is None


@pytest.mark.parametrize("text", ["Europe/Berlin", "europe/berlin", "berlin", " BERLIN "])
def test_a_time_zone_goes_by_its_name_or_its_city(chat: Chat, text: str):
    chat.says("/start")

    answer = chat.asks(f"/timezone {text}")

    assert chat.subscriber.timezone == "Europe/Berlin"
    assert "CE" in answer


@pytest.mark.parametrize(
    ("text", "suggested"), [("Berlim", "Europe/Berlin"), ("new_y", "America/New_York")]
)
def test_a_time_zone_that_is_nearly_right_is_found_or_suggested(chat: Chat, text, suggested):
    chat.says("/start")

    answer = chat.asks(f"/timezone {text}")

    assert suggested in answer


def test_an_unknown_time_zone_changes_nothing(chat: Chat):
    chat.says("/start")

    assert "I know no time zone" in chat.asks("/timezone Middle-earth")
    assert chat.subscriber.timezone == "UTC"


def test_help_lists_every_registered_command(chat: Chat):
    answer = chat.asks("/help")

    for command in registered_commands():
        assert f"{command.example} – {command.description}" in answer


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("hello?", "I understand commands only"),
        ("/sttings", "Did you mean /settings?"),
        ("/xyzzy", "There is no /xyzzy"),
        ("/", "I understand commands only"),
    ],
)
def test_what_is_not_understood_gets_a_hint(chat: Chat, text: str, hint: str):
    assert hint in chat.asks(text)


def test_who_blocks_the_bot_gets_nothing_and_who_returns_does(chat: Chat):
    chat.says("/start")

    chat.users.blocks(chat.id)
    chat.hears()
    blocked = chat.subscriber.state
    chat.users.unblocks(chat.id)
    chat.hears()

    assert blocked == Subscriber.State.BLOCKED
    assert chat.subscriber.state == Subscriber.State.ACTIVE


def test_who_had_stopped_stays_stopped_through_block_and_unblock(chat: Chat):
    chat.says("/start")
    chat.says("/stop")

    chat.users.blocks(chat.id)
    chat.users.unblocks(chat.id)
    chat.hears()

    assert chat.subscriber.state == Subscriber.State.STOPPED


def test_a_block_noticed_while_answering_ends_the_subscription(chat: Chat):
    chat.says("/start")
    chat.users.says(chat.id, "/list")
    chat.fetch()
    chat.sandbox.telegram.chats.chat(chat.id).blocked = True

    assert chat.hears() == []
    assert chat.subscriber.state == Subscriber.State.BLOCKED
    assert chat.states == ["done", "done"]


def test_settings_of_other_kinds_of_alerts_are_left_alone(chat: Chat):
    chat.says("/start")
    AlertRule.objects.create(subscriber=chat.subscriber, kind=AlertKind.MSS)

    chat.says("/watch BTC")

    assert chat.subscriber.rules.get(kind=AlertKind.MSS).symbols == []


def test_groups_are_served_when_they_speak_to_the_bot(chat: Chat):
    group = chat.other(-4_000_000_001)

    assert group.says("good morning") == []
    assert group.says("/unknown") == []
    assert group.says("/list@another_bot") == []
    assert "Alerts come here now" in group.asks("/start@sandbox_signals_bot")
    assert group.subscriber.chat_type == Subscriber.ChatType.GROUP
    assert "every coin" in group.asks("/list")
    assert "There is no /sgnal" not in group.asks("/wtch@Sandbox_Signals_Bot BTC")


def test_a_chat_that_became_a_supergroup_is_answered_there(chat: Chat):
    old, new = chat.other(-9_400_002), chat.other(-1_000_009_400_002)
    subscribe(chat_id=old.id, chat_type="group")

    old.users.says(old.id, "/list@sandbox_signals_bot")
    old.hears()

    assert "every coin" in new.messages()[0]["text"]
    assert new.subscriber.chat_type == Subscriber.ChatType.SUPERGROUP
