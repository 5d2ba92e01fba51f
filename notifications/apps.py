"""The notifications app: alert events → deliveries → Telegram. It tells how that is going."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Notifications"

    def ready(self) -> None:
        from config.api.health import register_probe
        from config.residents import Resident, register_resident
        from notifications import poller, webhook
        from notifications.bot_commands import register_own_commands
        from notifications.health import probe_notifications

        register_probe("notifications", probe_notifications)
        register_own_commands()
        register_resident(Resident("telegram-poller", poller.run, poller.is_wanted))
        register_resident(Resident("telegram-webhook", webhook.run, webhook.is_wanted))
