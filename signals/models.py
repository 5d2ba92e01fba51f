"""What is remembered: published signals, scoring profiles and how often coins were evaluated.

A ``Signal`` is written once and never changed or deleted. One that was published here is a link in
the hash chain of its stream (environment, symbol, profile); an imported one is in none. Profiles
are versioned rows: a change is a new version, so that an old signal keeps naming the rules it was
made by.
"""

# ruff: noqa: ARG002 - Django fixes the signatures of what is refused here

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from signals.engine.types import Confidence, Direction, profile_errors
from signals.history_models import ConfidenceCalibration as ConfidenceCalibration
from signals.history_models import HistoryCut as HistoryCut
from signals.history_models import SignalDay as SignalDay
from signals.history_models import SignalMonth as SignalMonth
from signals.scan_models import ScanBatch as ScanBatch
from signals.scan_models import ScanRun as ScanRun


class SignalIsPermanent(Exception):
    """A stored signal was about to be changed or deleted."""


class SignalQuerySet(models.QuerySet["Signal"]):
    """Reads like any queryset; refuses everything that would rewrite history."""

    def links(self) -> SignalQuerySet:
        """Return what was published here: the links of the chains, without imported signals."""
        return self.filter(seq__isnull=False)

    def update(self, **kwargs: Any) -> NoReturn:
        raise SignalIsPermanent("stored signals are never changed")

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise SignalIsPermanent("stored signals are never changed")

    def delete(self) -> NoReturn:
        raise SignalIsPermanent("stored signals are never deleted")


class Signal(models.Model):
    """One published LONG or SHORT with its evidence and the inputs it can be recomputed from."""

    class PublishedDirection(models.TextChoices):
        LONG = Direction.LONG.value
        SHORT = Direction.SHORT.value

    class ConfidenceBand(models.TextChoices):
        HIGH = Confidence.HIGH.value
        MEDIUM = Confidence.MEDIUM.value
        LOW = Confidence.LOW.value

    environment = models.CharField(max_length=10)
    symbol = models.CharField(max_length=24)
    signal = models.CharField(max_length=10, choices=PublishedDirection.choices)
    score = models.DecimalField(max_digits=5, decimal_places=2)
    confidence = models.CharField(max_length=10, choices=ConfidenceBand.choices)
    confidence_score = models.FloatField(null=True, help_text="0 to 1; null for an imported one")
    coverage_pct = models.FloatField(
        null=True, help_text="Percent of the profile's weight that was known; null when imported"
    )
    # 18 decimals: one PEPE is worth about 0.000006 USD, and there are smaller ones.
    price = models.DecimalField(max_digits=30, decimal_places=18, help_text="USD per coin")
    timestamp = models.DateTimeField(help_text="The instant that was evaluated")

    reasons = models.JSONField()
    factors = models.JSONField()
    metrics = models.JSONField()
    comprehensive_metrics = models.JSONField(null=True)
    lunarcrush_metrics = models.JSONField(null=True)
    coinapi_metrics = models.JSONField(null=True)
    smc_analysis = models.JSONField(null=True)
    ai_validation = models.JSONField(null=True)
    provenance = models.JSONField()
    problems = models.JSONField()

    engine_version = models.CharField(max_length=20)
    profile_name = models.CharField(max_length=40)
    profile_version = models.PositiveIntegerField()
    profile = models.JSONField(help_text="The profile's settings as they were")
    inputs = models.BinaryField(
        null=True, help_text="The compressed snapshot this was computed from; null when imported"
    )
    input_hash = models.CharField(max_length=64)

    seq = models.PositiveIntegerField(
        null=True, help_text="Position in its stream, from 1; null when imported: outside the chain"
    )
    prev_hash = models.CharField(max_length=64)
    content_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    # Only of imports: what the source called it.
    source_reference = models.CharField(max_length=100, blank=True, default="")
    imported_at = models.DateTimeField(null=True)
    source_extra = models.JSONField(
        null=True, help_text="What else the imported record held, under its own names"
    )

    objects = SignalQuerySet.as_manager()

    # What ``content_hash`` covers. Listed, not derived: adding a column must not change the hash
    # of the rows that are there.
    HASHED_COLUMNS = (
        "environment", "symbol", "signal", "score", "confidence", "confidence_score",
        "coverage_pct", "price", "timestamp", "reasons", "factors", "metrics",
        "comprehensive_metrics", "lunarcrush_metrics", "coinapi_metrics", "smc_analysis",
        "ai_validation", "provenance", "problems", "engine_version", "profile_name",
        "profile_version", "profile", "inputs", "input_hash", "seq", "prev_hash", "created_at",
    )  # fmt: skip

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["environment", "symbol", "profile_name", "seq"], name="signal_stream_seq"
            ),
            models.CheckConstraint(
                condition=Q(signal__in=["LONG", "SHORT"]), name="signal_long_or_short"
            ),
            models.CheckConstraint(
                condition=Q(confidence__in=["high", "medium", "low"]), name="signal_confidence"
            ),
            models.CheckConstraint(
                condition=Q(score__gte=0) & Q(score__lte=100), name="signal_score_range"
            ),
            models.CheckConstraint(condition=Q(seq__gte=1), name="signal_seq_from_1"),
            models.CheckConstraint(
                condition=Q(seq__isnull=True, imported_at__isnull=False)
                | Q(
                    seq__isnull=False,
                    imported_at__isnull=True,
                    inputs__isnull=False,
                    coverage_pct__isnull=False,
                    confidence_score__isnull=False,
                ),
                name="signal_in_chain_or_imported",
            ),
            models.UniqueConstraint(
                fields=["environment", "symbol", "timestamp", "signal"],
                condition=Q(seq__isnull=True),
                name="signal_imported_once",
            ),
        ]
        indexes = [
            models.Index(F("timestamp").desc(), name="signal_time"),
            # Lists, counts and sums find all that they filter and add up by in the index itself: a
            # row brings kilobytes of evidence, and a million of them are not read to be counted.
            models.Index(
                fields=["environment", "-timestamp", "-id"],
                include=["symbol", "signal", "confidence", "score", "profile_name", "seq"],
                name="signal_listing",
            ),
            models.Index(
                fields=["environment", "symbol", "-timestamp", "-id"],
                include=["signal", "confidence", "score"],
                name="signal_coin_listing",
            ),
            models.Index("environment", "signal", F("timestamp").desc(), name="signal_side_time"),
            models.Index("environment", F("created_at").desc(), name="signal_env_created"),
            # Every stream has one first link: the list of streams without reading their signals.
            models.Index(
                fields=["environment", "symbol", "profile_name"],
                condition=Q(seq=1),
                name="signal_stream_first",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.signal} {self.symbol} {self.score} #{self.seq} ({self.profile_name})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise SignalIsPermanent("stored signals are never changed")
        kwargs["force_insert"] = True
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise SignalIsPermanent("stored signals are never deleted")

    @classmethod
    def of_columns(cls, columns: Mapping[str, Any]) -> Signal:
        """Return an unsaved signal from :meth:`columns`; what else the mapping holds is ignored."""
        return cls(**{name: columns[name] for name in (*cls.HASHED_COLUMNS, "content_hash")})

    def columns(self) -> dict[str, Any]:
        """Return every stored column but the row's id."""
        return {**self.hashed_columns(), "content_hash": self.content_hash}

    def hashed_columns(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.HASHED_COLUMNS}


class ScoringProfile(models.Model):
    """One version of a named set of scoring rules. Its scoring fields never change."""

    name = models.SlugField(max_length=40)
    version = models.PositiveIntegerField(editable=False)
    weights = models.JSONField(help_text="Percent points per factor; they sum to 100")
    curve_scales = models.JSONField(
        default=dict, blank=True, help_text="Per factor; 1 where absent, below 1 bolder"
    )
    long_at = models.FloatField(help_text="LONG from this score on")
    short_at = models.FloatField(help_text="SHORT from this score down")
    min_coverage_pct = models.FloatField(help_text="Below this coverage the answer is NEUTRAL")
    cooldown_h = models.FloatField(help_text="Same direction again only after so many hours …")
    rescore_distance = models.FloatField(
        help_text="… or when the score moved so many points further from 50"
    )
    is_active = models.BooleanField(default=True, help_text="The version used under this name")
    is_default = models.BooleanField(default=False, help_text="Used when no profile is named")
    created_at = models.DateTimeField(editable=False)

    SETTINGS = (
        "weights", "curve_scales", "long_at", "short_at", "min_coverage_pct", "cooldown_h",
        "rescore_distance",
    )  # fmt: skip

    class Meta:
        ordering = ["name", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="profile_name_version"),
            models.UniqueConstraint(
                fields=["name"], condition=Q(is_active=True), name="profile_one_active_version"
            ),
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="profile_one_default"
            ),
            models.CheckConstraint(
                condition=Q(is_default=False) | Q(is_active=True), name="profile_default_is_active"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"

    def clean(self) -> None:
        errors = profile_errors(**{name: getattr(self, name) for name in self.SETTINGS})
        if errors:
            raise ValidationError(errors)


class EvaluationCount(models.Model):
    """How often a coin was evaluated for publishing on one UTC day, and what came out.

    Scans and ``evaluate --publish`` count; reading over HTTP does not, so the rates say how the
    watched coins behaved and not which coins people looked at. NEUTRAL is never a stored signal;
    this is the denominator. ``neutral`` and ``insufficient`` (NEUTRAL for lack of data) are apart.
    """

    environment = models.CharField(max_length=10)
    symbol = models.CharField(max_length=24)
    profile_name = models.CharField(max_length=40)
    day = models.DateField()
    evaluated = models.PositiveIntegerField(default=0)
    long = models.PositiveIntegerField(default=0)
    short = models.PositiveIntegerField(default=0)
    neutral = models.PositiveIntegerField(default=0)
    insufficient = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["environment", "symbol", "profile_name", "day"], name="count_per_day"
            ),
            models.CheckConstraint(
                condition=Q(evaluated=F("long") + F("short") + F("neutral") + F("insufficient")),
                name="count_adds_up",
            ),
        ]
        indexes = [models.Index("environment", F("day").desc(), name="count_env_day")]

    def __str__(self) -> str:
        return f"{self.symbol} {self.day}: {self.evaluated}"
