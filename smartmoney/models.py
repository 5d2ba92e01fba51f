"""Scans of many coins that go on in the background, and what they found, a row per coin.

A scan is itself the work that workers claim with a lease (``market.leases``): whoever holds it
scores some coins, stores their results and gives it back. A worker that dies costs those coins'
reading, nothing else.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q

from market.leases import OPEN_STATES, LeasedWork
from smartmoney.engine.accumulation import Pattern


class SmartMoneyScan(LeasedWork):
    """One scan; ``left`` are the coins nobody has scored so far."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    environment = models.CharField(max_length=10)
    name = models.CharField(max_length=60, help_text="The list, the choice, or the coins named")
    asked_hash = models.CharField(
        max_length=64, help_text="Of the coins: the same ones are not scanned twice at once"
    )
    requested = models.PositiveIntegerField()
    left = models.JSONField(help_text="Names of coins that are not scored yet")
    failed = models.JSONField(default=dict, help_text="Why a coin has no score, a sentence each")
    started_at = models.DateTimeField()
    deadline_at = models.DateTimeField(help_text="Nothing is begun after this")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "smart money scan"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "working", "done", "left"]),
                name="smart_scan_state",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "working"], finished_at=None)
                | (Q(state__in=["done", "left"]) & Q(finished_at__isnull=False)),
                name="smart_scan_finished_when_over",
            ),
            models.UniqueConstraint(
                fields=["environment", "asked_hash"],
                condition=Q(state__in=["waiting", "working"]),
                name="smart_scan_once_at_a_time",
            ),
        ]
        indexes = [
            models.Index("environment", F("started_at").desc(), name="smart_scan_newest"),
            models.Index(
                fields=["environment", "started_at"],
                condition=Q(state__in=["waiting", "working"]),
                name="smart_scan_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.started_at:%Y-%m-%d %H:%M:%S}"

    @property
    def is_over(self) -> bool:
        return self.state not in OPEN_STATES

    @property
    def answered(self) -> int:
        """How many coins need no more work."""
        return self.requested - len(self.left)


class ScanResult(models.Model):
    """One coin's score in a scan."""

    class DominantPattern(models.TextChoices):
        ACCUMULATION = Pattern.ACCUMULATION.value
        DISTRIBUTION = Pattern.DISTRIBUTION.value
        NEUTRAL = Pattern.NEUTRAL.value

    scan = models.ForeignKey(SmartMoneyScan, on_delete=models.CASCADE, related_name="results")
    symbol = models.CharField(max_length=24)
    observed_at = models.DateTimeField(help_text="The instant that was scored")
    # 18 decimals: one PEPE is worth about 0.000006 USD, and there are smaller ones.
    price = models.DecimalField(
        max_digits=30, decimal_places=18, null=True, help_text="USD per coin"
    )
    accumulation = models.PositiveSmallIntegerField(help_text="0 to 10")
    distribution = models.PositiveSmallIntegerField(help_text="0 to 10")
    pattern = models.CharField(max_length=12, choices=DominantPattern.choices)
    document = models.JSONField(help_text="The answer for this coin, under the public key names")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scan", "symbol"], name="smart_result_once"),
            models.CheckConstraint(
                condition=Q(accumulation__lte=10) & Q(distribution__lte=10),
                name="smart_result_range",
            ),
            models.CheckConstraint(
                condition=Q(pattern__in=["accumulation", "distribution", "neutral"]),
                name="smart_result_pattern",
            ),
        ]
        indexes = [
            models.Index("scan", F("accumulation").desc(), name="smart_result_gathered"),
            models.Index("scan", F("distribution").desc(), name="smart_result_handed_out"),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} in {self.scan_id}"
