"""Every route of the service. Apps are named as strings; none is imported here."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from config.api import views
from config.api.gpt_views import ActionSchemaView
from config.api.mcp import McpView

urlpatterns = [
    path("", views.IndexView.as_view()),
    path("health", views.LivenessView.as_view()),
    path("health/ready", views.ReadinessView.as_view()),
    path("docs", views.SwaggerView.as_view(), name="docs"),
    path("redoc", views.RedocView.as_view(), name="redoc"),
    path("redoc.js", views.redoc_script),
    path("openapi.json", views.OpenApiView.as_view(), name="openapi"),
    path("gpt/action-schema", ActionSchemaView.as_view()),
    path("mcp", McpView.as_view(), name="mcp"),
    path("admin", RedirectView.as_view(url="/admin/")),
    path("admin/", admin.site.urls),
    # Routes are tried in turn, 2 µs each: what is asked most comes first.
    path("", include("signals.api.urls")),
    path("", include("analytics.api.urls")),
    path("", include("market.api.urls")),
    path("", include("smartmoney.api.urls")),
    path("", include("mss.api.urls")),
    path("", include("notifications.api.urls")),
    path("", include("analytics.api.context_urls")),
]

handler400 = "config.api.errors.bad_request"
handler403 = "config.api.errors.permission_denied"
handler404 = "config.api.errors.page_not_found"
handler500 = "config.api.errors.server_error"
