"""Admin of watchlists: edited as text, switched on and off, carried in and out as CSV."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from market import clock
from market.forms import WatchlistForm, WatchlistUploadForm
from market.models import Watchlist
from market.watchlist_csv import from_csv, to_csv
from market.watchlists import next_due_at, set_coins, watchlists


@admin.register(Watchlist)
class WatchlistAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = WatchlistForm
    fields = ("name", "enabled", "tags", "profile_name", "period_min", "coins_text")
    list_display = (
        "name", "enabled", "coin_count", "period_min", "profile", "tags", "last_scan", "next_scan",
    )  # fmt: skip
    list_filter = ("enabled", "profile_name")
    search_fields = ("name", "tags", "coins__base")
    search_help_text = "Name, tag or coin"
    actions: tuple[str, ...] = ("enable", "disable", "export_csv")
    change_list_template = "admin/market/watchlist/change_list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Watchlist]:  # noqa: ARG002
        ordered = watchlists().order_by(*(Watchlist._meta.ordering or ()))
        return ordered.annotate(coin_count=Count("coins", distinct=True))

    def get_urls(self) -> list[URLPattern]:
        upload = path(
            "import/", self.admin_site.admin_view(self.import_view), name="market_watchlist_import"
        )
        return [upload, *super().get_urls()]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        set_coins(form.instance, form.checked.bases)
        for remark in form.checked.remarks:
            self.message_user(request, remark, messages.WARNING)

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Take lists from an uploaded CSV file, all or none."""
        if not (self.has_add_permission(request) and self.has_change_permission(request)):
            raise PermissionDenied
        form = WatchlistUploadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            try:
                remarks = from_csv(form.cleaned_data["file"])
            except ValidationError as error:
                form.add_error("file", error)
            else:
                for remark in remarks:
                    self.message_user(request, remark, messages.WARNING)
                self.message_user(request, "The watchlists are imported.", messages.SUCCESS)
                return HttpResponseRedirect(reverse("admin:market_watchlist_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": "Import watchlists",
            "opts": self.opts,
            "form": form,
        }
        return TemplateResponse(request, "admin/market/watchlist/import.html", context)

    @admin.action(description="Enable the selected watchlists", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Watchlist]) -> None:
        queryset.update(enabled=True)
        self.message_user(request, "They are scanned from now on.", messages.SUCCESS)

    @admin.action(description="Disable the selected watchlists", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[Watchlist]) -> None:
        queryset.update(enabled=False)
        self.message_user(request, "They are not scanned any more.", messages.SUCCESS)

    @admin.action(description="Export the selected watchlists as CSV", permissions=["view"])
    def export_csv(self, request: HttpRequest, queryset: QuerySet[Watchlist]) -> HttpResponse:  # noqa: ARG002
        response = HttpResponse(to_csv(queryset), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="watchlists.csv"'
        return response

    @admin.display(description="coins", ordering="coin_count")
    def coin_count(self, watchlist: Watchlist) -> int:
        return int(getattr(watchlist, "coin_count"))  # noqa: B009 - annotated, not a field

    @admin.display(description="profile", ordering="profile_name")
    def profile(self, watchlist: Watchlist) -> str:
        return watchlist.profile_name or "default"

    @admin.display(description="last scan, UTC", ordering="last_started_at")
    def last_scan(self, watchlist: Watchlist) -> str:
        started_at = watchlist.last_started_at
        return "never" if started_at is None else f"{started_at:%m-%d %H:%M}"

    @admin.display(description="next scan, UTC")
    def next_scan(self, watchlist: Watchlist) -> str:
        if not watchlist.enabled:
            return "–"
        now = clock.wall_now()
        due_at = next_due_at(watchlist, now)
        return "now" if due_at <= now else f"{due_at:%m-%d %H:%M}"
