"""What MSS keeps: scores with their inputs, the watchlist, runs, profiles, and when coins appeared.

A score is written once. Profiles are versioned rows: a change is a new version, so that an old
score keeps naming the numbers it was made by.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from market.background_runs import BackgroundRun, run_constraints, run_indexes
from mss.engine.profile import profile_errors
from mss.engine.types import PhaseStatus, Tier, TierConfidence

SHORTEST_INTERVAL_MIN = 5
LONGEST_INTERVAL_MIN = 24 * 60
DEFAULT_INTERVAL_MIN = 15
DEFAULT_MIN_SCORE = 75.0

_STATUSES = [each.value for each in PhaseStatus]


class MssProfile(models.Model):
    """One version of the points, edges, pass marks and tiers. Its settings never change."""

    name = models.SlugField(max_length=40, default="standard")
    version = models.PositiveIntegerField(editable=False)
    settings = models.JSONField(help_text="Pass marks, bands by line, tiers")
    is_active = models.BooleanField(default=False, help_text="The one that scores go by")
    created_at = models.DateTimeField(editable=False)

    class Meta:
        verbose_name = "MSS profile"
        ordering = ["name", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="mss_profile_version"),
            models.UniqueConstraint(
                fields=["is_active"], condition=Q(is_active=True), name="mss_profile_one_active"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"

    def clean(self) -> None:
        errors = profile_errors(self.settings)
        if errors:
            raise ValidationError({"settings": errors})


class MssRun(BackgroundRun):
    """A scan's coins, or the watched ones that are due, by their keys in ``candidates``.

    Which coins these are is not known until ``is_discovered``.
    """

    class Kind(models.TextChoices):
        SCAN = "scan"
        WATCH = "watch"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    filters = models.JSONField(help_text="What a scan asks for; the coins of watch entries")
    is_discovered = models.BooleanField(default=False)
    candidates = models.JSONField(
        default=dict, help_text="What the bulk list told of each coin, by the coin's key"
    )

    class Meta:
        verbose_name = "MSS run"
        constraints = [
            *run_constraints("mss_run"),
            models.CheckConstraint(condition=Q(kind__in=["scan", "watch"]), name="mss_run_kind"),
        ]
        indexes = run_indexes("mss_run")

    def __str__(self) -> str:
        return f"{self.kind}, {self.started_at:%Y-%m-%d %H:%M:%S}"


class MssScore(models.Model):
    """One coin's score at one instant, with all that was known of it."""

    class TierName(models.TextChoices):
        STRONG_LONG = Tier.STRONG_LONG.value
        LONG = Tier.LONG.value
        MODERATE_LONG = Tier.MODERATE_LONG.value
        WEAK_LONG = Tier.WEAK_LONG.value
        NEUTRAL = Tier.NEUTRAL.value

    class ConfidenceBand(models.TextChoices):
        VERY_HIGH = TierConfidence.VERY_HIGH.value
        HIGH = TierConfidence.HIGH.value
        MEDIUM = TierConfidence.MEDIUM.value
        LOW = TierConfidence.LOW.value
        INSUFFICIENT = TierConfidence.INSUFFICIENT.value

    environment = models.CharField(max_length=10)
    symbol = models.CharField(max_length=24)
    name = models.CharField(max_length=200, blank=True)
    coin_key = models.CharField(
        max_length=200, help_text="CoinGecko's id, else the symbol: symbols are not unique"
    )
    observed_at = models.DateTimeField(help_text="The instant that was scored")

    total = models.FloatField(help_text="0 to 100")
    discovery_score = models.FloatField(help_text="Phase 1, 0 to 30")
    social_score = models.FloatField(help_text="Phase 2, 0 to 35")
    institutional_score = models.FloatField(help_text="Phase 3, 0 to 35")
    tier = models.CharField(max_length=16, choices=TierName.choices)
    confidence = models.CharField(max_length=16, choices=ConfidenceBand.choices)
    coverage_pct = models.FloatField()
    # 18 decimals: one PEPE is worth about 0.000006 USD, and there are smaller ones.
    price = models.DecimalField(
        max_digits=30, decimal_places=18, null=True, help_text="USD per coin"
    )
    document = models.JSONField(help_text="Phases, lines, missing figures and warnings")

    engine_version = models.CharField(max_length=20)
    profile_name = models.CharField(max_length=40)
    profile_version = models.PositiveIntegerField()
    profile = models.JSONField(help_text="The profile's settings as they were")
    inputs = models.BinaryField(help_text="The compressed figures this was computed from")
    input_hash = models.CharField(max_length=64)
    run = models.ForeignKey(MssRun, on_delete=models.SET_NULL, null=True, related_name="scores")
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "MSS score"
        constraints = [
            models.UniqueConstraint(fields=["run", "coin_key"], name="mss_score_once_a_run"),
            models.CheckConstraint(
                condition=Q(total__gte=0, total__lte=100)
                & Q(discovery_score__gte=0, discovery_score__lte=30)
                & Q(social_score__gte=0, social_score__lte=35)
                & Q(institutional_score__gte=0, institutional_score__lte=35),
                name="mss_score_ranges",
            ),
            models.CheckConstraint(
                condition=Q(tier__in=[each.value for each in Tier]), name="mss_score_tier"
            ),
            models.CheckConstraint(
                condition=Q(confidence__in=[each.value for each in TierConfidence]),
                name="mss_score_confidence",
            ),
        ]
        indexes = [
            models.Index("environment", F("observed_at").desc(), name="mss_score_newest"),
            models.Index(
                "environment", "symbol", F("observed_at").desc(), name="mss_score_symbol_time"
            ),
            models.Index(
                "environment", F("total").desc(), F("observed_at").desc(), name="mss_score_best"
            ),
            models.Index(
                "environment", "coin_key", F("observed_at").desc(), name="mss_score_coin_time"
            ),
            models.Index(
                "environment", "tier", F("observed_at").desc(), name="mss_score_tier_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.total:g}, {self.observed_at:%Y-%m-%d %H:%M:%S}"


class WatchlistEntry(models.Model):
    """One coin that somebody has scored again and again until it expires."""

    environment = models.CharField(max_length=10)
    owner = models.CharField(max_length=160, help_text="key:PREFIX or admin:NAME")
    symbol = models.CharField(max_length=24)
    coingecko_id = models.CharField(max_length=200, blank=True)
    interval_minutes = models.PositiveIntegerField(
        default=DEFAULT_INTERVAL_MIN,
        validators=[
            MinValueValidator(SHORTEST_INTERVAL_MIN),
            MaxValueValidator(LONGEST_INTERVAL_MIN),
        ],
    )
    min_score = models.FloatField(
        default=DEFAULT_MIN_SCORE,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text="Alerts of this coin begin at this total",
    )
    note = models.CharField(max_length=200, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Never, when empty")
    next_at = models.DateTimeField(help_text="When it is scored next")
    created_at = models.DateTimeField(editable=False)

    class Meta:
        verbose_name = "watched coin"
        verbose_name_plural = "watched coins"
        ordering = ["symbol", "owner"]
        constraints = [
            models.UniqueConstraint(
                fields=["environment", "owner", "symbol"], name="mss_watch_once_an_owner"
            ),
            models.CheckConstraint(
                condition=Q(
                    interval_minutes__gte=SHORTEST_INTERVAL_MIN,
                    interval_minutes__lte=LONGEST_INTERVAL_MIN,
                ),
                name="mss_watch_interval",
            ),
            models.CheckConstraint(
                condition=Q(min_score__gte=0, min_score__lte=100), name="mss_watch_min_score"
            ),
        ]
        indexes = [models.Index("environment", "next_at", name="mss_watch_due")]

    def __str__(self) -> str:
        return f"{self.symbol} of {self.owner}"

    @property
    def coin_key(self) -> str:
        return self.coingecko_id or self.symbol

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.symbol = self.symbol.upper()
        super().save(*args, **kwargs)


class TierAlert(models.Model):
    """When a coin's tier was last told of: the same one is not told twice within the cooldown."""

    environment = models.CharField(max_length=10)
    coin_key = models.CharField(max_length=200)
    tier = models.CharField(max_length=16, choices=MssScore.TierName.choices)
    told_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["environment", "coin_key", "tier"], name="mss_tier_alert_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.coin_key} {self.tier}"


class SeenCoin(models.Model):
    """A coin of CoinGecko's whole list and when it stood there first: how old new coins are."""

    environment = models.CharField(max_length=10)
    coingecko_id = models.CharField(max_length=200)
    symbol = models.CharField(max_length=100, help_text="Upper case; not unique")
    name = models.CharField(max_length=200)
    first_seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["environment", "coingecko_id"], name="mss_seen_once"),
        ]
        indexes = [
            models.Index("environment", F("first_seen_at").desc(), name="mss_seen_newest"),
            models.Index(fields=["environment", "symbol"], name="mss_seen_symbol"),
        ]

    def __str__(self) -> str:
        return self.coingecko_id


class ListReading(models.Model):
    """One reading of CoinGecko's whole list. The first one says since when ages can be told."""

    environment = models.CharField(max_length=10)
    read_at = models.DateTimeField()
    coins = models.PositiveIntegerField()
    new = models.PositiveIntegerField(help_text="Those that no earlier reading had")

    class Meta:
        verbose_name = "list reading"
        indexes = [models.Index("environment", F("read_at").desc(), name="mss_list_newest")]

    def __str__(self) -> str:
        return f"{self.read_at:%Y-%m-%d}: {self.new} new of {self.coins}"
