"""Scores → SignalResult: one row told to people, with reasons that keep to their sign.

A reason's side is written here from the contribution itself, and the fact before it is the one
that speaks for that side; a factor that contributes nothing is no reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from market.figures import figures_of
from market.snapshot import MarketSnapshot, input_hash
from market.types import public_name
from market.windows import MAX_BAR_AGE_BARS
from signals.engine.factors import FACTORS, FactorSpec
from signals.engine.features import features_from_snapshots
from signals.engine.score import confidence_band, score
from signals.engine.types import (
    ENGINE_VERSION,
    FEATURE_NAMES,
    Direction,
    Factor,
    FactorResult,
    FeatureRow,
    Features,
    Scores,
    ScoringProfile,
    SignalResult,
)
from signals.engine.wording import plain, signed

MAX_REASONS = 3

_DIRECTIONS = {1: Direction.LONG, -1: Direction.SHORT, 0: Direction.NEUTRAL}


def evaluate(snapshots: Sequence[MarketSnapshot], profile: ScoringProfile) -> list[SignalResult]:
    """Score a frame of snapshots and tell every row."""
    features = features_from_snapshots(snapshots)
    scores = score(features, profile)
    return [
        explain(features, scores, row, snapshot, profile) for row, snapshot in enumerate(snapshots)
    ]


def explain(
    features: Features,
    scores: Scores,
    row: int,
    snapshot: MarketSnapshot,
    profile: ScoringProfile,
) -> SignalResult:
    """Tell one row: direction, reasons, what is missing and why."""
    feature_row = FeatureRow(features.block(row, row + 1), snapshot.readings)
    factors = {
        factor: _factor_result(
            factor,
            spec,
            profile,
            float(scores.factor_scores[row, column]),
            int(scores.contributions[row, column]),
            feature_row,
            snapshot,
        )
        for column, (factor, spec) in enumerate(FACTORS.items())
    }
    missing = tuple(factor for factor, told in factors.items() if told.score is None)
    direction = _DIRECTIONS[int(scores.direction[row])]
    coverage_pct = float(scores.coverage_pct[row])
    confidence_score = float(scores.confidence_score[row])
    sufficient = bool(scores.sufficient[row])
    return SignalResult(
        symbol=snapshot.symbol.base,
        at_ms=snapshot.at_ms,
        environment=snapshot.environment,
        direction=direction,
        score=int(scores.score_hundredths[row]) / 100 if scores.known[row] else None,
        confidence=confidence_band(int(scores.direction[row]), confidence_score),
        confidence_score=confidence_score,
        coverage_pct=coverage_pct,
        price=_known_or_none(feature_row.price_usd),
        reasons=_reasons(factors),
        neutral_reason=_neutral_reason(direction, sufficient=sufficient),
        insufficient=_insufficient(feature_row, coverage_pct, missing, profile),
        factors=factors,
        missing=missing,
        readings=snapshot.readings,
        problems=snapshot.problems,
        metrics={name: _known_or_none(getattr(feature_row, name)) for name in FEATURE_NAMES},
        engine_version=ENGINE_VERSION,
        profile_name=profile.name,
        profile_version=profile.version,
        input_hash=input_hash(snapshot),
        shown=snapshot.shown,
        figures=figures_of(snapshot),
        candles=snapshot.history.candles,
    )


def _factor_result(
    factor: Factor,
    spec: FactorSpec,
    profile: ScoringProfile,
    factor_score: float,
    contribution_hundredths: int,
    row: FeatureRow,
    snapshot: MarketSnapshot,
) -> FactorResult:
    weight = profile.weights[factor]
    if np.isnan(factor_score):
        reason = f"missing: {spec.lacks(row)}{_problems_of(spec, snapshot)}"
        return FactorResult(factor, weight, None, None, reason, spec.readings)
    contribution = contribution_hundredths / 100
    fact = spec.explain(row, factor_score - 50.0, profile.scale(factor))
    return FactorResult(
        factor,
        weight,
        factor_score,
        contribution,
        f"{fact}{told_side(contribution)}",
        spec.readings,
    )


def told_side(contribution: float) -> str:
    """Return how a reason ends: ": favours LONG, +3.04"."""
    if contribution == 0.0:
        return ": neutral"
    side = Direction.LONG if contribution > 0.0 else Direction.SHORT
    return f": favours {side}, {signed(contribution, 2)}"


def _problems_of(spec: FactorSpec, snapshot: MarketSnapshot) -> str:
    # Readings of one source often fail alike: said once.
    told = dict.fromkeys(
        f"{public_name(problem.source)}: {problem.detail}"
        for problem in snapshot.problems
        if problem.reading in spec.readings
    )
    return f" ({'; '.join(told)})" if told else ""


def _reasons(factors: Mapping[Factor, FactorResult]) -> tuple[str, ...]:
    # Sorting is stable, so equal contributions keep the factors' order.
    ranked = sorted(factors.values(), key=lambda told: -abs(told.contribution or 0.0))
    return tuple(told.reason for told in ranked[:MAX_REASONS] if told.contribution)


def _neutral_reason(direction: Direction, *, sufficient: bool) -> str | None:
    if direction is not Direction.NEUTRAL:
        return None
    return "between_thresholds" if sufficient else "insufficient_data"


def _insufficient(
    row: FeatureRow, coverage_pct: float, missing: tuple[Factor, ...], profile: ScoringProfile
) -> tuple[str, ...]:
    lacking: list[str] = []
    if coverage_pct < profile.min_coverage_pct:
        lacking.append(
            f"only {coverage_pct:g} % of the weight is known, {profile.min_coverage_pct:g} % are"
            f" needed; missing: {', '.join(missing)}"
        )
    if np.isnan(row.price_usd):
        lacking.append("the price is unknown")
    if np.isnan(row.newest_bar_age_bars):
        lacking.append("no closed candle is known")
    elif row.newest_bar_age_bars > MAX_BAR_AGE_BARS:
        lacking.append(
            f"the newest closed candle ended {plain(row.newest_bar_age_bars, 1)} bars ago,"
            f" more than {MAX_BAR_AGE_BARS}"
        )
    return tuple(lacking)


def _known_or_none(value: float) -> float | None:
    return None if np.isnan(value) else value
