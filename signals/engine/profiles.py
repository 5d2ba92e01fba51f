"""The profiles that ship: balanced is the default, the others differ in nerve, not in ideas.

A calmer profile stretches the curves' inputs, asks for a score further from 50 and for more known
weight; a bolder one the reverse. People's own profiles are versioned rows of the same shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from signals.engine.factors import FACTORS
from signals.engine.types import Factor, ScoringProfile

DESIGN_WEIGHTS: Mapping[Factor, int] = MappingProxyType(
    {factor: spec.weight for factor, spec in FACTORS.items()}
)

BALANCED = ScoringProfile(name="balanced", version=1, weights=DESIGN_WEIGHTS)

CONSERVATIVE = ScoringProfile(
    name="conservative",
    version=1,
    weights=DESIGN_WEIGHTS,
    curve_scales=MappingProxyType(dict.fromkeys(Factor, 1.25)),
    long_at=58.0,
    short_at=42.0,
    min_coverage_pct=75.0,
    cooldown_h=8.0,
)

AGGRESSIVE = ScoringProfile(
    name="aggressive",
    version=1,
    weights=DESIGN_WEIGHTS,
    curve_scales=MappingProxyType(dict.fromkeys(Factor, 0.8)),
    long_at=53.0,
    short_at=47.0,
    min_coverage_pct=50.0,
    cooldown_h=2.0,
    rescore_distance=5.0,
)

PRESETS: Mapping[str, ScoringProfile] = MappingProxyType(
    {profile.name: profile for profile in (CONSERVATIVE, BALANCED, AGGRESSIVE)}
)
