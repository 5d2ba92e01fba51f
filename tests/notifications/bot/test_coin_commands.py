"""/signal, /why and /market: the same numbers as the API, in words, without storing anything."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest

from notifications import figures
from notifications.models import AlertEvent
from notifications.question_limits import (
    QUESTIONS_PER_MINUTE,
    QUESTIONS_PER_MINUTE_IN_A_CHAT,
    seconds_until_next_question,
)
from notifications.updates import MOST_PER_MINUTE
from signals.freshest import freshest_evaluation
from signals.models import EvaluationCount, Signal
from signals.profiles import active_profile
from tests.notifications.bot.chats import Chat


def answer_of_the_api(coin: str) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(freshest_evaluation(coin, active_profile()).body)
    return document


def fact_of(reason: str) -> str:
    """Return a reason without the side at its end, which the message puts in front."""
    fact = re.split(r": (favours|neutral)", reason)[0]
    return fact[1:]  # begins with a capital in the message


@pytest.mark.parametrize(
    "text", ["/signal BTC", "/signal btcusdt", "/signal@sandbox_signals_bot $btc"]
)
def test_signal_tells_what_the_api_tells(chat: Chat, text: str):
    answer = chat.asks(text)
    document = answer_of_the_api("BTC")

    assert f"{document['signal']} BTC" in answer
    assert figures.points(document["score"]) in answer
    assert figures.price(document["price"]) in answer
    for reason in document["reasons"]:
        assert fact_of(reason) in answer
    assert "SIMULATED" in answer
    assert "29 Sep 2026, 12:07 UTC" in answer
    assert chat.labels() == ["❓ Why", "📈 Market", "⭐ Watch", "🔁 Refresh"]


def test_why_lists_all_eight_factors_with_their_contributions(chat: Chat):
    answer = chat.asks("/why BTC")
    document = answer_of_the_api("BTC")

    for told in document["factors"].values():
        assert fact_of(told["reason"]) in answer
    for contribution in document["contributions"].values():
        assert figures.signed_points(contribution) in answer


def test_market_tells_readings_with_their_sources(chat: Chat):
    answer = chat.asks("/market BTC")

    for label in ("Funding per 8 h", "Open interest", "Accounts long", "Fear and greed"):
        assert f"{label}: unknown" not in answer
        assert label in answer
    assert "(binance" in answer
    assert "24 h: " in answer


def test_prices_show_the_digits_they_need(chat: Chat):
    answer = chat.asks("/signal PEPE")

    assert "e-" not in answer
    assert "💵 0.0000" in answer


@pytest.mark.parametrize("command", ["/signal", "/why", "/market"])
def test_a_coin_must_be_named_and_be_known(chat: Chat, command: str):
    assert "Which coin?" in chat.asks(command)
    assert "I know no coin called NOPE123" in chat.asks(f"{command} nope123")


def test_times_are_on_the_clock_of_the_chat(chat: Chat):
    chat.says("/start")
    chat.says("/timezone Asia/Kolkata")

    assert "29 Sep 2026, 17:37 IST" in chat.asks("/signal BTC")


def test_asking_stores_and_owes_nothing(chat: Chat):
    for command in ("/signal BTC", "/why ETH", "/market SOL"):
        chat.says(command)

    assert not Signal.objects.exists()
    assert not EvaluationCount.objects.exists()
    assert not AlertEvent.objects.exists()


def test_buttons_lead_from_one_answer_to_the_next(chat: Chat):
    chat.says("/start")
    chat.says("/signal BTC")
    signal_id = chat.messages()[-1]["message_id"]

    chat.presses(button="❓ Why", message_id=signal_id)
    why = chat.messages()[-1]["text"]
    watching = chat.presses(button="⭐ Watch", message_id=signal_id)
    count = len(chat.messages())
    chat.presses(button="🔁 Refresh", message_id=signal_id)

    assert "what each factor adds" in why
    assert watching == "Watching BTC"
    assert chat.rule.symbols == ["BTC"]
    assert len(chat.messages()) == count


@pytest.mark.parametrize("data", ["sig:BTC", "why:BTC", "watch:BTC", "mute:24h"])
def test_the_buttons_below_an_alert_are_answered(chat: Chat, data: str):
    chat.says("/start")
    chat.users.presses(chat.id, data=data)

    assert len(chat.hears()) == 1


@pytest.mark.parametrize("data", ["sig:", "why:NOPE123", "fresh:<b>", "market:" + "Ä" * 20])
def test_a_forged_coin_in_a_button_is_met_like_one_that_was_typed(chat: Chat, data: str):
    chat.users.presses(chat.id, data=data)

    [text] = chat.hears()
    assert "Which coin?" in text or "I know no coin" in text


def test_dead_providers_are_admitted(chat: Chat, settings):
    settings.SIGNAL_DEADLINE_S = 1.0
    for provider in ("binance", "okx", "coingecko", "alternative_me"):
        chat.sandbox.fault(provider, "dead")

    assert "No market answers" in chat.asks("/signal BTC")


def test_what_is_missing_is_named(chat: Chat):
    chat.sandbox.fault("alternative_me", "dead")

    answer = chat.asks("/signal BTC")

    assert "95 % of the weight is known; missing: fear and greed" in answer


def test_a_chat_in_a_loop_is_asked_to_wait_and_costs_the_providers_nothing(chat: Chat):
    for _ in range(QUESTIONS_PER_MINUTE_IN_A_CHAT):
        assert seconds_until_next_question(chat.id) == 0

    answer = chat.asks("/signal ETH")
    calls = chat.sandbox.calls("binance")
    other = chat.other(222).asks("/signal ETH")

    assert "Please ask again in" in answer
    assert calls == 0
    assert "ETH" in other


def test_all_chats_together_have_a_limit_as_well(chat: Chat):
    for number in range(QUESTIONS_PER_MINUTE):
        assert seconds_until_next_question(1000 + number) == 0

    assert "Please ask again in" in chat.asks("/market BTC")
    assert chat.sandbox.calls("binance") == 0


def test_a_chat_that_floods_the_bot_is_not_answered_beyond_what_people_type(chat: Chat):
    for _ in range(MOST_PER_MINUTE + 5):
        chat.users.says(chat.id, "/help")
    chat.fetch()
    flooded = chat.hears()
    chat.wait(60)

    assert flooded == []
    assert set(chat.states) == {"done"}
    assert "What I understand" in chat.asks("/help")
