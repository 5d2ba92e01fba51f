"""The OpenAPI document: valid 3.1, complete, and without a single warning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from drf_spectacular.validation import validate_schema
from rest_framework.test import APIClient

PROBLEM = {"$ref": "#/components/schemas/ProblemDetails"}
SHARED = "#/components/responses/"
OPEN = {"/", "/health", "/health/ready", "/gpt/action-schema"}


@pytest.fixture
def document(api: APIClient) -> dict[str, Any]:
    response = api.get("/openapi.json")
    assert response["Content-Type"] == "application/json"
    body: dict[str, Any] = response.json()
    return body


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            yield path, operation


def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    validate_schema(document)


def test_every_operation_has_an_id_of_its_own_a_tag_and_a_summary(
    document: dict[str, Any],
) -> None:
    known_tags = {tag["name"] for tag in document["tags"]}
    ids = [operation["operationId"] for _, operation in operations(document)]

    assert len(ids) == len(set(ids))
    for path, operation in operations(document):
        assert operation.get("summary"), path
        assert set(operation["tags"]) <= known_tags, path


def test_every_operation_documents_its_errors_as_problems(document: dict[str, Any]) -> None:
    for path, operation in operations(document):
        for status, response in operation["responses"].items():
            if int(status) >= 400 and path not in OPEN:
                shared = response.get("$ref", "").removeprefix(SHARED)
                described = document["components"]["responses"].get(shared, response)
                schema = described["content"]["application/problem+json"]["schema"]
                assert schema == PROBLEM, (path, status)


def test_every_guarded_operation_documents_both_ways_to_send_a_key(
    document: dict[str, Any],
) -> None:
    schemes = document["components"].get("securitySchemes", {})
    for path, operation in operations(document):
        if path in OPEN:
            continue
        assert {"ApiKey": []} in operation["security"], path
        assert {"BearerKey": []} in operation["security"], path
        assert {"401", "403"} <= operation["responses"].keys(), path
        api_key = {"type": "apiKey", "in": "header", "name": "X-API-Key"}
        assert api_key.items() <= schemes["ApiKey"].items()
        assert {"type": "http", "scheme": "bearer"}.items() <= schemes["BearerKey"].items()


def test_no_path_ends_with_a_slash(document: dict[str, Any]) -> None:
    assert [path for path in document["paths"] if path != "/" and path.endswith("/")] == []
