"""score(): exact sums, integer thresholds, coverage, agreement and distance."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.types import FloatArray
from signals.engine import BALANCED, score
from signals.engine.factors import FACTORS
from signals.engine.score import (
    confidence_band,
    lean_hundredths,
    rounded_hundredths,
    threshold_hundredths,
)
from signals.engine.types import FEATURE_NAMES, Confidence, Factor, Features, Scores
from tests.builders import make_features
from tests.signals.engine.test_factors import MAIN_FEATURES, feature_rows, only_24h

NAN = math.nan
BITS = ("factor_scores", "coverage_pct", "confidence_score")


def missing(*factors: Factor) -> dict[str, float]:
    return {name: NAN for factor in factors for name in MAIN_FEATURES[factor]}


def same_bits(one: Scores, other: Scores) -> bool:
    return all(
        np.array_equal(
            np.ascontiguousarray(getattr(one, name)).view(np.int64),
            np.ascontiguousarray(getattr(other, name)).view(np.int64),
        )
        for name in BITS
    ) and all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("contributions", "score_hundredths", "known", "direction", "sufficient")
    )


def taken(features: Features, rows: np.ndarray | slice) -> Features:
    return Features(**{name: getattr(features, name)[rows] for name in FEATURE_NAMES})


def test_all_factors_at_50_score_exactly_50_and_are_neutral():
    scores = score(make_features(3), BALANCED)

    assert scores.score_hundredths.tolist() == [5000, 5000, 5000]
    assert scores.direction.tolist() == [0, 0, 0]
    assert scores.sufficient.all()
    assert (scores.factor_scores == 50.0).all()
    assert not scores.contributions.any()
    assert scores.confidence_score.tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("factor", Factor)
def test_a_missing_factor_contributes_nothing_and_lowers_the_coverage(factor: Factor):
    scores = score(make_features(**missing(factor)), BALANCED)

    column = list(Factor).index(factor)
    assert math.isnan(scores.factor_scores[0, column])
    assert scores.contributions[0, column] == 0
    assert scores.coverage_pct[0] == 100 - FACTORS[factor].weight
    assert scores.score_hundredths[0] == 5000


def test_without_any_factor_nothing_is_known():
    scores = score(make_features(**missing(*Factor)), BALANCED)

    assert not scores.known[0]
    assert scores.coverage_pct[0] == 0.0
    assert not scores.sufficient[0]
    assert scores.direction[0] == 0


def test_a_factor_without_weight_is_no_knowledge():
    weights = {**dict.fromkeys(Factor, 0), Factor.FEAR_GREED: 100}
    lopsided = replace(BALANCED, weights=weights)

    scores = score(make_features(**missing(Factor.FEAR_GREED)), lopsided)

    assert not scores.known[0]


@given(features=feature_rows(), scale=st.sampled_from([0.8, 1.0, 1.25]))
def test_contributions_add_up_exactly_and_follow_the_stated_rule(features: Features, scale: float):
    profile = replace(BALANCED, curve_scales=dict.fromkeys(Factor, scale))

    scores = score(features, profile)

    assert (scores.score_hundredths == 5000 + scores.contributions.sum(axis=1)).all()
    assert ((scores.score_hundredths >= 0) & (scores.score_hundredths <= 10_000)).all()
    for row in range(len(features)):
        for column, factor in enumerate(Factor):
            shown = float(scores.factor_scores[row, column])
            expected = 0 if math.isnan(shown) else by_hand(shown, profile.weights[factor])
            assert scores.contributions[row, column] == expected


def by_hand(shown: float, weight: int) -> int:
    exact = weight * (Fraction(round(shown * 100)) - 5000) / 100
    away = int(abs(exact) + Fraction(1, 2))
    return away if exact >= 0 else -away


@given(features=feature_rows())
def test_scores_are_bounded_and_known_rows_say_so(features: Features):
    scores = score(features, BALANCED)

    known = scores.factor_scores[~np.isnan(scores.factor_scores)]
    assert ((known >= 0.0) & (known <= 100.0)).all()
    assert ((scores.confidence_score >= 0.0) & (scores.confidence_score <= 1.0)).all()
    assert np.array_equal(scores.known, scores.coverage_pct > 0.0)


@settings(max_examples=30)
@given(features=feature_rows(), data=st.data())
def test_rows_score_the_same_alone_in_chunks_and_in_any_order(
    features: Features, data: st.DataObject
):
    together = score(features, BALANCED)
    order = np.array(data.draw(st.permutations(range(len(features)))))
    cut = data.draw(st.integers(0, len(features)))

    shuffled = score(taken(features, order), BALANCED)
    head = score(taken(features, slice(0, cut)), BALANCED)
    alone = score(taken(features, slice(len(features) - 1, None)), BALANCED)

    assert same_bits(shuffled, picked(together, order))
    assert same_bits(head, picked(together, slice(0, cut)))
    assert same_bits(alone, picked(together, slice(len(features) - 1, None)))


def picked(scores: Scores, rows: np.ndarray | slice) -> Scores:
    return Scores(**{name: getattr(scores, name)[rows] for name in Scores.__slots__})


def test_blocks_leave_no_trace():
    rng = np.random.default_rng(1)
    features = Features(**{name: rng.normal(0.0, 2.0, 40_000) for name in FEATURE_NAMES})

    whole = score(features, BALANCED)

    for rows in (slice(0, 16_385), slice(16_383, 16_386), slice(20_001, 40_000)):
        assert same_bits(score(taken(features, rows), BALANCED), picked(whole, rows))


@pytest.mark.parametrize(
    ("weighted_lean", "expected"),
    [
        (0, 0), (49, 0), (50, 1), (51, 1), (149, 1), (150, 2), (250, 3), (-49, 0), (-50, -1),
        (-150, -2), (-250, -3), (500_000, 5_000), (-500_000, -5_000),
    ],
)  # fmt: skip
def test_contributions_round_half_away_from_zero(weighted_lean: int, expected: int):
    assert rounded_hundredths(np.array([float(weighted_lean)]))[0] == expected


def test_rounding_is_exact_for_every_product_that_can_occur():
    products = np.arange(-500_000, 500_001)

    rounded = rounded_hundredths(products.astype(np.float64))

    assert (rounded == np.sign(products) * ((np.abs(products) + 50) // 100)).all()


@pytest.mark.parametrize(
    ("factor_score", "lean"), [(50.0, 0), (50.004, 0), (50.006, 1), (49.994, -1), (85.0, 3500)]
)
def test_factor_scores_are_rounded_to_hundredths(factor_score: float, lean: int):
    assert lean_hundredths(np.array([factor_score]))[0] == lean


# Direction


def with_total(hundredths: int) -> Features:
    """Return a row whose only leaning factor, fear and greed at full weight, gives that score."""
    index = 50.0 + (hundredths - 5000) / 100.0 * 50.0 / 15.0
    return make_features(fear_greed_index=index)


ONLY_MOOD = replace(BALANCED, weights={**dict.fromkeys(Factor, 0), Factor.FEAR_GREED: 100})


@pytest.mark.parametrize(
    ("hundredths", "direction"),
    [(5499, 0), (5500, 1), (5501, 1), (4501, 0), (4500, -1), (4499, -1), (5000, 0)],
)
def test_thresholds_are_compared_as_integers(hundredths: int, direction: int):
    scores = score(with_total(hundredths), ONLY_MOOD)

    assert scores.score_hundredths[0] == hundredths
    assert scores.direction[0] == direction


def test_a_threshold_with_decimals_keeps_them():
    assert threshold_hundredths(57.3) == 5730
    assert threshold_hundredths(42.7) == 4270


def strong(**features: float) -> dict[str, float]:
    return {"long_account_z": -3.0, "top_minus_crowd_z": 3.0, **only_24h(40e6, 0.0), **features}


@pytest.mark.parametrize(
    ("lacking", "coverage", "sufficient"),
    [
        ((), 100, True),
        ((Factor.FUNDING_RATE, Factor.PRICE_MOMENTUM, Factor.OI_TREND), 60, True),
        (
            (Factor.FUNDING_RATE, Factor.PRICE_MOMENTUM, Factor.OI_TREND, Factor.FEAR_GREED),
            55,
            False,
        ),
    ],
)
def test_a_strong_score_on_too_little_weight_is_neutral(
    lacking: tuple[Factor, ...], coverage: int, sufficient: bool
):
    scores = score(make_features(**{**strong(), **missing(*lacking)}), BALANCED)

    assert scores.score_hundredths[0] >= 5500
    assert scores.coverage_pct[0] == coverage
    assert bool(scores.sufficient[0]) is sufficient
    assert scores.direction[0] == (1 if sufficient else 0)


@pytest.mark.parametrize("price_usd", [NAN, 0.0, -1.0])
def test_an_unknown_price_makes_any_score_neutral(price_usd: float):
    scores = score(make_features(**strong(price_usd=price_usd)), BALANCED)

    assert not scores.sufficient[0]
    assert scores.direction[0] == 0


@pytest.mark.parametrize(
    ("age_bars", "direction"), [(0.0, 1), (1.99, 1), (2.0, 1), (2.01, 0), (NAN, 0)]
)
def test_candles_older_than_two_bars_make_any_score_neutral(age_bars: float, direction: int):
    scores = score(make_features(**strong(newest_bar_age_bars=age_bars)), BALANCED)

    assert scores.direction[0] == direction


# Confidence


def test_confidence_is_agreement_times_coverage_times_distance():
    features = make_features(
        **{
            **missing(Factor.SOCIAL_SENTIMENT),
            "long_account_z": -1.5,  # 65: +2.25
            "top_minus_crowd_z": 1.5,  # 63: +1.30
            "fear_greed_index": 0.0,  # 35: −0.75
        }
    )

    scores = score(features, BALANCED)

    agreement, coverage, distance = 25 / 90, 0.9, 2.80 / 20
    assert scores.score_hundredths[0] == 5280
    assert scores.confidence_score[0] == round(agreement * coverage * distance, 4)


@given(features=feature_rows())
def test_confidence_is_what_its_definition_says(features: Features):
    scores = score(features, BALANCED)

    for row in range(len(features)):
        lean = np.nan_to_num(scores.factor_scores[row] - 50.0)
        distance = scores.score_hundredths[row] / 100 - 50.0
        weights: FloatArray = np.array([BALANCED.weights[factor] for factor in Factor], float)
        side = weights[lean * distance > 0.0].sum()
        known = weights[~np.isnan(scores.factor_scores[row])].sum()
        expected = side / known * known / 100 * min(1.0, abs(distance) / 20) if known else 0.0
        assert scores.confidence_score[row] == pytest.approx(expected, abs=6e-5)


def test_confidence_counts_distance_up_to_twenty_points_only():
    near, far = (score(with_total(h), ONLY_MOOD).confidence_score[0] for h in (6000, 6499))

    assert near == 0.5
    assert far == pytest.approx(0.75, abs=1e-3)


@pytest.mark.parametrize(
    ("direction", "confidence_score", "band"),
    [
        (1, 1.0, Confidence.HIGH), (1, 0.5, Confidence.HIGH), (-1, 0.4999, Confidence.MEDIUM),
        (-1, 0.25, Confidence.MEDIUM), (1, 0.2499, Confidence.LOW), (0, 1.0, Confidence.LOW),
    ],
)  # fmt: skip
def test_confidence_has_three_bands_and_neutral_is_low(
    direction: int, confidence_score: float, band: Confidence
):
    assert confidence_band(direction, confidence_score) is band


def test_no_rows_score_to_no_rows():
    scores = score(make_features(0), BALANCED)

    assert scores.factor_scores.shape == (0, 8)
    assert len(scores.score_hundredths) == 0
