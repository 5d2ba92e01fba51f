"""Admin of background scans and what they found: read only, for programs write these rows."""

# ruff: noqa: ARG002 - the admin fixes these signatures

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from config.accounts.read_only_admin import ReadOnlyAdmin
from smartmoney.models import ScanResult, SmartMoneyScan
from smartmoney.selectors import results, scans


@admin.register(SmartMoneyScan)
class SmartMoneyScanAdmin(ReadOnlyAdmin):
    list_display = ("started_at", "name", "state", "progress", "failures", "finished_at")
    list_filter = ("state",)
    search_fields = ("name",)
    ordering = ("-started_at",)
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[SmartMoneyScan]:
        return scans()

    @admin.display(description="progress")
    def progress(self, scan: SmartMoneyScan) -> str:
        return f"{scan.answered} of {scan.requested}"

    @admin.display(description="without a score")
    def failures(self, scan: SmartMoneyScan) -> int:
        return len(scan.failed)


@admin.register(ScanResult)
class ScanResultAdmin(ReadOnlyAdmin):
    list_display = (
        "observed_at", "symbol", "accumulation", "distribution", "pattern", "price", "scan",
    )  # fmt: skip
    list_filter = ("pattern",)
    search_fields = ("=symbol",)
    search_help_text = "Coin (BTC)"
    ordering = ("-observed_at", "symbol")
    list_select_related = ("scan",)
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ScanResult]:
        return results()
