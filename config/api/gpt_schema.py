"""GPT Actions: the OpenAPI document that a custom GPT is given, made from the service's own.

OpenAI's importer takes 30 operations at most, 300 characters per text (700 for a parameter), an
https address, flat parameters of one type each, and an ``operationId`` of its own for each.
``tests/config/test_gpt_schema.py`` holds every rule; a text that is too long fails there, it is
never cut.
"""

from __future__ import annotations

from typing import Any

from config import version
from config.api.assistants import Endpoint, Parameter, selected

DESCRIPTION = (
    "Market data and LONG, SHORT or NEUTRAL signals for crypto futures, each with its reasons, "
    "sources and what is missing. Everything here only reads. It is not financial advice."
)
# Told where the importer's user will see it: at the top of the document.
NOT_HTTPS = " NOTE: GPT Actions refuses this address: it is not https. Set PUBLIC_BASE_URL to one."
_REFUSED = "Refused; detail and errors say why."


def is_https(server: str) -> bool:
    return server.startswith("https://")


def gpt_document(server: str) -> dict[str, Any]:
    """Return the document for a service that is reached at an address."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Futures signals",
            "version": version.VERSION,
            "description": DESCRIPTION if is_https(server) else DESCRIPTION + NOT_HTTPS,
        },
        "servers": [{"url": server}],
        "paths": {endpoint.path: {"get": _operation(endpoint)} for endpoint in selected()},
        "components": {
            # The importer wants the member, even with nothing in it.
            "schemas": {},
            "securitySchemes": {"BearerKey": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"BearerKey": []}],
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "operationId": endpoint.operation.id,
        "summary": endpoint.operation.summary,
        "description": endpoint.operation.description,
        # False: it may be asked without the user's confirmation each time, since it only reads.
        "x-openai-isConsequential": False,
        "parameters": [_parameter(parameter) for parameter in endpoint.parameters],
        "responses": {
            "200": {
                "description": "The answer.",
                "content": {"application/json": {"schema": endpoint.answer}},
            },
            "default": {"description": _REFUSED},
        },
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        **({"required": True} if parameter.required else {}),
        "description": parameter.description,
        "schema": parameter.schema,
    }
