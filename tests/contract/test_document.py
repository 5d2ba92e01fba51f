"""The committed document is what the code says, and every route is in it."""

from __future__ import annotations

import re
from typing import Any

from django.core.management import call_command
from django.urls import URLPattern, URLResolver, get_resolver

from tests.contract.document import operations

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


def test_the_committed_document_is_valid_and_what_the_code_says() -> None:
    call_command("openapi", "--check")


def test_every_parameter_says_what_it_is_and_within_which_bounds() -> None:
    silent = [
        (operation.id, parameter["name"])
        for operation in operations()
        for parameter in operation.parameters
        if not parameter.get("description") or not is_bounded(parameter)
    ]

    assert silent == []


def is_bounded(parameter: dict[str, Any]) -> bool:
    schema = parameter["schema"]
    if schema["type"] == "string":
        return bool({"enum", "maxLength", "pattern", "format"} & schema.keys())
    # Numbers of stored things have no end.
    bounds = {"minimum"} if parameter["name"] == "id" else {"minimum", "maximum"}
    return schema["type"] == "boolean" or bounds <= schema.keys()


def test_every_mounted_route_is_an_operation_and_every_operation_is_mounted() -> None:
    routes = mounted(get_resolver().url_patterns)

    described = {operation.path for operation in operations()}

    assert routes - NO_OPERATIONS.keys() == described
