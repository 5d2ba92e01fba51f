"""Admin of scans: how far each is, live; and scanning a watchlist now."""

# ruff: noqa: ARG002 - the admin fixes these signatures

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.accounts.read_only_admin import ReadOnlyAdmin
from market.admin import WatchlistAdmin
from market.models import Watchlist
from signals.models import ScanRun
from signals.scans import AlreadyRunning, start_list_run
from signals.selectors import scan_problems, scan_runs


@admin.register(ScanRun)
class ScanRunAdmin(ReadOnlyAdmin):
    list_display = (
        "started", "name", "state", "progress", "not_evaluated", "published", "took",
    )  # fmt: skip
    list_filter = ("state", "profile_name")
    search_fields = ("name",)
    ordering = ("-started_at",)
    list_per_page = 50
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ScanRun]:
        return scan_runs()

    def get_urls(self) -> list[URLPattern]:
        progress = path(
            "<int:run_id>/progress/",
            self.admin_site.admin_view(self.progress_view),
            name="signals_scanrun_progress",
        )
        return [progress, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one run; the part that changes is fetched again while it goes on."""
        if not object_id.isdecimal():
            raise Http404
        return self._page(request, int(object_id), "admin/signals/scanrun/change_form.html")

    def progress_view(self, request: HttpRequest, run_id: int) -> HttpResponse:
        """Return the part of the page that changes."""
        return self._page(request, run_id, "admin/signals/scanrun/progress.html")

    def _page(self, request: HttpRequest, run_id: int, template: str) -> HttpResponse:
        run = scan_runs().filter(pk=run_id).first()
        if run is None or not self.has_view_permission(request, run):
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            "title": f"Scan of {run.name}",
            "opts": self.opts,
            "run": run,
            "batches": run.batches.all(),
            "problems": scan_problems(run),
        }
        return TemplateResponse(request, template, context)

    @admin.display(description="started, UTC", ordering="started_at")
    def started(self, run: ScanRun) -> str:
        return f"{run.started_at:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="progress")
    def progress(self, run: ScanRun) -> SafeString:
        return format_html(
            '<progress value="{}" max="{}"></progress> {}/{}',
            run.answered, run.requested, run.answered, run.requested,
        )  # fmt: skip

    @admin.display(description="not evaluated")
    def not_evaluated(self, run: ScanRun) -> int:
        return run.failed + run.skipped + (run.left if run.is_over else 0)

    @admin.display(description="took")
    def took(self, run: ScanRun) -> str:
        return f"{run.elapsed.total_seconds():.0f} s"


admin.site.unregister(Watchlist)


@admin.register(Watchlist)
class ScannedWatchlistAdmin(WatchlistAdmin):
    """Watchlists belong to the market app; scanning them is added here, where scans are known."""

    actions = ("scan_now", *WatchlistAdmin.actions)

    @admin.action(description="Scan the selected watchlists now", permissions=["change"])
    def scan_now(self, request: HttpRequest, queryset: QuerySet[Watchlist]) -> None:
        for watchlist in queryset:
            try:
                run = start_list_run(watchlist)
            except AlreadyRunning as running:
                told, level, run = "is being scanned already", messages.WARNING, running.run
            else:
                told, level = "is being scanned", messages.SUCCESS
            if run is None:
                self.message_user(request, f"{watchlist.name} has no coins.", messages.WARNING)
                continue
            link = format_html(
                '{} {}: <a href="{}">see how far it is</a>',
                watchlist.name, told, reverse("admin:signals_scanrun_change", args=[run.pk]),
            )  # fmt: skip
            self.message_user(request, link, level)
