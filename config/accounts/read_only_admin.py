"""The admin of rows that programs write: to look at, not to touch."""

# ruff: noqa: ARG002 - Django fixes these signatures

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A person's edit would be overwritten or would falsify what happened."""

    # Counting a million rows to say "of 1,000,000" would cost more than the page itself.
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False
