"""The verbs of MSS: analyze a coin, discover new ones, scan them, watch some.

Reading stores nothing: ``analyze``, ``discover`` and ``scan`` answer, and only what a scan did not
get to within its deadline goes on in the background, as a run whose results are stored.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.conf import settings

from market.background_runs import DATABASE_AWAY, TooManyScans
from market.discovery import Wanted
from market.discovery import discover as ask_market
from market.providers.coingecko_payloads import CoinMarket
from market.services import MarketUnavailable
from market.snapshot import Problem
from mss import watch
from mss.candidates import Candidate, Discovery, Filters, candidates_of, find_candidates
from mss.coins import Coin, resolve_coin
from mss.engine.types import MssProfile, MssResult, PhaseStatus
from mss.models import DEFAULT_INTERVAL_MIN, DEFAULT_MIN_SCORE, MssScore, WatchlistEntry
from mss.profiles import active_profile
from mss.runs import may_pass, start_scan
from mss.scoring import score_candidates, score_one
from mss.storing import store_result
from smartmoney.waves import place, waves

logger = logging.getLogger(__name__)

__all__ = [
    "Analysis",
    "Candidate",
    "Discovery",
    "Filters",
    "ScanOutcome",
    "analyze",
    "analyze_and_store",
    "discover",
    "scan",
    "start_scan",
    "watch_add",
    "watch_remove",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Analysis:
    """One coin's result now, and the profile it was made by."""

    coin: Coin
    result: MssResult
    profile: MssProfile


@dataclass(slots=True)
class ScanOutcome:
    """What a scan found; counts tell how far coins came.

    ``results`` are those with the least total asked for that fail neither phase 1 nor phase 2,
    best first. ``left`` coins were not reached in time: the run ``run_id`` goes on with them.
    """

    looked_at: int
    passed_filters: int
    passed_discovery: int
    passed_social: int = 0
    passed_institutional: int = 0
    results: list[MssResult] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    run_id: UUID | None = None
    problems: list[Problem] = field(default_factory=list)

    @property
    def partial(self) -> bool:
        return bool(self.left)


def analyze(text: str) -> Analysis:
    """Score one coin by all three phases, whatever the first ones say. Stores nothing.

    Raises UnknownCoin; MarketUnavailable when nothing at all is known of it; TooManyScans.
    """
    coin = resolve_coin(text)
    profile = active_profile()
    with place():
        return Analysis(coin, score_one(_read_alone(coin, profile), profile), profile)


def analyze_and_store(text: str) -> tuple[Analysis, MssScore]:
    """Score one coin and store the score, with its alert when the tier is news."""
    analysis = analyze(text)
    return analysis, store_result(analysis.result, analysis.profile)


def discover(filters: Filters) -> Discovery:
    """Return the coins that pass the filters, best phase 1 first. At most two calls to CoinGecko.

    Raises DiscoveryUnavailable, MarketUnavailable, BadChoice.
    """
    return find_candidates(filters, active_profile())


def scan(filters: Filters, min_score: float) -> ScanOutcome:
    """Score new coins phase by phase within the deadline; a coin that fails one costs no more.

    Raises DiscoveryUnavailable, MarketUnavailable, BadChoice, TooManyScans.
    """
    profile = active_profile()
    with place():
        ends_at = time.monotonic() + settings.MSS_DEADLINE_S
        found = find_candidates(filters, profile)
        candidates = may_pass(found.coins)
        outcome = ScanOutcome(
            looked_at=found.looked_at,
            passed_filters=len(found.coins),
            passed_discovery=len(candidates),
            problems=found.problems,
        )
        left = _score_in_waves(candidates, profile, min_score, outcome, ends_at)
    outcome.results.sort(key=lambda each: (-each.total, each.inputs.symbol))
    if left:
        outcome.left = [candidate.coin.symbol for candidate in left]
        outcome.run_id = _go_on(filters, left)
    return outcome


def watch_add(
    owner: str,
    text: str,
    *,
    interval_minutes: int = DEFAULT_INTERVAL_MIN,
    min_score: float = DEFAULT_MIN_SCORE,
    note: str = "",
    expires_at: datetime | None = None,
) -> tuple[WatchlistEntry, bool]:
    """Watch a coin for an owner ("key:PREFIX"), or change how; return the entry and whether new.

    Raises UnknownCoin, MarketUnavailable, WatchLimitReached, ValidationError.
    """
    return watch.add(
        owner,
        resolve_coin(text),
        interval_minutes=interval_minutes,
        min_score=min_score,
        note=note,
        expires_at=expires_at,
    )


def watch_remove(owner: str, symbol: str) -> bool:
    """Watch a coin no longer for an owner; return whether it was watched."""
    return watch.remove(owner, symbol)


def _read_alone(coin: Coin, profile: MssProfile) -> Candidate:
    """Return a coin with phase 1 by its own page, which alone tells the genesis: one call."""
    rows: dict[str, CoinMarket] = {}
    genesis: dict[str, date] = {}
    if coin.coingecko_id is not None:
        try:
            details = ask_market(Wanted(detail=coin.coingecko_id)).details
        except MarketUnavailable:
            details = []  # its figures are missing, and said to be
        for detail in details:
            rows[coin.coingecko_id] = detail.market
            if detail.genesis_date is not None:
                genesis[coin.coingecko_id] = detail.genesis_date
    [candidate] = candidates_of([coin], rows, profile, genesis=genesis)
    return candidate


def _score_in_waves(
    candidates: Sequence[Candidate],
    profile: MssProfile,
    min_score: float,
    outcome: ScanOutcome,
    ends_at: float,
) -> list[Candidate]:
    """Score waves of coins until the time is up; return the coins nobody got to."""
    reached = 0
    for wave in waves(candidates, ends_at):
        reached += len(wave.coins)
        try:
            scored = score_candidates(
                wave.coins, profile, deadline_s=wave.deadline_s, share=wave.share
            )
        except MarketUnavailable as error:
            outcome.failed |= {each.coin.symbol: error.detail for each in wave.coins}
            continue
        names = {each.coin.key: each.coin.symbol for each in wave.coins}
        outcome.failed |= {names[key]: why for key, why in scored.failed.items()}
        for result in scored.results.values():
            _count(result, min_score, outcome)
    return list(candidates[reached:])


def _count(result: MssResult, min_score: float, outcome: ScanOutcome) -> None:
    _, social, institutional = result.phases
    if social.status is PhaseStatus.FAIL:
        return
    outcome.passed_social += 1
    if institutional.status is not PhaseStatus.FAIL:
        outcome.passed_institutional += 1
    if result.total >= min_score:
        outcome.results.append(result)


def _go_on(filters: Filters, left: Sequence[Candidate]) -> UUID | None:
    try:
        return start_scan(filters, left).pk
    except TooManyScans:
        return None  # what was found is told all the same
    except DATABASE_AWAY:
        logger.exception("a partial scan cannot go on, the database is away")
        return None
