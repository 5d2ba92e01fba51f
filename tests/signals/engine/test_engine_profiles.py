"""Scoring profiles: what ships, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from signals.engine import BALANCED, PRESETS, profile_errors, score
from signals.engine.factors import FACTORS
from signals.engine.types import Factor, ScoringProfile
from tests.builders import make_features

VALID: dict[str, Any] = {
    "weights": dict(BALANCED.weights),
    "curve_scales": {},
    "long_at": 55.0,
    "short_at": 45.0,
    "min_coverage_pct": 60.0,
    "cooldown_h": 4.0,
    "rescore_distance": 10.0,
}


def test_the_presets_are_conservative_balanced_and_aggressive():
    assert list(PRESETS) == ["conservative", "balanced", "aggressive"]
    assert PRESETS["balanced"] is BALANCED
    for name, profile in PRESETS.items():
        assert profile.name == name
        assert sum(profile.weights.values()) == 100


def test_the_balanced_preset_has_the_designs_weights_and_thresholds():
    assert dict(BALANCED.weights) == {factor: spec.weight for factor, spec in FACTORS.items()}
    assert (BALANCED.long_at, BALANCED.short_at, BALANCED.min_coverage_pct) == (55.0, 45.0, 60.0)


def test_a_bolder_preset_needs_less_for_a_direction():
    features = make_features(long_account_z=[-0.5, -1.0, -1.5, -2.0, -3.0], top_minus_crowd_z=1.0)

    directed = {
        name: int(score(features, profile).direction.sum()) for name, profile in PRESETS.items()
    }

    assert directed["aggressive"] > directed["balanced"] > directed["conservative"]


def test_valid_settings_have_no_errors():
    assert profile_errors(**VALID) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"weights": {**VALID["weights"], Factor.FEAR_GREED: 6}}, "weights: they sum to 101"),
        ({"weights": {**VALID["weights"], Factor.FEAR_GREED: 15, Factor.OI_TREND: 0}}, None),
        ({"weights": {**VALID["weights"], Factor.FEAR_GREED: -5}}, "weights: fear_greed must be"),
        ({"weights": {**VALID["weights"], Factor.FEAR_GREED: 5.0}}, "weights: fear_greed must be"),
        ({"weights": {**VALID["weights"], Factor.FEAR_GREED: True}}, "weights: fear_greed must be"),
        ({"weights": {Factor.FUNDING_RATE: 100}}, "weights: liquidations, price_momentum"),
        ({"weights": {**VALID["weights"], "mood": 0}}, "weights: mood is not a factor"),
        ({"curve_scales": {Factor.OI_TREND: 0.1}}, None),
        ({"curve_scales": {Factor.OI_TREND: 0.09}}, "curve_scales: oi_trend"),
        ({"curve_scales": {Factor.OI_TREND: 10.1}}, "curve_scales: oi_trend"),
        ({"curve_scales": {Factor.OI_TREND: float("nan")}}, "curve_scales: oi_trend"),
        ({"curve_scales": {"mood": 1.0}}, "curve_scales: mood is not a factor"),
        ({"long_at": 50.0}, "long_at"), ({"long_at": 50.01}, None), ({"long_at": 100.1}, "long_at"),
        ({"short_at": 50.0}, "short_at"), ({"short_at": 49.99}, None),
        ({"short_at": -1.0}, "short_at"),
        ({"min_coverage_pct": 0.0}, "min_coverage_pct"), ({"min_coverage_pct": 100.0}, None),
        ({"cooldown_h": -1.0}, "cooldown_h"), ({"cooldown_h": 0.0}, None),
        ({"cooldown_h": 721.0}, "cooldown_h"), ({"rescore_distance": 0.0}, "rescore_distance"),
        ({"rescore_distance": 51.0}, "rescore_distance"), ({"rescore_distance": 50.0}, None),
    ],
)  # fmt: skip
def test_settings_that_cannot_score_are_named(changes: dict[str, Any], fault: str | None):
    errors = profile_errors(**{**VALID, **changes})

    assert len(errors) == (0 if fault is None else 1)
    assert fault is None or errors[0].startswith(fault)


def test_every_fault_is_told_at_once():
    errors = profile_errors(**{**VALID, "long_at": 40.0, "short_at": 60.0, "cooldown_h": -1.0})

    assert [error.split(":")[0] for error in errors] == ["long_at", "short_at", "cooldown_h"]


def test_an_invalid_profile_cannot_be_built():
    with pytest.raises(ValueError, match=r"long_at.*; min_coverage_pct"):
        replace(BALANCED, long_at=49.0, min_coverage_pct=0.0)


def test_a_factor_without_a_scale_is_not_stretched():
    profile = ScoringProfile("mine", 1, BALANCED.weights, {Factor.OI_TREND: 2.0})

    assert profile.scale(Factor.OI_TREND) == 2.0
    assert profile.scale(Factor.FEAR_GREED) == 1.0
