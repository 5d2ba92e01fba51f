"""``manage.py create_api_key NAME``: make an API key and show it once."""

# ruff: noqa: ARG002 - Django fixes the signature of handle

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from config.accounts.keys import create_api_key
from config.accounts.models import ApiKey


class Command(BaseCommand):
    help = "Make an API key and print it: the only time it can be read."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="what will use the key")
        parser.add_argument("--scope", choices=ApiKey.Scope.values, default=ApiKey.Scope.READ)

    def handle(self, *args: Any, **options: Any) -> None:
        _, plain = create_api_key(options["name"], options["scope"])
        self.stdout.write(plain)
