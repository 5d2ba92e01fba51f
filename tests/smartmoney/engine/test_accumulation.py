"""Accumulation and distribution: points on both sides of every threshold, and what cannot be."""

from __future__ import annotations

import os
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartmoney.engine import (
    BOOK_POINTS,
    MAX_POINTS,
    Pattern,
    Positioning,
    ScoreLevel,
    score_accumulation,
    score_level,
)
from smartmoney.engine.accumulation import EVIDENCE

settings.register_profile(
    "accumulation", deadline=None, database=None, derandomize=bool(os.environ.get("CI"))
)
settings.load_profile("accumulation")

Known = dict[str, float]


def points(**known: float) -> int:
    """Return points for accumulation less points for distribution."""
    score = score_accumulation(Positioning(**known))
    assert min(score.accumulation, score.distribution) == 0
    return score.accumulation - score.distribution


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"taker_buy_pct": 55.1}, 2),
        ({"taker_buy_pct": 55.0}, 1),
        ({"taker_buy_pct": 52.1}, 1),
        ({"taker_buy_pct": 52.0}, 0),
        ({"taker_buy_pct": 48.0}, 0),
        ({"taker_buy_pct": 47.9}, -1),
        ({"taker_buy_pct": 45.0}, -1),
        ({"taker_buy_pct": 44.9}, -2),
        ({"funding_rate_8h_pct": -0.0001}, 1),
        ({"funding_rate_8h_pct": 0.0}, 0),
        ({"funding_rate_8h_pct": 0.01}, 0),
        ({"funding_rate_8h_pct": 0.03}, 0),
        ({"funding_rate_8h_pct": 0.0301}, -1),
        ({"change_4h_pct": 1.4, "change_24h_pct": -2.9}, 1),
        ({"change_4h_pct": 1.5, "change_24h_pct": 2.9}, 0),
        ({"change_4h_pct": 1.4, "change_24h_pct": 3.0}, 0),
        ({"change_4h_pct": 1.0, "change_24h_pct": 8.0}, 0),
        ({"change_4h_pct": 1.0, "change_24h_pct": 8.1}, -1),
        ({"change_4h_pct": -0.1, "change_24h_pct": 5.1}, -1),
        ({"change_4h_pct": 0.0, "change_24h_pct": 5.1}, 0),
        ({"change_4h_pct": -0.1, "change_24h_pct": 5.0}, 0),
        ({"change_4h_pct": -2.0, "change_24h_pct": -20.0}, 0),
        ({"social_momentum": 29.9}, 1),
        ({"social_momentum": 30.0}, 0),
        ({"social_momentum": 70.0}, 0),
        ({"social_momentum": 70.1}, -1),
        ({"top_trader_long_pct": 60.1, "long_account_pct": 55.0}, 1),
        ({"top_trader_long_pct": 60.0, "long_account_pct": 55.0}, 0),
        ({"top_trader_long_pct": 50.0, "long_account_pct": 55.0}, 0),
        ({"top_trader_long_pct": 49.9, "long_account_pct": 55.0}, -1),
        ({"structure_score": 50.0}, 1),
        ({"structure_score": 49.9}, 0),
        ({"structure_score": -49.9}, 0),
        ({"structure_score": -50.0}, -1),
        ({"wall_imbalance_pct": 20.1}, 1),
        ({"wall_imbalance_pct": 20.0}, 0),
        ({"book_imbalance_pct": -20.1}, -1),
        ({"wall_imbalance_pct": 30.0, "book_imbalance_pct": -30.0}, 0),
        ({"large_buys_usd": 61.0, "large_sells_usd": 39.0}, 1),
        ({"large_buys_usd": 60.0, "large_sells_usd": 40.0}, 0),
        ({"large_buys_usd": 39.0, "large_sells_usd": 61.0}, -1),
    ],
)
def test_each_kind_of_evidence_counts_beyond_its_threshold(known: Known, expected: int):
    assert points(**known) == expected


@pytest.mark.parametrize(
    ("long_usd", "short_usd", "expected"),
    [(2.1e6, 0.0, 1), (2.0e6, 0.0, 0), (0.0, 2.0e6, 0), (0.0, 2.1e6, -1), (5e6, 5e6, 0)],
)
def test_a_flush_of_one_side_counts_for_the_other(long_usd: float, short_usd: float, expected: int):
    found = points(
        liquidations_long_usd=long_usd, liquidations_short_usd=short_usd, open_interest_usd=1e9
    )

    assert found == expected


FULL_ACCUMULATION = Positioning(
    taker_buy_pct=60.0,
    funding_rate_8h_pct=-0.01,
    change_4h_pct=0.5,
    change_24h_pct=1.0,
    social_momentum=20.0,
    top_trader_long_pct=70.0,
    long_account_pct=55.0,
    liquidations_long_usd=1e7,
    liquidations_short_usd=1e6,
    open_interest_usd=1e9,
    structure_score=100.0,
    wall_imbalance_pct=60.0,
    book_imbalance_pct=60.0,
    large_buys_usd=1e6,
    large_sells_usd=1e5,
)
BOOK = ("wall_imbalance_pct", "book_imbalance_pct", "large_buys_usd", "large_sells_usd")


def test_all_evidence_for_one_side_is_ten_points_each_with_its_reason():
    score = score_accumulation(FULL_ACCUMULATION)

    assert (score.accumulation, score.distribution) == (MAX_POINTS, 0)
    assert len(score.accumulation_reasons) == len(EVIDENCE)
    assert (score.known_points, score.missing) == (MAX_POINTS, ())
    assert score.pattern is Pattern.ACCUMULATION


def test_books_give_at_most_two_of_the_ten_points_and_are_named_when_missing():
    score = score_accumulation(replace(FULL_ACCUMULATION, **dict.fromkeys(BOOK)))

    assert score.accumulation == MAX_POINTS - BOOK_POINTS
    assert score.known_points == MAX_POINTS - BOOK_POINTS
    assert score.missing == ("order_book",)


def test_a_coin_of_which_nothing_is_known_has_no_points_and_names_everything():
    score = score_accumulation(Positioning())

    assert (score.accumulation, score.distribution, score.known_points) == (0, 0, 0)
    assert score.missing == tuple(EVIDENCE)
    assert score.pattern is Pattern.NEUTRAL


def test_a_tie_is_neither_pattern():
    score = score_accumulation(Positioning(funding_rate_8h_pct=-0.01, social_momentum=90.0))

    assert (score.accumulation, score.distribution) == (1, 1)
    assert score.pattern is Pattern.NEUTRAL


@pytest.mark.parametrize("half_known", ["top_trader_long_pct", "long_account_pct"])
def test_evidence_that_needs_two_numbers_is_missing_with_one(half_known: str):
    assert "top_traders" in score_accumulation(Positioning(**{half_known: 60.0})).missing


def test_without_open_interest_a_flush_has_no_size():
    score = score_accumulation(
        Positioning(liquidations_long_usd=1e9, liquidations_short_usd=0.0, open_interest_usd=0.0)
    )

    assert "liquidations" in score.missing


def test_large_prints_of_unknown_takers_alone_are_no_evidence():
    score = score_accumulation(Positioning(large_buys_usd=0.0, large_sells_usd=0.0))

    assert "order_book" in score.missing


@pytest.mark.parametrize(
    ("score", "level"),
    [
        (0, ScoreLevel.WEAK), (3, ScoreLevel.WEAK), (4, ScoreLevel.MODERATE),
        (6, ScoreLevel.MODERATE), (7, ScoreLevel.STRONG), (8, ScoreLevel.STRONG),
        (9, ScoreLevel.VERY_STRONG), (10, ScoreLevel.VERY_STRONG),
    ],
)  # fmt: skip
def test_the_level_of_a_score(score: int, level: ScoreLevel):
    assert score_level(score) is level


def test_the_points_of_all_evidence_sum_to_ten():
    assert sum(most for most, _ in EVIDENCE.values()) == MAX_POINTS
    assert EVIDENCE["order_book"][0] == BOOK_POINTS


NUMBERS = st.one_of(st.none(), st.floats(-100.0, 100.0), st.floats(0.0, 1e12))
POSITIONINGS = st.builds(Positioning, **{field.name: NUMBERS for field in fields(Positioning)})
# The evidence that grows with each field.
RISING = ("taker_buy_pct", "top_trader_long_pct", "structure_score", *BOOK[:3])


@given(POSITIONINGS)
def test_points_are_bounded_by_what_is_known(positioning: Positioning):
    score = score_accumulation(positioning)

    assert score.accumulation >= 0
    assert score.distribution >= 0
    assert score.accumulation + score.distribution <= score.known_points <= MAX_POINTS
    assert score.known_points == sum(
        most for name, (most, _) in EVIDENCE.items() if name not in score.missing
    )
    assert bool(score.accumulation) == bool(score.accumulation_reasons)
    assert bool(score.distribution) == bool(score.distribution_reasons)


@given(POSITIONINGS, st.sampled_from([field.name for field in fields(Positioning)]))
def test_forgetting_something_never_invents_evidence(positioning: Positioning, name: str):
    before = score_accumulation(positioning)
    after = score_accumulation(replace(positioning, **{name: None}))

    assert set(before.missing) <= set(after.missing)
    assert after.known_points <= before.known_points


@given(POSITIONINGS, st.sampled_from(RISING), st.floats(0.0, 1e6))
def test_more_buying_never_speaks_for_distribution(
    positioning: Positioning, name: str, rise: float
):
    value = getattr(positioning, name)
    if value is None:
        return
    before = score_accumulation(positioning)
    after = score_accumulation(replace(positioning, **{name: value + rise}))

    assert after.accumulation >= before.accumulation
    assert after.distribution <= before.distribution
