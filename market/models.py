"""What the market app keeps: which coins are listed where, and every series ever read.

``Series`` layout
-----------------
One quantity of one coin from one source at one resolution is a run of chunks. A chunk packs its
rows into one binary column (``market.tables``): int64 times, then float64 columns, little-endian.

- The **head** (``chunk_start_at`` = 1970) holds the newest rows: all that a scorer's windows read
  and a little more. It is the only chunk that live collection loads and rewrites, so a write costs
  some ten KB however long the history is.
- **Archive** chunks are sealed: rows that left the head, one chunk per span of the calendar
  (``SeriesLayout.span_ms``), stamped with the span's start. They are written once and kept.

So history is complete from the first day, and neither reading nor appending grows with it.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Lower

# ``chunk_start_at`` of the head.
HEAD_AT = datetime(1970, 1, 1, tzinfo=UTC)

# ``base`` of what belongs to no coin, such as the fear and greed index. No symbol looks like it.
MARKET_WIDE = "*"


# How often a watchlist may be scanned: as fast as the sources renew, and once a day at least.
SHORTEST_PERIOD_MIN = 5
LONGEST_PERIOD_MIN = 24 * 60
DEFAULT_PERIOD_MIN = 15


class Environment(models.TextChoices):
    LIVE = "live"
    SANDBOX = "sandbox"
    TEST = "test"


class SeriesKind(models.TextChoices):
    CANDLES = "candles"
    FUNDING = "funding"
    OPEN_INTEREST = "open_interest"
    LONG_ACCOUNTS = "long_accounts"
    TOP_TRADERS = "top_traders"
    TAKER_BUY = "taker_buy"
    LIQUIDATIONS = "liquidations"
    # Of the venues whose liquidations are watched; sampled by us, never joined to their statistics.
    VENUE_OPEN_INTEREST = "venue_open_interest"
    SOCIAL_SENTIMENT = "social_sentiment"
    FEAR_GREED = "fear_greed"
    # Long and short USD of the last 1, 4, 12 and 24 h together, as a vendor sums them itself.
    LIQUIDATION_WINDOWS = "liquidation_windows"
    # What LunarCrush lists of a coin (market.sources.lunarcrush names the columns).
    SOCIAL_METRICS = "social_metrics"
    SOCIAL_MOMENTUM = "social_momentum"
    MARKET_CAP = "market_cap"


class ListedSymbol(models.Model):
    """One coin and its linear USDT perpetuals; the persisted instrument registry."""

    environment = models.CharField(max_length=8, choices=Environment.choices)
    base = models.CharField(max_length=24, help_text="Canonical name without multiplier: PEPE")

    # Null where the coin is not listed, or the venue does not say.
    binance_symbol = models.CharField(max_length=40, null=True, blank=True)
    binance_multiplier = models.PositiveIntegerField(
        null=True, blank=True, help_text="Coins behind one priced unit"
    )
    binance_contract_size_base = models.FloatField(
        null=True, blank=True, help_text="Priced units in one contract"
    )
    binance_tick_size = models.CharField(max_length=40, null=True, blank=True)
    binance_listed_at = models.DateTimeField(null=True, blank=True)

    okx_symbol = models.CharField(max_length=40, null=True, blank=True)
    okx_multiplier = models.PositiveIntegerField(
        null=True, blank=True, help_text="Coins behind one priced unit"
    )
    okx_contract_size_base = models.FloatField(
        null=True, blank=True, help_text="Priced units in one contract"
    )
    okx_tick_size = models.CharField(max_length=40, null=True, blank=True)
    okx_listed_at = models.DateTimeField(null=True, blank=True)

    coingecko_id = models.CharField(max_length=200, null=True, blank=True)
    market_cap_rank = models.PositiveIntegerField(null=True, blank=True)

    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    delisted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["market_cap_rank", "base"]
        constraints = [
            models.UniqueConstraint(fields=["environment", "base"], name="listed_symbol_unique"),
            models.CheckConstraint(
                condition=models.Q(environment__in=Environment.values),
                name="listed_symbol_environment_known",
            ),
        ]
        indexes = [
            models.Index(
                fields=["environment", "delisted_at", "market_cap_rank"],
                name="listed_symbol_by_rank",
            ),
        ]

    def __str__(self) -> str:
        return self.base


class Series(models.Model):
    """One chunk of one quantity; see the module's docstring."""

    environment = models.CharField(max_length=8, choices=Environment.choices)
    base = models.CharField(max_length=24, help_text="The coin, or * for the whole market")
    kind = models.CharField(max_length=20, choices=SeriesKind.choices)
    source = models.CharField(max_length=20, help_text="The provider that said so")
    resolution = models.CharField(max_length=8, help_text="15m, 1h, 4h, 1d, or settled")
    chunk_start_at = models.DateTimeField(default=HEAD_AT, help_text="1970 is the head")

    columns = models.BinaryField()
    rows = models.PositiveIntegerField()
    first_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)
    fetched_at = models.DateTimeField(help_text="When the source was last asked")

    class Meta:
        verbose_name_plural = "series"
        constraints = [
            # In this order the heads of many coins are found by the constraint's own index.
            models.UniqueConstraint(
                fields=["environment", "base", "chunk_start_at", "kind", "source", "resolution"],
                name="series_chunk_unique",
            ),
            models.CheckConstraint(
                condition=models.Q(environment__in=Environment.values),
                name="series_environment_known",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=SeriesKind.values), name="series_kind_known"
            ),
        ]
        indexes = [
            # Data freshness: the newest row of a kind.
            models.Index(
                fields=["environment", "kind", "resolution", "-last_at"], name="series_newest"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.base} {self.kind} {self.resolution} ({self.source})"


class Watchlist(models.Model):
    """Coins that are scanned together, how often, and by which profile.

    A list belongs to one environment: coins, and when they were last scanned, differ between the
    real market and the sandbox. Periods follow the clock (every 15 min: at :00, :15, :30, :45), so
    that a scan meets bars that have just closed and the next time needs no column of its own.
    """

    environment = models.CharField(max_length=8, choices=Environment.choices)
    name = models.CharField(
        max_length=60,
        validators=[
            RegexValidator(
                r"^[^\W_][\w .&/-]*$",
                "Letters, digits, spaces and . & / - _, beginning with a letter or digit.",
            )
        ],
    )
    enabled = models.BooleanField(default=True, help_text="Scanned whenever its period begins")
    tags = models.CharField(
        max_length=200, blank=True, help_text="Words to find the list by, separated by spaces"
    )
    profile_name = models.CharField(
        "profile", max_length=40, blank=True, help_text="Scoring profile; empty: the default one"
    )
    period_min = models.PositiveIntegerField(
        "period, minutes",
        default=DEFAULT_PERIOD_MIN,
        validators=[MinValueValidator(SHORTEST_PERIOD_MIN), MaxValueValidator(LONGEST_PERIOD_MIN)],
        help_text="5 to 1440. 15, 60 or 240 go with the bars that the score reads",
    )
    last_started_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                "environment",
                Lower("name"),
                name="watchlist_name_unique",
                violation_error_message="There is a watchlist of this name.",
            ),
            models.CheckConstraint(
                condition=models.Q(environment__in=Environment.values),
                name="watchlist_environment_known",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    period_min__gte=SHORTEST_PERIOD_MIN, period_min__lte=LONGEST_PERIOD_MIN
                ),
                name="watchlist_period_in_range",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class WatchlistCoin(models.Model):
    """One coin of a list, by the canonical name that the instrument registry gave it."""

    watchlist = models.ForeignKey(Watchlist, on_delete=models.CASCADE, related_name="coins")
    base = models.CharField(max_length=24)
    position = models.PositiveIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["watchlist", "base"], name="watchlist_coin_once"),
        ]

    def __str__(self) -> str:
        return self.base


class ProviderStatus(models.Model):
    """How each provider is doing: an admin page over the shared store, without a table."""

    class Meta:
        managed = False
        default_permissions = ("view",)
        verbose_name = "provider"
        verbose_name_plural = "provider status"
