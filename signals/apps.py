"""Django wiring of the signals app: factors → signal → storage."""

from __future__ import annotations

from django.apps import AppConfig


class SignalsConfig(AppConfig):
    name = "signals"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Signals"

    def ready(self) -> None:
        from market.background_fill import give_way
        from market.watchlists import register_profile_names
        from notifications.renderers import register_renderer
        from signals.alert_facts import KIND
        from signals.alerts import SignalAlerts
        from signals.api.errors import register_problems
        from signals.batches import is_waiting
        from signals.bot_commands import register_commands
        from signals.profiles import known_names
        from signals.smart_money_view import views_of
        from smartmoney.signal_views import register_reader

        register_problems()
        register_commands()
        register_renderer(KIND, SignalAlerts())
        register_profile_names(known_names)
        register_reader(views_of)
        give_way(is_waiting)
