"""Every operation, asked as its example asks: answered as documented, and as the example shows."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from tests.contract.conftest import SETTINGS, World, content_of, send
from tests.contract.document import Operation, operations, resolved, validate

pytestmark = pytest.mark.django_db

OPERATIONS = operations()


@pytest.fixture(params=OPERATIONS, ids=lambda operation: operation.id)
def operation(request: pytest.FixtureRequest) -> Operation:
    asked: Operation = request.param
    return asked


def test_every_operation_has_an_example_that_keeps_to_its_schema(operation: Operation) -> None:
    contents = [
        response["content"]["application/json"]
        for status, response in operation.described["responses"].items()
        if int(status) < 300 and "application/json" in response.get("content", {})
    ]
    shown = [content for content in contents if "example" in content]

    assert bool(shown) == bool(contents), "run: ./run test tests/contract/write_examples.py"
    for content in shown:
        validate(content["example"], content["schema"])
    if operation.body is not None:
        validate(operation.example_body, operation.body)
    for parameter in operation.parameters:
        assert "example" in parameter or not parameter.get("required"), parameter["name"]
        if "example" in parameter:
            validate(parameter["example"], parameter["schema"])


def test_every_operation_answers_its_example_as_documented(
    operation: Operation, world: World
) -> None:
    response = world.ask(operation, world.values(operation), operation.example_body)

    assert 200 <= response.status_code < 300, response.content
    content_type = response.headers.get("Content-Type", "")
    operation.check(response.status_code, content_type, content_of(response))


@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if each.method == "get"], ids=lambda each: each.id
)
def test_what_may_be_kept_has_a_tag_and_is_documented_as_such(
    operation: Operation, world: World
) -> None:
    address = operation.url(world.values(operation))

    head = world.keyed().head(address)

    documented = "304" in operation.described["responses"]
    assert head.status_code == 200
    assert ("ETag" in head.headers) == documented
    assert (head.headers["Cache-Control"] == "no-store") == (not documented)


@pytest.mark.parametrize(
    ("address", "fresh_for_s"),
    [
        ("/signals/BTC", SETTINGS["SIGNAL_CACHE_TTL_S"]),
        ("/market/BTC", 10),
        ("/mss/info", 60),
        ("/smart-money/info", 60),
        ("/smc/info", 3600),
        ("/", 3600),
        ("/openapi.json", 3600),
    ],
)
def test_what_stays_good_for_a_while_says_for_how_long(
    world: World, address: str, fresh_for_s: int
) -> None:
    response = world.keyed().head(address)

    assert response.headers["Cache-Control"] == f"private, max-age={fresh_for_s}"


@pytest.mark.parametrize(
    "operation",
    [each for each in OPERATIONS if "401" in each.described["responses"]],
    ids=lambda each: each.id,
)
def test_without_a_key_a_guarded_operation_is_refused_and_says_how_to_send_one(
    operation: Operation, world: World
) -> None:
    response = send(world.keyless(), operation, world.values(operation), operation.example_body)

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert resolved(operation.described["responses"]["401"])["headers"].keys() == {
        "WWW-Authenticate"
    }
    operation.check(401, response.headers["Content-Type"], response.content)


@pytest.mark.parametrize(
    "operation",
    [each for each in OPERATIONS if {} not in each.described.get("security", [{}])],
    ids=lambda each: each.id,
)
def test_while_there_is_no_key_at_all_writing_is_refused(
    operation: Operation, world: World
) -> None:
    values = world.values(operation)
    world.without_keys()

    response = send(
        APIClient(raise_request_exception=False), operation, values, operation.example_body
    )

    assert response.status_code == 401
