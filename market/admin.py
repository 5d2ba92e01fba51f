"""Admin of the market app: find a coin, see what is stored. Nothing here is edited by hand."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from config.accounts.read_only_admin import ReadOnlyAdmin
from market.health import probe_recorder
from market.models import HEAD_AT, ListedSymbol, ProviderStatus, Series
from market.provider_status import provider_statuses
from market.store import get_store
from market.watchlist_admin import WatchlistAdmin

__all__ = ["ListedSymbolAdmin", "ProviderStatusAdmin", "SeriesAdmin", "WatchlistAdmin"]


@admin.register(ListedSymbol)
class ListedSymbolAdmin(ReadOnlyAdmin):
    list_display = (
        "base",
        "market_cap_rank",
        "binance_symbol",
        "okx_symbol",
        "coingecko_id",
        "first_seen_at",
        "last_seen_at",
        "delisted_at",
        "environment",
    )
    list_filter = ("environment", ("delisted_at", admin.EmptyFieldListFilter))
    search_fields = ("base", "binance_symbol", "okx_symbol", "coingecko_id")


@admin.register(Series)
class SeriesAdmin(ReadOnlyAdmin):
    list_display = (
        "base",
        "kind",
        "resolution",
        "source",
        "is_head",
        "rows",
        "first_at",
        "last_at",
        "fetched_at",
        "environment",
    )
    list_filter = ("environment", "kind", "source", "resolution")
    search_fields = ("base",)
    exclude = ("columns",)
    ordering = ("base", "kind", "resolution", "source", "chunk_start_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Series]:
        return super().get_queryset(request).defer("columns")

    @admin.display(boolean=True, description="head")
    def is_head(self, chunk: Series) -> bool:
        return chunk.chunk_start_at == HEAD_AT


@admin.register(ProviderStatus)
class ProviderStatusAdmin(ReadOnlyAdmin):
    """A page over the shared store; there are no rows."""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            **(extra_context or {}),
            "title": "Providers",
            "opts": self.opts,
            "statuses": provider_statuses(get_store()),
            "recorder": probe_recorder(),
        }
        return TemplateResponse(request, "admin/market/providerstatus/change_list.html", context)
