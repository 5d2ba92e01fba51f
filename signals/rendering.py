"""One shape for one signal: the JSON that REST, the commands and the stored columns share.

Pure. Takes the engine's ``SignalResult`` and returns plain values with the public key names; the
names of the first release (``fundingRate``, ``priceTrend``, …) are kept because people have built
on them. Unknown is null and says why; no group is filled with zeros.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from market.clock import datetime_at
from market.snapshot import Reading, ReadingName
from market.types import public_name
from signals.engine.types import Factor, FactorResult, ScoringProfile, SignalResult
from signals.metric_groups import metric_groups
from smartmoney.documents import iso
from smartmoney.engine.positioning import TIMEFRAMES
from smartmoney.smc import analyze_timeframes
from smartmoney.structure_documents import signal_structure_document

# No measured hit rate stands behind a confidence band until it has enough outcomes.
UNCALIBRATED = "uncalibrated"

NO_BARS = "no current bars; see problems"
NO_SECOND_OPINION = "second opinions are not part of this version"

# Digits of a shown figure: more than any venue quotes, fewer than a float's rounding noise.
_FIGURE_DIGITS = 12
# SQLite hands decimals back with 15 significant digits; prices have ten at most.
_PRICE_PRECISION = Context(prec=15, rounding=ROUND_HALF_EVEN)
_PRICE_STEP = Decimal("1e-18")
# Momentum scores on either side of this band are called a trend, like the score itself.
_TREND_BULLISH_AT = 55.0
_TREND_BEARISH_AT = 45.0


def signal_document(result: SignalResult, *, calibration: str = UNCALIBRATED) -> dict[str, Any]:
    """Return the answer of ``GET /signals/{symbol}``; every age counts from ``timestamp``.

    ``calibration`` is what the confidence has been worth so far (``signals.calibration``).
    """
    groups, unavailable = metric_groups(result)
    structure = signal_structure_document(analyze_timeframes(result.candles, TIMEFRAMES))
    if structure is None:
        unavailable["smcAnalysis"] = NO_BARS
    return {
        "symbol": result.symbol,
        "timestamp": iso(result.at_ms),
        "signal": result.direction.value,
        "score": result.score,
        "confidence": result.confidence.value,
        "confidenceScore": round(result.confidence_score, 4),
        "calibration": calibration,
        "coveragePct": result.coverage_pct,
        "neutralReason": result.neutral_reason,
        "insufficient": list(result.insufficient),
        "price": result.price,
        "reasons": list(result.reasons),
        "missing": [factor.value for factor in result.missing],
        "contributions": {
            factor.value: told.contribution
            for factor, told in result.factors.items()
            if told.contribution is not None
        },
        "factors": {factor.value: _factor(told, result) for factor, told in result.factors.items()},
        "provenance": {
            name.value: _reading(reading, result.at_ms) for name, reading in result.readings.items()
        },
        "problems": [problem.plain() for problem in result.problems],
        "metrics": {
            "fundingRate": _value(result, ReadingName.FUNDING),
            "openInterest": _value(result, ReadingName.OPEN_INTEREST),
            "socialScore": _value(result, ReadingName.SOCIAL_SENTIMENT),
            "priceTrend": _price_trend(result.factors[Factor.PRICE_MOMENTUM]),
        },
        **groups,
        "smcAnalysis": structure,
        "ai_validation": None,
        "unavailable": {**unavailable, "ai_validation": NO_SECOND_OPINION},
        "environment": result.environment,
        "engineVersion": result.engine_version,
        "profile": result.profile_name,
        "profileVersion": result.profile_version,
        "inputHash": result.input_hash,
    }


def debug_document(result: SignalResult) -> dict[str, Any]:
    """Return the ``debug`` group: raw factor figures and every raw metric the engine read."""
    return {
        "scoreBreakdown": {
            factor.value: {
                "score": told.score,
                "weight": told.weight,
                "weighted": told.contribution,
            }
            for factor, told in result.factors.items()
        },
        "allMetrics": {
            name: _figure(value) if isinstance(value, float) else value
            for name, value in result.metrics.items()
        },
    }


def signal_columns(result: SignalResult, profile: ScoringProfile) -> dict[str, Any]:
    """Return the columns of a stored signal that follow from the result alone."""
    document = signal_document(result)
    return {
        "environment": result.environment,
        "symbol": result.symbol,
        "signal": result.direction.value,
        "score": None if result.score is None else score_decimal(result.score),
        "confidence": result.confidence.value,
        "confidence_score": result.confidence_score,
        "coverage_pct": result.coverage_pct,
        "price": None if result.price is None else price_decimal(result.price),
        "timestamp": datetime_at(result.at_ms),
        "reasons": document["reasons"],
        "factors": document["factors"],
        "metrics": document["metrics"],
        "comprehensive_metrics": document["comprehensiveMetrics"],
        "lunarcrush_metrics": document["lunarCrushMetrics"],
        "coinapi_metrics": document["coinAPIMetrics"],
        "smc_analysis": document["smcAnalysis"],
        "ai_validation": document["ai_validation"],
        "provenance": document["provenance"],
        "problems": document["problems"],
        "engine_version": result.engine_version,
        "profile_name": result.profile_name,
        "profile_version": result.profile_version,
        "profile": profile_settings(profile),
        "input_hash": result.input_hash,
    }


def profile_settings(profile: ScoringProfile) -> dict[str, Any]:
    """Return what a profile says, without its name and version, as plain JSON."""
    return {
        "weights": {factor.value: profile.weights[factor] for factor in Factor},
        "curve_scales": {factor.value: scale for factor, scale in profile.curve_scales.items()},
        "long_at": profile.long_at,
        "short_at": profile.short_at,
        "min_coverage_pct": profile.min_coverage_pct,
        "cooldown_h": profile.cooldown_h,
        "rescore_distance": profile.rescore_distance,
    }


def profile_from_settings(name: str, version: int, settings: dict[str, Any]) -> ScoringProfile:
    """Rebuild the engine's profile from :func:`profile_settings`."""
    return ScoringProfile(
        name=name,
        version=version,
        weights={Factor(key): weight for key, weight in settings["weights"].items()},
        curve_scales={Factor(key): scale for key, scale in settings["curve_scales"].items()},
        long_at=settings["long_at"],
        short_at=settings["short_at"],
        min_coverage_pct=settings["min_coverage_pct"],
        cooldown_h=settings["cooldown_h"],
        rescore_distance=settings["rescore_distance"],
    )


def score_decimal(score: float) -> Decimal:
    return Decimal(f"{score:.2f}")


def price_decimal(price: float) -> Decimal:
    """Return a price as both databases store it: 15 significant digits, at most 18 decimals."""
    rounded = _PRICE_PRECISION.create_decimal(repr(price))
    return rounded.quantize(_PRICE_STEP, context=Context(prec=40))


def price_text(price: Decimal) -> str:
    """Return a price for people: every digit that is known, no exponent."""
    return format(price.normalize(), "f")


def _factor(told: FactorResult, result: SignalResult) -> dict[str, Any]:
    read = [result.readings[name] for name in told.readings if name in result.readings]
    main = read[0] if read and told.score is not None else None
    return {
        "score": None if told.score is None else round(told.score, 2),
        "weight": told.weight,
        "contribution": told.contribution,
        "reason": told.reason,
        "source": public_name(main.source) if main else None,
        "observedAt": iso(main.observed_at_ms) if main else None,
        "ageS": _age_s(main.observed_at_ms, result.at_ms) if main else None,
        "fallback": any(reading.fallback for reading in read) if main else None,
    }


def _reading(reading: Reading, at_ms: int) -> dict[str, Any]:
    return {
        "value": _figure(reading.value),
        "unit": reading.unit,
        "source": public_name(reading.source),
        "observedAt": iso(reading.observed_at_ms),
        "fetchedAt": iso(reading.fetched_at_ms),
        "ageS": _age_s(reading.observed_at_ms, at_ms),
        "fallback": reading.fallback,
        "note": reading.note,
    }


def _figure(value: float) -> float:
    return float(f"{value:.{_FIGURE_DIGITS}g}")


def _age_s(observed_at_ms: int, at_ms: int) -> float:
    return (at_ms - observed_at_ms) / 1000


def _value(result: SignalResult, name: ReadingName) -> float | None:
    reading = result.readings.get(name)
    return None if reading is None else _figure(reading.value)


def _price_trend(momentum: FactorResult) -> str | None:
    if momentum.score is None:
        return None
    if momentum.score >= _TREND_BULLISH_AT:
        return "bullish"
    return "bearish" if momentum.score <= _TREND_BEARISH_AT else "neutral"
