"""Candidates → results: one market snapshot per coin for phases 2 and 3, in one collection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from market.services import MarketUnavailable, collect_snapshots
from market.snapshot import Problem
from mss.candidates import Candidate
from mss.engine.evaluate import evaluate
from mss.engine.inputs import with_snapshot
from mss.engine.types import MssProfile, MssResult

NO_SYMBOL = "Its name on CoinGecko is no symbol that providers could be asked for."


@dataclass(slots=True)
class Scored:
    """Results in the order asked for, by coin key; why (by key) others have none."""

    results: dict[str, MssResult] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def score_candidates(
    candidates: Sequence[Candidate],
    profile: MssProfile,
    *,
    deadline_s: float | None = None,
    share: float = 1.0,
) -> Scored:
    """Score coins whose phase 1 is known. Raises MarketUnavailable when nobody answered."""
    scored = Scored()
    asked = []
    for candidate in candidates:
        instrument = candidate.coin.readable
        if instrument is None:
            scored.failed[candidate.coin.key] = NO_SYMBOL
        else:
            asked.append((candidate, instrument))
    snapshots = collect_snapshots(
        [instrument for _, instrument in asked], deadline_s=deadline_s, share=share
    )
    for (candidate, _), snapshot in zip(asked, snapshots, strict=True):
        scored.results[candidate.coin.key] = evaluate(
            with_snapshot(candidate.inputs, snapshot), profile
        )
    return scored


def score_one(candidate: Candidate, profile: MssProfile) -> MssResult:
    """Score one coin that was resolved by its name. What no market source tells is missing."""
    try:
        scored = score_candidates([candidate], profile)
    except MarketUnavailable as silent:
        inputs = candidate.inputs
        if not inputs.shown:
            raise  # CoinGecko did not tell of it either; a listing time alone is no analysis
        problems = (*inputs.problems, Problem("phases 2 and 3", "", silent.detail))
        return evaluate(replace(inputs, problems=problems), profile)
    return scored.results[candidate.coin.key]
