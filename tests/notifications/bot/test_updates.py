"""Received updates: kept once, answered once and in order, whatever dies or is sent to the bot."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.db.models import QuerySet
from pytest_django import Settings

from config.shift import tell_to_stop
from market.clock import wall_now
from market.store import StoreUnavailable
from notifications import bot, commands, limits, updates
from notifications.commands import Ask, Command, Reply
from notifications.models import ReceivedUpdate
from notifications.renderers import Button
from tests.notifications.bot.chats import Chat


def message(number: int, text: str = "/help", chat_id: int = 111) -> dict[str, Any]:
    return {
        "update_id": number,
        "message": {
            "message_id": number,
            "from": {"id": chat_id, "is_bot": False, "first_name": "Test"},
            "chat": {"id": chat_id, "type": "private"},
            "date": 1,
            "text": text,
        },
    }


def test_an_update_that_comes_again_is_kept_and_answered_once(chat: Chat):
    updates.receive([message(7), message(7)])
    updates.receive([message(7)])

    bot.answer_updates(chat.wait)
    updates.receive([message(7)])
    bot.answer_updates(chat.wait)

    assert ReceivedUpdate.objects.count() == 1
    assert len(chat.messages()) == 1


def test_a_worker_that_is_told_to_stop_answers_what_it_began_and_leaves_the_rest(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
):
    updates.receive([message(7), message(8)])
    take_turn = bot.take_turn

    def told_meanwhile(*args: Any) -> float:
        tell_to_stop()
        return take_turn(*args)

    monkeypatch.setattr(bot, "take_turn", told_meanwhile)

    assert bot.answer_updates(chat.wait) == 1

    assert len(chat.messages()) == 1
    assert ReceivedUpdate.objects.filter(state="pending").count() == 1


def test_another_bots_numbers_are_other_updates(chat: Chat, settings: Settings):
    updates.receive([message(7)])
    settings.TELEGRAM_BOT_TOKEN = "99:other"

    updates.receive([message(7)])

    assert ReceivedUpdate.objects.count() == 2


GARBAGE: list[Any] = [
    None,
    [],
    "update",
    7,
    {},
    {"update_id": None},
    {"update_id": "7"},
    {"update_id": True},
    {"update_id": 2**63},
    {"message": {"text": "/help"}},
]
STRANGE: list[dict[str, Any]] = [
    {},
    {"poll": {}},
    {"message": None},
    {"message": []},
    {"message": "text"},
    {"message": {}},
    {"message": {"text": "/help"}},
    {"message": {"text": 7, "chat": {"id": 111, "type": "private"}}},
    {"message": {"text": "/help", "chat": 111}},
    {"message": {"text": "/help", "chat": {"id": "111"}}},
    {"message": {"text": "/help", "chat": {"id": 2**70}}},
    {"message": {"photo": [], "chat": {"id": 111, "type": "private"}}},
    {"edited_message": {"text": "/help", "chat": {"id": 111, "type": "private"}}},
    {"callback_query": {}},
    {"callback_query": {"id": 5, "data": "set:", "message": {"chat": {"id": 111}}}},
    {"callback_query": {"id": "5"}},
    {"callback_query": {"id": "5", "data": None, "message": None}},
    {"callback_query": {"id": "5", "data": "set:", "inline_message_id": "x"}},
    {"callback_query": {"id": "5", "game_short_name": "x", "message": {"chat": {"id": 111}}}},
    {"my_chat_member": {}},
    {"my_chat_member": {"chat": {"id": 111}, "new_chat_member": {"status": 5}}},
    {"my_chat_member": {"chat": [], "new_chat_member": []}},
]


@pytest.mark.parametrize("update", GARBAGE, ids=repr)
def test_what_is_no_update_is_left_out_and_stops_nothing(chat: Chat, update: Any):
    assert updates.receive([update, message(8)]) == 1


@pytest.mark.parametrize("content", STRANGE, ids=repr)
def test_an_update_of_a_strange_shape_is_settled_without_an_answer(chat: Chat, content):
    updates.receive([{"update_id": 7, **content}, message(8)])

    bot.answer_updates(chat.wait)

    assert chat.states == ["done", "done"]
    assert len(chat.messages()) == 1


@pytest.mark.parametrize(
    "text", ["/help \0", "/help \ud800", "/help \U0001f680", "/watch " + "x" * 4000, "/" + "y" * 99]
)
def test_text_that_databases_dislike_is_kept_and_answered(chat: Chat, text: str):
    updates.receive([message(7, text)])

    bot.answer_updates(chat.wait)

    assert chat.states == ["done"]
    assert len(chat.messages()) == 1


def test_numbers_that_json_has_no_word_for_are_kept_as_nothing(chat: Chat):
    updates.receive([{"update_id": 7, "poll": {"share": float("nan"), "votes": [float("inf")]}}])

    assert ReceivedUpdate.objects.get().payload["poll"] == {"share": None, "votes": [None]}


def test_messages_of_one_chat_are_answered_in_the_order_they_came(chat: Chat):
    updates.receive([message(9, "/list"), message(7, "/start"), message(8, "/watch BTC")])

    bot.answer_updates(chat.wait)

    assert [text.split("\n")[0] for text in (each["text"] for each in chat.messages())] == [
        "👋 Welcome! Alerts come here now.",
        "⭐ Watching BTC. No alerts for other coins; /watch all brings them back.",
        "🪙 Alerts for: BTC",
    ]


def test_one_chats_open_update_holds_back_its_next_and_nobody_elses(chat: Chat):
    updates.receive([message(7), message(8), message(9, chat_id=222)])

    first, other, none = updates.claim_next(), updates.claim_next(), updates.claim_next()

    assert first is not None
    assert other is not None
    assert (first.payload["update_id"], other.payload["update_id"], none) == (7, 9, None)


def test_of_two_workers_that_see_the_same_update_one_gets_it(chat: Chat, monkeypatch):
    updates.receive([message(7)])
    seen_by_both = ReceivedUpdate.objects.get()

    winner = updates.claim_next()
    monkeypatch.setattr(updates, "_due", _once(seen_by_both))
    loser = updates.claim_next()

    assert winner is not None
    assert loser is None


def _once(row: ReceivedUpdate) -> Any:
    """Show a row that another worker has just taken, then what is really there."""
    stale = [ReceivedUpdate.objects.filter(pk=row.pk)]

    def due(now: Any) -> QuerySet[ReceivedUpdate]:
        return stale.pop() if stale else ReceivedUpdate.objects.none()

    return due


def test_what_a_dead_worker_was_answering_is_answered_by_the_sweep(chat: Chat):
    updates.receive([message(7)])
    dead = updates.claim_next()

    assert bot.sweep(chat.wait) == 0
    chat.wait(updates.LEASE_S + 1)
    bot.sweep(chat.wait)

    assert chat.states == ["done"]
    assert len(chat.messages()) == 1
    assert dead is not None


def test_a_worker_that_was_thought_dead_changes_nothing_any_more(chat: Chat):
    updates.receive([message(7)])
    slow = updates.claim_next()
    assert slow is not None
    chat.wait(updates.LEASE_S + 1)
    updates.recover_expired()
    other = updates.claim_next()

    updates.record_failed(slow, "too late")

    assert other is not None
    assert chat.states == ["answering"]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "http_5xx"},
        {"kind": "dead"},
        {"kind": "truncated"},
        {"kind": "http_429", "retry_after_s": 5},
    ],
    ids=lambda fault: fault["kind"],
)
def test_when_telegram_does_not_answer_the_command_is_answered_later(chat: Chat, fault):
    chat.sandbox.fault("telegram", path="/sendMessage", times=1, **fault)
    chat.users.says(chat.id, "/start")
    chat.hears()
    chat.wait(10)
    bot.answer_updates(chat.wait)

    assert chat.states == ["done"]
    # Half an answer says nothing of whether the message arrived.
    assert len(chat.messages()) == (2 if fault["kind"] == "truncated" else 1)


def test_after_several_failures_an_update_is_given_up(chat: Chat):
    chat.sandbox.fault("telegram", "dead", path="/sendMessage")
    chat.users.says(chat.id, "/help")
    chat.hears()
    for _ in range(updates.MAX_ATTEMPTS):
        chat.wait(61)
        bot.answer_updates(chat.wait)

    assert chat.states == ["failed"]
    assert "given up after" in ReceivedUpdate.objects.get().reason


def test_a_refused_token_stops_the_bot_and_keeps_what_waits(chat: Chat, settings: Settings):
    updates.receive([message(7)])
    refusal = {"ok": False, "error_code": 401, "description": "Unauthorized"}
    chat.sandbox.fault("telegram", "answer", path="/sendMessage", status=401, json=refusal)

    bot.answer_updates(chat.wait)

    assert limits.stopped_reason() == "Unauthorized"
    assert chat.states == ["pending"]


def test_a_command_that_breaks_off_apologizes_and_the_next_one_is_answered(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
):
    def broken(ask: Ask) -> Reply:
        raise ZeroDivisionError

    monkeypatch.setitem(commands._commands, "broken", Command("broken", "-", "/broken", broken))
    chat.users.says(chat.id, "/broken")
    chat.users.says(chat.id, "/help")

    first, second = chat.hears()

    assert first == bot.APOLOGY
    assert second.startswith("What I understand")
    assert chat.states == ["failed", "done"]


def test_with_the_database_away_an_update_stays_open(chat: Chat, monkeypatch: pytest.MonkeyPatch):
    def away(ask: Ask) -> Reply:
        raise DatabaseError

    monkeypatch.setitem(commands._commands, "away", Command("away", "-", "/away", away))
    updates.receive([message(7, "/away")])

    with pytest.raises(DatabaseError):
        bot.answer_updates(chat.wait)

    assert chat.states == ["answering"]


def test_with_the_shared_store_away_an_update_is_tried_again_later(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
):
    updates.receive([message(7)])
    claimed = updates.claim_next()
    assert claimed is not None

    def away() -> None:
        raise StoreUnavailable

    monkeypatch.setattr(limits, "get_store", away)

    bot.answer(claimed, chat.wait)

    assert chat.states == ["pending"]
    assert chat.messages() == []


def test_markup_that_telegram_refuses_is_sent_as_plain_text(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
):
    def wrong(ask: Ask) -> Reply:
        return Reply("<b>5 < 6</b> &amp; more")

    monkeypatch.setitem(commands._commands, "wrong", Command("wrong", "-", "/wrong", wrong))

    assert chat.asks("/wrong") == "5 < 6 & more"


def test_a_long_answer_comes_in_parts_with_the_buttons_below_the_last(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
):
    def long(ask: Ask) -> Reply:
        return Reply("line of text\n" * 500, [[Button("OK", "set:")]])

    monkeypatch.setitem(commands._commands, "long", Command("long", "-", "/long", long))

    assert len(chat.says("/long")) == 2
    assert ["reply_markup" in each for each in chat.messages()] == [False, True]


def test_replies_keep_telegrams_limits(chat: Chat):
    for _ in range(4):
        chat.users.says(chat.id, "/help")

    assert len(chat.hears()) == 4
    assert chat.sandbox.violations == ()


def test_a_group_at_its_limit_is_answered_when_the_minute_is_over(chat: Chat):
    group = chat.other(-4_000_000_001)
    for _ in range(22):
        group.users.says(group.id, "/help")
    group.hears()
    bot.sweep(chat.wait)
    in_the_first_minute = len(group.messages())
    for _ in range(7):
        chat.wait(10)
        bot.sweep(chat.wait)

    assert in_the_first_minute == 20
    assert len(group.messages()) == 22
    assert chat.sandbox.violations == ()


def test_a_dry_run_answers_nobody(chat: Chat, settings: Settings):
    settings.TELEGRAM_DRY_RUN = True
    updates.receive([message(7)])

    assert bot.answer_updates(chat.wait) == 0
    assert chat.messages() == []


def test_old_updates_are_forgotten_and_fresh_ones_kept(chat: Chat):
    updates.receive([message(7)])
    chat.wait(updates.KEPT_FOR.total_seconds() + 1)
    updates.receive([message(8)])

    assert updates.forget_old_updates() == 1
    assert ReceivedUpdate.objects.get().update_id == 8


def test_finding_the_next_update_reads_the_open_ones_only(chat: Chat):
    plan = updates._due(wall_now()).order_by("update_id").explain()

    if connection.vendor == "sqlite":
        assert "update_open (environment=? AND bot_id=? AND state=?)" in plan
        assert "SCAN" not in plan


def test_a_second_worker_does_not_wait_for_what_the_first_ones_chat_holds_back(chat: Chat):
    updates.receive([message(7), message(8)])
    first = updates.claim_next()

    assert updates.seconds_to_next() is None
    assert first is not None
    updates.record_done(first)
    assert updates.seconds_to_next() == 0
