"""Django wiring of analytics: what came of the signals, read by everybody and imported by none."""

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "analytics"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Analytics"
