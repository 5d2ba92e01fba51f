"""When a stream counts as watched: from a connection's beginning to the last it delivered."""

from __future__ import annotations

import pytest

from market.streams.coverage import Coverage

START = 1_790_000_000_000


def watched(*spans: tuple[int, int]) -> Coverage:
    coverage = Coverage(keep_ms=10**9)
    for number, (since, until) in enumerate(spans):
        coverage.begin(number, START + since)
        coverage.prove(number, START + until)
    return coverage


@pytest.mark.parametrize(
    ("spans", "asked", "covered"),
    [
        ([(0, 100)], (0, 100), True),
        ([(0, 100)], (0, 101), False),
        ([(1, 100)], (0, 100), False),
        ([(0, 50), (50, 100)], (0, 100), True),
        ([(0, 50), (51, 100)], (0, 100), False),
        ([(40, 100), (0, 50)], (0, 100), True),  # the next one began before the old one ended
        ([(0, 100), (10, 20)], (0, 100), True),
        ([(0, 60), (10, 20), (55, 100)], (0, 100), True),
        ([], (0, 1), False),
    ],
)
def test_a_time_is_covered_when_spans_follow_each_other_without_a_gap(
    spans: list[tuple[int, int]], asked: tuple[int, int], covered: bool
) -> None:
    assert watched(*spans).covers(START + asked[0], START + asked[1]) is covered


def test_an_open_connection_that_delivers_nothing_proves_nothing() -> None:
    coverage = Coverage(keep_ms=10**9)
    coverage.begin(1, START)

    assert not coverage.covers(START, START + 1)


def test_what_is_delivered_before_the_subscription_does_not_count() -> None:
    coverage = Coverage(keep_ms=10**9)
    coverage.prove(1, START)
    coverage.begin(1, START + 10)
    coverage.prove(1, START + 20)

    assert not coverage.covers(START, START + 20)
    assert coverage.covers(START + 10, START + 20)


def test_spans_that_ended_long_ago_are_forgotten() -> None:
    coverage = Coverage(keep_ms=1_000)
    coverage.begin(1, START)
    coverage.prove(1, START + 10)
    coverage.begin(2, START + 10)
    coverage.prove(2, START + 1_011)

    assert not coverage.covers(START, START + 10)
    assert coverage.covers(START + 10, START + 1_011)
