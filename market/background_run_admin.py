"""The admin of background runs, whichever app's: how far each is, newest first."""

from __future__ import annotations

from django.contrib import admin

from config.accounts.read_only_admin import ReadOnlyAdmin
from market.background_runs import BackgroundRun


class BackgroundRunAdmin(ReadOnlyAdmin):
    """A subclass says by ``told`` what its runs are known by."""

    told: tuple[str, ...] = ()
    ordering = ("-started_at",)

    def get_list_display(self, request: object) -> tuple[str, ...]:  # noqa: ARG002
        return ("started_at", *self.told, "state", "progress", "failures", "finished_at")

    @admin.display(description="progress")
    def progress(self, run: BackgroundRun) -> str:
        return f"{run.answered} of {run.requested}"

    @admin.display(description="without a score")
    def failures(self, run: BackgroundRun) -> int:
        return len(run.failed)
