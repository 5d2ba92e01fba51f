"""Sums of outcomes per day, so that a million of them are counted in milliseconds.

Derived rows: ``analytics.rollups`` recomputes a day whenever one of its outcomes was filled, and
replaces what was there. Days are UTC days of the signals.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

# ``symbol`` of the rows that sum all coins. No symbol looks like it.
ALL_COINS = "*"


class BaseRateDay(models.Model):
    """How often either side would have been right, had one entered at any full hour of a day.

    Up to 24 windows of ``horizon_h`` begin on the full hours of the UTC day, from the stored 1h
    bars; windows with a bar missing are not counted. Hits are net of the same costs as an outcome.
    """

    environment = models.CharField(max_length=10)
    symbol = models.CharField(max_length=24)
    venue = models.CharField(max_length=20, help_text="Whose 1h candles it rests on")
    day = models.DateField(help_text="UTC day on which the windows begin")
    horizon_h = models.PositiveSmallIntegerField()
    windows = models.PositiveSmallIntegerField()
    long_hits = models.PositiveSmallIntegerField()
    short_hits = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["environment", "symbol", "horizon_h", "day"], name="base_rate_once"
            ),
            models.CheckConstraint(
                condition=Q(long_hits__lte=F("windows")) & Q(short_hits__lte=F("windows")),
                name="base_rate_hits_of_windows",
            ),
        ]
        indexes = [models.Index("environment", F("day").desc(), name="base_rate_env_day")]

    def __str__(self) -> str:
        return f"{self.symbol} {self.day} {self.horizon_h} h: of {self.windows} windows"


class OutcomeDay(models.Model):
    """Outcomes of one day, coin, profile, side, band and horizon; ``symbol`` "*": of all coins.

    ``n`` counts filled outcomes; what is unavailable is counted apart and is in no sum. The base
    rate of an outcome is that of its coin, side and horizon over the 30 days before its day; the
    sums from ``base_n`` on are over the outcomes for which it is known. The stated probability is
    ``0.5 + confidence_score / 2``, what a band claims; imported signals state none.
    """

    environment = models.CharField(max_length=10)
    day = models.DateField()
    symbol = models.CharField(max_length=24)
    profile_name = models.CharField(max_length=40)
    direction = models.CharField(max_length=10)
    confidence = models.CharField(max_length=10)
    horizon_h = models.PositiveSmallIntegerField()
    is_imported = models.BooleanField()

    n = models.PositiveIntegerField(help_text="Filled outcomes")
    hits = models.PositiveIntegerField()
    unavailable = models.PositiveIntegerField(help_text="Outcomes without candles, in no sum")
    sum_return_pct = models.FloatField()
    sum_net_return_pct = models.FloatField()
    sum_net_return_sq = models.FloatField(help_text="Of squares of the net return in percent")
    sum_favourable_pct = models.FloatField()
    sum_adverse_pct = models.FloatField()
    targets = models.PositiveIntegerField(help_text="Touched the target first")
    stops = models.PositiveIntegerField(help_text="Touched the stop first")
    neithers = models.PositiveIntegerField(help_text="Touched neither; the rest of n is unknown")

    base_n = models.PositiveIntegerField(help_text="Of n, those whose base rate is known")
    base_hits = models.PositiveIntegerField(help_text="Hits among them")
    sum_base_rate = models.FloatField()
    sum_base_rate_sq = models.FloatField()
    sum_base_rate_of_hits = models.FloatField()
    sum_stated = models.FloatField()
    sum_stated_sq = models.FloatField()
    sum_stated_of_hits = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "environment",
                    "symbol",
                    "day",
                    "horizon_h",
                    "is_imported",
                    "profile_name",
                    "direction",
                    "confidence",
                ],
                name="outcome_day_once",
            ),
            models.CheckConstraint(
                condition=Q(hits__lte=F("n")) & Q(base_n__lte=F("n")), name="outcome_day_parts_of_n"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.day} {self.horizon_h} h: {self.hits} of {self.n}"


class FactorDay(models.Model):
    """Outcomes of one day of all coins, by what one factor said of the side that was taken.

    A factor supports a side when its stored contribution points there, opposes it when it points
    away, and is neutral at zero; a missing factor has no stance and no row. There are no rows per
    coin: one coin's few outcomes are read as they are.
    """

    class Stance(models.TextChoices):
        SUPPORTS = "supports"
        OPPOSES = "opposes"
        NEUTRAL = "neutral"

    environment = models.CharField(max_length=10)
    day = models.DateField()
    profile_name = models.CharField(max_length=40)
    direction = models.CharField(max_length=10)
    horizon_h = models.PositiveSmallIntegerField()
    is_imported = models.BooleanField()
    factor = models.CharField(max_length=24)
    stance = models.CharField(max_length=8, choices=Stance.choices)

    n = models.PositiveIntegerField(help_text="Filled outcomes")
    hits = models.PositiveIntegerField()
    sum_net_return_pct = models.FloatField()
    base_n = models.PositiveIntegerField(help_text="Of n, those whose base rate is known")
    base_hits = models.PositiveIntegerField(help_text="Hits among them")
    sum_base_rate = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "environment",
                    "horizon_h",
                    "day",
                    "is_imported",
                    "factor",
                    "stance",
                    "direction",
                    "profile_name",
                ],
                name="factor_day_once",
            ),
            models.CheckConstraint(
                condition=Q(stance__in=["supports", "opposes", "neutral"]), name="factor_day_stance"
            ),
            models.CheckConstraint(
                condition=Q(hits__lte=F("n")) & Q(base_n__lte=F("n")), name="factor_day_parts_of_n"
            ),
        ]
        indexes = [models.Index("environment", "day", name="factor_day_env_day")]

    def __str__(self) -> str:
        return f"{self.factor} {self.stance} {self.day} {self.horizon_h} h: {self.hits} of {self.n}"


class RollupDue(models.Model):
    """A day and a coin whose sums are out of date; written in the transaction that made them so."""

    environment = models.CharField(max_length=10)
    symbol = models.CharField(max_length=24, help_text="* is the day of all coins")
    day = models.DateField()
    marked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["environment", "symbol", "day"], name="rollup_due_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.day}"
