"""Scores as plain JSON under the public key names. Pure.

The names of the first release (``accumulationScore``, ``dominantPattern``, …) are kept because
people have built on them; unknown is null.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from market.clock import datetime_at
from market.types import public_name
from smartmoney.engine.accumulation import MAX_POINTS, Pattern, score_level
from smartmoney.scored import ScoredCoin
from smartmoney.smc import Alignment

# Digits of a shown figure: more than any venue quotes, fewer than a float's rounding noise.
_DIGITS = 12


def coin_document(scored: ScoredCoin) -> dict[str, Any]:
    """Return a coin as scans list it."""
    coin, view, score = scored.coin, scored.view, scored.coin.score
    return {
        "symbol": coin.symbol,
        "timestamp": iso(coin.at_ms),
        "price": figure(coin.price_usd),
        "signalType": None if view is None else view.direction.value,
        "compositeScore": None if view is None else view.score,
        "accumulationScore": score.accumulation,
        "distributionScore": score.distribution,
        "dominantPattern": score.pattern.value,
        "interpretation": _interpretation(scored),
        "reasons": list(_dominant_reasons(scored)),
        "knownPoints": score.known_points,
        "missing": list(score.missing),
        "priceChange24h": figure(coin.change_24h_pct),
    }


def analysis_document(scored: ScoredCoin) -> dict[str, Any]:
    """Return a coin as the answer of one analysis, both sides with their reasons."""
    coin, view, score = scored.coin, scored.view, scored.coin.score
    return {
        "success": True,
        "symbol": coin.symbol,
        "timestamp": iso(coin.at_ms),
        "analysis": {
            "price": figure(coin.price_usd),
            "signal": None if view is None else view.direction.value,
            "compositeScore": None if view is None else view.score,
            "accumulationScore": score.accumulation,
            "distributionScore": score.distribution,
            "dominantPattern": score.pattern.value,
            "patternScore": max(score.accumulation, score.distribution),
            "reasons": list(_dominant_reasons(scored)),
            "accumulationReasons": list(score.accumulation_reasons),
            "distributionReasons": list(score.distribution_reasons),
            "interpretation": _interpretation(scored),
            "maxScore": MAX_POINTS,
            "knownPoints": score.known_points,
            "missing": list(score.missing),
        },
        "structure": alignment_document(coin.alignment),
        "metrics": {
            "fundingRate": figure(coin.funding_rate_8h_pct),
            "openInterest": figure(coin.open_interest_usd),
            "volume24h": figure(coin.volume_24h_usd),
            "priceChange4h": figure(coin.change_4h_pct),
            "priceChange24h": figure(coin.change_24h_pct),
            "orderBook": None if coin.book_venue is None else public_name(coin.book_venue),
        },
        "environment": coin.environment,
    }


def alignment_document(alignment: Alignment) -> dict[str, Any]:
    return {
        "score": figure(alignment.score),
        "coveragePct": figure(alignment.coverage_pct),
        "trend": alignment.trend.value,
        "recommendation": alignment.recommendation.value,
        "reasons": list(alignment.reasons),
        "missing": [interval.value for interval in alignment.missing],
    }


# --- Parts ----------------------------------------------------------------------------------------


def _dominant_reasons(scored: ScoredCoin) -> tuple[str, ...]:
    score = scored.coin.score
    reasons: Mapping[Pattern, tuple[str, ...]] = {
        Pattern.ACCUMULATION: score.accumulation_reasons,
        Pattern.DISTRIBUTION: score.distribution_reasons,
        Pattern.NEUTRAL: (*score.accumulation_reasons, *score.distribution_reasons),
    }
    return reasons[score.pattern]


def _interpretation(scored: ScoredCoin) -> str:
    score = scored.coin.score
    if score.pattern is Pattern.NEUTRAL:
        return "neither side has more evidence"
    level = score_level(max(score.accumulation, score.distribution))
    return f"{level.value.replace('_', ' ')} {score.pattern.value}"


def iso(at_ms: int) -> str:
    """Return an instant as people and programs read it: UTC, milliseconds, Z."""
    return time_text(datetime_at(at_ms))


def time_text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_or_none(at_ms: int | None) -> str | None:
    return None if at_ms is None else iso(at_ms)


def figure(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{_DIGITS}g}")
