"""GPT Actions: the OpenAPI document that a custom GPT is given, made from the service's own.

OpenAI's importer takes 30 operations at most, 300 characters per text (700 for a parameter), an
https address, flat parameters of one type each, and an ``operationId`` of its own for each.
``tests/config/test_gpt_schema.py`` holds every rule; a text that is too long fails there, it is
never cut.
"""

from __future__ import annotations

import logging
from typing import Any

from config import version
from config.api.assistants import Endpoint, Parameter, selected

logger = logging.getLogger(__name__)

DESCRIPTION = (
    "Market data and LONG, SHORT or NEUTRAL signals for crypto futures, each with its reasons, "
    "sources and what is missing. Everything here only reads. It is not financial advice."
)
# Told where the importer's user will see it: at the top of the document.
NOT_HTTPS = (
    " NOTE: this address is not https, so GPT Actions refuses it. Put the service behind an https "
    "address and set PUBLIC_BASE_URL to that."
)
_REFUSED = "Refused; detail says in words what to do instead, errors names wrong parameters."


def gpt_document(server: str) -> dict[str, Any]:
    """Return the document for a service that is reached at an address."""
    description = DESCRIPTION
    if not server.startswith("https://"):
        logger.warning("GPT Actions needs PUBLIC_BASE_URL to be https", extra={"server": server})
        description += NOT_HTTPS
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Futures signals",
            "version": version.VERSION,
            "description": description,
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
        "required": parameter.required,
        "description": parameter.description,
        "schema": parameter.schema,
    }
