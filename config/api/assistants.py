"""The operations that assistants may ask, as they really are: read off the OpenAPI document.

``selected`` joins the table in ``config.api.assistant_operations`` with the service's own schema:
address, parameters with their bounds, keys of the answer. GPT Actions and MCP are both made from
it, so neither can offer what is not there. Everything is flat: one type per parameter, no
references and no alternatives, since assistants' programs refuse those.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from config.api.assistant_operations import OPERATIONS, PARAMETER_TEXTS, Operation
from config.api.document import openapi_json

# What is kept of a parameter's schema. Patterns and lengths are left to the service, which explains
# itself better than they do.
_KEPT = ("type", "enum", "minimum", "maximum", "default")


class UnknownOperation(LookupError):
    """The table of assistants' operations names what the service does not have."""


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    place: str  # "path" or "query"
    required: bool
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation of the table with its address, its parameters and the keys of its answer."""

    operation: Operation
    path: str  # with {names}, as in the OpenAPI document
    parameters: tuple[Parameter, ...]
    answer: Mapping[str, Any]


@lru_cache(maxsize=1)
def selected() -> tuple[Endpoint, ...]:
    """Return the endpoints of the table. Raises UnknownOperation."""
    return select(OPERATIONS, orjson.loads(openapi_json()))


def select(operations: Iterable[Operation], document: Mapping[str, Any]) -> tuple[Endpoint, ...]:
    """Find operations in an OpenAPI document. Raises UnknownOperation, naming every fault."""
    described = {body["operationId"]: (path, body) for path, body in _reads(document)}
    wanted = tuple(operations)
    faults = [each.id for each in wanted if each.id not in described]
    for each in wanted:
        if each.id in described:
            faults += _unknown_parameters(each, described[each.id][1])
    if faults:
        raise UnknownOperation(f"no such operation or parameter: {', '.join(faults)}")
    return tuple(_endpoint(each, *described[each.id], document) for each in wanted)


def _reads(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        if "get" in methods:
            yield path, methods["get"]


def _unknown_parameters(operation: Operation, body: Mapping[str, Any]) -> list[str]:
    known = {parameter["name"] for parameter in body.get("parameters", ())}
    named = {*operation.without, *operation.most, *operation.texts}
    return [f"{operation.id}.{name}" for name in sorted(named - known)]


def _endpoint(
    operation: Operation, path: str, body: Mapping[str, Any], document: Mapping[str, Any]
) -> Endpoint:
    return Endpoint(
        operation=operation,
        path=path,
        parameters=tuple(
            _parameter(operation, described)
            for described in body.get("parameters", ())
            if described["name"] not in operation.without
        ),
        answer=_answer(body, document),
    )


def _parameter(operation: Operation, described: Mapping[str, Any]) -> Parameter:
    name = described["name"]
    schema = {key: described["schema"][key] for key in _KEPT if key in described["schema"]}
    required = described.get("required", False)
    if name in operation.most:
        most = operation.most[name]
        schema["maximum"] = most
        # What is asked for when the parameter is left out is the service's choice, not ours.
        if schema.get("default", 0) > most:
            required = True
            del schema["default"]
    text = operation.texts.get(name) or PARAMETER_TEXTS.get(name)
    return Parameter(
        name=name,
        place=described["in"],
        required=required,
        description=text or described.get("description", ""),
        schema=schema,
    )


def _answer(body: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer's schema one level deep: its keys, and their types where there is one."""
    content = body["responses"]["200"]["content"]["application/json"]["schema"]
    properties = _resolved(content, document).get("properties", {})
    return {
        "type": "object",
        "properties": {
            key: _type_of(_resolved(value, document)) for key, value in properties.items()
        },
    }


def _resolved(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        schema = document["components"]["schemas"][name]
    return schema


def _type_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema of one type; an empty one, which allows anything, where null is possible."""
    kind = schema.get("type")
    if kind == "array":
        return {"type": "array", "items": {}}
    return {"type": kind} if isinstance(kind, str) else {}
