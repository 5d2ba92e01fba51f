"""Users and API keys: who may ask, and who may change things.

The lowest of our apps, so it also wires what belongs to ``config`` itself: checks and the database
probe.
"""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "config.accounts"
    label = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from config import checks  # noqa: F401 - importing registers the checks
        from config.api.health import probe_database, register_probe

        register_probe("database", probe_database, critical=True)
