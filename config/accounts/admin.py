"""Users and API keys in the admin. A new key is shown once, in the message after saving."""

# ruff: noqa: ARG002 - the admin fixes these signatures

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest

from config.accounts.keys import create_api_key, forget_believed_keys, revoke_api_key
from config.accounts.models import ApiKey, User

admin.site.site_header = admin.site.site_title = "Futures signals"
admin.site.index_title = "Administration"
admin.site.register(User, UserAdmin)


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "prefix", "scope", "created_at", "last_used_at", "expires_at", "state")
    list_filter = ("scope",)
    search_fields = ("name", "prefix")
    readonly_fields = ("prefix", "created_at", "last_used_at", "revoked_at")
    actions = ("revoke",)

    @admin.display(description="state")
    def state(self, key: ApiKey) -> str:
        return "revoked" if key.revoked_at else "valid until it expires"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """What a key may do is fixed when it is made; afterwards it can expire or be revoked."""
        fixed = ("scope",) if obj is not None else ()
        return (*self.readonly_fields, *fixed)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: forms.Form, change: bool) -> None:
        if change:
            obj.save()
            forget_believed_keys()
            return
        created, plain = create_api_key(obj.name, obj.scope, expires_at=obj.expires_at)
        obj.pk, obj.prefix, obj.created_at = created.pk, created.prefix, created.created_at
        messages.warning(request, f"This key is shown only now: {plain}")

    def delete_model(self, request: HttpRequest, obj: ApiKey) -> None:
        obj.delete()
        forget_believed_keys()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        queryset.delete()
        forget_believed_keys()

    @admin.action(description="Revoke the selected keys")
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset:
            revoke_api_key(key)
        self.message_user(request, "Revoked. Every process refuses the keys within seconds.")
