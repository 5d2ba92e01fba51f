"""The committed OpenAPI document, operation by operation: what every test of the contract goes by.

It is read from the file and not generated, so that pytest can make a test of each operation while
it collects; ``test_document`` holds the file against the code.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import jsonschema

PATH = Path(__file__).parents[2] / "docs" / "openapi.json"


@cache
def document() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(PATH.read_text())
    return read


@dataclass(frozen=True)
class Operation:
    """One operation of the document."""

    path: str
    method: str
    described: Mapping[str, Any]

    @property
    def id(self) -> str:
        return str(self.described["operationId"])

    @property
    def parameters(self) -> list[dict[str, Any]]:
        return [
            each for each in self.described.get("parameters", ()) if each["in"] in {"path", "query"}
        ]

    @property
    def body(self) -> dict[str, Any] | None:
        """Return the JSON schema of the request's body, resolved to its members."""
        content = self.described.get("requestBody", {}).get("content", {})
        return resolved(content["application/json"]["schema"]) if content else None

    @property
    def example_body(self) -> Any:
        content = self.described.get("requestBody", {}).get("content", {})
        return content.get("application/json", {}).get("example")

    @property
    def examples(self) -> dict[str, Any]:
        return {each["name"]: each["example"] for each in self.parameters if "example" in each}

    def url(self, values: Mapping[str, Any]) -> str:
        """Return the address with these parameters; one with several values is given as often."""
        path = self.path
        query: list[tuple[str, Any]] = []
        for parameter in self.parameters:
            name = parameter["name"]
            if name not in values:
                continue
            if parameter["in"] == "path":
                path = path.replace("{" + name + "}", quote(plain(values[name]), safe=""))
            elif isinstance(values[name], list | tuple):
                query += [(name, plain(value)) for value in values[name]]
            else:
                query.append((name, plain(values[name])))
        return path + ("?" + urlencode(query) if query else "")

    def check(self, status: int, content_type: str, content: bytes) -> None:
        """Raise unless such an answer is documented and the body is of its shape."""
        assert str(status) in self.described["responses"], (
            f"{self.id} answers {status}, which is not documented"
        )
        response = resolved(self.described["responses"][str(status)])
        if "content" not in response:
            assert content == b""
            return
        kind = content_type.partition(";")[0]
        assert kind in response["content"], f"{self.id} answers {status} as {kind}"
        if kind in {"application/json", "application/problem+json"}:
            validate(json.loads(content), response["content"][kind]["schema"])


def operations() -> list[Operation]:
    return list(_operations(document()))


def _operations(described: Mapping[str, Any]) -> Iterator[Operation]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield Operation(path, method, operation)


def validate(value: Any, schema: Mapping[str, Any]) -> None:
    jsonschema.Draft202012Validator(
        {**schema, "components": document()["components"]},
        format_checker=jsonschema.FormatChecker(),
    ).validate(value)


def resolved(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema or a response with its own reference, or its only one, followed."""
    options = [schema, *schema.get("allOf", ())]
    for option in options:
        if "$ref" in option:
            _, kind, name = option["$ref"].rsplit("/", 2)
            return resolved(document()["components"][kind][name])
    return dict(schema)


def plain(value: Any) -> str:
    """Return a value as an address has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
