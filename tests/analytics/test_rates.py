"""What a tally says: bounded, never more than its outcomes show, null where there are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.rates import Rate, Tally, mean, rate_of, share_pct

NOTHING = Rate(0, 0, True, None, None, None, None, None, "no edge shown", None)


@st.composite
def tallies(draw: st.DrawFn) -> Tally:
    n = draw(st.integers(0, 500))
    base_n = draw(st.integers(0, n))
    return Tally(
        n=n,
        hits=draw(st.integers(0, n)),
        sum_net_return_pct=draw(st.floats(-1e4, 1e4)) if n else 0.0,
        base_n=base_n,
        sum_base_rate=base_n * draw(st.floats(0, 1)),
    )


def test_without_outcomes_nothing_is_said() -> None:
    assert rate_of(Tally()) == NOTHING
    assert (mean(0.0, 0), share_pct(0, 0)) == (None, None)


@given(tallies())
def test_a_rate_lies_in_its_interval_and_both_within_0_and_100(tally: Tally) -> None:
    rate = rate_of(tally)

    if tally.n:
        assert rate.hit_rate_pct is not None
        assert rate.interval_low_pct is not None
        assert rate.interval_high_pct is not None
        assert 0 <= rate.interval_low_pct <= rate.hit_rate_pct <= rate.interval_high_pct <= 100
    else:
        assert rate == NOTHING


@given(tallies())
def test_an_edge_is_shown_only_above_the_base_rate_and_by_thirty_outcomes(tally: Tally) -> None:
    rate = rate_of(tally)

    if rate.edge == "edge shown":
        assert not rate.few
        assert rate.edge_pct is not None
        assert rate.edge_pct > 0
        assert rate.interval_low_pct is not None
        assert rate.base_rate_pct is not None
        assert rate.interval_low_pct >= rate.base_rate_pct
    if rate.base_rate_pct is None:
        assert (rate.edge_pct, rate.edge) == (None, "no edge shown")


@pytest.mark.parametrize(("n", "few"), [(29, True), (30, False)])
def test_fewer_than_thirty_outcomes_are_marked(n: int, few: bool) -> None:
    assert rate_of(Tally(n=n, hits=n)).few is few


@pytest.mark.parametrize(("base_n", "base_rate_pct"), [(79, None), (80, 45.0)])
def test_a_base_rate_is_told_from_four_fifths_of_the_outcomes_on(
    base_n: int, base_rate_pct: float | None
) -> None:
    tally = Tally(n=100, hits=50, base_n=base_n, sum_base_rate=0.45 * base_n)

    assert rate_of(tally).base_rate_pct == base_rate_pct


@given(tallies(), tallies())
def test_tallies_add_up_member_by_member(one: Tally, other: Tally) -> None:
    both = one + other

    assert (both.n, both.hits) == (one.n + other.n, one.hits + other.hits)
    assert both.sum_base_rate == one.sum_base_rate + other.sum_base_rate
    assert one + Tally() == one
