"""Every rule of OpenAI's importer, held against the document that GPT Actions are given."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.core.management import call_command
from drf_spectacular.validation import validate_schema
from pytest_django import Settings
from rest_framework.test import APIClient

from config.accounts.management.commands.gpt_schema import FILE, committed_form
from config.api import gpt_views
from config.api.assistant_operations import OPERATIONS, Operation
from config.api.assistants import UnknownOperation, select, selected
from config.api.gpt_schema import gpt_document
from config.api.renderers import dump_json
from tests.config.assistant_calls import named_operations

MOST_OPERATIONS = 30
MOST_BYTES = 45_000
MOST_TEXT = 300
MOST_PARAMETER_TEXT = 700
SERVER = "https://signals.example.com"

# One value each, as the importer's programs build a function's flat arguments of them.
PLAIN_TYPES = {"string", "integer", "number", "boolean"}
ALTERNATIVES = {"anyOf", "oneOf", "allOf", "not", "$ref", "nullable"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Return the document as it is sent."""
    parsed: dict[str, Any] = json.loads(dump_json(gpt_document(SERVER)))
    return parsed


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert method == "get", f"{method} {path}: assistants only read"
            yield path, operation


def parameters(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for _, operation in operations(document):
        for parameter in operation["parameters"]:
            yield f"{operation['operationId']}.{parameter['name']}", parameter


def nested(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from nested(each)
    elif isinstance(value, list):
        for each in value:
            yield from nested(each)


def test_it_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    validate_schema(document)


def test_it_is_small_enough_to_be_imported(document: dict[str, Any]) -> None:
    assert len(list(operations(document))) <= MOST_OPERATIONS
    assert len(dump_json(document)) <= MOST_BYTES


def test_every_operation_has_an_id_of_its_own(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, operation in operations(document)]

    assert ids == [operation.id for operation in OPERATIONS]
    assert len(set(ids)) == len(ids)
    assert all(each.isidentifier() for each in ids)


def test_no_text_is_missing_or_too_long(document: dict[str, Any]) -> None:
    texts = {"info": document["info"]["description"]}
    for _, operation in operations(document):
        for key in ("summary", "description"):
            texts[f"{operation['operationId']}.{key}"] = operation[key]
        for status, response in operation["responses"].items():
            texts[f"{operation['operationId']}.{status}"] = response["description"]
    wrong = {name: len(text) for name, text in texts.items() if not 0 < len(text) <= MOST_TEXT}

    assert wrong == {}


def test_texts_name_no_operation_that_is_not_there(document: dict[str, Any]) -> None:
    texts = [parameter["description"] for _, parameter in parameters(document)]
    for _, operation in operations(document):
        texts += [operation["summary"], operation["description"]]

    assert named_operations(" ".join(texts)) <= {operation.id for operation in OPERATIONS}


def test_no_parameters_text_is_missing_or_too_long(document: dict[str, Any]) -> None:
    texts = {name: parameter["description"] for name, parameter in parameters(document)}
    wrong = {n: len(text) for n, text in texts.items() if not 0 < len(text) <= MOST_PARAMETER_TEXT}

    assert wrong == {}


def test_texts_of_parameters_are_one_line_of_plain_words(document: dict[str, Any]) -> None:
    for name, parameter in parameters(document):
        assert "\n" not in parameter["description"], name


def test_a_coin_that_need_not_be_named_is_said_to_be_left_out(document: dict[str, Any]) -> None:
    for name, parameter in parameters(document):
        if parameter["name"] == "symbol" and "required" not in parameter:
            assert "Leave out" in parameter["description"], name


def test_every_parameter_is_flat_and_of_one_type(document: dict[str, Any]) -> None:
    for name, parameter in parameters(document):
        assert parameter["in"] in {"path", "query"}, name
        assert parameter["schema"]["type"] in PLAIN_TYPES, name
        assert not nested_schemas(parameter["schema"]), name


def nested_schemas(schema: dict[str, Any]) -> list[str]:
    return [key for key, value in schema.items() if isinstance(value, dict) or key == "items"]


def test_every_number_that_says_how_much_has_a_largest_value(document: dict[str, Any]) -> None:
    for name, parameter in parameters(document):
        if parameter["name"] in {"limit", "offset", "days", "hours"}:
            assert {"minimum", "maximum"} <= parameter["schema"].keys(), name


def test_what_is_asked_for_by_default_lies_within_the_bounds(document: dict[str, Any]) -> None:
    for name, parameter in parameters(document):
        schema = parameter["schema"]
        if "default" in schema:
            assert schema["default"] <= schema.get("maximum", schema["default"]), name


def test_nothing_has_alternatives_or_references(document: dict[str, Any]) -> None:
    for part in nested(document["paths"]):
        assert not ALTERNATIVES & part.keys(), part
        assert not isinstance(part.get("type"), list), part


def test_every_answer_names_its_keys(document: dict[str, Any]) -> None:
    for path, operation in operations(document):
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        assert schema["type"] == "object", path
        assert schema["properties"], path


def test_the_names_in_a_path_are_its_path_parameters(document: dict[str, Any]) -> None:
    for path, operation in operations(document):
        named = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
        assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}, path
        assert all(p["required"] for p in operation["parameters"] if p["in"] == "path"), path


def test_reading_is_not_consequential(document: dict[str, Any]) -> None:
    for path, operation in operations(document):
        assert operation["x-openai-isConsequential"] is False, path


def test_the_server_is_the_one_https_address(document: dict[str, Any]) -> None:
    assert document["servers"] == [{"url": SERVER}]
    assert "https" not in document["info"]["description"]


def test_a_key_is_sent_as_bearer_and_by_nothing_else(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]

    assert schemes == {"BearerKey": {"type": "http", "scheme": "bearer"}}
    assert document["security"] == [{"BearerKey": []}]
    assert document["components"]["schemas"] == {}


def test_an_address_without_https_is_said_in_the_answer_and_in_the_log(
    api: APIClient, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.PUBLIC_BASE_URL = "http://127.0.0.1:8000"
    gpt_views._document_json.cache_clear()

    with caplog.at_level(logging.WARNING, "config.api.gpt_views"):
        answer = api.get("/gpt/action-schema").json()

    assert answer["servers"] == [{"url": "http://127.0.0.1:8000"}]
    assert "PUBLIC_BASE_URL" in answer["info"]["description"]
    assert len(answer["info"]["description"]) <= MOST_TEXT
    assert [record.message for record in caplog.records] == [
        "GPT Actions needs PUBLIC_BASE_URL to be https"
    ]


def test_it_is_open_to_the_importer_and_never_cached(api: APIClient, settings: Settings) -> None:
    settings.CONFIGURED_API_KEYS = ("a-configured-key-0123456789",)
    settings.PUBLIC_BASE_URL = SERVER

    answer = api.get("/gpt/action-schema")

    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert answer["Content-Type"] == "application/json"
    assert answer.json()["servers"] == [{"url": SERVER}]


def test_the_committed_file_is_what_the_code_makes() -> None:
    assert FILE.read_text() == committed_form(), "run: ./run manage gpt_schema --write"


def test_the_command_prints_the_document_for_an_address(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("gpt_schema", "--server", "https://mine.example.com")

    assert json.loads(capsys.readouterr().out)["servers"] == [{"url": "https://mine.example.com"}]


DOCUMENT = {
    "paths": {
        "/things": {
            "get": {
                "operationId": "listThings",
                "parameters": [
                    {
                        "name": "limit",
                        "in": "query",
                        "description": "Things at most.",
                        "schema": {"type": "integer", "maximum": 500, "default": 50, "title": ""},
                    },
                    {"name": "raw", "in": "query", "schema": {"type": "boolean"}},
                ],
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Things"}}
                        }
                    }
                },
            },
            "post": {"operationId": "makeThing"},
        }
    },
    "components": {
        "schemas": {
            "Things": {
                "properties": {
                    "count": {"type": "integer", "description": "How many"},
                    "best": {"type": ["string", "null"]},
                    "first": {"anyOf": [{"type": "object"}, {"type": "null"}]},
                    "all": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
                    "one": {"$ref": "#/components/schemas/Thing"},
                }
            },
            "Thing": {"type": "object", "properties": {"name": {"type": "string"}}},
        }
    },
}
THINGS = Operation("listThings", "Things", "Use for things.")


def test_an_answer_is_told_one_level_deep_and_with_one_type_or_none() -> None:
    [endpoint] = select([THINGS], DOCUMENT)

    assert endpoint.answer == {
        "type": "object",
        "properties": {
            "count": {"type": "integer"},
            "best": {},
            "first": {},
            "all": {"type": "array", "items": {}},
            "one": {"type": "object"},
        },
    }


def test_a_parameter_is_left_out_or_bounded_as_the_table_says() -> None:
    operation = replace(THINGS, without=frozenset({"raw"}), most={"limit": 60})

    [endpoint] = select([operation], DOCUMENT)

    [limit] = endpoint.parameters
    assert limit.schema == {"type": "integer", "maximum": 60, "default": 50}
    assert limit.required is False


def test_a_bound_below_the_services_default_makes_the_parameter_required() -> None:
    [endpoint] = select([replace(THINGS, most={"limit": 10})], DOCUMENT)

    assert [each.required for each in endpoint.parameters] == [True, False]
    assert "default" not in endpoint.parameters[0].schema


@pytest.mark.parametrize(
    ("operation", "named"),
    [
        (Operation("gone", "Gone", "Gone."), "gone"),
        (Operation("makeThing", "Writes", "Writes."), "makeThing"),
        (replace(THINGS, without=frozenset({"page"})), "listThings.page"),
        (replace(THINGS, most={"size": 1}), "listThings.size"),
        (replace(THINGS, texts={"colour": "Colour."}), "listThings.colour"),
    ],
)
def test_a_table_that_names_what_is_not_there_is_refused(operation: Operation, named: str) -> None:
    with pytest.raises(UnknownOperation, match=named):
        select([operation], DOCUMENT)


def test_bounds_of_assistants_are_never_wider_than_the_services(api: APIClient) -> None:
    full = api.get("/openapi.json").json()
    own = {
        (body["operationId"], parameter["name"]): parameter["schema"]
        for methods in full["paths"].values()
        for body in methods.values()
        for parameter in body.get("parameters", ())
    }

    for endpoint in selected():
        for name, most in endpoint.operation.most.items():
            assert most < own[endpoint.operation.id, name]["maximum"], (endpoint.operation.id, name)
