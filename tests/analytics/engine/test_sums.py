"""Sums per day: by hand, in any order the same, and factors by what they said of the side."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.engine.sums import (
    OutcomeKey,
    Told,
    factor_sums,
    outcome_sums,
    stances_of,
)

KEY = OutcomeKey("balanced", "LONG", "high", 24, False)


def told(net_return_pct: float | None, **changes: Any) -> Told:
    if net_return_pct is None:
        return Told(**{"key": KEY, "is_hit": None, **changes})
    return Told(
        **{
            "key": KEY,
            "is_hit": net_return_pct > 0.0,
            "return_pct": net_return_pct + 0.1,
            "net_return_pct": net_return_pct,
            "favourable_pct": 3.0,
            "adverse_pct": -1.0,
            "first_touch": "target",
            "confidence_score": 0.6,
            "base_rate": 0.5,
            **changes,
        }
    )


def test_every_sum_of_four_outcomes_by_hand():
    outcomes = [
        told(2.0),
        told(-1.0, first_touch="stop", confidence_score=0.5, base_rate=0.4),
        told(0.5, first_touch="neither", base_rate=None),
        told(None),
    ]

    [(key, sums)] = outcome_sums(outcomes).items()

    assert key == KEY
    assert sums == pytest.approx(
        {
            "n": 3,
            "hits": 2,
            "unavailable": 1,
            "sum_return_pct": 1.8,
            "sum_net_return_pct": 1.5,
            "sum_net_return_sq": 5.25,
            "sum_favourable_pct": 9.0,
            "sum_adverse_pct": -3.0,
            "targets": 1,
            "stops": 1,
            "neithers": 1,
            "base_n": 2,
            "base_hits": 1,
            "sum_base_rate": 0.9,
            "sum_base_rate_sq": 0.41,
            "sum_base_rate_of_hits": 0.5,
            # 0.5 + 0.6 ÷ 2 and 0.5 + 0.5 ÷ 2
            "sum_stated": 1.55,
            "sum_stated_sq": 1.2025,
            "sum_stated_of_hits": 0.8,
        }
    )


def test_imported_outcomes_state_nothing():
    [sums] = outcome_sums([told(2.0, confidence_score=None)]).values()

    assert sums["base_n"] == 1
    assert sums["sum_stated"] == sums["sum_stated_sq"] == sums["sum_stated_of_hits"] == 0.0


def test_outcomes_are_kept_apart_by_everything_in_their_key():
    others = [
        KEY._replace(**{name: value})
        for name, value in (
            ("profile_name", "aggressive"),
            ("direction", "SHORT"),
            ("confidence", "low"),
            ("horizon_h", 1),
            ("is_imported", True),
        )
    ]

    sums = outcome_sums([told(1.0), *(told(1.0, key=key) for key in others)])

    assert set(sums) == {KEY, *others}
    assert {columns["n"] for columns in sums.values()} == {1}


@given(st.lists(st.floats(-50.0, 50.0), min_size=1, max_size=30), st.randoms())
def test_sums_are_the_same_in_any_order(returns: list[float], random: Any):
    outcomes = [told(value) for value in returns]
    shuffled = list(outcomes)
    random.shuffle(shuffled)

    assert outcome_sums(outcomes) == outcome_sums(shuffled)


@pytest.mark.parametrize(
    ("direction", "contribution", "sign"),
    [
        ("LONG", 3.5, "+"),
        ("LONG", -3.5, "-"),
        ("SHORT", 3.5, "-"),
        ("SHORT", -3.5, "+"),
        ("LONG", 0.0, "0"),
        ("SHORT", 0, "0"),
    ],
)
def test_a_factor_supports_the_side_that_its_contribution_points_to(
    direction: str, contribution: float, sign: str
):
    factors = {"liquidations": {"contribution": contribution}}

    assert stances_of(direction, factors) == f"{sign}......."


# Rows that are stored mean these places: a factor that moves would be read as another one.
@pytest.mark.parametrize(
    ("factor", "place"),
    [
        ("liquidations", 0),
        ("funding_rate", 1),
        ("price_momentum", 2),
        ("long_short_ratio", 3),
        ("smart_money", 4),
        ("oi_trend", 5),
        ("social_sentiment", 6),
        ("fear_greed", 7),
    ],
)
def test_every_factor_keeps_its_place_in_writing_and_in_reading(factor: str, place: int):
    signs = "." * place + "-" + "." * (7 - place)

    written = stances_of("LONG", {factor: {"contribution": -1.0}})
    read = factor_sums([told(1.0, stances=signs)])

    assert written == signs
    assert [(key.factor, key.stance) for key in read] == [(factor, "opposes")]


@pytest.mark.parametrize(
    "factors",
    [
        {},
        {"funding_rate": {"contribution": None}},
        {"funding_rate": {"score": 70}},
        {"funding_rate": {"contribution": "3"}},
        {"funding_rate": {"contribution": True}},
        {"funding_rate": 3.0},
        {"a_factor_of_another_program": {"contribution": 3.0}},
        ["funding_rate"],
        None,
    ],
)
def test_what_is_no_contribution_is_no_stance(factors: Any):
    assert stances_of("LONG", factors) == ""


def test_every_factor_sum_by_hand():
    both = ".+...-.."
    outcomes = [
        told(2.0, stances=both),
        told(-1.0, stances=".+......", base_rate=None),
        told(None, stances=both),
        told(1.0, stances=""),
    ]

    sums = {(key.factor, key.stance): columns for key, columns in factor_sums(outcomes).items()}

    assert sums == {
        ("funding_rate", "supports"): {
            "n": 2,
            "hits": 1,
            "sum_net_return_pct": 1.0,
            "base_n": 1,
            "base_hits": 1,
            "sum_base_rate": 0.5,
        },
        ("oi_trend", "opposes"): {
            "n": 1,
            "hits": 1,
            "sum_net_return_pct": 2.0,
            "base_n": 1,
            "base_hits": 1,
            "sum_base_rate": 0.5,
        },
    }
