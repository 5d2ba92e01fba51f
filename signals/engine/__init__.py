"""Factors → signal: snapshots or histories in, explained scores out. Pure numpy.

``evaluate`` is the live path and replay; ``extract_features`` and ``score`` are the same lines over
years.
"""

from signals.engine.explain import evaluate, explain
from signals.engine.features import extract_features, features_from_snapshots
from signals.engine.profiles import BALANCED, PRESETS
from signals.engine.score import score
from signals.engine.types import (
    ENGINE_VERSION,
    Confidence,
    Direction,
    Factor,
    FactorResult,
    FeatureRow,
    Features,
    Scores,
    ScoringProfile,
    SignalResult,
    profile_errors,
)

__all__ = [
    "BALANCED",
    "ENGINE_VERSION",
    "PRESETS",
    "Confidence",
    "Direction",
    "Factor",
    "FactorResult",
    "FeatureRow",
    "Features",
    "Scores",
    "ScoringProfile",
    "SignalResult",
    "evaluate",
    "explain",
    "extract_features",
    "features_from_snapshots",
    "profile_errors",
    "score",
]
