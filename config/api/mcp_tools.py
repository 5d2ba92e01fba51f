"""Assistants' operations as tools: what goes in, and the call itself. Knows no protocol.

A tool's answer is that of ``GET`` at the operation's address, problems included.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import ValidationError

from config.api.assistants import Endpoint
from config.api.errors import problem_for
from config.api.inner_requests import read_inside

logger = logging.getLogger(__name__)


def input_schema(endpoint: Endpoint) -> dict[str, Any]:
    """Return the JSON schema of a tool's arguments."""
    return {
        "type": "object",
        "properties": {
            each.name: {**each.schema, "description": each.description}
            for each in endpoint.parameters
        },
        "required": [each.name for each in endpoint.parameters if each.required],
        "additionalProperties": False,
    }


def call_tool(endpoint: Endpoint, arguments: Mapping[str, Any], outer: HttpRequest) -> HttpResponse:
    """Answer a tool call within the request that carries it."""
    # Assistants send null for what they leave out.
    given = {name: value for name, value in arguments.items() if value is not None}
    faults = _faults(endpoint, given)
    if faults:
        refused = problem_for(ValidationError(faults))
        assert refused is not None  # noqa: S101 - for the type checker: it is a known exception
        return refused
    response = read_inside(outer, endpoint.path, given)
    # The access log knows the door only.
    logger.info(
        "tool called", extra={"tool": endpoint.operation.id, "status": response.status_code}
    )
    return response


def _faults(endpoint: Endpoint, given: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return what the tool does not take. Everything else the operation itself checks, by name."""
    offered = {each.name: each for each in endpoint.parameters}
    faults = {
        name: [f"Unknown parameter; known are {', '.join(sorted(offered)) or 'none'}."]
        for name in given
        if name not in offered
    }
    for name, each in offered.items():
        if each.required and name not in given:
            faults[name] = ["This parameter is required."]
    for name, most in endpoint.operation.most.items():
        value = given.get(name)
        if isinstance(value, int | float) and value > most:
            faults[name] = [f"Ensure this value is less than or equal to {most}."]
    return faults
