"""Admin of signals (read only, with their evidence and a replay), profiles and counts."""

# ruff: noqa: ARG002 - the admin fixes these signatures

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.accounts.read_only_admin import ReadOnlyAdmin
from notifications.models import AlertEvent
from signals import profiles
from signals.alert_facts import dedup_key
from signals.engine.types import Factor
from signals.forms import ScoringProfileForm, scale_field, weight_field
from signals.models import EvaluationCount, ScoringProfile, Signal
from signals.rendering import price_text
from signals.replay import replay_and_compare
from signals.scan_admin import ScannedWatchlistAdmin, ScanRunAdmin

__all__ = [
    "EvaluationCountAdmin",
    "ScanRunAdmin",
    "ScannedWatchlistAdmin",
    "ScoringProfileAdmin",
    "SignalAdmin",
]


@admin.register(Signal)
class SignalAdmin(ReadOnlyAdmin):
    list_display = (
        "timestamp", "symbol", "signal", "score", "confidence", "coverage", "price_usd",
        "profile_name", "environment",
    )  # fmt: skip
    list_filter = ("environment", "signal", "confidence", "profile_name", "engine_version")
    search_fields = ("=symbol", "=content_hash", "=input_hash")
    search_help_text = "Coin (BTC), content hash or input hash"
    ordering = ("-timestamp",)
    list_per_page = 50
    fieldsets = (
        (
            None,
            {"fields": ("symbol", "signal", "score", "confidence_line", "price_usd", "timestamp")},
        ),
        (
            "Made by",
            {
                "fields": (
                    "engine_version",
                    "profile_name",
                    "profile_version",
                    "profile",
                    "environment",
                    "created_at",
                )
            },
        ),
        (
            "Chain",
            {"fields": ("seq", "prev_hash", "content_hash", "input_hash", "replay_link")},
        ),
        ("Imported", {"fields": ("imported_at", "source_reference", "source_extra")}),
        ("Told", {"fields": ("alert", "deliveries")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Signal]:
        return super().get_queryset(request).defer("inputs")

    def get_urls(self) -> list[URLPattern]:
        replay = path(
            "<int:signal_id>/replay/",
            self.admin_site.admin_view(self.replay_view),
            name="signals_signal_replay",
        )
        return [replay, *super().get_urls()]

    def replay_view(self, request: HttpRequest, signal_id: int) -> HttpResponse:
        """Recompute the signal from its stored inputs and show whether it comes out the same."""
        signal = Signal.objects.filter(pk=signal_id).first()
        if signal is None or not self.has_view_permission(request, signal):
            raise Http404
        if signal.inputs is None:
            raise Http404("imported: what it was computed from is not known")
        context = {
            **self.admin_site.each_context(request),
            "title": f"Replay of {signal}",
            "opts": self.model._meta,
            "signal": signal,
            "replay": replay_and_compare(signal),
        }
        return TemplateResponse(request, "admin/signals/signal/replay.html", context)

    @admin.display(description="coverage", ordering="coverage_pct")
    def coverage(self, signal: Signal) -> str:
        return "–" if signal.coverage_pct is None else f"{signal.coverage_pct:.0f} %"

    @admin.display(description="price, USD", ordering="price")
    def price_usd(self, signal: Signal) -> str:
        return price_text(signal.price)

    @admin.display(description="confidence")
    def confidence_line(self, signal: Signal) -> str:
        if signal.confidence_score is None or signal.coverage_pct is None:
            return f"{signal.confidence}, as its source said"
        return (
            f"{signal.confidence} ({signal.confidence_score:.2f}), "
            f"{signal.coverage_pct:.0f} % of the weight known"
        )

    @admin.display(description="replay")
    def replay_link(self, signal: Signal) -> SafeString | str:
        if signal.seq is None:
            return "imported: what it was computed from is not known"
        url = reverse("admin:signals_signal_replay", args=[signal.pk])
        return format_html('<a href="{}">recompute from the stored inputs and compare</a>', url)

    @admin.display(description="alert event")
    def alert(self, signal: Signal) -> SafeString | str:
        if signal.seq is None:
            return "none: imported"
        event = _event_of(signal)
        if event is None:
            return "none: restored from the backup, or older than the retention of alerts"
        url = reverse("admin:notifications_alertevent_change", args=[event.pk])
        return format_html('<a href="{}">{}</a>', url, event)

    @admin.display(description="deliveries")
    def deliveries(self, signal: Signal) -> SafeString | str:
        event = None if signal.seq is None else _event_of(signal)
        if event is None:
            return "–"
        if event.fanned_out_at is None:
            return "not made yet"
        counts = event.deliveries.order_by("state").values_list("state").annotate(Count("pk"))
        told = ", ".join(f"{count} {state}" for state, count in counts)
        url = reverse("admin:notifications_delivery_changelist")
        return format_html(
            '<a href="{}?event__id__exact={}">{}</a>', url, event.pk, told or "nobody wanted it"
        )


def _event_of(signal: Signal) -> AlertEvent | None:
    return AlertEvent.objects.filter(
        environment=signal.environment, dedup_key=dedup_key(signal)
    ).first()


@admin.register(ScoringProfile)
class ScoringProfileAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = ScoringProfileForm
    list_display = ("name", "version", "is_active", "is_default", "weights_line", "created_at")
    list_filter = ("is_active", "name")
    search_fields = ("name",)
    actions = ("put_in_force", "make_default")
    fieldsets = (
        (
            None,
            {
                "fields": ("name",),
                "description": "Saving stores a new version and puts it in force. Older versions "
                "stay as they were: signals name the version they were made by.",
            },
        ),
        (
            "Weights, percent points (sum 100)",
            {"fields": tuple(weight_field(factor) for factor in Factor)},
        ),
        (
            "Curve scales (1 = as designed, below 1 bolder, above 1 calmer)",
            {"classes": ("collapse",), "fields": tuple(scale_field(factor) for factor in Factor)},
        ),
        ("Decision", {"fields": ("long_at", "short_at", "min_coverage_pct")}),
        ("Publishing", {"fields": ("cooldown_h", "rescore_distance")}),
    )

    def has_delete_permission(
        self, request: HttpRequest, obj: ScoringProfile | None = None
    ) -> bool:
        return False

    def get_readonly_fields(
        self, request: HttpRequest, obj: ScoringProfile | None = None
    ) -> tuple[str, ...]:
        return ("name",) if obj is not None else ()

    def save_model(
        self, request: HttpRequest, obj: ScoringProfile, form: Any, change: bool
    ) -> None:
        settings = {key: getattr(obj, key) for key in ScoringProfile.SETTINGS}
        stored = profiles.save_version(obj.name, settings)
        # What the admin logs and links to from here on is the new version.
        obj.pk, obj.version = stored.pk, stored.version

    @admin.display(description="weights")
    def weights_line(self, profile: ScoringProfile) -> str:
        return " · ".join(str(profile.weights[factor.value]) for factor in Factor)

    @admin.action(description="Put the selected version in force", permissions=["change"])
    def put_in_force(self, request: HttpRequest, queryset: QuerySet[ScoringProfile]) -> None:
        for profile in queryset:
            profiles.put_in_force(profile)
            self.message_user(request, f"{profile} is in force", messages.SUCCESS)

    @admin.action(description="Make the selected profile the default", permissions=["change"])
    def make_default(self, request: HttpRequest, queryset: QuerySet[ScoringProfile]) -> None:
        if queryset.count() != 1 or not queryset.filter(is_active=True).exists():
            self.message_user(request, "Select one version that is in force.", messages.ERROR)
            return
        profile = queryset.get()
        profiles.make_default(profile)
        self.message_user(request, f"{profile.name} is the default profile", messages.SUCCESS)


@admin.register(EvaluationCount)
class EvaluationCountAdmin(ReadOnlyAdmin):
    list_display = (
        "day", "symbol", "profile_name", "evaluated", "long", "short", "neutral", "insufficient",
        "environment",
    )  # fmt: skip
    list_filter = ("environment", "profile_name", "day")
    search_fields = ("=symbol",)
    search_help_text = "Coin (BTC)"
    ordering = ("-day", "symbol")
