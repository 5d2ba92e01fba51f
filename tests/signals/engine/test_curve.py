"""Curves: exact at their points, flat outside, anchored at the pivot."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.engine.curve import Curve

DEAD_ZONE = Curve((-3.0, 80.0), (-1.0, 50.0), (1.0, 50.0), (3.0, 20.0))
TILTED = Curve((0.0, -4.0), (48.0, 0.0), (52.0, 0.0), (60.0, 8.0), pivot=50.0, neutral=0.0)
inputs = st.floats(-1e6, 1e6)
scales = st.floats(0.1, 10.0)


def value(curve: Curve, x: float, scale: float = 1.0) -> float:
    return float(curve(np.array([x]), scale)[0])


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (-9.0, 80.0), (-3.0, 80.0), (-2.0, 65.0), (-1.0, 50.0), (-0.99, 50.0), (0.0, 50.0),
        (1.0, 50.0), (1.5, 42.5), (3.0, 20.0), (9.0, 20.0),
    ],
)  # fmt: skip
def test_a_curve_runs_straight_between_its_points_and_flat_outside(x: float, y: float):
    assert value(DEAD_ZONE, x) == pytest.approx(y, abs=1e-12)


@pytest.mark.parametrize(("x", "y"), [(-5.0, -4.0), (24.0, -2.0), (50.0, 0.0), (56.0, 4.0)])
def test_a_part_of_a_score_is_neutral_at_zero_points(x: float, y: float):
    assert value(TILTED, x) == pytest.approx(y, abs=1e-12)


def test_the_dead_zone_is_exactly_neutral():
    zone = np.linspace(-1.0, 1.0, 101)

    assert (DEAD_ZONE(zone) == 50.0).all()


@given(x=inputs, scale=scales)
def test_scaling_stretches_the_input_about_the_pivot(x: float, scale: float):
    stretched = TILTED.pivot + (x - TILTED.pivot) / scale

    assert value(TILTED, x, scale) == pytest.approx(value(TILTED, stretched), abs=1e-6)


@given(x=inputs, further=st.floats(0.0, 1e6), scale=scales)
def test_a_falling_curve_never_rises(x: float, further: float, scale: float):
    assert value(DEAD_ZONE, x + further, scale) <= value(DEAD_ZONE, x, scale)


@given(x=inputs)
def test_an_odd_curve_is_symmetric_about_its_pivot(x: float):
    assert value(DEAD_ZONE, -x) - 50.0 == pytest.approx(50.0 - value(DEAD_ZONE, x), abs=1e-9)


def test_unknown_stays_unknown():
    assert np.isnan(DEAD_ZONE(np.array([np.nan]), 2.0)).all()


def test_the_input_is_left_as_it_was():
    inputs = np.array([-2.0, 0.0, 2.0])

    DEAD_ZONE(inputs, 2.0)

    assert inputs.tolist() == [-2.0, 0.0, 2.0]


@pytest.mark.parametrize(
    ("points", "pivot", "fault"),
    [
        ([(0.0, 50.0)], 0.0, "two or more points"),
        ([(0.0, 50.0), (0.0, 60.0)], 0.0, "ascending"),
        ([(1.0, 50.0), (0.0, 60.0)], 1.0, "ascending"),
        ([(-1.0, 40.0), (1.0, 60.0)], 0.0, "not 50.0 at its pivot"),
        ([(-1.0, 40.0), (1.0, 50.0)], 2.0, "not 50.0 at its pivot"),
        ([(-1.0, 50.0), (1.0, 50.0)], 0.0, "unknown into neutral"),
    ],
)
def test_a_curve_that_cannot_be_anchored_is_refused(
    points: list[tuple[float, float]], pivot: float, fault: str
):
    with pytest.raises(ValueError, match=fault):
        Curve(*points, pivot=pivot)
