"""Work that is a row: claimed by a conditional UPDATE with a lease, and free again when that ends.

``attempt`` counts the claims and fences: whoever was given up on can no longer complete what
another has taken over. Leases go by wall time: a standing market clock does not stop the machine.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import models
from django.db.models import Q, QuerySet

from market.clock import wall_now


class LeasedWork(models.Model):
    """The columns by which one of many workers takes a row at a time."""

    class State(models.TextChoices):
        WAITING = "waiting"
        WORKING = "working"
        DONE = "done"
        LEFT = "left"

    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempt = models.PositiveIntegerField(default=0, help_text="How often it was claimed")
    faults = models.PositiveIntegerField(default=0, help_text="How often its work broke off")
    lease_until = models.DateTimeField(null=True)

    class Meta:
        abstract = True


OPEN_STATES = (LeasedWork.State.WAITING, LeasedWork.State.WORKING)

Work = TypeVar("Work", bound=LeasedWork)


def free(work: QuerySet[Work], now: datetime) -> QuerySet[Work]:
    """Return those of some rows that nobody works on."""
    return work.filter(
        Q(state=LeasedWork.State.WAITING) | Q(state=LeasedWork.State.WORKING, lease_until__lte=now)
    )


def claim(first_free: Callable[[datetime], Work | None], lease_s: float) -> Work | None:
    """Make a free row this worker's own until its lease ends; None when there is none.

    ``first_free`` reads the row whose turn it is; it is asked again when another was quicker.
    """
    while True:
        now = wall_now()
        work = first_free(now)
        if work is None:
            return None
        lease_until = now + timedelta(seconds=lease_s)
        if as_seen(work).update(
            state=LeasedWork.State.WORKING, attempt=work.attempt + 1, lease_until=lease_until
        ):
            work.attempt += 1
            work.state, work.lease_until = LeasedWork.State.WORKING, lease_until
            return work


def as_seen(work: Work) -> QuerySet[Any]:
    """Return the row as a queryset that is empty as soon as anybody has changed its state."""
    return type(work)._default_manager.filter(pk=work.pk, state=work.state, attempt=work.attempt)
