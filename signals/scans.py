"""Scans: a run is a row, its work is batches, and any number of workers share them.

Nothing here is lost with a process. A batch whose worker died is claimed anew when its lease has
ended; what the dead one published is not published again (``signals.publishing_rule``), and what
it counted it counted together with completing the batch, or not at all. At its deadline a run ends
with what it has; the coins that nobody got to stay named in its batches.

Everything here goes by wall time: a standing market clock does not stop the machine.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from config.wakeups import wake
from market.clock import wall_now
from market.leases import OPEN_STATES, as_seen
from market.models import SHORTEST_PERIOD_MIN, Watchlist
from market.watchlists import bases_of, is_due, period_began_at, watchlists
from signals import backup
from signals.backup_import import import_backup
from signals.batches import finish_if_over, free_batches
from signals.models import ScanBatch, ScanRun
from signals.profiles import active_profile

logger = logging.getLogger(__name__)

RUN_BATCHES = "signals.tasks.run_batches"

# For coins that were named and are no list, and so have no period.
UNLISTED_DEADLINE = timedelta(minutes=15)
# A run's last batches are smaller, so that workers who share it end at about the same time …
_SHARE_OF_REST = 4
# … but not so small that a wave no longer keeps the providers' connections busy.
_SMALLEST_BATCH = 20
# Wake-ups sent at once: more workers than these are rare, and each goes on by itself.
_WAKE_UPS = 8
_NAME_LENGTH = 60


class AlreadyRunning(Exception):
    """The list is being scanned. ``run`` is that scan."""

    def __init__(self, run: ScanRun) -> None:
        super().__init__(str(run))
        self.run = run


# --- Starting -------------------------------------------------------------------------------------


def start_due_runs() -> list[ScanRun]:
    """Start a scan of every list whose period has begun, unless one is still running."""
    now = wall_now()
    started = []
    for watchlist in watchlists().filter(enabled=True).exclude(runs__state=ScanRun.State.RUNNING):
        if not is_due(watchlist, now):
            continue
        try:
            run = start_list_run(watchlist)
        except AlreadyRunning:
            continue  # another beat was quicker
        if run is not None:
            started.append(run)
    return started


def start_list_run(watchlist: Watchlist) -> ScanRun | None:
    """Start a scan of a list, due or not; None when it has no coins. Raises AlreadyRunning."""
    now = wall_now()
    symbols = bases_of(watchlist)
    if not symbols:
        return None
    period = timedelta(minutes=watchlist.period_min)
    ends_at = period_began_at(watchlist.period_min, now) + period
    try:
        with transaction.atomic():
            seen = watchlists().filter(pk=watchlist.pk, last_started_at=watchlist.last_started_at)
            if seen.update(last_started_at=now):
                return _start(
                    symbols,
                    name=watchlist.name,
                    profile_name=watchlist.profile_name,
                    watchlist=watchlist,
                    deadline_at=max(ends_at, now + timedelta(minutes=SHORTEST_PERIOD_MIN)),
                )
    except IntegrityError:
        logger.info("a scan of this list is running", extra={"watchlist": watchlist.name})
    newest = ScanRun.objects.filter(watchlist=watchlist).order_by("-started_at").first()
    if newest is None:
        return None  # the list was deleted meanwhile
    raise AlreadyRunning(newest)


def start_run(symbols: Sequence[str], *, profile_name: str = "") -> ScanRun:
    """Start a scan of coins that were named; one that is named twice is scanned once."""
    named = list(dict.fromkeys(symbols))
    name = ", ".join(named)
    with transaction.atomic():
        return _start(
            named,
            name=name if len(name) <= _NAME_LENGTH else f"{len(named)} coins, {named[0]} first",
            profile_name=profile_name,
            watchlist=None,
            deadline_at=wall_now() + UNLISTED_DEADLINE,
        )


def batch_sizes(count: int, most: int) -> list[int]:
    """Return how many coins each batch gets: ``most`` at first, then ever fewer."""
    sizes = []
    while count > 0:
        size = min(count, most, max(_SMALLEST_BATCH, math.ceil(count / _SHARE_OF_REST)))
        sizes.append(size)
        count -= size
    return sizes


def _start(
    symbols: Sequence[str],
    *,
    name: str,
    profile_name: str,
    watchlist: Watchlist | None,
    deadline_at: datetime,
) -> ScanRun:
    run = ScanRun.objects.create(
        environment=settings.ENVIRONMENT,
        watchlist=watchlist,
        name=name,
        # A list may name none; the run says which one that is now.
        profile_name=profile_name or active_profile().name,
        requested=len(symbols),
        started_at=wall_now(),
        deadline_at=deadline_at,
    )
    start, batches = 0, []
    for number, size in enumerate(batch_sizes(len(symbols), settings.SCAN_BATCH_SIZE), start=1):
        batches.append(
            ScanBatch(run=run, number=number, symbols=list(symbols[start : start + size]))
        )
        start += size
    ScanBatch.objects.bulk_create(batches)
    _wake_workers(len(batches))
    return run


def _wake_workers(batches: int) -> None:
    for _ in range(min(batches, _WAKE_UPS)):
        wake(RUN_BATCHES)


# --- Sweeping and ending --------------------------------------------------------------------------


def sweep() -> None:
    """End what is over, find what is free again, bring in what waited for the database."""
    if backup.outage() is not None:
        import_backup()
    now = wall_now()
    for batch in free_batches(now).filter(run__deadline_at__lte=now):
        as_seen(batch).update(state=ScanBatch.State.LEFT, lease_until=None)
    for run in _running().exclude(batches__state__in=OPEN_STATES):
        finish_if_over(run.pk)
    _wake_workers(free_batches(now).filter(run__deadline_at__gt=now).count())


def forget_old_runs() -> int:
    """Delete runs that ended longer ago than they are kept; return how many."""
    if not settings.SCAN_RUN_RETENTION_DAYS:
        return 0
    before = wall_now() - timedelta(days=settings.SCAN_RUN_RETENTION_DAYS)
    old = ScanRun.objects.filter(environment=settings.ENVIRONMENT, finished_at__lt=before)
    _, deleted = old.delete()
    return deleted.get(ScanRun._meta.label, 0)


def _running() -> QuerySet[ScanRun]:
    return ScanRun.objects.filter(environment=settings.ENVIRONMENT, state=ScanRun.State.RUNNING)
