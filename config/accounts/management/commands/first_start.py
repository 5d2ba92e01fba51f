"""``manage.py first_start``: what a fresh installation needs once, made if it is not there."""

# ruff: noqa: ARG002 - Django fixes the signature of handle

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config.accounts.first_admin import ensure_first_admin


class Command(BaseCommand):
    help = "Make the first administrator, with a random password in the data folder."

    def handle(self, *args: Any, **options: Any) -> None:
        file = ensure_first_admin(settings.DATA_DIR)
        if file is not None:
            self.stdout.write(f"Made the first administrator; the password is in {file}")
