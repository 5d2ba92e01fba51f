"""Permits: exact limits over any number of processes, few steps of the shared store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.api import counting
from config.api.permits import (
    DAY_S,
    LEASED_PART,
    MINUTE_S,
    MOST_LEASED,
    Limits,
    PermitOffice,
    Verdict,
)
from tests.config.capture import captured_logs
from tests.config.counters import FakeCounters, fake_counters


@pytest.fixture
def counters() -> Iterator[FakeCounters]:
    with fake_counters() as fake:
        yield fake


def granted(office: PermitOffice, limits: Limits, times: int) -> int:
    verdicts = [office.ask("bot", limits) for _ in range(times)]
    return sum(verdict is not None and verdict.granted for verdict in verdicts)


@pytest.mark.parametrize("limit", [1, 2, 19, 20, 21, 100, 641, 5000])
def test_a_process_alone_is_granted_exactly_its_limit(counters: FakeCounters, limit: int) -> None:
    office = PermitOffice()

    assert granted(office, Limits(limit), limit) == limit
    assert granted(office, Limits(limit), 50) == 0


@pytest.mark.parametrize("limits", [Limits(0), Limits(0, 0)])
def test_without_limits_nobody_counts(counters: FakeCounters, limits: Limits) -> None:
    assert PermitOffice().ask("bot", limits) is None
    assert counters.steps == []


def test_the_next_minute_grants_anew(counters: FakeCounters) -> None:
    office = PermitOffice()
    granted(office, Limits(3), 4)

    counters.at_s = MINUTE_S

    assert granted(office, Limits(3), 4) == 3


def test_a_day_s_quota_outlasts_minutes_and_ends_at_midnight(counters: FakeCounters) -> None:
    office = PermitOffice()
    limits = Limits(per_minute=10, per_day=15)
    first = granted(office, limits, 12)
    counters.at_s = MINUTE_S
    second = granted(office, limits, 12)
    counters.at_s = 2 * MINUTE_S
    third = granted(office, limits, 12)

    counters.at_s = DAY_S
    tomorrow = granted(office, limits, 12)

    assert (first, second, third, tomorrow) == (10, 5, 0, 10)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        # how many were asked for before, what the answer then says
        (0, Verdict(True, 10, 9, 40)),
        (8, Verdict(True, 10, 1, 40)),
        (9, Verdict(True, 10, 0, 40)),
        (10, Verdict(False, 10, 0, 40)),
        (12, Verdict(False, 10, 0, 40)),
    ],
)
def test_an_answer_says_what_is_left_and_for_how_long(
    counters: FakeCounters, asked: int, expected: Verdict
) -> None:
    counters.at_s = 20.0
    office = PermitOffice()
    granted(office, Limits(10), asked)

    assert office.ask("bot", Limits(10)) == expected


def test_the_tighter_window_is_told(counters: FakeCounters) -> None:
    limits = Limits(per_minute=100, per_day=5)

    assert PermitOffice().ask("bot", limits) == Verdict(True, 5, 4, DAY_S)


@pytest.mark.parametrize(("at_s", "reset_s"), [(0.0, 60), (0.5, 60), (59.0, 1), (59.99, 1)])
def test_a_window_s_end_is_at_least_a_second_away(
    counters: FakeCounters, at_s: float, reset_s: int
) -> None:
    counters.at_s = at_s

    verdict = PermitOffice().ask("bot", Limits(5))

    assert verdict is not None
    assert verdict.reset_s == reset_s


def test_clients_do_not_take_from_each_other(counters: FakeCounters) -> None:
    office = PermitOffice()
    granted(office, Limits(3), 5)

    verdict = office.ask("another", Limits(3))

    assert verdict is not None
    assert verdict.granted


def test_a_refused_client_costs_no_step_of_the_store(counters: FakeCounters) -> None:
    office = PermitOffice()
    granted(office, Limits(3), 4)
    steps = len(counters.steps)

    granted(office, Limits(3), 100)

    assert len(counters.steps) == steps


def test_a_busy_client_costs_one_step_in_many_requests(counters: FakeCounters) -> None:
    granted(PermitOffice(), Limits(100_000), 10_000)

    assert len(counters.steps) <= 10_000 / MOST_LEASED + 6


def test_whoever_asks_seldom_is_counted_request_by_request(counters: FakeCounters) -> None:
    office = PermitOffice()
    for minute in range(5):
        counters.at_s = minute * MINUTE_S
        office.ask("bot", Limits(600, 1000))

    assert counters.totals["permits:bot:day:0"] == 5


def test_what_a_lease_left_unused_is_given_back_to_the_day(counters: FakeCounters) -> None:
    office = PermitOffice()
    limits = Limits(10_000, 10_000)
    for minute in range(10):
        counters.at_s = minute * MINUTE_S
        granted(office, limits, 40)

    assert counters.totals["permits:bot:day:0"] <= 400 + MOST_LEASED


@given(
    limit=st.integers(1, 300),
    quota=st.integers(0, 400),
    asks=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=400),
)
def test_no_number_of_processes_is_granted_more_than_the_limits(
    limit: int, quota: int, asks: list[tuple[int, int]]
) -> None:
    offices = [PermitOffice() for _ in range(4)]
    by_minute = [0, 0, 0]
    with fake_counters() as counters:
        for process, minute in sorted(asks, key=lambda ask: ask[1]):
            counters.at_s = minute * MINUTE_S
            verdict = offices[process].ask("bot", Limits(limit, quota))
            assert verdict is not None
            by_minute[minute] += verdict.granted

    assert max(by_minute) <= limit
    assert not quota or sum(by_minute) <= quota


@given(limit=st.integers(1, 2000), processes=st.integers(1, 4))
def test_together_processes_are_refused_early_by_no_more_than_their_leases(
    limit: int, processes: int
) -> None:
    offices = [PermitOffice() for _ in range(processes)]
    with fake_counters():
        total = sum(
            granted(offices[number % processes], Limits(limit), 1)
            for number in range(limit + processes * MOST_LEASED)
        )

    most_held = min(MOST_LEASED, max(1, limit // LEASED_PART))
    assert limit - (processes - 1) * most_held <= total <= limit


def test_without_the_store_requests_go_through_and_one_warning_tells_it(
    counters: FakeCounters, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = PermitOffice()
    counters.is_away = True

    with captured_logs() as lines:
        verdicts = [office.ask("bot", Limits(1)) for _ in range(5)]
        later_s = counting.monotonic() + counting.LEFT_ALONE_S
        monkeypatch.setattr(counting, "monotonic", lambda: later_s)
        verdicts.append(office.ask("bot", Limits(1)))

    assert verdicts == [None] * 6
    assert [line["level"] for line in lines.of("config.api.counting")] == ["WARNING"]


def test_a_store_that_is_back_limits_again(
    counters: FakeCounters, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = PermitOffice()
    counters.is_away = True
    office.ask("bot", Limits(1))

    counters.is_away = False
    later_s = counting.monotonic() + counting.LEFT_ALONE_S
    monkeypatch.setattr(counting, "monotonic", lambda: later_s)

    assert granted(office, Limits(1), 3) == 1


def test_a_store_that_goes_after_a_full_minute_refuses_nobody_in_the_next(
    counters: FakeCounters,
) -> None:
    office = PermitOffice()
    granted(office, Limits(2), 3)

    counters.at_s = MINUTE_S
    counters.is_away = True

    assert [office.ask("bot", Limits(2)) for _ in range(3)] == [None] * 3


def test_a_lease_that_comes_after_its_minute_is_no_part_of_the_next(
    counters: FakeCounters, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = PermitOffice()
    add = counters.add
    nested: list[Verdict | None] = []

    def slow_add(additions: list[counting.Addition]) -> list[int]:
        totals = add(additions)
        if not nested:  # while this one is on its way, another thread begins the next minute
            nested.append(None)
            counters.at_s = MINUTE_S
            nested.append(office.ask("bot", Limits(1)))
        return totals

    counting.register_counters(counting.SharedCounters(slow_add, lambda: counters.at_s))
    first = office.ask("bot", Limits(1))

    assert first is not None
    assert first.granted
    assert granted(office, Limits(1), 3) == 0


def test_memory_is_bounded_whatever_number_of_clients_come(
    counters: FakeCounters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config.api.permits.MOST_CLIENTS", 10)
    office = PermitOffice()

    for number in range(100):
        office.ask(f"client {number}", Limits(5))

    assert len(office._leases) <= 10
