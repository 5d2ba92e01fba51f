"""``manage.py gpt_schema``: the document for GPT Actions, on screen or into its committed file."""

# ruff: noqa: ARG002 - Django fixes the signature of handle

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config.api.document import committed_text
from config.api.gpt_schema import gpt_document

FILE = Path(settings.BASE_DIR) / "docs" / "gpt-actions.json"
# The committed file is nobody's own service.
EXAMPLE_SERVER = "https://signals.example.com"


class Command(BaseCommand):
    help = "Print the OpenAPI document that a custom GPT imports, as /gpt/action-schema serves it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--server", help="its address; PUBLIC_BASE_URL when left out")
        parser.add_argument(
            "--write", action="store_true", help=f"renew docs/{FILE.name}, for {EXAMPLE_SERVER}"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["write"]:
            FILE.write_text(committed_form())
            self.stdout.write(f"docs/{FILE.name} is current")
        else:
            server = options["server"] or str(settings.PUBLIC_BASE_URL)
            self.stdout.write(committed_text(gpt_document(server)))


def committed_form() -> str:
    """Return what the committed file must hold."""
    return committed_text(gpt_document(EXAMPLE_SERVER))
