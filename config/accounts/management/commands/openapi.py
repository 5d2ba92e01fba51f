"""``manage.py openapi``: the service's OpenAPI document, on screen, into its file or against it."""

# ruff: noqa: ARG002 - Django fixes the signature of handle

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import jsonschema
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema

from config.api.document import committed_text, make_document

FILE = Path(settings.BASE_DIR) / "docs" / "openapi.json"


class Command(BaseCommand):
    help = "Print the OpenAPI document of this service, as /openapi.json serves it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        instead = parser.add_mutually_exclusive_group()
        instead.add_argument("--write", action="store_true", help=f"renew docs/{FILE.name}")
        instead.add_argument(
            "--check",
            action="store_true",
            help=f"fail unless it is valid, made without a warning, and in docs/{FILE.name}",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        GENERATOR_STATS.reset()
        document = make_document()
        text = committed_text(document)
        if options["write"]:
            FILE.write_text(text)
        elif options["check"]:
            _check(document, text)
        else:
            self.stdout.write(text)
            return
        self.stdout.write(f"docs/{FILE.name} is current")


def _check(document: dict[str, Any], text: str) -> None:
    if GENERATOR_STATS:
        raise CommandError("The document is made with the warnings above.")
    try:
        validate_schema(document)  # type: ignore[no-untyped-call]
    except jsonschema.ValidationError as error:
        raise CommandError(f"The document is not valid OpenAPI: {error.message}") from error
    if FILE.read_text() != text:
        raise CommandError(
            f"docs/{FILE.name} is not what the code says: ./run manage openapi --write"
        )
