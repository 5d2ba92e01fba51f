"""Features → Scores: weigh every factor of every row and decide.

Scores are sums of whole hundredths of a point, so they add up exactly for whoever checks them by
hand: a factor's score is rounded to hundredths, its contribution is weight × (score − 50) ÷ 100
rounded half away from zero to hundredths, the score is 50 plus the contributions, and thresholds
are compared as integers.
"""

from __future__ import annotations

import numpy as np

from market.types import FloatArray, Int64Array
from market.windows import MAX_BAR_AGE_BARS
from signals.engine.factors import FACTORS
from signals.engine.types import BoolArray, Confidence, Factor, Features, Scores, ScoringProfile

NEUTRAL_HUNDREDTHS = 5_000

# Confidence: |score − 50| of this many points is the full distance.
FULL_DISTANCE_HUNDREDTHS = 2_000
HIGH_CONFIDENCE = 0.5
MEDIUM_CONFIDENCE = 0.25
_CONFIDENCE_STEPS = 10_000  # confidence is kept to four decimals

# Rows scored at a time: a block's columns stay within a core's cache.
_BLOCK = 16_384


def score(features: Features, profile: ScoringProfile) -> Scores:
    """Score every row.

    Parameters
    ----------
    features : Features
        n rows; NaN where unknown.
    profile : ScoringProfile
        Weights, curve scales, thresholds and minimum coverage.

    Returns
    -------
    Scores
        Row-aligned; a factor that is NaN contributes 0 hundredths and lowers the coverage.
    """
    rows = len(features)
    # Factor-major in memory: every step reads and writes whole columns.
    scores = Scores(
        factor_scores=np.empty((len(Factor), rows)).T,
        contributions=np.empty((len(Factor), rows), dtype=np.int64).T,
        score_hundredths=np.empty(rows, dtype=np.int64),
        known=np.empty(rows, dtype=np.bool_),
        coverage_pct=np.empty(rows),
        direction=np.empty(rows, dtype=np.int64),
        sufficient=np.empty(rows, dtype=np.bool_),
        confidence_score=np.empty(rows),
    )
    for start in range(0, rows, _BLOCK):
        stop = min(start + _BLOCK, rows)
        _score_block(features.block(start, stop), profile, scores, slice(start, stop))
    return scores


def _score_block(features: Features, profile: ScoringProfile, scores: Scores, rows: slice) -> None:
    # Whole numbers all through, held as float64 (exact far beyond 5000 × 100) until they are kept.
    total = np.full(len(features), float(NEUTRAL_HUNDREDTHS))
    known_weight = np.zeros(len(features))
    weighted_leans: list[FloatArray] = []
    for column, (factor, spec) in enumerate(FACTORS.items()):
        weight = float(profile.weights[factor])
        lean = lean_hundredths(spec.score(features, profile.scale(factor)))
        unknown = np.isnan(lean)
        scores.factor_scores[rows, column] = (lean + NEUTRAL_HUNDREDTHS) / 100.0
        lean[unknown] = 0.0
        lean *= weight
        contribution = rounded_hundredths(lean)
        scores.contributions[rows, column] = contribution
        total += contribution
        known_weight += weight * ~unknown
        weighted_leans.append(lean)
    sufficient = (
        (known_weight >= profile.min_coverage_pct)
        & (features.price_usd > 0.0)
        & (features.newest_bar_age_bars <= MAX_BAR_AGE_BARS)
    )
    scores.score_hundredths[rows] = total
    scores.known[rows] = known_weight > 0.0
    scores.coverage_pct[rows] = known_weight
    scores.sufficient[rows] = sufficient
    scores.direction[rows] = _direction(total, sufficient, profile)
    distance = total - NEUTRAL_HUNDREDTHS
    agreeing_weight = np.zeros(len(features))
    for factor, lean in zip(FACTORS, weighted_leans, strict=True):
        agreeing_weight += float(profile.weights[factor]) * (lean * distance > 0.0)
    scores.confidence_score[rows] = _confidence(distance, known_weight, agreeing_weight)


def lean_hundredths(factor_scores: FloatArray) -> FloatArray:
    """Return score − 50 in whole hundredths; NaN where unknown."""
    lean = factor_scores - 50.0
    lean *= 100.0
    return np.rint(lean, out=lean)


def rounded_hundredths(weighted_lean: FloatArray) -> FloatArray:
    """Return weight × lean ÷ 100 rounded half away from zero; exact for whole numbers."""
    size = np.abs(weighted_lean)
    size += 50.0
    size /= 100.0
    # A quotient of whole numbers by 100 lies on a whole number or at least 0.01 away from it, so
    # cutting it off cannot be misled by its rounding.
    np.trunc(size, out=size)
    return np.copysign(size, weighted_lean, out=size)


def threshold_hundredths(threshold: float) -> int:
    return round(threshold * 100)


def _direction(total: FloatArray, sufficient: BoolArray, profile: ScoringProfile) -> Int64Array:
    is_long = total >= threshold_hundredths(profile.long_at)
    is_short = total <= threshold_hundredths(profile.short_at)
    side: Int64Array = is_long.astype(np.int64) - is_short
    return side * sufficient


def _confidence(
    distance: FloatArray, known_weight: FloatArray, agreeing_weight: FloatArray
) -> FloatArray:
    """Return agreement × coverage × distance, each 0-1, to four decimals.

    At a score of exactly 50 no factor is on its side and the distance is 0.
    """
    agreement = agreeing_weight / np.maximum(known_weight, 1.0)
    reach = np.minimum(np.abs(distance), FULL_DISTANCE_HUNDREDTHS) / FULL_DISTANCE_HUNDREDTHS
    confidence = agreement * (known_weight / 100.0) * reach
    rounded: FloatArray = np.rint(confidence * _CONFIDENCE_STEPS) / _CONFIDENCE_STEPS
    return rounded


def confidence_band(direction: int, confidence_score: float) -> Confidence:
    """Return the band of one row; NEUTRAL is low."""
    if direction == 0 or confidence_score < MEDIUM_CONFIDENCE:
        return Confidence.LOW
    return Confidence.HIGH if confidence_score >= HIGH_CONFIDENCE else Confidence.MEDIUM
