"""Admin of the market app: find a coin, see what is stored. Nothing here is edited by hand."""

# ruff: noqa: ARG002 - Django fixes these signatures

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from market.health import probe_recorder
from market.models import HEAD_AT, ListedSymbol, ProviderStatus, Series
from market.provider_status import provider_statuses
from market.store import get_store
from market.watchlist_admin import WatchlistAdmin

__all__ = ["ListedSymbolAdmin", "ProviderStatusAdmin", "SeriesAdmin", "WatchlistAdmin"]


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that programs write; a person's edit would be overwritten or would falsify history."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


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
