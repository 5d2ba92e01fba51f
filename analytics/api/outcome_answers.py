"""The documented answers about outcomes, from the sums that ``analytics.performance`` returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from analytics.api.answers import summary_answer
from analytics.filters import Bucket, OutcomeFilters, start_of
from analytics.performance import Calibration, FullTally, Horizon, Performance
from analytics.rates import Tally, mean, pct, rate_of, share_pct
from analytics.selectors import RecentScores, SignalSummary


def period(filters: OutcomeFilters) -> dict[str, Any]:
    """Return what every answer about outcomes begins with: which signals it is about."""
    return {
        "period_days": filters.days,
        "since": start_of(filters.first_day),
        "symbol": filters.symbol,
        "profile": filters.profile,
        "origin": filters.origin.value,
    }


def performance_answer(performance: Performance) -> dict[str, Any]:
    return {
        **period(performance.filters),
        "horizons": [_horizon(each) for each in performance.horizons],
    }


def symbol_performance_answer(
    performance: Performance, summary: SignalSummary, recent: RecentScores
) -> dict[str, Any]:
    return {
        **summary_answer(summary),
        **performance_answer(performance),
        "recent_scores": {
            "last_10_avg_score": recent.last_average,
            "trend": recent.trend,
            "total_recent_signals": recent.total,
        },
    }


def by_factor_answer(
    filters: OutcomeFilters, sums: Mapping[tuple[str, str], Tally]
) -> dict[str, Any]:
    factors: dict[str, dict[str, Any]] = {}
    for (factor, stance), tally in sums.items():
        factors.setdefault(factor, {})[stance] = asdict(rate_of(tally))
    return {
        **period(filters),
        "horizon_h": filters.horizon_h,
        "factors": [{"factor": factor, **stances} for factor, stances in factors.items()],
    }


def by_confidence_answer(filters: OutcomeFilters, sums: Mapping[str, FullTally]) -> dict[str, Any]:
    return {
        **period(filters),
        "horizon_h": filters.horizon_h,
        "bands": [{"confidence": band, **_outcomes(tally)} for band, tally in sums.items()],
    }


def calibration_answer(filters: OutcomeFilters, calibrations: list[Calibration]) -> dict[str, Any]:
    return {**period(filters), "horizons": [_calibration(each) for each in calibrations]}


def trends_answer(
    filters: OutcomeFilters, bucket: Bucket, sums: list[tuple[date, Tally]]
) -> dict[str, Any]:
    return {
        **period(filters),
        "horizon_h": filters.horizon_h,
        "bucket": bucket.value,
        "count": len(sums),
        "trends": [{"start": start, **asdict(rate_of(tally))} for start, tally in sums],
    }


def _horizon(horizon: Horizon) -> dict[str, Any]:
    return {
        "horizon_h": horizon.horizon_h,
        **_outcomes(horizon.both),
        "pending": horizon.pending,
        "by_direction": {
            side: {**_outcomes(tally), "pending": horizon.pending_by_side[side]}
            for side, tally in horizon.by_side.items()
        },
    }


def _outcomes(tally: FullTally) -> dict[str, Any]:
    n = tally.n
    touched = tally.targets + tally.stops + tally.neithers
    return {
        **asdict(rate_of(tally)),
        "mean_return_pct": mean(tally.sum_return_pct, n),
        "mean_favourable_pct": mean(tally.sum_favourable_pct, n),
        "mean_adverse_pct": mean(tally.sum_adverse_pct, n),
        "first_touch_pct": {
            "target": share_pct(tally.targets, n),
            "stop": share_pct(tally.stops, n),
            "neither": share_pct(tally.neithers, n),
            "unknown": share_pct(n - touched, n),
        },
        "unavailable": tally.unavailable,
    }


def _calibration(calibration: Calibration) -> dict[str, Any]:
    scores = calibration.scores
    return {
        "horizon_h": calibration.horizon_h,
        "n": scores.n,
        "brier": _fraction(scores.brier),
        "brier_base": _fraction(scores.brier_base),
        "skill": _fraction(scores.skill),
        "calibration_error_pct": pct(scores.calibration_error),
        "calibration_error_base_pct": pct(scores.calibration_error_base),
        "bands": [
            {
                "confidence": band,
                **asdict(rate_of(tally)),
                "stated_pct": share_pct(tally.sum_stated, tally.base_n),
            }
            for band, tally in calibration.tallies.items()
        ],
    }


def _fraction(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
