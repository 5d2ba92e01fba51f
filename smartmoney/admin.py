"""Admin of background scans and what they found: read only, for programs write these rows."""

# ruff: noqa: ARG002 - the admin fixes these signatures

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from config.accounts.read_only_admin import ReadOnlyAdmin
from market.background_run_admin import BackgroundRunAdmin
from smartmoney.models import ScanResult, SmartMoneyScan
from smartmoney.selectors import results, scans


@admin.register(SmartMoneyScan)
class SmartMoneyScanAdmin(BackgroundRunAdmin):
    told = ("name",)
    list_filter = ("state",)
    search_fields = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SmartMoneyScan]:
        return scans()


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

    def get_queryset(self, request: HttpRequest) -> QuerySet[ScanResult]:
        return results()
