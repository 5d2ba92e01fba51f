"""Scans of many coins that go on in the background, and what they found, a row per coin."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from market.background_runs import BackgroundRun, run_constraints, run_indexes
from smartmoney.engine.accumulation import Pattern


class SmartMoneyScan(BackgroundRun):
    """One scan; its coins go by their canonical names."""

    name = models.CharField(max_length=60, help_text="The list, the choice, or the coins named")

    class Meta:
        verbose_name = "smart money scan"
        constraints = run_constraints("smart_scan")
        indexes = run_indexes("smart_scan")

    def __str__(self) -> str:
        return f"{self.name}, {self.started_at:%Y-%m-%d %H:%M:%S}"


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
