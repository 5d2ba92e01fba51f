"""The notifications app: alert events → deliveries → Telegram. It tells how that is going."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Notifications"

    def ready(self) -> None:
        from config.api.health import register_probe
        from notifications.health import probe_notifications

        register_probe("notifications", probe_notifications)
