"""The committed document is what the code says, and every route is in it."""

from __future__ import annotations

import re
from pathlib import Path

from django.core.management import call_command
from django.urls import URLPattern, URLResolver, get_resolver

from tests.contract.document import PATH, operations

# Routes that are no operation of the API, and why.
NO_OPERATIONS = {
    "/docs": "a page for people",
    "/redoc": "a page for people",
    "/redoc.js": "its script",
    "/openapi.json": "the document itself",
    "/admin": "leads to the admin",
    "/telegram/webhook": "Telegram calls it, with a secret of its own",
    "/mcp": "speaks the Model Context Protocol",
}


def mounted(patterns: list[URLPattern | URLResolver], prefix: str = "/") -> set[str]:
    found: set[str] = set()
    for entry in patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            if entry.namespace is None:  # the admin is a namespace of its own
                found |= mounted(entry.url_patterns, route)
        else:
            found.add(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route))
    return found


def test_the_committed_document_is_what_the_code_says(tmp_path: Path) -> None:
    generated = tmp_path / "openapi.json"

    call_command("spectacular", "--format", "openapi-json", "--file", str(generated))

    assert PATH.read_text() == generated.read_text(), (
        "run: ./run manage spectacular --format openapi-json --file docs/openapi.json"
    )


def test_every_mounted_route_is_an_operation_and_every_operation_is_mounted() -> None:
    routes = mounted(get_resolver().url_patterns)

    described = {operation.path for operation in operations()}

    assert routes - NO_OPERATIONS.keys() == described
