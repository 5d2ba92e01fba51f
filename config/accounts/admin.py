"""Users, API keys and the audit log in the admin. A secret is shown once, after it was made."""

# ruff: noqa: ARG002 - the admin fixes these signatures

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest

from config.accounts.keys import (
    create_api_key,
    delete_api_keys,
    revoke_api_key,
    rotate_api_key,
    save_changed_key,
)
from config.accounts.models import ApiKey, AuditEntry, User
from config.accounts.read_only_admin import ReadOnlyAdmin

admin.site.register(User, UserAdmin)


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    writes_own_audit = True

    list_display = (
        "name", "prefix", "scope", "state", "rate_per_minute", "daily_quota",
        "last_used_at", "expires_at",
    )  # fmt: skip
    list_filter = ("scope",)
    search_fields = ("name", "prefix")
    readonly_fields = (
        "prefix", "created_at", "last_used_at", "rotated_at", "previous_until", "revoked_at",
    )  # fmt: skip
    actions = ("rotate", "rotate_at_once", "revoke")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        return ApiKey.objects.with_state()

    @admin.display(description="state")
    def state(self, key: ApiKey) -> str:
        return str(getattr(key, "state"))  # noqa: B009 - annotated, not a field

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """What a key may do is fixed when it is made; afterwards it can expire or be revoked."""
        fixed = ("scope",) if obj is not None else ()
        return (*self.readonly_fields, *fixed)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: forms.Form, change: bool) -> None:
        by = request.user.get_username()
        if change:
            save_changed_key(obj, form.changed_data, by=by)
            return
        created, plain = create_api_key(
            obj.name,
            obj.scope,
            expires_at=obj.expires_at,
            rate_per_minute=obj.rate_per_minute,
            daily_quota=obj.daily_quota,
            by=by,
        )
        obj.pk, obj.prefix, obj.created_at = created.pk, created.prefix, created.created_at
        self._show(request, plain)

    def delete_model(self, request: HttpRequest, obj: ApiKey) -> None:
        delete_api_keys([obj], by=request.user.get_username())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        delete_api_keys(queryset, by=request.user.get_username())

    @admin.action(
        description="New secret for the selected keys; the old works for a day more",
        permissions=["change"],
    )
    def rotate(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset.filter(revoked_at__isnull=True):
            self._show(request, rotate_api_key(key, by=request.user.get_username()))

    @admin.action(
        description="New secret for the selected keys; the old ends at once",
        permissions=["change"],
    )
    def rotate_at_once(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset.filter(revoked_at__isnull=True):
            by = request.user.get_username()
            self._show(request, rotate_api_key(key, overlap=timedelta(0), by=by))

    @admin.action(description="Revoke the selected keys", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset:
            revoke_api_key(key, by=request.user.get_username())
        self.message_user(request, "Revoked. Every process refuses the keys within seconds.")

    def _show(self, request: HttpRequest, plain: str) -> None:
        self.message_user(request, f"This key is shown only now: {plain}", messages.WARNING)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """To read only: what was done stays written."""

    list_display = ("at", "actor", "action", "target")
    list_filter = ("action",)
    search_fields = ("actor", "target")
    date_hierarchy = "at"
