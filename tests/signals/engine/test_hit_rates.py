"""Wilson's interval by published values and by its own equation, and what counts as an edge."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.engine.hit_rates import Z_95, Edge, edge, wilson_interval


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [
        # Newcombe 1998, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1.0),
    ],
)
def test_the_interval_has_the_published_values(hits: int, n: int, low: float, high: float):
    interval = wilson_interval(hits, n)

    assert interval == pytest.approx((low, high), abs=5e-5)


def test_without_outcomes_there_is_no_interval():
    assert wilson_interval(0, 0) is None


@pytest.mark.parametrize(("hits", "n"), [(-1, 5), (6, 5)])
def test_what_is_not_a_rate_is_refused(hits: int, n: int):
    with pytest.raises(ValueError, match="not a rate"):
        wilson_interval(hits, n)


counts = st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts)
def test_the_ends_are_the_rates_from_which_the_measured_one_is_just_z_away(
    of: tuple[int, int],
):
    hits, n = of
    interval = wilson_interval(hits, n)

    assert interval is not None
    assert 0.0 <= interval.low <= hits / n <= interval.high <= 1.0
    assert interval.low < interval.high
    for end in interval:
        if 0.0 < end < 1.0:
            spread = Z_95 * math.sqrt(end * (1.0 - end) / n)
            assert abs(hits / n - end) == pytest.approx(spread, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("hits", "n", "base_rate", "said"),
    [
        (169, 312, 0.510, Edge.NOT_SHOWN),  # 54.2 %, 48.6 to 59.6
        (169, 312, 0.480, Edge.SHOWN),
        (100, 312, 0.510, Edge.NOT_SHOWN),  # worse than the base rate
        (300, 312, None, Edge.NOT_SHOWN),
        (0, 0, 0.5, Edge.NOT_SHOWN),
    ],
)
def test_an_edge_is_shown_only_when_the_whole_interval_beats_the_base_rate(
    hits: int, n: int, base_rate: float | None, said: Edge
):
    assert edge(hits, n, base_rate) is said


def test_an_interval_that_ends_at_the_base_rate_shows_no_edge():
    interval = wilson_interval(169, 312)
    assert interval is not None

    assert edge(169, 312, interval.low) is Edge.NOT_SHOWN
    assert edge(169, 312, math.nextafter(interval.low, 0.0)) is Edge.SHOWN
