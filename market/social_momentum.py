"""How a coin's social life moves: changes over a day, momentum and spikes. Pure.

The vendor's own ``change`` call was withdrawn, so all of it is taken from a time series: the one
LunarCrush answers with, or our own hourly readings of its list.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from market.providers.lunarcrush_history_payloads import SocialHistory
from market.types import HOUR_MS, FloatArray

SPAN_H: Final = 24
# Of the hours of a day, at least so many must be known; a sum over fewer is no day's.
_LEAST_HOURS = 20

# Points that each change adds to 50 at most: interactions, galaxy score, sentiment.
_INTERACTIONS_POINTS, _GALAXY_POINTS, _SENTIMENT_POINTS = 20.0, 15.0, 15.0
_INTERACTIONS_PCT_PER_POINT = 10.0
_SENTIMENT_POINTS_PER_PCT = 1.5

_LEVELS = ((70.0, "very_strong"), (55.0, "strong"), (45.0, "neutral"), (30.0, "weak"))
_SPIKES_PCT = ((300.0, "extreme"), (100.0, "high"), (50.0, "moderate"))


@dataclass(frozen=True, slots=True)
class SocialChange:
    """Changes of the last 24 h against the 24 h before; None is unknown."""

    interactions_pct: float | None
    posts_pct: float | None
    galaxy_points: float | None
    sentiment_points: float | None
    price_pct: float | None


def change_of(history: SocialHistory, span_h: int = SPAN_H) -> SocialChange:
    """Return what the closed hours of a time series say of the last ``span_h`` hours."""
    closed = history.closed
    start_ms = history.start_ms[closed]
    if not len(start_ms):
        return SocialChange(None, None, None, None, None)
    end_ms = int(start_ms[-1]) + HOUR_MS
    now = start_ms >= end_ms - span_h * HOUR_MS
    before = (start_ms < end_ms - span_h * HOUR_MS) & (start_ms >= end_ms - 2 * span_h * HOUR_MS)

    def summed(values: FloatArray) -> float | None:
        known = values[closed]
        return changed_pct(_sum(known[before], span_h), _sum(known[now], span_h))

    def moved(values: FloatArray) -> tuple[float | None, float | None]:
        known = values[closed]
        return _last(known[before]), _last(known[now])

    first, last = moved(history.close_usd)
    return SocialChange(
        interactions_pct=summed(history.interactions),
        posts_pct=summed(history.posts_active),
        galaxy_points=_difference(*moved(history.galaxy_score)),
        sentiment_points=_difference(*moved(history.sentiment_pct)),
        price_pct=changed_pct(first, last),
    )


def momentum_of(change: SocialChange) -> float | None:
    """Return momentum, 0-100 with 50 for unchanged; None without the interactions' change.

    50 + interactions % ÷ 10 (± 20) + galaxy points (± 15) + sentiment points × 1.5 (± 15).
    """
    if change.interactions_pct is None:
        return None
    return (
        50.0
        + _clamped(change.interactions_pct / _INTERACTIONS_PCT_PER_POINT, _INTERACTIONS_POINTS)
        + _clamped(change.galaxy_points or 0.0, _GALAXY_POINTS)
        + _clamped((change.sentiment_points or 0.0) * _SENTIMENT_POINTS_PER_PCT, _SENTIMENT_POINTS)
    )


def momentum_level(momentum: float) -> str:
    return next((level for least, level in _LEVELS if momentum >= least), "very_weak")


def spike_level(interactions_pct: float) -> str:
    """Return how unusual a change of interactions is, either way."""
    change = abs(interactions_pct)
    return next((level for beyond, level in _SPIKES_PCT if change > beyond), "normal")


def changed_pct(before: float | None, now: float | None) -> float | None:
    """Return a change in percent; unknown from nothing."""
    if before is None or now is None or before <= 0.0:
        return None
    change = 100.0 * (now / before - 1.0)
    return change if math.isfinite(change) else None


def _difference(before: float | None, now: float | None) -> float | None:
    return None if before is None or now is None else now - before


def _sum(values: FloatArray, span_h: int) -> float | None:
    known = values[np.isfinite(values)]
    if len(known) < _LEAST_HOURS * span_h / SPAN_H:
        return None
    return float(known.mean()) * span_h


def _last(values: FloatArray) -> float | None:
    known = values[np.isfinite(values)]
    return float(known[-1]) if len(known) else None


def _clamped(points: float, most: float) -> float:
    return max(-most, min(most, points))
