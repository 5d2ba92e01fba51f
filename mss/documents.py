"""A result as plain JSON under the public key names: what is stored, answered and told. Pure."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from market.clock import datetime_at
from market.types import public_name
from mss.engine.types import CoinInputs, Figure, MssResult, PhaseScore


def result_document(result: MssResult) -> dict[str, Any]:
    """Return all that is said of a coin: the total, each phase line by line, what is missing."""
    inputs = result.inputs
    return {
        "symbol": inputs.symbol,
        "name": inputs.name,
        "coingecko_id": inputs.coingecko_id,
        "timestamp": datetime_at(inputs.at_ms).isoformat().replace("+00:00", "Z"),
        "mss_score": result.total,
        "signal": result.tier.value,
        "confidence": result.confidence.value,
        "coverage_pct": round(result.coverage_pct, 2),
        "has_futures": inputs.has_futures,
        "whale": result.whale,
        "phases": {phase.name.value: phase_document(phase, inputs) for phase in result.phases},
        "missing": [
            figure.value
            for figure in dict.fromkeys(each for phase in result.phases for each in phase.missing)
        ],
        "warnings": [
            {"kind": warning.kind.value, "detail": warning.detail} for warning in result.warnings
        ],
        "figures": shown_figures(inputs),
        "problems": [asdict(problem) for problem in inputs.problems],
        "engine_version": result.engine_version,
        "profile": {"name": result.profile_name, "version": result.profile_version},
    }


def phase_document(phase: PhaseScore, inputs: CoinInputs) -> dict[str, Any]:
    """Return one phase: its verdict, the points of each line, and the figures they come from."""
    read = dict.fromkeys(figure for rule in phase.rules for figure in rule.figures)
    return {
        "score": phase.score,
        "max": phase.most,
        "pass_mark": phase.pass_mark,
        "status": phase.status.value,
        "coverage_pct": round(phase.coverage_pct, 2),
        "breakdown": {
            rule.name: {
                "points": rule.points,
                "max": rule.most,
                "missing": [figure.value for figure in rule.missing],
            }
            for rule in phase.rules
        },
        "inputs": {
            figure.value: figure_document(inputs, figure)
            for figure in read
            if figure in inputs.figures
        },
        "missing": [figure.value for figure in phase.missing],
    }


def figure_document(inputs: CoinInputs, figure: Figure) -> dict[str, Any]:
    """Return one figure's value and where it came from."""
    reading = inputs.figures[figure]
    return {
        "value": reading.value,
        "unit": reading.unit,
        "source": public_name(reading.source),
        "observed_at": datetime_at(reading.observed_at_ms).isoformat().replace("+00:00", "Z"),
        "fallback": reading.fallback,
        "note": reading.note,
    }


def shown_figures(inputs: CoinInputs) -> dict[str, Any]:
    """Return the figures lists show of a coin; None is unknown."""
    age = inputs.figures.get(Figure.AGE)
    return {
        "price_usd": inputs.shown.get("price_usd"),
        "fdv_usd": inputs.shown.get("fdv_usd"),
        "market_cap_usd": inputs.shown.get("market_cap_usd"),
        "volume_24h_usd": inputs.shown.get("volume_24h_usd"),
        "price_change_24h_pct": inputs.shown.get("price_change_24h_pct"),
        "open_interest_usd": inputs.shown.get("open_interest_usd"),
        "futures_volume_24h_usd": inputs.shown.get("futures_volume_24h_usd"),
        "social_momentum": inputs.shown.get("social_momentum"),
        "social_volume_change_24h_pct": inputs.shown.get("social_volume_change_24h_pct"),
        "trending_rank": inputs.shown.get("trending_rank"),
        "age_hours": None if age is None else age.value,
        "age_source": None if age is None else age.source,
        "age_note": None if age is None else age.note,
    }
