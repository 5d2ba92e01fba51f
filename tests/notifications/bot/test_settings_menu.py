"""/settings: one message whose buttons change the rule of a chat in place."""

from __future__ import annotations

from datetime import time

import pytest

from notifications.settings_menu import SETTINGS, SETTINGS_ACTION
from tests.notifications.bot.chats import Chat


@pytest.fixture
def menu(chat: Chat) -> Chat:
    chat.says("/start")
    chat.says("/settings")
    return chat


@pytest.mark.parametrize(
    ("setting", "choice", "columns"),
    [
        ("🎚 Confidence", "High only", {"min_confidence": "high"}),
        ("↕️ Direction", "🔴 SHORT only", {"directions": "SHORT"}),
        ("📏 Strength", "12 points", {"min_distance": 12.0}),
        ("🔄 Flips", "Only changes", {"flips_only": True}),
        ("🌙 Quiet hours", "22:00–07:00", {"quiet_from": time(22), "quiet_to": time(7)}),
        ("🚦 At most", "5 a day", {"daily_cap": 5}),
        ("📚 Digest", "Every 4 hours", {"digest_minutes": 240}),
        ("🖼 Chart", "Text only", {"with_chart": False}),
    ],
)
def test_a_setting_is_chosen_by_two_presses_on_the_same_message(menu, setting, choice, columns):
    message_id = menu.messages()[-1]["message_id"]

    menu.presses(button=setting)
    notice = menu.presses(button=choice)

    assert {name: getattr(menu.rule, name) for name in columns} == columns
    assert notice.startswith(setting)
    assert menu.messages()[-1]["message_id"] == message_id
    assert menu.messages()[-1]["text"].startswith("⚙️ Your alerts")


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.code)
def test_every_choice_can_be_stored_shown_and_undone(menu, setting):
    for choice in (*setting.choices, setting.choices[0]):
        menu.presses(data=f"{SETTINGS_ACTION}:{setting.code}:{choice.code}")
        menu.presses(data=f"{SETTINGS_ACTION}:{setting.code}")

        assert f"✅ {choice.label}" in menu.labels()
        assert menu.labels()[-1] == "⬅️ Back"


def test_back_shows_all_settings_again(menu: Chat):
    menu.presses(button="📚 Digest")
    menu.presses(button="⬅️ Back")

    assert len(menu.labels()) == len(SETTINGS)


def test_a_value_that_the_menu_does_not_offer_is_told_as_it_is(menu: Chat):
    rule = menu.rule
    rule.daily_cap, rule.quiet_from, rule.quiet_to = 7, time(21, 30), time(6, 15)
    rule.save()

    answer = menu.asks("/settings")

    assert "At most: 7 a day" in answer
    assert "Quiet hours: 21:30–06:15" in answer


@pytest.mark.parametrize(
    "data", ["set:nothing", "set:conf:nothing", "set:cap:-1", "set:::", "set:conf:high:more", "set"]
)
def test_forged_data_changes_nothing_and_is_answered(menu: Chat, data: str):
    before = vars(menu.rule) | {"_state": None}

    menu.presses(data=data)

    assert vars(menu.rule) | {"_state": None} == before


@pytest.mark.parametrize("data", ["nonsense", "nonsense:BTC", ":", "x" * 64])
def test_a_button_of_no_known_action_says_that_it_is_of_no_use(menu: Chat, data: str):
    assert "no use any more" in menu.presses(data=data)


def test_a_button_below_a_message_that_is_gone_answers_with_a_new_one(menu: Chat):
    query_id = menu.users.presses(menu.id, data="set:conf", message_id=999)

    [text] = menu.hears()

    assert text.startswith("🎚 Confidence")
    assert menu.users.answers[query_id] is not None


def test_pressing_twice_is_no_error(menu: Chat):
    menu.presses(data="set:conf:high")
    menu.presses(data="set:conf:high")

    assert menu.rule.min_confidence == "high"
    assert set(menu.states) == {"done"}


def test_a_pressed_button_before_start_asks_for_it(chat: Chat):
    chat.users.presses(chat.id, data="set:conf:high")

    assert ["Send /start first" in text for text in chat.hears()] == [True]


def test_all_callback_data_fits_telegrams_64_bytes():
    longest = max(
        f"{SETTINGS_ACTION}:{each.code}:{choice.code}"
        for each in SETTINGS
        for choice in each.choices
    )

    assert len(longest.encode()) <= 64


def test_emerging_coins_are_off_until_chosen_and_then_begin_at_the_chosen_score(menu: Chat):
    assert "Emerging coins: none" in menu.messages()[-1]["text"]

    menu.presses(button="🌱 Emerging coins")
    menu.presses(button="From 65")

    rule = menu.subscriber.rules.get(kind="mss")
    assert (rule.is_enabled, rule.min_score) == (True, 65.0)
    assert "Emerging coins: from 65 points on" in menu.messages()[-1]["text"]
    assert menu.rule.is_enabled
    menu.presses(data="set:mss:off")
    assert not menu.subscriber.rules.get(kind="mss").is_enabled
