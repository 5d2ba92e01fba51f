"""Telegram in trouble: nothing owed is lost, and what may be there twice is counted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from pytest_django import Settings

from config.shift import tell_to_stop
from market.clock import wall_now, wall_s
from market.sandbox.handle import Sandbox
from market.sandbox.in_process import BlockingSandboxTransport
from notifications import delivery as rows
from notifications import limits, services
from notifications.models import Delivery, Subscriber
from notifications.sender import deliver_due
from notifications.telegram import transport_replaced
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


def the_delivery() -> Delivery:
    return Delivery.objects.get()


def test_retry_after_is_obeyed_by_the_whole_sender_and_is_no_failed_attempt(
    sandbox: Sandbox, move_on: MoveOn
) -> None:
    sandbox.fault("telegram", "http_429", times=1, retry_after_s=30)
    make_subscriber(1)
    raise_signal("BTC")
    began_s = wall_s()

    deliver_due(move_on)
    make_subscriber(2)
    raise_signal("ETH")
    deliver_due(move_on)
    assert delivered_texts(sandbox) == []
    assert limits.paused_s() == pytest.approx(31, abs=0.001)  # written in milliseconds
    deliver_all(move_on)

    assert (
        min(m["received_ms"] for m in sandbox.telegram.chats.delivered())
        >= int(began_s * 1000) + 31000
    )
    assert sorted(delivered_texts(sandbox)) == ["LONG BTC", "LONG ETH", "LONG ETH"]
    assert set(Delivery.objects.values_list("state", "attempts", "unconfirmed")) == {("sent", 0, 0)}


@pytest.mark.parametrize("kind", ["http_5xx", "dead", "html", "truncated"])
def test_an_outage_is_outlasted(sandbox: Sandbox, move_on: MoveOn, kind: str) -> None:
    sandbox.fault("telegram", kind, times=5)
    make_subscriber(1)
    raise_signal("BTC")

    deliver_all(move_on)

    delivery = the_delivery()
    assert (delivery.state, delivery.attempts) == ("sent", 5)
    doubled = len(delivered_texts(sandbox)) - 1
    assert doubled <= delivery.unconfirmed
    # A connection that was never accepted cannot have carried a message.
    assert (delivery.unconfirmed == 0) == (kind == "dead")


def test_a_message_that_was_accepted_and_whose_answer_was_lost_is_sent_again_and_counted(
    sandbox: Sandbox, move_on: MoveOn
) -> None:
    sandbox.fault("telegram", "lost", times=2)
    make_subscriber(1)
    raise_signal("BTC")

    deliver_all(move_on)

    delivery = the_delivery()
    assert delivered_texts(sandbox) == ["LONG BTC"] * 3
    assert (delivery.state, delivery.attempts, delivery.unconfirmed) == ("sent", 2, 2)


def test_a_call_that_hangs_is_given_up_and_made_again(sandbox: Sandbox, move_on: MoveOn) -> None:
    class Hanging(BlockingSandboxTransport):
        hangs = 2

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if self.hangs:
                self.hangs -= 1
                raise httpx.ReadTimeout("no answer in time", request=request)
            return super().handle_request(request)

    make_subscriber(1)
    raise_signal("BTC")

    with transport_replaced(Hanging(sandbox)):
        deliver_all(move_on)

    assert (the_delivery().state, the_delivery().unconfirmed) == ("sent", 2)


def test_a_sender_that_is_told_to_stop_begins_no_call_and_ends_with_those_under_way(
    sandbox: Sandbox, move_on: MoveOn
) -> None:
    class ToldMeanwhile(BlockingSandboxTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            tell_to_stop()
            return super().handle_request(request)

    make_subscriber(1)
    make_subscriber(2)
    raise_signal("BTC")

    with transport_replaced(ToldMeanwhile(sandbox)):
        deliver_due(move_on)
        deliver_due(move_on)

    assert sorted(Delivery.objects.values_list("state", "unconfirmed")) == [
        ("pending", 0),
        ("sent", 0),
    ]


def test_what_fails_for_twelve_hours_ends_as_a_dead_letter(
    sandbox: Sandbox, move_on: MoveOn
) -> None:
    sandbox.fault("telegram", "dead")
    make_subscriber(1)
    raise_signal("BTC")
    Delivery.objects.update(attempts=rows.MAX_ATTEMPTS - 2)

    deliver_all(move_on)

    delivery = the_delivery()
    assert (delivery.state, delivery.attempts) == ("failed", rows.MAX_ATTEMPTS)
    assert delivery.reason.startswith(f"given up after {rows.MAX_ATTEMPTS} attempts: ConnectError")
    assert delivery.text == "LONG BTC"
    waited_s = sum(rows.retry_after_s(attempt) for attempt in range(1, rows.MAX_ATTEMPTS))
    assert waited_s == pytest.approx(12 * 3600, rel=0.05)


@pytest.mark.parametrize(
    ("attempts", "pause_s"), [(1, 1), (2, 2), (3, 4), (4, 8), (9, 256), (10, 300), (149, 300)]
)
def test_pauses_double_up_to_five_minutes(attempts: int, pause_s: float) -> None:
    assert rows.retry_after_s(attempts) == pause_s


def test_a_dead_letter_can_be_sent_again(sandbox: Sandbox, move_on: MoveOn) -> None:
    make_subscriber(1)
    raise_signal("BTC")
    Delivery.objects.update(state="failed", attempts=rows.MAX_ATTEMPTS)

    assert services.send_again(Delivery.objects.all()) == 1
    deliver_due(move_on)

    assert the_delivery().state == "sent"
    assert services.send_again(Delivery.objects.all()) == 0


def test_markup_that_telegram_refuses_is_sent_as_plain_text(
    sandbox: Sandbox, move_on: MoveOn, words: PlainWords
) -> None:
    words.text = "<b>{symbol}</b> &amp; <div>more</div>"
    make_subscriber(1)
    raise_signal("BTC")

    deliver_all(move_on)

    assert delivered_texts(sandbox) == ["BTC & more"]
    assert the_delivery().state == "sent"
    assert "can't parse entities" in the_delivery().reason


def test_what_is_refused_as_plain_text_too_is_a_dead_letter(
    sandbox: Sandbox, move_on: MoveOn
) -> None:
    sandbox.fault(
        "telegram",
        "answer",
        status=400,
        json={"ok": False, "error_code": 400, "description": "Bad Request: no"},
    )
    make_subscriber(1)
    raise_signal("BTC")

    deliver_all(move_on)

    assert (the_delivery().state, the_delivery().reason) == ("failed", "Bad Request: no")
    assert the_delivery().text == "LONG BTC"


@pytest.mark.parametrize(
    ("chat_id", "state"),
    [
        (9_400_001, "invalid"),
        (9_403_001, "blocked"),
        (9_403_002, "deactivated"),
        (-9_403_004, "blocked"),
        (-1_000_009_403_006, "blocked"),
    ],
)
def test_a_chat_that_is_gone_is_owed_nothing_more_and_says_why(
    sandbox: Sandbox, move_on: MoveOn, chat_id: int, state: str
) -> None:
    make_subscriber(chat_id)
    make_subscriber(1)
    raise_signal("BTC")
    raise_signal("ETH")

    deliver_all(move_on)
    raise_signal("SOL")

    gone = Subscriber.objects.get(chat_id=chat_id)
    assert gone.state == state
    assert gone.state_reason.startswith(("Forbidden: ", "Bad Request: "))
    ended = set(Delivery.objects.filter(subscriber=gone).values_list("state", "reason"))
    assert ended == {("suppressed", gone.state_reason)}
    assert len(delivered_texts(sandbox, 1)) == 2


def test_who_has_not_pressed_start_is_not_taken_for_having_blocked(
    sandbox: Sandbox, move_on: MoveOn
) -> None:
    make_subscriber(9_403_003)
    raise_signal("BTC")

    deliver_due(move_on)

    delivery = the_delivery()
    assert delivery.subscriber.state == "active"
    assert (delivery.state, delivery.unconfirmed) == ("pending", 0)
    assert delivery.attempts > 0
    assert "press Start" in delivery.reason


def test_a_group_that_became_a_supergroup_is_written_to_under_its_new_number(
    sandbox: Sandbox, move_on: MoveOn
) -> None:
    make_subscriber(-9_400_002)
    raise_signal("BTC")

    deliver_all(move_on)

    assert delivered_texts(sandbox, -1_000_009_400_002) == ["LONG BTC"]
    moved = Subscriber.objects.get()
    assert (moved.chat_id, moved.chat_type) == (-1_000_009_400_002, "supergroup")


def test_a_group_that_moved_onto_a_subscriber_is_not_told_twice(
    sandbox: Sandbox, move_on: MoveOn
) -> None:
    make_subscriber(-9_400_002)
    make_subscriber(-1_000_009_400_002)
    raise_signal("BTC")

    deliver_all(move_on)

    assert delivered_texts(sandbox, -1_000_009_400_002) == ["LONG BTC"]
    assert Subscriber.objects.get(chat_id=-9_400_002).state == "invalid"


def test_a_refused_token_stops_everything_until_there_is_another(
    sandbox: Sandbox, move_on: MoveOn, settings: Settings
) -> None:
    good = settings.TELEGRAM_BOT_TOKEN
    settings.TELEGRAM_BOT_TOKEN = "7000000001:" + "x" * 35
    for chat_id in range(1, 4):
        make_subscriber(chat_id)
    raise_signal("BTC")

    deliver_due(move_on)
    calls = sandbox.calls()
    move_on(60)
    deliver_due(move_on)

    assert sandbox.calls() == calls
    assert limits.stopped_reason() == "Unauthorized"
    assert set(Delivery.objects.values_list("state", "attempts")) == {("pending", 0)}

    settings.TELEGRAM_BOT_TOKEN = good
    assert limits.stopped_reason() is None
    deliver_all(move_on)
    assert delivered_texts(sandbox) == ["LONG BTC"] * 3


def test_a_message_of_two_parts_goes_on_after_the_part_that_arrived(
    sandbox: Sandbox, move_on: MoveOn, words: PlainWords
) -> None:
    words.image = PIXELS
    words.text = "word " * 300
    sandbox.fault("telegram", "dead", path="/sendMessage", times=1)
    make_subscriber(1)
    raise_signal("BTC")

    deliver_all(move_on)

    with_photo = ["photo" in message for message in sandbox.telegram.chats.delivered(1)]
    assert with_photo == [True, False]
    assert (the_delivery().state, the_delivery().attempts) == ("sent", 1)


def test_a_digest_whose_answer_was_lost_is_sent_again_whole(
    sandbox: Sandbox, move_on: MoveOn
) -> None:
    sandbox.fault("telegram", "lost", times=1)
    make_subscriber(1, digest_minutes=30)
    raise_signal("BTC")
    raise_signal("ETH")

    move_on(1801)
    deliver_all(move_on)

    first, again = delivered_texts(sandbox)
    assert first == again
    assert set(Delivery.objects.values_list("state", "unconfirmed")) == {("sent", 1)}


def test_a_delivery_has_one_claim_until_its_lease_ends(move_on: MoveOn) -> None:
    make_subscriber(1)
    raise_signal("BTC")
    delivery = the_delivery()

    first = rows.claim(delivery)
    assert first is not None
    assert rows.claim(delivery) is None
    assert the_delivery().state == "sending"

    assert rows.recover_expired() == 0
    move_on(rows.LEASE_S + 1)
    assert rows.recover_expired() == 1
    second = rows.claim(delivery)
    assert second is not None
    assert the_delivery().unconfirmed == 1

    rows.record_failed(first, "a process that was thought dead")
    assert the_delivery().state == "sending"
    rows.record_sent(second, 5)
    assert (the_delivery().state, the_delivery().message_id) == ("sent", 5)


def test_what_was_being_sent_too_often_without_an_answer_is_given_up(move_on: MoveOn) -> None:
    make_subscriber(1)
    raise_signal("BTC")
    Delivery.objects.update(attempts=rows.MAX_ATTEMPTS - 1)
    rows.claim(the_delivery())
    move_on(rows.LEASE_S + 1)

    assert rows.recover_expired() == 0

    assert (the_delivery().state, the_delivery().unconfirmed) == ("failed", 1)


def test_no_call_is_begun_with_too_little_of_the_lease_left(
    sandbox: Sandbox, move_on: MoveOn, words: PlainWords
) -> None:
    words.text = "word " * 2000  # three messages
    make_subscriber(-5)
    raise_signal("BTC")
    # The group has had nineteen messages this minute: the second part would wait too long.
    for _ in range(19):
        limits.take_turn(-5)
        move_on(1.02)

    deliver_due(move_on)

    delivery = the_delivery()
    assert (delivery.state, delivery.parts_sent, delivery.attempts) == ("pending", 1, 0)
    deliver_all(move_on)
    assert len(delivered_texts(sandbox)) == 3


def test_a_fault_of_our_own_while_sending_is_counted_and_tried_again(
    sandbox: Sandbox, move_on: MoveOn
) -> None:
    class Broken(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            raise ZeroDivisionError

    make_subscriber(1)
    raise_signal("BTC")

    with transport_replaced(Broken()):
        deliver_due(move_on)

    assert the_delivery().attempts > 0
    assert the_delivery().reason == "broke off: ZeroDivisionError"
    deliver_all(move_on)
    assert the_delivery().state == "sent"


def test_held_deliveries_are_not_overdue(move_on: MoveOn) -> None:
    subscriber = make_subscriber(1)
    Subscriber.objects.filter(pk=subscriber.pk).update(muted_until=wall_now() + timedelta(hours=1))
    raise_signal("BTC")

    services.sweep(wait=move_on)

    assert the_delivery().state == "pending"
