"""Runs in the background, whatever they score: rows that workers take with a lease, coin by coin.

Nothing is lost with a process: a run whose worker died is free again when its lease has ended. What
a step found is stored together with giving the run back, or not at all. At its deadline a run ends
with what it has, and the coins that nobody got to stay named.

Each app has its own table (a subclass) and one queue over it; what a step does is the app's.
"""

from __future__ import annotations

import logging
import math
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, models, transaction
from django.db.models import F, Q, QuerySet

from config.shift import Shift
from config.wakeups import wake
from market.clock import wall_now
from market.leases import OPEN_STATES, LeasedWork, as_seen, claim, free

logger = logging.getLogger(__name__)

RUN_DEADLINE = timedelta(minutes=15)
# Beyond the providers' deadline: bulk lists, scoring, and storing on a busy disk.
LEASE_MARGIN_S = 30.0
# Coins whose scoring raises again and again meet a fault of ours; the others shall not wait.
MOST_FAULTS = 3
OWN_FAULT = "An error of this program, told in its log."
# Of one kind, all clients' together: each is minutes of calls.
MOST_OPEN = 20
# What Django raises when the database is not there; a locked SQLite file is among them.
DATABASE_AWAY = (OperationalError, InterfaceError)

_OPEN = ["waiting", "working"]
_OVER = ["done", "left"]


class TooManyScans(Exception):
    """As many scans as allowed are under way; asking again in a moment makes sense."""

    def __init__(self, detail: str, retry_after_s: float) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after_s = retry_after_s


# --- The row --------------------------------------------------------------------------------------


class BackgroundRun(LeasedWork):
    """Coins that are scored in the background; ``left`` are those nobody has scored so far."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    environment = models.CharField(max_length=10)
    asked_hash = models.CharField(
        max_length=64, help_text="Of what was asked for: the same is not done twice at once"
    )
    requested = models.PositiveIntegerField(default=0)
    left = models.JSONField(default=list, help_text="Coins that are not scored yet")
    failed = models.JSONField(default=dict, help_text="Why a coin has no score, a sentence each")
    started_at = models.DateTimeField()
    deadline_at = models.DateTimeField(help_text="Nothing is begun after this")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    @property
    def answered(self) -> int:
        """How many coins need no more work."""
        return self.requested - len(self.left)

    @property
    def progress(self) -> str:
        """How far it is, in the public words: running, complete, or partial when time was up."""
        over = {self.State.DONE: "complete", self.State.LEFT: "partial"}
        return over.get(self.State(self.state), "running")


def run_constraints(name: str) -> list[models.BaseConstraint]:
    """Return what holds for every run of a table."""
    return [
        models.CheckConstraint(condition=Q(state__in=[*_OPEN, *_OVER]), name=f"{name}_state"),
        models.CheckConstraint(
            condition=Q(state__in=_OPEN, finished_at=None)
            | (Q(state__in=_OVER) & Q(finished_at__isnull=False)),
            name=f"{name}_finished_when_over",
        ),
        models.UniqueConstraint(
            fields=["environment", "asked_hash"],
            condition=Q(state__in=_OPEN),
            name=f"{name}_once_at_a_time",
        ),
    ]


def run_indexes(name: str) -> list[models.Index]:
    return [
        models.Index("environment", F("started_at").desc(), name=f"{name}_newest"),
        models.Index(
            fields=["environment", "started_at"],
            condition=Q(state__in=_OPEN),
            name=f"{name}_open",
        ),
    ]


# --- Working --------------------------------------------------------------------------------------

Run = TypeVar("Run", bound=BackgroundRun)


class RunQueue(Generic[Run]):
    """The runs of one table. ``task`` is the name of what a worker is woken for."""

    def __init__(self, model: type[Run], task: str) -> None:
        self._model = model
        self.task = task

    def start(self, asked_hash: str, **columns: Any) -> tuple[Run, bool]:
        """Start a run, or return the same one that is still open; tell whether it is new.

        Raises TooManyScans.
        """
        try:
            with transaction.atomic():
                running = self._open().filter(asked_hash=asked_hash).first()
                if running is not None:
                    return running, False
                if self._open().count() >= MOST_OPEN:
                    raise TooManyScans("Many scans are under way; try again later.", 60.0)
                now = wall_now()
                run = self._model._default_manager.create(
                    environment=settings.ENVIRONMENT,
                    asked_hash=asked_hash,
                    started_at=now,
                    deadline_at=now + RUN_DEADLINE,
                    **columns,
                )
                wake(self.task)
                return run, True
        except IntegrityError:
            return self._open().get(asked_hash=asked_hash), False  # another request was quicker

    def work(self, step: Callable[[Run], object], *, for_s: float = math.inf) -> bool:
        """Claim runs and do their next steps, the oldest run first.

        Begins no step when ``for_s`` have passed since the first; returns whether more may be free.
        """
        shift = Shift(for_s)
        while (run := self.claim()) is not None:
            step(run)
            if shift.is_over:
                return True
        return False

    def claim(self) -> Run | None:
        """Make a free run this worker's own until its lease ends; None when there is none."""

        def first_free(now: datetime) -> Run | None:
            return self._free(now).order_by("started_at").first()

        return claim(first_free, settings.SCAN_BATCH_DEADLINE_S + LEASE_MARGIN_S)

    def is_waiting(self) -> bool:
        """Tell whether a run could go on if it had a worker."""
        return self._free(wall_now()).exists()

    def sweep(self) -> None:
        """End what is over and wake a worker for what is free again."""
        now = wall_now()
        for run in free(self._open(), now).filter(deadline_at__lte=now):
            as_seen(run).update(state=LeasedWork.State.LEFT, lease_until=None, finished_at=now)
        if self.is_waiting():
            wake(self.task)

    def forget(self, before: datetime) -> int:
        """Delete runs that ended before then; return how many."""
        old = self._model._default_manager.filter(
            environment=settings.ENVIRONMENT, finished_at__lt=before
        )
        _, deleted = old.delete()
        return deleted.get(self._model._meta.label, 0)

    def _free(self, now: datetime) -> QuerySet[Run]:
        return free(self._open(), now).filter(deadline_at__gt=now)

    def _open(self) -> QuerySet[Run]:
        return self._model._default_manager.filter(
            environment=settings.ENVIRONMENT, state__in=OPEN_STATES
        )


def give_back(
    run: BackgroundRun, left: Sequence[str], failed: Mapping[str, str], **found: Any
) -> bool:
    """Release a claimed run of which coins are ``left``, or end it when none is.

    Call it in the transaction that stores what was found; False when the run is not ours now.
    """
    over = {"state": LeasedWork.State.DONE, "finished_at": wall_now()}
    given_back = as_seen(run).update(
        left=left,
        failed={**run.failed, **failed},
        faults=0,
        lease_until=None,
        **found,
        **({"state": LeasedWork.State.WAITING} if left else over),
    )
    if not given_back:
        logger.info("another worker has taken over", extra=named(run))
    return given_back > 0


def release_to_try_again(run: BackgroundRun) -> bool:
    """Release a run whose step raised; False when it has done so too often to be tried again."""
    if run.faults + 1 >= MOST_FAULTS:
        return False
    as_seen(run).update(state=LeasedWork.State.WAITING, faults=run.faults + 1, lease_until=None)
    return True


def named(run: BackgroundRun) -> dict[str, str | int]:
    """Return what a log entry says of a run."""
    return {"run": str(run.pk), "attempt": run.attempt}
