"""Django wiring of MSS: emerging coins, scored in three phases."""

from django.apps import AppConfig


class MssConfig(AppConfig):
    name = "mss"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Emerging coins (MSS)"

    def ready(self) -> None:
        from market.background_fill import give_way
        from mss.alerts import KIND, MssAlerts
        from mss.api.errors import register_problems
        from mss.runs import RUNS
        from notifications.renderers import register_renderer

        register_problems()
        give_way(RUNS.is_waiting)
        register_renderer(KIND, MssAlerts())
