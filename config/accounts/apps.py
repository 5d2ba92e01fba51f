"""Users and API keys: who may ask, and who may change things.

The lowest of our apps, so it also wires what belongs to ``config`` itself: checks and the database
probe.
"""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class AuditedAdminConfig(AdminConfig):
    """Django's admin over our site."""

    default = False
    default_site = "config.accounts.site.AuditedAdminSite"


class AccountsConfig(AppConfig):
    name = "config.accounts"
    label = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in, user_login_failed

        from config import checks  # noqa: F401 - importing registers the checks
        from config.accounts import logins
        from config.api.health import probe_database, register_probe

        register_probe("database", probe_database, critical=True)
        user_logged_in.connect(logins.note_success, dispatch_uid="audit")
        user_login_failed.connect(logins.note_failure, dispatch_uid="audit")
