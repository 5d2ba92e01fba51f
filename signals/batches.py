"""The batches of a scan: claimed with a lease, evaluated as one frame, published, counted once.

``attempt`` fences: a worker that was given up on can no longer complete what another has taken
over. Evaluating stores nothing; what keeps a coin from it is told in a sentence, the others go on.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from config.shift import Shift
from market.clock import wall_now
from market.instruments import UnknownSymbol
from market.leases import OPEN_STATES, as_seen, claim, free
from market.services import MarketUnavailable, resolve_symbol
from market.types import Instrument, Symbol
from signals.exceptions import UnknownProfile
from signals.models import ScanBatch, ScanRun, Signal
from signals.profiles import active_profile
from signals.services import (
    DATABASE_AWAY,
    Evaluation,
    count_evaluations,
    evaluate_symbols,
    publish_signal,
)

logger = logging.getLogger(__name__)

# Beyond the providers' deadline: scoring and publishing fifty signals on a busy disk.
LEASE_MARGIN_S = 20.0
# A batch whose work raises again and again has a fault of ours in it; the others shall not wait.
MOST_FAULTS = 3


@dataclass(slots=True)
class Outcome:
    """One batch's evaluations, and why (by name) coins have none."""

    evaluations: list[Evaluation] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    @property
    def insufficient(self) -> int:
        return sum(
            evaluation.result.neutral_reason == "insufficient_data"
            for evaluation in self.evaluations
        )


def evaluate_batch(symbols: Sequence[str], profile_name: str, *, share: float) -> Outcome:
    """Evaluate coins by name, as one frame; ``share`` is their part of the whole scan."""
    outcome = Outcome()
    try:
        profile = active_profile(profile_name)
        instruments = _resolved(symbols, outcome)
        outcome.evaluations = evaluate_symbols(
            list(instruments.values()),
            profile,
            deadline_s=settings.SCAN_BATCH_DEADLINE_S,
            share=share,
        )
    except UnknownProfile as unknown:
        reason = f"There is no scoring profile {unknown.name} any more."
        outcome.failed = dict.fromkeys(symbols, reason)
    except MarketUnavailable as unavailable:
        outcome.failed = {
            name: unavailable.detail for name in symbols if name not in outcome.skipped
        }
    return outcome


def _resolved(symbols: Sequence[str], outcome: Outcome) -> dict[Symbol, Instrument]:
    found: dict[Symbol, Instrument] = {}
    for name in symbols:
        try:
            instrument = resolve_symbol(name)
        except UnknownSymbol:
            outcome.skipped[name] = "Nothing tradable goes by this name now."
            continue
        if instrument.symbol in found:
            outcome.skipped[name] = f"The same coin as another here: {instrument.symbol.base}."
            continue
        found[instrument.symbol] = instrument
    return found


# --- Working --------------------------------------------------------------------------------------


def run_batches(
    runs: Collection[int] | None = None,
    *,
    for_s: float = math.inf,
    progress: Callable[[], None] = lambda: None,
) -> bool:
    """Claim and work batches one after the other, of all runs or of some.

    Begins none when ``for_s`` have passed since the first; returns whether more may be free.
    """
    shift = Shift(for_s)
    while (batch := claim_batch(runs)) is not None:
        run_batch(batch)
        progress()
        if shift.is_over:
            return True
    return False


def claim_batch(runs: Collection[int] | None = None) -> ScanBatch | None:
    """Make a free batch this worker's own until its lease ends; None when there is none."""

    def first_free(now: datetime) -> ScanBatch | None:
        workable = _workable(now).select_related("run")
        if runs is not None:
            workable = workable.filter(run__in=runs)
        return workable.order_by("run", "number").first()

    return claim(first_free, settings.SCAN_BATCH_DEADLINE_S + LEASE_MARGIN_S)


def is_waiting() -> bool:
    """Tell whether a scan could go on if it had a worker."""
    return _workable(wall_now()).exists()


def _workable(now: datetime) -> QuerySet[ScanBatch]:
    return free_batches(now).filter(run__deadline_at__gt=now)


def run_batch(batch: ScanBatch) -> bool:
    """Evaluate and publish a claimed batch; return whether it is done by that.

    With the database away the signals go to the backup, and the batch is done again, uncounted so
    far, when its lease has ended.
    """
    run = batch.run
    try:
        share = len(batch.symbols) / run.requested
        outcome = evaluate_batch(batch.symbols, run.profile_name, share=share)
        for evaluation in outcome.evaluations:
            publish_signal(evaluation)
        return complete_batch(batch, outcome)
    except DATABASE_AWAY:
        logger.exception("the database is away, a batch will be done again", extra=_named(batch))
        raise
    except Exception:  # a batch's outer edge: the others go on
        logger.exception("a batch broke off", extra=_named(batch))
        return _break_off(batch)


def complete_batch(batch: ScanBatch, outcome: Outcome) -> bool:
    """Count a batch's evaluations and mark it as done, together; False when it is not ours now."""
    results = sorted(
        (evaluation.result for evaluation in outcome.evaluations),
        # Two runs that count the same coins lock their rows in the same order.
        key=lambda result: result.symbol,
    )
    with transaction.atomic():
        completed = as_seen(batch).update(
            state=ScanBatch.State.DONE,
            lease_until=None,
            problems={**outcome.failed, **outcome.skipped},
        )
        if not completed:
            logger.info("another worker has taken over", extra=_named(batch))
            return False
        count_evaluations(results)
        # Told by the signals themselves: an earlier claim of this batch may have published some.
        published = (
            Signal.objects.links()
            .filter(
                environment=batch.run.environment,
                symbol__in=[result.symbol for result in results],
                profile_name=batch.run.profile_name,
                created_at__gte=batch.run.started_at,
            )
            .count()
        )
        ScanRun.objects.filter(pk=batch.run_id).update(
            done=F("done") + len(results),
            insufficient=F("insufficient") + outcome.insufficient,
            failed=F("failed") + len(outcome.failed),
            skipped=F("skipped") + len(outcome.skipped),
            published=F("published") + published,
        )
        # The row just updated is locked: of two workers with the last batches one comes second.
        finish_if_over(batch.run_id)
    return True


def _break_off(batch: ScanBatch) -> bool:
    if batch.faults + 1 >= MOST_FAULTS:
        reason = "An error of this program, told in its log."
        return complete_batch(batch, Outcome(failed=dict.fromkeys(batch.symbols, reason)))
    as_seen(batch).update(state=ScanBatch.State.WAITING, faults=batch.faults + 1, lease_until=None)
    return False


def free_batches(now: datetime) -> QuerySet[ScanBatch]:
    """Return the batches that nobody works on."""
    return free(
        ScanBatch.objects.filter(
            run__environment=settings.ENVIRONMENT, run__state=ScanRun.State.RUNNING
        ),
        now,
    )


def finish_if_over(run_id: int) -> None:
    """End a run that has no batch to work any more."""
    batches = ScanBatch.objects.filter(run=run_id)
    if batches.filter(state__in=OPEN_STATES).exists():
        return
    is_partial = batches.filter(state=ScanBatch.State.LEFT).exists()
    ScanRun.objects.filter(pk=run_id, state=ScanRun.State.RUNNING).update(
        state=ScanRun.State.PARTIAL if is_partial else ScanRun.State.COMPLETE,
        finished_at=wall_now(),
    )


def _named(batch: ScanBatch) -> dict[str, int]:
    return {"run": batch.run_id, "batch": batch.number, "attempt": batch.attempt}
