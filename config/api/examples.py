"""Examples in the OpenAPI document: for each operation a request that works, and its answer.

One file per operation in ``examples``, recorded from the simulated market and shortened;
``tests/contract/write_examples.py`` writes them anew. Members: ``parameters`` by name, ``body`` of
the request, ``status`` and ``answer``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

FOLDER = Path(__file__).parent / "examples"

PROBLEM = {
    "type": "urn:futures-signals:problem:invalid-input",
    "title": "Invalid input",
    "status": 400,
    "detail": "Some parameters are not valid; see errors.",
    "request_id": "3f2a9c0d1e4b4c5d8a7f6b5e4d3c2b1a",
    "errors": [
        {
            "parameter": "limit",
            "detail": "Ensure this value is less than or equal to 100.",
        }
    ],
}


def read_examples() -> dict[str, dict[str, Any]]:
    """Return what is recorded, by operationId."""
    return {path.stem: orjson.loads(path.read_bytes()) for path in sorted(FOLDER.glob("*.json"))}


def add_examples(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Put the examples into a generated document. A hook of drf-spectacular."""
    examples = read_examples()
    for methods in result["paths"].values():
        for operation in methods.values():
            example = examples.get(operation["operationId"])
            if example is not None:
                _add(operation, example)
    problem = result.get("components", {}).get("schemas", {}).get("ProblemDetails")
    if problem is not None:
        problem["examples"] = [PROBLEM]
    return result


def _add(operation: dict[str, Any], example: Mapping[str, Any]) -> None:
    for parameter in operation.get("parameters", ()):
        if parameter["name"] in example["parameters"]:
            parameter["example"] = example["parameters"][parameter["name"]]
    if "body" in example:
        operation["requestBody"]["content"]["application/json"]["example"] = example["body"]
    content = operation["responses"][example["status"]].get("content", {})
    if "answer" in example and "application/json" in content:
        content["application/json"]["example"] = example["answer"]
