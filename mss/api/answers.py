"""Answers of ``/mss`` as plain values under the public key names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from market.clock import now
from market.types import public_name
from mss.candidates import Candidate
from mss.documents import result_document, shown_figures
from mss.engine.types import Figure, MssResult, PhaseName, Tier
from mss.rows import raw_scores, rounded, score_row, time_text
from mss.services import Analysis, Discovery, ScanOutcome

Document = Mapping[str, Any]

_DIGITS = 2


def analysis_answer(analysis: Analysis, *, include_raw: bool) -> dict[str, Any]:
    """Return one coin's score with all its lines, and on request with what they were read from."""
    document = result_document(analysis.result)
    phases = {
        name: phase if include_raw else {key: phase[key] for key in phase if key != "inputs"}
        for name, phase in document["phases"].items()
    }
    return {
        "success": True,
        **document,
        "breakdown": _breakdown(document),
        "phases": phases,
        "environment": analysis.result.inputs.environment,
    }


def discover_answer(query: Mapping[str, Any], found: Discovery) -> dict[str, Any]:
    return {
        "success": True,
        "timestamp": time_text(now()),
        "filters": _filters(query),
        "coins_looked_at": found.looked_at,
        "total_discovered": len(found.coins),
        "left_out": dict(found.left_out),
        "coins": [_candidate(each) for each in found.coins[: query["limit"]]],
        "problems": [each.plain() for each in found.problems],
    }


def scan_answer(query: Mapping[str, Any], outcome: ScanOutcome) -> dict[str, Any]:
    results = outcome.results
    return {
        "success": True,
        "timestamp": time_text(now()),
        "scan_parameters": {**_filters(query), "min_mss_score": query["min_mss_score"]},
        "coins_looked_at": outcome.looked_at,
        "passed": {
            "filters": outcome.passed_filters,
            **dict(
                zip(
                    (name.value for name in PhaseName),
                    (
                        outcome.passed_discovery,
                        outcome.passed_social,
                        outcome.passed_institutional,
                    ),
                    strict=True,
                )
            ),
        },
        "total_high_potential": len(results),
        "partial": outcome.partial,
        "coins_left": len(outcome.left),
        "run_id": None if outcome.run_id is None else str(outcome.run_id),
        "summary": _summary(results),
        "coins": [score_row(result_document(each)) for each in results[: query["limit"]]],
        "failed": failed_of(outcome.failed),
        "problems": [each.plain() for each in outcome.problems],
    }


def failed_of(failed: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the first of the coins that have no score, with why."""
    return [{"coin": coin, "reason": why} for coin, why in list(failed.items())[:MOST_FAILED]]


MOST_FAILED = 50


# --- Parts ----------------------------------------------------------------------------------------


def _filters(query: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "max_fdv": query["max_fdv"],
        "max_age_hours": query["max_age_hours"],
        "min_volume": query["min_volume"],
        "category": query["category"] or None,
        "limit": query["limit"],
    }


def _candidate(candidate: Candidate) -> dict[str, Any]:
    inputs, phase = candidate.inputs, candidate.phase
    figures = shown_figures(inputs)
    valuation = inputs.figures.get(Figure.VALUATION)
    return {
        "symbol": inputs.symbol,
        "name": inputs.name,
        "coingecko_id": inputs.coingecko_id,
        "fdv_usd": figures["fdv_usd"],
        "market_cap_usd": figures["market_cap_usd"],
        "volume_24h_usd": figures["volume_24h_usd"],
        "age_hours": rounded(figures["age_hours"]),
        "age_source": figures["age_source"],
        "discovery_score": phase.score,
        "discovery_breakdown": {rule.name: rule.points for rule in phase.rules},
        "missing": [figure.value for figure in phase.missing],
        "has_futures": inputs.has_futures,
        "source": None if valuation is None else public_name(valuation.source),
    }


def _summary(results: Sequence[MssResult]) -> dict[str, Any]:
    totals = [result.total for result in results]
    tiers = [result.tier for result in results]
    return {
        "avg_mss_score": round(sum(totals) / len(totals), _DIGITS) if totals else None,
        "strong_signals": tiers.count(Tier.STRONG_LONG),
        "long_signals": tiers.count(Tier.LONG),
    }


def _breakdown(document: Document) -> dict[str, Any]:
    raw = raw_scores(document)
    return {
        # Normalized parts weighed by 30, 35 and 35 %, as the first release had it: the points.
        "components": raw,
        "raw_scores": raw,
        "normalized_scores": {
            name: round(100.0 * phase["score"] / phase["max"], _DIGITS)
            for name, phase in document["phases"].items()
        },
    }
