"""What is due goes out: in words, pictures and digests, within Telegram's limits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from pytest_django import Settings

from market.clock import wall_now, wall_s
from market.sandbox.handle import Sandbox
from notifications import limits, services
from notifications.models import AlertEvent, AlertRule, Delivery, Subscriber
from notifications.sender import deliver_due
from notifications.subscribers import mute
from tests.notifications.alerts import (
    PIXELS,
    PlainWords,
    deliver_all,
    delivered_texts,
    make_subscriber,
    raise_signal,
)

pytestmark = pytest.mark.django_db

MoveOn = Callable[[float], None]


def test_an_alert_arrives_with_its_buttons_and_its_number_is_kept(
    sandbox: Sandbox, move_on: MoveOn
) -> None:
    make_subscriber(100)
    raise_signal("BTC")

    deliver_due(move_on)

    (message,) = sandbox.telegram.chats.delivered(100)
    assert message["text"] == "LONG BTC"
    assert message["reply_markup"]["inline_keyboard"] == [
        [{"text": "Why", "callback_data": "why:BTC"}]
    ]
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.message_id) == ("sent", message["message_id"])
    assert (delivery.attempts, delivery.unconfirmed, delivery.claim) == (0, 0, "")


def test_each_subscriber_reads_it_in_their_own_time_zone(
    sandbox: Sandbox, move_on: MoveOn, words: PlainWords
) -> None:
    words.text = "{symbol} in {zone}"
    make_subscriber(1)
    Subscriber.objects.filter(pk=make_subscriber(2).pk).update(timezone="Asia/Kolkata")
    raise_signal("BTC")

    deliver_due(move_on)

    assert delivered_texts(sandbox, 1) == ["BTC in UTC"]
    assert delivered_texts(sandbox, 2) == ["BTC in Asia/Kolkata"]


def test_a_time_zone_that_nobody_knows_does_not_stand_in_the_way(
    sandbox: Sandbox, move_on: MoveOn, words: PlainWords
) -> None:
    words.text = "{symbol} in {zone}"
    Subscriber.objects.filter(pk=make_subscriber(1).pk).update(timezone="Middle/Earth")
    make_subscriber(2)
    raise_signal("BTC")

    deliver_due(move_on)

    assert delivered_texts(sandbox) == ["BTC in UTC"] * 2


def test_the_text_stands_below_the_picture_which_is_drawn_once(
    sandbox: Sandbox, move_on: MoveOn, words: PlainWords
) -> None:
    words.image = PIXELS
    make_subscriber(1)
    make_subscriber(2)
    make_subscriber(3, with_chart=False)
    raise_signal("BTC")

    deliver_due(move_on)

    with_picture = [bool(message.get("photo")) for message in sandbox.telegram.chats.delivered()]
    assert sorted(with_picture) == [False, True, True]
    assert delivered_texts(sandbox) == ["LONG BTC"] * 3
    assert words.drawn == 1


def test_what_does_not_fit_below_the_picture_follows_it(
    sandbox: Sandbox, move_on: MoveOn, words: PlainWords
) -> None:
    words.image = PIXELS
    words.text = "<b>" + "word " * 300 + "</b>"
    make_subscriber(1)
    raise_signal("BTC")

    deliver_due(move_on)

    first, second = sandbox.telegram.chats.delivered(1)
    assert "photo" in first
    assert "photo" not in second
    assert len(first["caption"]) <= 1024
    assert (first["caption"] + " " + second["text"]).split() == ["word"] * 300
    assert "reply_markup" not in first
    assert "reply_markup" in second
    assert Delivery.objects.get().parts_sent == 0


def test_a_picture_that_cannot_be_drawn_does_not_keep_the_text(
    sandbox: Sandbox, move_on: MoveOn, words: PlainWords, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(facts: object) -> bytes:
        raise ZeroDivisionError

    monkeypatch.setattr(words, "picture", fail)
    make_subscriber(1)
    raise_signal("BTC")

    deliver_due(move_on)

    assert delivered_texts(sandbox) == ["LONG BTC"]


def test_an_alert_of_a_kind_without_words_fails_with_that_reason(
    sandbox: Sandbox, move_on: MoveOn
) -> None:
    AlertRule.objects.create(subscriber=make_subscriber(1), kind="mss")
    event = services.raise_alert(
        environment="test",
        kind="mss",
        dedup_key="mss:1",
        facts={"symbol": "NEW", "score": 90},
        occurred_at=wall_now(),
    )
    services.fan_out(event.pk)

    deliver_due(move_on)

    delivery = Delivery.objects.get()
    assert delivery.state == "failed"
    assert "no renderer is registered" in delivery.reason


def test_words_that_break_on_their_facts_fail_with_that_reason(
    sandbox: Sandbox, move_on: MoveOn, words: PlainWords
) -> None:
    words.text = "{nowhere}"
    make_subscriber(1)
    raise_signal("BTC")

    deliver_due(move_on)

    assert (Delivery.objects.get().state, Delivery.objects.get().reason) == (
        "failed", "could not be worded: KeyError",
    )  # fmt: skip


def test_what_gathered_in_a_mute_comes_as_one_digest(sandbox: Sandbox, move_on: MoveOn) -> None:
    subscriber = make_subscriber(1)
    mute(subscriber, wall_now() + timedelta(hours=1))
    for symbol in ("BTC", "ETH", "SOL"):
        raise_signal(symbol)
    deliver_due(move_on)
    assert delivered_texts(sandbox) == []

    move_on(3601)
    deliver_due(move_on)

    (text,) = delivered_texts(sandbox)
    assert "3 alerts" in text
    assert text.endswith("line of BTC\nline of ETH\nline of SOL")
    assert set(Delivery.objects.values_list("state", "message_id")) == {("sent", 1)}


def test_a_digest_of_one_is_the_alert_itself(sandbox: Sandbox, move_on: MoveOn) -> None:
    make_subscriber(1, digest_minutes=30)
    raise_signal("BTC")

    move_on(1801)
    deliver_due(move_on)

    assert delivered_texts(sandbox) == ["LONG BTC"]


def test_alerts_that_do_not_fit_one_digest_come_in_the_next(
    sandbox: Sandbox, move_on: MoveOn, words: PlainWords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "line", lambda facts, viewer: f"{facts['symbol']}: " + "x" * 1500)
    make_subscriber(1, digest_minutes=30)
    symbols = ["A", "B", "C", "D", "E"]
    for symbol in symbols:
        raise_signal(symbol)

    move_on(1801)
    deliver_all(move_on)

    first, second, alone = delivered_texts(sandbox)
    assert [symbol for symbol in symbols if f"{symbol}: x" in first] == ["A", "B"]
    assert [symbol for symbol in symbols if f"{symbol}: x" in second] == ["C", "D"]
    assert alone == "LONG E"


def test_an_alert_without_words_does_not_keep_its_digest_back(
    sandbox: Sandbox, move_on: MoveOn
) -> None:
    make_subscriber(1, digest_minutes=30)
    broken, *_ = [raise_signal(symbol) for symbol in ("BTC", "ETH", "SOL")]
    AlertEvent.objects.filter(pk=broken.pk).update(facts={})

    move_on(1801)
    deliver_due(move_on)

    assert "2 alerts" in delivered_texts(sandbox)[0]
    assert Delivery.objects.get(event=broken).state == "failed"


def test_the_last_alert_of_a_capped_day_says_so(sandbox: Sandbox, move_on: MoveOn) -> None:
    make_subscriber(1, daily_cap=2)
    for symbol in ("BTC", "ETH", "SOL"):
        raise_signal(symbol)

    deliver_all(move_on)

    first, last = delivered_texts(sandbox)
    assert "daily cap" not in first
    assert "your daily cap is 2" in last


def test_quiet_hours_that_began_after_the_alert_was_owed_hold_it(
    sandbox: Sandbox, move_on: MoveOn
) -> None:
    make_subscriber(1)
    raise_signal("BTC")
    now = wall_now()
    AlertRule.objects.update(
        quiet_from=(now - timedelta(minutes=1)).time(), quiet_to=(now + timedelta(hours=1)).time()
    )

    deliver_due(move_on)

    delivery = Delivery.objects.get()
    assert delivered_texts(sandbox) == []
    assert (delivery.state, delivery.is_gathered) == ("pending", True)
    assert delivery.due_at > now + timedelta(minutes=59)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda: AlertRule.objects.update(is_enabled=False), "these alerts were switched off"),
        (lambda: AlertRule.objects.all().delete(), "these alerts were switched off"),
        (lambda: Subscriber.objects.update(state="stopped"), "Stopped by its owner"),
    ],
)
def test_what_nobody_wants_any_more_is_not_sent(
    sandbox: Sandbox, move_on: MoveOn, change: Callable[[], object], reason: str
) -> None:
    make_subscriber(1)
    raise_signal("BTC")
    change()

    deliver_due(move_on)

    assert delivered_texts(sandbox) == []
    assert (Delivery.objects.get().state, Delivery.objects.get().reason) == ("suppressed", reason)


def test_a_chat_gets_one_message_a_second_and_a_group_twenty_a_minute(
    sandbox: Sandbox, move_on: MoveOn
) -> None:
    make_subscriber(1)
    make_subscriber(-2)
    began_s = wall_s()
    for _ in range(25):
        raise_signal("BTC")

    deliver_all(move_on)

    for chat_id, most, window_ms in ((1, 1, 950), (-2, 20, 60_000)):
        at_ms = [m["received_ms"] for m in sandbox.telegram.chats.delivered(chat_id)]
        assert len(at_ms) == 25
        assert all(
            later - earlier >= window_ms
            for earlier, later in zip(at_ms, at_ms[most:], strict=False)
        )
    assert wall_s() - began_s < 150
    assert not sandbox.violations


def test_many_subscribers_are_served_at_thirty_a_second(sandbox: Sandbox, move_on: MoveOn) -> None:
    for chat_id in range(1, 101):
        make_subscriber(chat_id)
    raise_signal("BTC")

    deliver_all(move_on)

    at_ms = [m["received_ms"] for m in sandbox.telegram.chats.delivered()]
    assert len(at_ms) == 100
    assert all(later - earlier >= 1000 for earlier, later in zip(at_ms, at_ms[30:], strict=False))
    assert not sandbox.violations


def test_a_dry_run_shows_the_text_and_sends_nothing(
    sandbox: Sandbox, move_on: MoveOn, settings: Settings, words: PlainWords
) -> None:
    settings.TELEGRAM_DRY_RUN = True
    words.text = "<b>{symbol}</b> 1 &lt; 2"
    make_subscriber(1)
    raise_signal("BTC")

    deliver_due(move_on)

    shown = Delivery.objects.get(subscriber__chat_id=1)
    assert (shown.state, shown.text) == ("shown", "BTC 1 < 2")
    assert sandbox.calls() == 0


def test_a_second_sender_leaves_the_work_to_the_first(sandbox: Sandbox, move_on: MoveOn) -> None:
    make_subscriber(1)
    raise_signal("BTC")

    with limits.sender_turn() as turn:
        assert turn.is_held
        assert deliver_due(move_on) == 0
        assert Delivery.objects.get().state == "pending"

    assert deliver_due(move_on) == 1


def test_a_turn_that_its_holder_died_with_comes_free(sandbox: Sandbox, move_on: MoveOn) -> None:
    make_subscriber(1)
    raise_signal("BTC")
    with limits.sender_turn():
        move_on(limits.TURN_TTL_S + 1)

        assert deliver_due(move_on) == 1


def test_deliveries_of_another_environment_are_left_alone(
    sandbox: Sandbox, move_on: MoveOn
) -> None:
    make_subscriber(1)
    raise_signal("BTC")
    Delivery.objects.update(environment="live")

    deliver_due(move_on)

    assert delivered_texts(sandbox) == []
