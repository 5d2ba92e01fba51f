"""Which alerts a subscriber wants, and when they go out."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.rules import Terms, check_facts, held_until, local_day, wants, when_due

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]
).map(ZoneInfo)
INSTANTS = st.integers(0, 4 * 365 * 86_400).map(
    lambda seconds: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
TIMES = st.times().map(lambda at: at.replace(microsecond=0))

FACTS = {
    "symbol": "BTC",
    "direction": "LONG",
    "score": 62.5,
    "distance": 12.5,
    "confidence": "medium",
    "is_flip": False,
}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def held(terms: Terms, now: datetime, muted_until: datetime | None = None) -> datetime | None:
    return held_until(terms, zone=BERLIN, muted_until=muted_until, now=now)


@pytest.mark.parametrize(
    ("terms", "facts", "wanted"),
    [
        (Terms(), {}, True),
        (Terms(symbols=frozenset({"BTC", "ETH"})), {}, True),
        (Terms(symbols=frozenset({"ETH"})), {}, False),
        (Terms(min_distance=12.5), {}, True),
        (Terms(min_distance=12.51), {}, False),
        (Terms(min_confidence="low"), {"confidence": "low"}, True),
        (Terms(min_confidence="medium"), {"confidence": "low"}, False),
        (Terms(min_confidence="medium"), {"confidence": "medium"}, True),
        (Terms(min_confidence="high"), {"confidence": "medium"}, False),
        (Terms(min_confidence="high"), {"confidence": "high"}, True),
        (Terms(directions="LONG"), {}, True),
        (Terms(directions="SHORT"), {}, False),
        (Terms(directions="SHORT"), {"direction": "SHORT"}, True),
        (Terms(flips_only=True), {}, False),
        (Terms(flips_only=True), {"is_flip": True}, True),
        (Terms(kind="mss"), {"score": 75.0}, True),
        (Terms(kind="mss"), {"score": 74.99}, False),
        (Terms(kind="mss", symbols=frozenset({"ETH"})), {"score": 99.0}, False),
    ],
)
def test_a_rule_is_held_against_the_facts(
    terms: Terms, facts: dict[str, Any], wanted: bool
) -> None:
    assert wants(terms, {**FACTS, **facts}) is wanted


@given(
    distance=st.floats(0, 50),
    least=st.floats(0, 50),
    further=st.floats(0, 50),
    confidence=st.sampled_from(["low", "medium", "high"]),
)
def test_a_signal_further_from_50_is_never_less_wanted(
    distance: float, least: float, further: float, confidence: str
) -> None:
    terms = Terms(min_distance=least, min_confidence="medium")
    nearer = {**FACTS, "distance": distance, "confidence": confidence}

    if wants(terms, nearer):
        assert wants(terms, {**nearer, "distance": distance + further})


@pytest.mark.parametrize(
    ("kind", "change", "named"),
    [
        ("signal", {"symbol": None}, "symbol"),
        ("signal", {"distance": "12"}, "distance"),
        ("signal", {"confidence": "great"}, "confidence"),
        ("signal", {"direction": "NEUTRAL"}, "direction"),
        ("signal", {"is_flip": None}, "is_flip"),
        ("mss", {"score": None}, "score"),
        ("weather", {}, "weather"),
    ],
)
def test_facts_that_rules_cannot_read_are_refused_by_name(
    kind: str, change: dict[str, Any], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        check_facts(kind, {**FACTS, **change})


def test_facts_that_rules_can_read_pass() -> None:
    check_facts("signal", FACTS)
    check_facts("mss", {"symbol": "NEW", "score": 80})


NIGHT = Terms(quiet_from=time(23), quiet_to=time(7))
LUNCH = Terms(quiet_from=time(12), quiet_to=time(13, 30))


@pytest.mark.parametrize(
    ("terms", "now", "until"),
    [
        (NIGHT, "2026-07-01 22:59:59", None),
        (NIGHT, "2026-07-01 23:00:00", "2026-07-02 07:00:00"),
        (NIGHT, "2026-07-02 00:00:00", "2026-07-02 07:00:00"),
        (NIGHT, "2026-07-02 06:59:59", "2026-07-02 07:00:00"),
        (NIGHT, "2026-07-02 07:00:00", None),
        (LUNCH, "2026-07-02 11:59:59", None),
        (LUNCH, "2026-07-02 12:00:00", "2026-07-02 13:30:00"),
        (LUNCH, "2026-07-02 13:30:00", None),
        # The night in which clocks go from 02:00 to 03:00 is an hour shorter …
        (NIGHT, "2026-03-29 01:30:00", "2026-03-29 07:00:00"),
        # … and the one in which 02:00 comes twice an hour longer.
        (NIGHT, "2026-10-25 01:30:00", "2026-10-25 07:00:00"),
    ],
)
def test_quiet_hours_hold_until_they_end(terms: Terms, now: str, until: str | None) -> None:
    assert held(terms, berlin(now)) == (None if until is None else berlin(until))


def test_a_quiet_end_that_comes_twice_is_quiet_until_its_first_coming() -> None:
    terms = Terms(quiet_from=time(23), quiet_to=time(2, 30))

    assert held(terms, utc("2026-10-25 00:10")) == utc("2026-10-25 00:30")  # 02:10 summer time
    assert held(terms, utc("2026-10-25 01:10")) == utc("2026-10-25 01:30")  # 02:10 again


def test_a_quiet_end_that_the_clocks_skip_comes_an_hour_later() -> None:
    terms = Terms(quiet_from=time(23), quiet_to=time(2, 30))

    assert held(terms, utc("2026-03-29 00:59")) == utc("2026-03-29 01:30")  # 03:30 summer time


@pytest.mark.parametrize(
    ("muted_until", "until"),
    [
        ("2026-07-01 20:00:00", None),  # is over
        ("2026-07-01 22:00:00", "2026-07-01 22:00:00"),
        ("2026-07-01 23:30:00", "2026-07-02 07:00:00"),  # ends in quiet hours
        ("2026-07-02 09:00:00", "2026-07-02 09:00:00"),  # outlasts them
    ],
)
def test_a_mute_holds_until_it_ends_outside_quiet_hours(
    muted_until: str, until: str | None
) -> None:
    found = held(NIGHT, berlin("2026-07-01 20:00:00"), berlin(muted_until))

    assert found == (None if until is None else berlin(until))


@given(quiet_from=TIMES, quiet_to=TIMES, zone=ZONES, now=INSTANTS)
def test_what_quiet_hours_hold_goes_out_within_a_day_and_not_in_quiet_hours(
    quiet_from: time, quiet_to: time, zone: ZoneInfo, now: datetime
) -> None:
    if quiet_from == quiet_to:
        return
    terms = Terms(quiet_from=quiet_from, quiet_to=quiet_to)

    until = held_until(terms, zone=zone, muted_until=None, now=now)

    if until is not None:
        assert now < until <= now + timedelta(hours=25)
        assert held_until(terms, zone=zone, muted_until=None, now=until) is None


@pytest.mark.parametrize(
    ("minutes", "now", "due_at"),
    [
        (60, "2026-07-01 10:00:00", "2026-07-01 11:00:00"),
        (60, "2026-07-01 10:59:59", "2026-07-01 11:00:00"),
        (240, "2026-07-01 23:30:00", "2026-07-02 00:00:00"),
        (1440, "2026-07-01 00:00:00", "2026-07-02 00:00:00"),
        (7, "2026-07-01 23:59:00", "2026-07-02 00:00:00"),  # the grid begins anew at midnight
    ],
)
def test_a_digest_comes_on_a_grid_from_local_midnight(minutes: int, now: str, due_at: str) -> None:
    when = when_due(Terms(digest_minutes=minutes), zone=BERLIN, muted_until=None, now=berlin(now))

    assert (when.due_at, when.is_gathered) == (berlin(due_at), True)


def test_a_digest_that_falls_into_quiet_hours_waits_for_their_end() -> None:
    terms = Terms(digest_minutes=60, quiet_from=time(23), quiet_to=time(7, 15))

    when = when_due(terms, zone=BERLIN, muted_until=None, now=berlin("2026-07-01 22:30:00"))

    assert (when.due_at, when.is_gathered) == (berlin("2026-07-02 07:15:00"), True)


def test_without_anything_against_it_an_alert_goes_out_now_and_alone() -> None:
    now = berlin("2026-07-01 10:00:00")

    when = when_due(NIGHT, zone=BERLIN, muted_until=None, now=now)

    assert (when.due_at, when.is_gathered) == (now, False)


@given(minutes=st.integers(1, 1440), zone=ZONES, now=INSTANTS)
def test_a_digest_is_due_later_but_never_by_more_than_its_period(
    minutes: int, zone: ZoneInfo, now: datetime
) -> None:
    when = when_due(Terms(digest_minutes=minutes), zone=zone, muted_until=None, now=now)

    assert now < when.due_at <= now + timedelta(minutes=minutes)


@given(zone=ZONES, now=INSTANTS)
def test_every_instant_lies_in_its_local_day(zone: ZoneInfo, now: datetime) -> None:
    begins_at, ends_at = local_day(zone, now)

    assert begins_at <= now < ends_at
    assert timedelta(hours=23) <= ends_at - begins_at <= timedelta(hours=25)
