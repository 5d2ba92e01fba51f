"""Scan runs as rows: what was asked for, how far it is, and what was left when time was up.

A run is worked in batches, which are claimed with leases (``market.leases``).
"""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import F, Q

from market import clock
from market.leases import LeasedWork
from market.models import Watchlist


class ScanRun(models.Model):
    """One scan of some coins; the counts grow with every batch that is done."""

    class State(models.TextChoices):
        RUNNING = "running"
        COMPLETE = "complete"
        PARTIAL = "partial"

    environment = models.CharField(max_length=10)
    watchlist = models.ForeignKey(
        Watchlist, null=True, on_delete=models.SET_NULL, related_name="runs"
    )
    name = models.CharField(max_length=60, help_text="The list, or the coins that were named")
    profile_name = models.CharField("profile", max_length=40)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)

    requested = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0, help_text="Evaluated and counted")
    insufficient = models.PositiveIntegerField(
        default=0, help_text="Of those done: too little was known for a direction"
    )
    failed = models.PositiveIntegerField(default=0, help_text="Could not be evaluated")
    skipped = models.PositiveIntegerField(default=0, help_text="Not listed any more")
    published = models.PositiveIntegerField(
        default=0, help_text="Signals published for these coins while the run went on"
    )

    started_at = models.DateTimeField()
    deadline_at = models.DateTimeField(help_text="No batch is begun after this")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["watchlist"], condition=Q(state="running"), name="scan_one_run_per_list"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["running", "complete", "partial"]), name="scan_run_state"
            ),
            models.CheckConstraint(
                condition=Q(state="running", finished_at=None)
                | (~Q(state="running") & Q(finished_at__isnull=False)),
                name="scan_run_finished_when_over",
            ),
        ]
        indexes = [models.Index("environment", F("started_at").desc(), name="scan_run_newest")]

    def __str__(self) -> str:
        return f"{self.name}, {self.started_at:%Y-%m-%d %H:%M:%S}"

    @property
    def is_over(self) -> bool:
        return self.state != self.State.RUNNING

    @property
    def answered(self) -> int:
        """How many coins need no more work."""
        return self.done + self.failed + self.skipped

    @property
    def left(self) -> int:
        """How many coins nobody got to, so far."""
        return self.requested - self.answered

    @property
    def elapsed(self) -> timedelta:
        return (self.finished_at or clock.wall_now()) - self.started_at


class ScanBatch(LeasedWork):
    """Some coins of a run: what one worker takes at a time and scores as one frame."""

    run = models.ForeignKey(ScanRun, on_delete=models.CASCADE, related_name="batches")
    number = models.PositiveIntegerField()
    symbols = models.JSONField(help_text="Names of coins")
    problems = models.JSONField(
        default=dict, help_text="Why a coin failed or was skipped, a sentence each"
    )

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="scan_batch_number"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "working", "done", "left"]),
                name="scan_batch_state",
            ),
        ]
        indexes = [
            models.Index(
                fields=["run", "number"],
                condition=Q(state__in=["waiting", "working"]),
                name="scan_batch_open",
            )
        ]

    def __str__(self) -> str:
        return f"batch {self.number} of run {self.run_id}"
