"""Runs in the background: rows that workers take with a lease, some coins at a time.

A run first finds its coins by bulk lists, then scores them wave by wave. What a wave has scored is
stored together with giving the run back, or not at all. At its deadline a run ends with what it
has, and the coins that nobody got to stay named.
"""

from __future__ import annotations

import hashlib
import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import QuerySet

from config.wakeups import wake
from market.clock import wall_now
from market.leases import OPEN_STATES, as_seen, claim, free
from market.services import MarketUnavailable
from market.universe import instrument_registry
from mss import watch
from mss.candidates import Candidate, Filters, candidates_of, find_candidates, market_rows
from mss.coins import coin_of_key
from mss.engine.evaluate import score_phase
from mss.engine.inputs import inputs_document, inputs_of_document
from mss.engine.types import MssProfile, PhaseStatus
from mss.exceptions import BadFilter, DiscoveryUnavailable, TooManyRuns
from mss.models import MssRun, MssScore
from mss.profiles import active_profile
from mss.scoring import Scored, score_candidates
from mss.storing import store_result

logger = logging.getLogger(__name__)

RUN = "mss.tasks.run"

# As many coins as one wave keeps the providers' connections busy with.
COINS_AT_A_TIME = 24
RUN_DEADLINE = timedelta(minutes=15)
# Beyond the providers' deadline: bulk lists, scoring, and storing on a busy disk.
LEASE_MARGIN_S = 30.0
# A source that did not answer for the bulk list is asked again after this.
ASK_AGAIN = timedelta(seconds=60)
# Coins whose scoring raises again and again meet a fault of ours; the others shall not wait.
MOST_FAULTS = 3
MOST_OPEN = 20
# Watched coins of one run: as many as CoinGecko tells of in one call.
MOST_DUE = 250
_OWN_FAULT = "An error of this program, told in its log."
# What Django raises when the database is not there; a locked SQLite file is among them.
DATABASE_AWAY = (OperationalError, InterfaceError)


# --- Starting -------------------------------------------------------------------------------------


def start_scan(filters: Filters, found: Sequence[Candidate] | None = None) -> MssRun:
    """Start a scan, or return the one with the same filters that is still open.

    ``found`` are the coins that are left of a scan whose lists were read already: the rest of a
    scan is no whole one, and stands in for none. Raises TooManyRuns.
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
        except TooManyRuns:
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
    asked_hash = _asked_hash(filters, is_rest=found is not None)
    candidates = _documents(found or ())
    now = wall_now()
    try:
        with transaction.atomic():
            running = _open().filter(kind=kind, asked_hash=asked_hash).first()
            if running is not None:
                return running
            if _open().count() >= MOST_OPEN:
                raise TooManyRuns("Many scans are under way; try again later.", 60.0)
            run = MssRun.objects.create(
                environment=settings.ENVIRONMENT,
                kind=kind,
                filters=dict(filters),
                asked_hash=asked_hash,
                is_discovered=found is not None,
                candidates=candidates,
                left=list(candidates),
                requested=len(candidates),
                started_at=now,
                deadline_at=now + RUN_DEADLINE,
            )
            wake(RUN)
            return run
    except IntegrityError:
        return _open().get(kind=kind, asked_hash=asked_hash)  # another request was quicker


def _asked_hash(filters: Mapping[str, Any], *, is_rest: bool) -> str:
    asked = {**filters, "is_rest": True} if is_rest else dict(filters)
    return hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _documents(found: Sequence[Candidate]) -> dict[str, Any]:
    return {each.coin.key: inputs_document(each.inputs) for each in found}


# --- Working --------------------------------------------------------------------------------------


def work_on_runs(*, for_s: float = math.inf) -> bool:
    """Claim runs and work on them step by step, the oldest first.

    Begins no step when ``for_s`` have passed since the first; returns whether more may be free.
    """
    began = time.monotonic()
    while (run := claim_run()) is not None:
        work(run)
        if time.monotonic() - began >= for_s:
            return True
    return False


def claim_run() -> MssRun | None:
    """Make a free run this worker's own until its lease ends; None when there is none."""

    def first_free(now: datetime) -> MssRun | None:
        return free(_open(), now).filter(deadline_at__gt=now).order_by("started_at").first()

    return claim(first_free, settings.SCAN_BATCH_DEADLINE_S + LEASE_MARGIN_S)


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
        logger.warning("an MSS run waits for its lists", extra=_named(run))
        as_seen(run).update(lease_until=wall_now() + ASK_AGAIN)
    except BadFilter as error:
        _end_without_coins(run, error.detail)
    except Exception:  # a step's outer edge: the other runs go on
        logger.exception("an MSS run broke off", extra=_named(run))
        _note_fault(run, keys, profile)


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
    over = {"state": MssRun.State.DONE, "finished_at": wall_now()}
    as_seen(run).update(
        is_discovered=True,
        candidates=candidates,
        left=list(candidates),
        requested=len(candidates),
        faults=0,
        lease_until=None,
        **({"state": MssRun.State.WAITING} if candidates else over),
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
    """Store results and release the run, or end it, together; nothing when it is not ours now."""
    left = run.left[len(keys) :]
    over = {"state": MssRun.State.DONE, "finished_at": wall_now()}
    thresholds = watch.alert_from(list(keys)) if run.kind == MssRun.Kind.WATCH else {}
    with transaction.atomic():
        given_back = as_seen(run).update(
            left=left,
            failed=run.failed | scored.failed,
            faults=0,
            lease_until=None,
            **({"state": MssRun.State.WAITING} if left else over),
        )
        if not given_back:
            logger.info("another worker has taken over", extra=_named(run))
            return
        for key, result in scored.results.items():
            store_result(result, profile, run=run, alert_from=thresholds.get(key))


def _note_fault(run: MssRun, keys: Sequence[str], profile: MssProfile) -> None:
    if run.faults + 1 < MOST_FAULTS:
        as_seen(run).update(state=MssRun.State.WAITING, faults=run.faults + 1, lease_until=None)
    elif keys:
        _give_back(run, keys, Scored(failed=dict.fromkeys(keys, _OWN_FAULT)), profile)
    else:
        _end_without_coins(run, _OWN_FAULT)


def _end_without_coins(run: MssRun, why: str) -> None:
    as_seen(run).update(
        state=MssRun.State.LEFT, lease_until=None, finished_at=wall_now(), failed={"": why}
    )


# --- Sweeping and ending --------------------------------------------------------------------------


def sweep() -> None:
    """End what is over and wake a worker for what is free again."""
    now = wall_now()
    for run in free(_open(), now).filter(deadline_at__lte=now):
        as_seen(run).update(state=MssRun.State.LEFT, lease_until=None, finished_at=now)
    if free(_open(), now).exists():
        wake(RUN)


def forget_old() -> int:
    """Delete scores, runs and expired entries older than they are kept; return how many scores."""
    if not settings.MSS_RETENTION_DAYS:
        return 0
    before = wall_now() - timedelta(days=settings.MSS_RETENTION_DAYS)
    scores = MssScore.objects.filter(environment=settings.ENVIRONMENT, created_at__lt=before)
    forgotten, _ = scores.delete()
    MssRun.objects.filter(environment=settings.ENVIRONMENT, finished_at__lt=before).delete()
    watch.forget_expired(before)
    return forgotten


def _open() -> QuerySet[MssRun]:
    return MssRun.objects.filter(environment=settings.ENVIRONMENT, state__in=OPEN_STATES)


def _named(run: MssRun) -> dict[str, str | int]:
    return {"run": str(run.pk), "attempt": run.attempt}
