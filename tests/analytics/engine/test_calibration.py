"""Brier score, calibration error and reliability: by hand, by definition, and against the base."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.engine.calibration import (
    Band,
    ForecastSums,
    base_rate,
    brier_score,
    expected_calibration_error,
    forecast_sums,
    reliability,
    scores,
    stated_probability,
)
from signals.engine.hit_rates import Edge

# Four outcomes: two hits, forecast 0.8 and 0.6; two misses, forecast 0.8 and 0.6.
HAND = forecast_sums([0.8, 0.6, 0.8, 0.6], [True, True, False, False])


def test_every_number_of_four_forecasts_by_hand():
    assert (HAND.n, HAND.hits) == (4, 2)
    assert HAND.total == pytest.approx(2.8)
    assert HAND.squares == pytest.approx(2.0)
    assert HAND.of_hits == pytest.approx(1.4)
    # (0.2² + 0.4² + 0.8² + 0.6²) ÷ 4
    assert brier_score(HAND) == pytest.approx(0.30)
    # |0.7 − 0.5|
    assert expected_calibration_error([HAND]) == pytest.approx(0.2)


def test_the_calibration_error_weighs_bands_by_their_outcomes():
    sure = forecast_sums([0.9] * 10, [True] * 9 + [False])
    unsure = forecast_sums([0.6] * 30, [True] * 12 + [False] * 18)

    # (10 × |0.9 − 0.9| + 30 × |0.6 − 0.4|) ÷ 40
    assert expected_calibration_error([sure, unsure]) == pytest.approx(0.15)
    assert expected_calibration_error([]) is None
    assert expected_calibration_error([forecast_sums([], [])]) is None


def test_a_confidence_of_none_is_a_coin_toss_and_full_is_certain():
    assert [stated_probability(each) for each in (0.0, 0.25, 0.5, 1.0)] == [0.5, 0.625, 0.75, 1.0]


@given(st.lists(st.tuples(st.floats(0.0, 1.0), st.booleans()), min_size=1, max_size=50))
def test_the_brier_score_is_the_mean_squared_error(outcomes: list[tuple[float, bool]]):
    forecasts, hits = zip(*outcomes, strict=True)

    score = brier_score(forecast_sums(forecasts, hits))

    naive = sum((forecast - hit) ** 2 for forecast, hit in outcomes) / len(outcomes)
    assert score == pytest.approx(naive, abs=1e-12)
    assert score is not None
    assert -1e-12 <= score <= 1.0


def test_without_outcomes_nothing_is_scored():
    nothing = scores([])

    assert nothing.n == 0
    assert nothing.brier is None
    assert nothing.skill is None
    assert nothing.calibration_error is None


def test_stating_the_base_rate_has_no_skill_and_stating_the_truth_has_all():
    base = forecast_sums([0.5] * 4, [True, True, False, False])
    truth = forecast_sums([1.0, 1.0, 0.0, 0.0], [True, True, False, False])

    assert scores([Band(4, 2, base, base)]).skill == 0.0
    assert scores([Band(4, 2, truth, base)]).skill == 1.0
    assert scores([Band(4, 2, HAND, base)]).skill == pytest.approx(1.0 - 0.30 / 0.25)


def test_bands_that_state_nothing_are_no_part_of_the_scores():
    base = forecast_sums([0.5] * 4, [True, True, False, False])

    assert scores([Band(4, 2, None, base), Band(4, 2, HAND, base)]).n == 4


@pytest.mark.parametrize(
    ("n", "base_n", "expected"), [(100, 0, None), (100, 79, None), (100, 80, 0.5), (100, 100, 0.5)]
)
def test_a_base_rate_is_told_when_it_is_known_for_four_in_five_outcomes(
    n: int, base_n: int, expected: float | None
):
    assert base_rate(n, base_n, base_n * 0.5) == expected


def test_a_bands_reliability_by_hand():
    band = Band(
        n=312,
        hits=169,
        stated=ForecastSums(300, 160, 195.0, 130.0, 104.0),
        base=ForecastSums(300, 160, 153.0, 80.0, 82.0),
    )

    told = reliability(band)

    assert (told.n, told.hits, told.few) == (312, 169, False)
    assert told.hit_rate == pytest.approx(0.5417, abs=1e-4)
    assert told.interval == pytest.approx((0.4862, 0.5961), abs=1e-4)
    assert told.stated == pytest.approx(0.65)
    assert told.base_rate == pytest.approx(0.51)
    assert told.edge is Edge.NOT_SHOWN


def test_a_band_without_outcomes_has_no_rates():
    empty = forecast_sums([], [])

    told = reliability(Band(0, 0, empty, empty))

    assert (told.hit_rate, told.interval, told.stated, told.base_rate) == (None, None, None, None)
    assert told.few


@pytest.mark.parametrize(("n", "few"), [(29, True), (30, False)])
def test_few_outcomes_are_marked(n: int, few: bool):
    empty = forecast_sums([], [])

    assert reliability(Band(n, 10, None, empty)).few is few
