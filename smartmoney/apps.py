"""Django wiring of the smart-money app: price structure and positioning, for signals to read."""

from django.apps import AppConfig


class SmartMoneyConfig(AppConfig):
    name = "smartmoney"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Smart money"

    def ready(self) -> None:
        from market.background_fill import give_way
        from smartmoney.api.errors import register_problems
        from smartmoney.scans import SCANS

        register_problems()
        give_way(SCANS.is_waiting)
