"""Every operation, asked as its example asks: answered as documented, and as the example shows."""

from __future__ import annotations

import pytest

from tests.contract.conftest import World
from tests.contract.document import Operation, operations, validate

OPERATIONS = operations()


@pytest.fixture(params=OPERATIONS, ids=lambda operation: operation.id)
def operation(request: pytest.FixtureRequest) -> Operation:
    asked: Operation = request.param
    return asked


def test_every_operation_has_an_example_that_keeps_to_its_schema(operation: Operation) -> None:
    shown = [
        (content["schema"], content["example"])
        for response in operation.described["responses"].values()
        for content in response.get("content", {}).values()
        if "example" in content
    ]
    has_answer = any(
        "application/json" in response.get("content", {})
        for response in operation.described["responses"].values()
    )

    assert bool(shown) == has_answer, "run: ./run test tests/contract/write_examples.py"
    for schema, example in shown:
        validate(example, schema)
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
    operation.check(
        response.status_code, response.headers.get("Content-Type", ""), response.content
    )


def test_what_may_be_kept_is_documented_and_asked_for_again_by_its_tag(
    operation: Operation, world: World
) -> None:
    if operation.method != "get":
        pytest.skip("writes and questions in a body are not kept")
    address = operation.url(world.values(operation))
    first = world.client().get(address)

    tag = first.headers.get("ETag")
    documented = "304" in operation.described["responses"]

    assert (tag is not None) == documented == (first.headers["Cache-Control"] != "no-store")
    assert world.client().head(address).status_code == 200


def test_without_a_key_a_guarded_operation_answers_401_and_how_to_send_one(
    operation: Operation, world: World
) -> None:
    if "401" not in operation.described["responses"]:
        pytest.skip("open to everybody")

    response = (
        getattr(world.client(key=None), operation.method)(
            operation.url(world.values(operation)), data=operation.example_body, format="json"
        )
        if operation.body is not None
        else getattr(world.client(key=None), operation.method)(
            operation.url(world.values(operation))
        )
    )

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    operation.check(401, response.headers["Content-Type"], response.content)
