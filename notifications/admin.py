"""Admin of alerts: who gets which, what was raised, and what became of each delivery."""

# ruff: noqa: ARG002 - the admin fixes these signatures

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import linebreaksbr
from django.utils.safestring import SafeString

from config.accounts.read_only_admin import ReadOnlyAdmin
from market.clock import wall_now
from notifications import limits, services
from notifications.composing import preview
from notifications.models import AlertEvent, AlertRule, Delivery, ReceivedUpdate, Subscriber


class AlertRuleInline(admin.StackedInline):  # type: ignore[type-arg]
    model = AlertRule
    extra = 0
    fieldsets = (
        (None, {"fields": (("kind", "is_enabled", "with_chart"), "symbols")}),
        (
            "Which",
            {"fields": (("min_distance", "min_confidence"), ("directions", "flips_only"),
                        "min_score")},
        ),
        (
            "When, in the subscriber's local time",
            {"fields": (("quiet_from", "quiet_to"), ("daily_cap", "digest_minutes"))},
        ),
    )  # fmt: skip


@admin.register(Subscriber)
class SubscriberAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = (
        "name", "chat_id", "chat_type", "state", "timezone", "muted_until", "owed", "failed",
        "seen_at", "environment",
    )  # fmt: skip
    list_filter = ("environment", "state", "chat_type", "is_configured")
    search_fields = ("=chat_id", "name")
    search_help_text = "Chat number or name"
    ordering = ("-pk",)
    inlines = (AlertRuleInline,)
    fields = (
        "name", "chat_id", "chat_type", "state", "state_reason", "timezone", "muted_until",
        "language_code", "is_configured", "environment", "created_at", "seen_at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Subscriber]:
        subscribers: QuerySet[Subscriber] = super().get_queryset(request)
        return subscribers.annotate(
            owed=Count("deliveries", filter=Q(deliveries__state__in=Delivery.OWED)),
            failed=Count("deliveries", filter=Q(deliveries__state=Delivery.State.FAILED)),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        told_by_telegram = ("state_reason", "language_code", "is_configured", "environment",
                            "created_at", "seen_at")  # fmt: skip
        # Who somebody is does not change; a chat that moved says so itself.
        return told_by_telegram if obj is None else ("chat_id", "chat_type", *told_by_telegram)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.environment = settings.ENVIRONMENT
            obj.created_at = wall_now()
        elif "state" in form.changed_data:
            obj.state_reason = "set in the admin"
        super().save_model(request, obj, form, change)

    @admin.display(description="owed", ordering="owed")
    def owed(self, subscriber: Any) -> int:
        return int(subscriber.owed)

    @admin.display(description="failed", ordering="failed")
    def failed(self, subscriber: Any) -> int:
        return int(subscriber.failed)


@admin.register(AlertEvent)
class AlertEventAdmin(ReadOnlyAdmin):
    list_display = (
        "occurred_at", "kind", "dedup_key", "fanned_out_at", "deliveries_made", "environment",
    )  # fmt: skip
    list_filter = ("environment", "kind", ("fanned_out_at", admin.EmptyFieldListFilter))
    search_fields = ("dedup_key",)
    ordering = ("-pk",)
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[AlertEvent]:
        events: QuerySet[AlertEvent] = super().get_queryset(request)
        return events.annotate(deliveries_made=Count("deliveries"))

    @admin.display(description="deliveries")
    def deliveries_made(self, event: Any) -> int:
        return int(event.deliveries_made)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = (
        "created_at", "event", "subscriber", "state", "reason", "due_at", "sent_at", "attempts",
        "unconfirmed", "environment",
    )  # fmt: skip
    list_filter = ("environment", "state", "event__kind", "is_gathered")
    list_select_related = ("event", "subscriber")
    search_fields = ("event__dedup_key", "=subscriber__chat_id", "reason")
    search_help_text = "Key of the event, chat number, or reason"
    ordering = ("-pk",)
    list_per_page = 50
    actions = ("send_again",)
    fields = (
        "event", "subscriber", "state", "reason", "message", "due_at", "is_gathered",
        "closes_day", "attempts", "unconfirmed", "parts_sent", "lease_until", "message_id",
        "created_at", "sent_at", "environment",
    )  # fmt: skip

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        reason = limits.stopped_reason()
        if settings.TELEGRAM_DRY_RUN:
            self.message_user(request, "Dry run: alerts are shown here and none is sent.")
        elif reason is not None:
            self.message_user(
                request, f"Nothing is sent: Telegram refuses the token ({reason}).", messages.ERROR
            )
        return super().changelist_view(request, extra_context)

    @admin.display(description="message")
    def message(self, delivery: Delivery) -> SafeString:
        return linebreaksbr(preview(delivery), autoescape=True)

    @admin.action(description="Send again", permissions=["send"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        count = services.send_again(queryset)
        self.message_user(
            request,
            f"{count} to be sent again. What is sent, or about to be, was left alone.",
            messages.SUCCESS if count else messages.WARNING,
        )

    def has_send_permission(self, request: HttpRequest) -> bool:
        """Sending again is not editing: whoever may change deliveries elsewhere may do it."""
        return request.user.has_perm("notifications.change_delivery")


@admin.register(ReceivedUpdate)
class ReceivedUpdateAdmin(ReadOnlyAdmin):
    list_display = (
        "received_at", "kind", "chat_id", "update_id", "state", "reason", "attempts", "done_at",
        "environment",
    )  # fmt: skip
    list_filter = ("environment", "state", "kind")
    search_fields = ("=chat_id", "=update_id")
    search_help_text = "Number of the chat or of the update"
    ordering = ("-pk",)
    list_per_page = 50
