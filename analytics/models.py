"""What the market did after each signal: one row per signal and horizon, filled once.

Columns of the signal are repeated here, so that counting a million outcomes needs no join.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from analytics.rollup_models import BaseRateDay as BaseRateDay
from analytics.rollup_models import FactorDay as FactorDay
from analytics.rollup_models import OutcomeDay as OutcomeDay
from analytics.rollup_models import RollupDue as RollupDue
from market.leases import LeasedWork
from signals.models import Signal


class Outcome(LeasedWork):
    """One signal at one horizon. ``state`` tells of the work, ``result`` of what it came to."""

    class Result(models.TextChoices):
        PENDING = "pending"
        FILLED = "filled"
        UNAVAILABLE = "unavailable"

    class Touch(models.TextChoices):
        TARGET = "target"
        STOP = "stop"
        NEITHER = "neither"
        UNKNOWN = "unknown"  # both within one candle, or no ATR to set them by

    class FundingBasis(models.TextChoices):
        SETTLED = "settled"  # what the venue settled inside the window
        ESTIMATED = "estimated"  # the signal's own rate per 8 h, pro rata
        UNKNOWN = "unknown"  # neither is known: not in the net return

    signal = models.ForeignKey(
        Signal,
        on_delete=models.PROTECT,
        related_name="outcomes",
        db_index=False,  # the constraint's index begins with it
    )
    horizon_h = models.PositiveSmallIntegerField(help_text="Hours after the signal")
    due_at = models.DateTimeField(help_text="When the last candle of the horizon has closed")

    environment = models.CharField(max_length=10)
    symbol = models.CharField(max_length=24)
    direction = models.CharField(max_length=10, help_text="LONG or SHORT")
    confidence = models.CharField(max_length=10)
    profile_name = models.CharField(max_length=40)
    is_imported = models.BooleanField(default=False)
    signal_at = models.DateTimeField()
    factor_stances = models.CharField(
        max_length=8,
        blank=True,
        help_text=(
            "What each factor said of the side, in the order of the engine's factors: "
            "+ supports, - opposes, 0 neutral, . unknown; empty when all are"
        ),
    )

    result = models.CharField(max_length=12, choices=Result.choices, default=Result.PENDING)
    reason = models.CharField(max_length=200, blank=True, help_text="Why it is unavailable")
    venue = models.CharField(
        max_length=20,
        blank=True,
        help_text="Whose 5m candles it rests on; empty while the signal names none",
    )
    entry_price = models.DecimalField(max_digits=30, decimal_places=18, null=True)
    exit_price = models.DecimalField(max_digits=30, decimal_places=18, null=True)
    return_pct = models.FloatField(
        null=True, help_text="Of the price, signed by the side: positive is a gain"
    )
    net_return_pct = models.FloatField(null=True, help_text="After fees and funding")
    fees_pct = models.FloatField(null=True, help_text="Of both ways, of the entry's value")
    funding_pct = models.FloatField(null=True, help_text="Paid by the side; negative: received")
    funding_basis = models.CharField(max_length=10, choices=FundingBasis.choices, blank=True)
    favourable_pct = models.FloatField(null=True, help_text="Maximum favourable excursion, ≥ 0")
    adverse_pct = models.FloatField(null=True, help_text="Maximum adverse excursion, ≤ 0")
    is_hit = models.BooleanField(null=True, help_text="By the stated rule, net of costs")
    target_price = models.DecimalField(max_digits=30, decimal_places=18, null=True)
    stop_price = models.DecimalField(max_digits=30, decimal_places=18, null=True)
    first_touch = models.CharField(max_length=8, choices=Touch.choices, blank=True)
    filled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["signal", "horizon_h"], name="outcome_once"),
            models.CheckConstraint(
                condition=Q(result__in=["pending", "filled", "unavailable"]), name="outcome_result"
            ),
            models.CheckConstraint(
                condition=~Q(result="filled")
                | Q(
                    entry_price__isnull=False,
                    exit_price__isnull=False,
                    return_pct__isnull=False,
                    net_return_pct__isnull=False,
                    is_hit__isnull=False,
                ),
                name="outcome_filled_is_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(result="pending"), name="outcome_due"),
            models.Index(
                "environment", "horizon_h", F("signal_at").desc(), name="outcome_env_time"
            ),
            models.Index(
                "environment", "symbol", "horizon_h", F("signal_at").desc(), name="outcome_symbol"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.direction} {self.symbol} after {self.horizon_h} h: {self.result}"
