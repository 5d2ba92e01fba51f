"""Who is told what, and what is owed: subscribers, their rules, alert events, deliveries.

An ``AlertEvent`` is written in the transaction of what it tells of. Fan-out makes one ``Delivery``
per subscriber whose rule wants it; a delivery is owed until it is ``sent``, ``shown`` (dry run),
``suppressed`` (nobody to send it to any more, or over the daily cap) or ``failed`` (the dead
letters, which the admin can send again). Rows of different environments never mix.
"""

from __future__ import annotations

import logging
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from notifications.rules import Terms

logger = logging.getLogger(__name__)


class AlertKind(models.TextChoices):
    SIGNAL = "signal", "Signal"
    MSS = "mss", "Emerging coin"


def check_timezone(name: str) -> None:
    """Refuse what is no IANA name. Raises ValidationError."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValidationError(f"{name!r} is not a time zone like Europe/Berlin") from None


class Subscriber(models.Model):
    """One Telegram chat that alerts go to."""

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        STOPPED = "stopped", "Stopped by its owner"
        BLOCKED = "blocked", "Has blocked or removed the bot"
        DEACTIVATED = "deactivated", "Account deleted"
        INVALID = "invalid", "No such chat"

    class ChatType(models.TextChoices):
        PRIVATE = "private", "Private"
        GROUP = "group", "Group"
        SUPERGROUP = "supergroup", "Supergroup"
        CHANNEL = "channel", "Channel"

    environment = models.CharField(max_length=10)
    chat_id = models.BigIntegerField(help_text="Telegram's number of the chat; groups are negative")
    chat_type = models.CharField(max_length=10, choices=ChatType.choices, default=ChatType.PRIVATE)
    name = models.CharField(max_length=130, blank=True)
    language_code = models.CharField(max_length=10, blank=True)
    timezone = models.CharField(max_length=64, default="UTC", validators=[check_timezone])
    state = models.CharField(max_length=12, choices=State.choices, default=State.ACTIVE)
    state_reason = models.CharField(max_length=200, blank=True)
    muted_until = models.DateTimeField(null=True, blank=True)
    is_configured = models.BooleanField(
        default=False, help_text="The chat that TELEGRAM_CHAT_ID names"
    )
    created_at = models.DateTimeField(editable=False)
    seen_at = models.DateTimeField(null=True, editable=False, help_text="Last heard from")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["environment", "chat_id"], name="subscriber_chat"),
            models.CheckConstraint(
                condition=Q(state__in=["active", "stopped", "blocked", "deactivated", "invalid"]),
                name="subscriber_state",
            ),
            models.CheckConstraint(
                condition=Q(chat_type__in=["private", "group", "supergroup", "channel"]),
                name="subscriber_chat_type",
            ),
        ]
        indexes = [models.Index("environment", "state", name="subscriber_env_state")]

    def __str__(self) -> str:
        return f"{self.name or 'chat'} ({self.chat_id})"

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone; UTC where this machine does not know the one that was chosen."""
        try:
            return ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            logger.warning("unknown time zone", extra={"timezone": self.timezone})
            return ZoneInfo("UTC")


class AlertRule(models.Model):
    """Which alerts of one kind a subscriber wants, and how."""

    class MinConfidence(models.TextChoices):
        LOW = "low", "Any"
        MEDIUM = "medium", "Medium or high"
        HIGH = "high", "High only"

    class Directions(models.TextChoices):
        BOTH = "both", "LONG and SHORT"
        LONG = "LONG", "LONG only"
        SHORT = "SHORT", "SHORT only"

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="rules")
    kind = models.CharField(max_length=20, choices=AlertKind.choices, default=AlertKind.SIGNAL)
    is_enabled = models.BooleanField(default=True)
    symbols = models.JSONField(
        default=list, blank=True, help_text='Coins like ["BTC", "ETH"]; empty: every coin'
    )
    min_distance = models.FloatField(default=0.0, help_text="Least points of the score from 50")
    min_confidence = models.CharField(
        max_length=6, choices=MinConfidence.choices, default=MinConfidence.LOW
    )
    directions = models.CharField(max_length=5, choices=Directions.choices, default=Directions.BOTH)
    flips_only = models.BooleanField(
        default=False, help_text="Only when the direction is another than the last one published"
    )
    min_score = models.FloatField(default=75.0, help_text="Emerging coins: least score, 0 to 100")
    quiet_from = models.TimeField(
        null=True, blank=True, help_text="Local time of the subscriber; may cross midnight"
    )
    quiet_to = models.TimeField(null=True, blank=True)
    daily_cap = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Most alerts per local day; empty: no limit"
    )
    digest_minutes = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Gather alerts for so long; empty: one message each"
    )
    with_chart = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subscriber", "kind"], name="rule_per_kind"),
            models.CheckConstraint(condition=Q(kind__in=["signal", "mss"]), name="rule_kind"),
            models.CheckConstraint(
                condition=Q(min_distance__gte=0) & Q(min_distance__lte=50),
                name="rule_min_distance",
            ),
            models.CheckConstraint(
                condition=Q(min_score__gte=0) & Q(min_score__lte=100), name="rule_min_score"
            ),
            models.CheckConstraint(
                condition=Q(min_confidence__in=["low", "medium", "high"]),
                name="rule_min_confidence",
            ),
            models.CheckConstraint(
                condition=Q(directions__in=["both", "LONG", "SHORT"]), name="rule_directions"
            ),
            models.CheckConstraint(
                condition=(
                    Q(quiet_from__isnull=True, quiet_to__isnull=True)
                    | (
                        Q(quiet_from__isnull=False, quiet_to__isnull=False)
                        & ~Q(quiet_from=F("quiet_to"))
                    )
                ),
                name="rule_quiet_hours",
                violation_error_message="Quiet hours need a beginning and another end, or neither.",
            ),
            models.CheckConstraint(
                condition=Q(daily_cap__isnull=True) | Q(daily_cap__gte=1), name="rule_daily_cap"
            ),
            models.CheckConstraint(
                condition=Q(digest_minutes__isnull=True)
                | (Q(digest_minutes__gte=1) & Q(digest_minutes__lte=1440)),
                name="rule_digest_minutes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} alerts of {self.subscriber_id}"

    def clean(self) -> None:
        if not isinstance(self.symbols, list) or not all(
            isinstance(symbol, str) and symbol == symbol.strip().upper() and symbol
            for symbol in self.symbols
        ):
            raise ValidationError({"symbols": 'A list of coins in capitals, like ["BTC", "ETH"].'})

    def terms(self) -> Terms:
        """Return the rule as the pure matching code reads it."""
        return Terms(
            kind=self.kind,
            symbols=frozenset(self.symbols),
            min_distance=self.min_distance,
            min_confidence=self.min_confidence,
            directions=self.directions,
            flips_only=self.flips_only,
            min_score=self.min_score,
            quiet_from=self.quiet_from,
            quiet_to=self.quiet_to,
            daily_cap=self.daily_cap,
            digest_minutes=self.digest_minutes,
        )


class AlertEvent(models.Model):
    """Something worth telling, written in the transaction that made it true."""

    environment = models.CharField(max_length=10)
    kind = models.CharField(max_length=20, choices=AlertKind.choices)
    dedup_key = models.CharField(max_length=200)
    facts = models.JSONField(help_text="What rules and wording read; shape as the kind's app says")
    occurred_at = models.DateTimeField()
    created_at = models.DateTimeField()
    fanned_out_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["environment", "dedup_key"], name="event_dedup_key"),
            models.CheckConstraint(condition=Q(kind__in=["signal", "mss"]), name="event_kind"),
        ]
        indexes = [
            models.Index(
                "environment", "id", name="event_waiting", condition=Q(fanned_out_at__isnull=True)
            ),
            models.Index("environment", F("created_at").desc(), name="event_env_created"),
        ]

    def __str__(self) -> str:
        return self.dedup_key


class Delivery(models.Model):
    """One event owed to one subscriber."""

    class State(models.TextChoices):
        PENDING = "pending", "Pending"
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        SHOWN = "shown", "Shown here only (dry run)"
        SUPPRESSED = "suppressed", "Not sent, on purpose"
        FAILED = "failed", "Failed"

    OWED = (State.PENDING, State.SENDING)

    environment = models.CharField(max_length=10)
    event = models.ForeignKey(AlertEvent, on_delete=models.CASCADE, related_name="deliveries")
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="deliveries")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    reason = models.CharField(max_length=300, blank=True, help_text="Why it is in this state")
    due_at = models.DateTimeField()
    is_gathered = models.BooleanField(
        default=False, help_text="Goes with others of the same subscriber into one digest"
    )
    closes_day = models.BooleanField(
        default=False, help_text="The last one the daily cap allows; the message says so"
    )
    claim = models.CharField(max_length=32, blank=True, help_text="Who is sending it")
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Failed ones")
    parts_sent = models.PositiveSmallIntegerField(
        default=0, help_text="Of a message that needs several; a retry goes on after these"
    )
    unconfirmed = models.PositiveSmallIntegerField(
        default=0, help_text="Times it was sent and no answer told whether it arrived"
    )
    message_id = models.BigIntegerField(null=True)
    text = models.TextField(blank=True, help_text="What a dry run shows, or what could not be sent")
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["event", "subscriber"], name="delivery_once"),
            models.CheckConstraint(
                condition=Q(
                    state__in=["pending", "sending", "sent", "shown", "suppressed", "failed"]
                ),
                name="delivery_state",
            ),
            models.CheckConstraint(
                condition=~Q(state="sending") | (Q(lease_until__isnull=False) & ~Q(claim="")),
                name="delivery_sending_is_claimed",
            ),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False),
                name="delivery_sent_has_a_time",
            ),
        ]
        indexes = [
            models.Index(
                "environment", "due_at", name="delivery_due", condition=Q(state="pending")
            ),
            models.Index(
                "environment", "lease_until", name="delivery_leased", condition=Q(state="sending")
            ),
            models.Index("environment", "state", F("id").desc(), name="delivery_env_state"),
            models.Index("subscriber", "state", "due_at", name="delivery_of_subscriber"),
            models.Index("subscriber", "created_at", name="delivery_subscriber_day"),
            models.Index("claim", name="delivery_claim", condition=~Q(claim="")),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} → {self.subscriber_id}: {self.state}"


class ReceivedUpdate(models.Model):
    """What Telegram told the bot, once each: to be answered, being answered, or done with.

    ``update_id`` counts per bot, so another token begins another row of numbers.
    """

    class State(models.TextChoices):
        PENDING = "pending", "Pending"
        ANSWERING = "answering", "Being answered"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    OPEN = (State.PENDING, State.ANSWERING)

    environment = models.CharField(max_length=10)
    bot_id = models.BigIntegerField()
    update_id = models.BigIntegerField()
    kind = models.CharField(max_length=32)
    chat_id = models.BigIntegerField(null=True)
    payload = models.JSONField(help_text="The Update as Telegram sent it")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    reason = models.CharField(max_length=300, blank=True, help_text="Why it is in this state")
    due_at = models.DateTimeField()
    claim = models.CharField(max_length=32, blank=True, help_text="Who is answering it")
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Failed ones")
    received_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["environment", "bot_id", "update_id"], name="update_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "answering", "done", "failed"]),
                name="update_state",
            ),
            models.CheckConstraint(
                condition=~Q(state="answering") | (Q(lease_until__isnull=False) & ~Q(claim="")),
                name="update_answering_is_claimed",
            ),
        ]
        indexes = [
            models.Index("environment", "bot_id", "state", "update_id", name="update_open"),
            models.Index("environment", "chat_id", "received_at", name="update_chat_received"),
            models.Index("received_at", name="update_received"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.update_id}"
