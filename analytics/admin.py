"""Admin of outcomes, base rates and sums: everything may be looked at, nothing changed."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from analytics.models import BaseRateDay, Outcome, OutcomeDay
from config.accounts.read_only_admin import ReadOnlyAdmin


@admin.register(Outcome)
class OutcomeAdmin(ReadOnlyAdmin):
    list_display = (
        "signal_at", "symbol", "direction", "horizon_h", "result", "net_return", "is_hit",
        "first_touch", "confidence", "profile_name", "venue", "environment",
    )  # fmt: skip
    list_filter = (
        "environment", "result", "horizon_h", "direction", "confidence", "is_hit", "is_imported",
        "profile_name", "venue", "funding_basis",
    )  # fmt: skip
    search_fields = ("=symbol",)
    search_help_text = "Coin (BTC)"
    ordering = ("-signal_at",)
    list_per_page = 50
    fieldsets = (
        (None, {"fields": ("signal_link", "horizon_h", "due_at", "result", "reason", "venue")}),
        (
            "What came of it",
            {
                "fields": (
                    "entry_price", "exit_price", "return_pct", "fees_pct", "funding_pct",
                    "funding_basis", "net_return_pct", "is_hit", "favourable_pct", "adverse_pct",
                    "target_price", "stop_price", "first_touch",
                )
            },
        ),
        ("Work", {"fields": ("state", "attempt", "faults", "lease_until", "filled_at")}),
    )  # fmt: skip

    @admin.display(description="net return, %", ordering="net_return_pct")
    def net_return(self, outcome: Outcome) -> str:
        return "–" if outcome.net_return_pct is None else f"{outcome.net_return_pct:+.2f}"

    @admin.display(description="signal")
    def signal_link(self, outcome: Outcome) -> SafeString:
        url = reverse("admin:signals_signal_change", args=[outcome.signal_id])
        return format_html(
            '<a href="{}">{} {} {}</a>',
            url,
            outcome.direction,
            outcome.symbol,
            f"{outcome.signal_at:%Y-%m-%d %H:%M} UTC",
        )


@admin.register(BaseRateDay)
class BaseRateDayAdmin(ReadOnlyAdmin):
    list_display = (
        "day", "symbol", "horizon_h", "windows", "long_share", "short_share", "venue",
        "environment",
    )  # fmt: skip
    list_filter = ("environment", "horizon_h", "venue", "day")
    search_fields = ("=symbol",)
    search_help_text = "Coin (BTC)"
    ordering = ("-day", "symbol", "horizon_h")

    @admin.display(description="LONG right", ordering="long_hits")
    def long_share(self, rate: BaseRateDay) -> str:
        return _share(rate.long_hits, rate.windows)

    @admin.display(description="SHORT right", ordering="short_hits")
    def short_share(self, rate: BaseRateDay) -> str:
        return _share(rate.short_hits, rate.windows)


@admin.register(OutcomeDay)
class OutcomeDayAdmin(ReadOnlyAdmin):
    list_display = (
        "day", "symbol", "profile_name", "direction", "confidence", "horizon_h", "n", "hit_share",
        "base_share", "unavailable", "is_imported", "environment",
    )  # fmt: skip
    list_filter = (
        "environment", "horizon_h", "direction", "confidence", "is_imported", "profile_name", "day",
    )  # fmt: skip
    search_fields = ("=symbol",)
    search_help_text = "Coin (BTC), or * for all coins together"
    ordering = ("-day", "symbol", "horizon_h")

    @admin.display(description="hits")
    def hit_share(self, sums: OutcomeDay) -> str:
        return _share(sums.hits, sums.n)

    @admin.display(description="base rate")
    def base_share(self, sums: OutcomeDay) -> str:
        return _share(sums.sum_base_rate, sums.base_n)


def _share(part: float, whole: int) -> str:
    return "–" if not whole else f"{100.0 * part / whole:.1f} % of {whole}"
