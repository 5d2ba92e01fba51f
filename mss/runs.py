"""MSS runs in the background: what starts them, and what each step finds and stores (``RUNS``).

A run first finds its coins by bulk lists, then scores them wave by wave.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import orjson
from django.conf import settings
from django.db import transaction

from market.background_runs import (
    DATABASE_AWAY,
    OWN_FAULT,
    RunQueue,
    TooManyScans,
    give_back,
    named,
    release_to_try_again,
)
from market.clock import wall_now
from market.leases import as_seen
from market.services import MarketUnavailable
from market.universe import instrument_registry
from mss import watch
from mss.candidates import Candidate, Filters, candidates_of, find_candidates, market_rows
from mss.coins import coin_of_key
from mss.engine.evaluate import score_phase
from mss.engine.inputs import inputs_document, inputs_of_document
from mss.engine.types import MssProfile, PhaseStatus
from mss.models import MssRun, MssScore
from mss.profiles import active_profile
from mss.scoring import Scored, score_candidates
from mss.storing import store_result
from smartmoney.exceptions import BadChoice, DiscoveryUnavailable

logger = logging.getLogger(__name__)

RUNS = RunQueue(MssRun, "mss.tasks.run")

# As many coins as one wave keeps the providers' connections busy with.
COINS_AT_A_TIME = 24
# A source that did not answer for the bulk list is asked again after this.
ASK_AGAIN = timedelta(seconds=60)
# Watched coins of one run: as many as CoinGecko tells of in one call.
MOST_DUE = 250


# --- Starting -------------------------------------------------------------------------------------


def start_scan(filters: Filters, found: Sequence[Candidate] | None = None) -> MssRun:
    """Start a scan, or return the one with the same filters that is still open.

    ``found`` are the coins that are left of a scan whose lists were read already: the rest of a
    scan is no whole one, and stands in for none. Raises TooManyScans.
    """
    return _start(MssRun.Kind.SCAN, asdict(filters), found)


def start_watch_run() -> MssRun | None:
    """Claim the watched coins that are due, together with the run that scores them."""
    with transaction.atomic():
        due = watch.claim_due(MOST_DUE)
        if not due:
            return None
        coins = {entry.coin_key: entry.symbol for entry in due}
        return _start(MssRun.Kind.WATCH, {"coins": coins}, None)


def start_due() -> None:
    """Start the regular scan and the watched coins whose time has come."""
    for start in (start_watch_run, start_due_scan):
        try:
            start()
        except TooManyScans:
            logger.warning("no MSS run is started: too many are under way")


def start_due_scan() -> MssRun | None:
    """Start the regular scan when its time has come; None when it has not, or it is off."""
    if not settings.MSS_SCAN_EVERY_MIN:
        return None
    since = wall_now() - timedelta(minutes=settings.MSS_SCAN_EVERY_MIN)
    regular = Filters()
    same = MssRun.objects.filter(
        environment=settings.ENVIRONMENT,
        kind=MssRun.Kind.SCAN,
        asked_hash=_asked_hash(asdict(regular), is_rest=False),
    )
    if same.filter(started_at__gt=since).exists():
        return None
    return start_scan(regular)


def _start(kind: str, filters: Mapping[str, Any], found: Sequence[Candidate] | None) -> MssRun:
    candidates = _documents(found or ())
    run, _ = RUNS.start(
        _asked_hash(filters, is_rest=found is not None),
        kind=kind,
        filters=dict(filters),
        is_discovered=found is not None,
        candidates=candidates,
        left=list(candidates),
        requested=len(candidates),
    )
    return run


def _asked_hash(filters: Mapping[str, Any], *, is_rest: bool) -> str:
    asked = {**filters, "is_rest": True} if is_rest else dict(filters)
    return hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _documents(found: Sequence[Candidate]) -> dict[str, Any]:
    return {each.coin.key: inputs_document(each.inputs) for each in found}


# --- Working --------------------------------------------------------------------------------------


def work(run: MssRun) -> None:
    """Do a claimed run's next step: find its coins, or score some of them."""
    profile = active_profile()
    keys = run.left[:COINS_AT_A_TIME]
    try:
        if not run.is_discovered:
            _discover(run, profile)
        else:
            _give_back(run, keys, _score(run, keys, profile), profile)
    except DATABASE_AWAY:
        raise  # claimed anew when the lease has ended
    except (DiscoveryUnavailable, MarketUnavailable):
        logger.warning("an MSS run waits for its lists", extra=named(run))
        as_seen(run).update(lease_until=wall_now() + ASK_AGAIN)
    except BadChoice as error:
        _end_without_coins(run, error.detail)
    except Exception:  # a step's outer edge: the other runs go on
        logger.exception("an MSS run broke off", extra=named(run))
        if not release_to_try_again(run):
            _give_up(run, keys, profile)


def _discover(run: MssRun, profile: MssProfile) -> None:
    """Find a run's coins: a scan's that may pass phase 1, or the watched ones as they are."""
    if run.kind == MssRun.Kind.WATCH:
        registry = instrument_registry()
        coins = [coin_of_key(key, symbol, registry) for key, symbol in run.filters["coins"].items()]
        watch.learn_ids(coins)
        rows, _ = market_rows(coins)
        found = candidates_of(coins, rows, profile)
    else:
        found = may_pass(find_candidates(Filters(**run.filters), profile).coins)
    candidates = _documents(found)
    give_back(
        run,
        list(candidates),
        {},
        is_discovered=True,
        candidates=candidates,
        requested=len(candidates),
    )


def may_pass(found: Sequence[Candidate]) -> list[Candidate]:
    """Return the coins that phase 1 lets on: those it fails are asked nothing more."""
    return [each for each in found if each.phase.status is not PhaseStatus.FAIL]


def _score(run: MssRun, keys: Sequence[str], profile: MssProfile) -> Scored:
    registry = instrument_registry()
    candidates = []
    for key in keys:
        inputs = inputs_of_document(run.candidates[key])
        phase = score_phase(inputs, profile.phases[0])
        candidates.append(Candidate(coin_of_key(key, inputs.symbol, registry), inputs, phase))
    try:
        return score_candidates(
            candidates,
            profile,
            deadline_s=settings.SCAN_BATCH_DEADLINE_S,
            share=len(keys) / max(1, run.requested),
        )
    except MarketUnavailable as unavailable:
        return Scored(failed=dict.fromkeys(keys, unavailable.detail))


def _give_back(run: MssRun, keys: Sequence[str], scored: Scored, profile: MssProfile) -> None:
    thresholds = watch.alert_from(list(keys)) if run.kind == MssRun.Kind.WATCH else {}
    with transaction.atomic():
        if give_back(run, run.left[len(keys) :], scored.failed):
            for key, result in scored.results.items():
                store_result(result, profile, run=run, alert_from=thresholds.get(key))


def _give_up(run: MssRun, keys: Sequence[str], profile: MssProfile) -> None:
    if keys:
        _give_back(run, keys, Scored(failed=dict.fromkeys(keys, OWN_FAULT)), profile)
    else:
        _end_without_coins(run, OWN_FAULT)


def _end_without_coins(run: MssRun, why: str) -> None:
    as_seen(run).update(
        state=MssRun.State.LEFT, lease_until=None, finished_at=wall_now(), failed={"": why}
    )


def forget_old() -> int:
    """Delete scores, runs and expired entries older than they are kept; return how many scores."""
    if not settings.MSS_RETENTION_DAYS:
        return 0
    before = wall_now() - timedelta(days=settings.MSS_RETENTION_DAYS)
    scores = MssScore.objects.filter(environment=settings.ENVIRONMENT, created_at__lt=before)
    forgotten, _ = scores.delete()
    RUNS.forget(before)
    watch.forget_expired(before)
    return forgotten
