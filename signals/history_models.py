"""What stands beside the stored signals: how right they were, and from when on they are shown."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class ConfidenceCalibration(models.Model):
    """How often signals of one confidence band were right at one horizon. Analytics writes it."""

    environment = models.CharField(max_length=10)
    profile_name = models.CharField(max_length=40)
    confidence = models.CharField(max_length=10)
    horizon_h = models.PositiveSmallIntegerField(help_text="Hours after the signal")
    outcomes = models.PositiveIntegerField(help_text="Filled outcomes of the band: n")
    hits = models.PositiveIntegerField()
    base_rate = models.FloatField(
        null=True,
        help_text="0 to 1: how often the same sides would have been right at any time of the "
        "same coins and period",
    )
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["environment", "profile_name", "confidence", "horizon_h"],
                name="calibration_of_a_band",
            ),
            models.CheckConstraint(
                condition=Q(confidence__in=["high", "medium", "low"]),
                name="calibration_confidence",
            ),
            models.CheckConstraint(
                condition=Q(hits__lte=F("outcomes")), name="calibration_hits_of_outcomes"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.confidence} {self.horizon_h} h: {self.hits} of {self.outcomes}"


class HistoryCut(models.Model):
    """A "clear" of the history: signals up to an instant are not listed. None is deleted."""

    environment = models.CharField(max_length=10)
    hidden_until = models.DateTimeField(help_text="Signals evaluated at or before are not listed")
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=80, help_text="The key or person that asked for it")

    class Meta:
        indexes = [
            models.Index("environment", F("hidden_until").desc(), name="history_cut_env_until")
        ]

    def __str__(self) -> str:
        return f"up to {self.hidden_until:%Y-%m-%d %H:%M} UTC, by {self.made_by}"


class SignalMonth(models.Model):
    """How many signals of a coin and side a UTC month has: a million are told from some thousands.

    Written with the signals (``signals.storing``), so the sums are exact at any moment.
    """

    environment = models.CharField(max_length=10)
    symbol = models.CharField(max_length=24)
    month = models.DateField(help_text="Its first day; of the instants that were evaluated")
    signal = models.CharField(max_length=10)
    signals = models.PositiveIntegerField(default=0, help_text="Own and imported")
    score_hundredths = models.BigIntegerField(default=0, help_text="The sum of their scores × 100")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["environment", "symbol", "month", "signal"], name="signal_month_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.signal} {self.symbol} {self.month:%Y-%m}: {self.signals}"


class SignalDay(models.Model):
    """How many signals of all coins a UTC day has, by side and confidence, and their scores.

    Written with the signals, like the months.
    """

    environment = models.CharField(max_length=10)
    day = models.DateField(help_text="Of the instants that were evaluated")
    signal = models.CharField(max_length=10)
    confidence = models.CharField(max_length=10)
    signals = models.PositiveIntegerField(default=0, help_text="Own and imported")
    score_hundredths = models.BigIntegerField(default=0, help_text="The sum of their scores × 100")
    least_hundredths = models.PositiveIntegerField(help_text="The least score × 100")
    most_hundredths = models.PositiveIntegerField(help_text="The largest score × 100")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["environment", "day", "signal", "confidence"], name="signal_day_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.signal} {self.day}, {self.confidence}: {self.signals}"
