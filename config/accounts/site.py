"""The admin site: what is changed in it goes to the audit log, and nobody guesses passwords in it.

Registering a model here makes its admin one that writes the audit log; no app has to know.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import wraps
from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from config.accounts import audit, logins
from config.api.throttling import admit_address

# Far above what a person clicks, far below what a script may cost the database.
PAGES_PER_MINUTE = 300


class Audited:
    """Writes an audit entry for whatever Django's own log of the admin gets one.

    An admin whose acts have entries of their own says so with ``writes_own_audit``.
    """

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self._audit(request, "admin.added", [obj], changes=message)
        return super().log_addition(request, obj, message)  # type: ignore[misc]

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self._audit(request, "admin.changed", [obj], changes=message)
        return super().log_change(request, obj, message)  # type: ignore[misc]

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        self._audit(request, "admin.deleted", queryset)
        return super().log_deletions(request, queryset)  # type: ignore[misc]

    def _audit(
        self, request: HttpRequest, action: str, objects: Iterable[Any], **detail: Any
    ) -> None:
        if not getattr(self, "writes_own_audit", False):
            for obj in objects:
                target = f"{obj._meta.label} {obj.pk}: {obj}"
                audit.record(request.user.get_username(), action, target, **detail)


class AuditedAdminSite(AdminSite):
    site_header = site_title = "Futures signals"
    index_title = "Administration: all times are UTC"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        plain = admin_class or ModelAdmin
        audited = type(plain.__name__, (Audited, plain), {"__module__": plain.__module__})
        super().register(model_or_iterable, audited, **options)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        guarded = super().admin_view(view, cacheable)

        @wraps(guarded)
        def counted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            verdict = admit_address(request, "admin", PAGES_PER_MINUTE)
            if verdict is not None and not verdict.granted:
                return self._come_back_later(request, verdict.reset_s)
            response: HttpResponse = guarded(request, *args, **kwargs)
            return response

        return counted

    @method_decorator(never_cache)
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method != "POST":
            return super().login(request, extra_context)
        wait_s = logins.wait_before_attempt(request)
        if wait_s:
            return self._come_back_later(request, wait_s)
        response = super().login(request, extra_context)
        if request.user.is_authenticated:
            logins.remember_browser(request, response)
        return response

    def _come_back_later(self, request: HttpRequest, wait_s: int) -> HttpResponse:
        context = {
            **self.each_context(request),
            "title": "Too many requests",
            "wait_min": -(-wait_s // 60),
        }
        return TemplateResponse(
            request,
            "admin/too_many_requests.html",
            context,
            status=429,
            headers={"Retry-After": str(wait_s)},
        )
