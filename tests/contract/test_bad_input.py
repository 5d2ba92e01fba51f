"""Every parameter of every operation: what its schema forbids is refused with a 4xx that names it.

The table is made from the document, so a new parameter is in it without another line.
"""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.contract.bad_values import HOSTILE, NUL, OVERSIZED, forbidden
from tests.contract.conftest import World, content_of
from tests.contract.document import Operation, operations

pytestmark = pytest.mark.django_db

OPERATIONS = operations()
PARAMETERS = [
    pytest.param(operation, parameter, id=f"{operation.id}-{parameter['name']}")
    for operation in OPERATIONS
    for parameter in operation.parameters
]
QUERIES = [each for each in PARAMETERS if each.values[1]["in"] == "query"]  # type: ignore[index]
PATHS = [each for each in PARAMETERS if each.values[1]["in"] == "path"]  # type: ignore[index]
MEMBERS = [
    pytest.param(operation, name, id=f"{operation.id}-{name}")
    for operation in OPERATIONS
    if operation.body is not None
    for name in operation.body["properties"]
]


@pytest.fixture
def client(world: World) -> APIClient:
    """Return a client that may do everything, so that nothing but the input is refused."""
    return world.keyed()


def refused(operation: Operation, response: Any) -> dict[str, Any]:
    """Return the problem, which must be a documented refusal."""
    assert 400 <= response.status_code < 500, response.content[:500]
    operation.check(response.status_code, response.headers["Content-Type"], response.content)
    problem: dict[str, Any] = response.json()
    return problem


def named(problem: dict[str, Any]) -> set[str]:
    return {str(error["parameter"]).partition(".")[0] for error in problem.get("errors", ())}


@pytest.mark.parametrize(("operation", "parameter"), QUERIES)
def test_what_a_query_parameter_may_not_be_is_refused_by_name(
    client: APIClient, operation: Operation, parameter: dict[str, Any]
) -> None:
    for label, value in forbidden(parameter["schema"]):
        address = operation.url(operation.examples | {parameter["name"]: value})

        problem = refused(operation, getattr(client, operation.method)(address))

        assert parameter["name"] in named(problem), (label, problem)


@pytest.mark.parametrize(("operation", "parameter"), QUERIES)
def test_a_parameter_given_twice_is_refused_by_name(
    client: APIClient, operation: Operation, parameter: dict[str, Any]
) -> None:
    value = operation.examples.get(parameter["name"], parameter["schema"].get("default", 1))

    address = operation.url(operation.examples | {parameter["name"]: [value, value]})
    problem = refused(operation, getattr(client, operation.method)(address))

    assert named(problem) == {parameter["name"]}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_a_parameter_that_nobody_declared_is_refused_by_name(
    client: APIClient, operation: Operation
) -> None:
    if "400" not in operation.described["responses"]:
        pytest.skip("ignores parameters, so that whoever restarts by it does not")
    address = operation.url(operation.examples)
    address += ("&" if "?" in address else "?") + "no_such_parameter=1"

    asked: dict[str, Any] = {}
    if operation.body is not None:
        asked = {"data": operation.example_body, "format": "json"}
    problem = refused(operation, getattr(client, operation.method)(address, **asked))

    assert named(problem) == {"no_such_parameter"}


@pytest.mark.parametrize(("operation", "parameter"), PATHS)
def test_a_name_that_nothing_goes_by_is_refused_by_name_or_answered_but_never_a_failure(
    client: APIClient, operation: Operation, parameter: dict[str, Any]
) -> None:
    for label, value in {"NUL": NUL, "oversized": OVERSIZED, **HOSTILE}.items():
        address = operation.url(operation.examples | {parameter["name"]: value})

        response = getattr(client, operation.method)(address)

        assert response.status_code < 500, label
        content_type = response.headers.get("Content-Type", "")
        operation.check(response.status_code, content_type, content_of(response))
        # With a slash, or where an id has a form, it is another address, and nothing is there.
        if response.status_code >= 400 and "/" not in value and parameter["name"] != "id":
            assert named(response.json()) == {parameter["name"]}, label


@pytest.mark.parametrize(("operation", "member"), MEMBERS)
def test_what_a_member_of_a_body_may_not_be_is_refused_by_name(
    client: APIClient, operation: Operation, member: str
) -> None:
    assert operation.body is not None
    for label, value in forbidden(operation.body["properties"][member], as_json=True):
        body = {**operation.example_body, member: value}

        problem = refused(operation, client.post(operation.url({}), body, format="json"))

        assert member in named(problem), (label, problem)


@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if each.body], ids=lambda operation: operation.id
)
@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b'"BTC"', 400),
        (b'{"no_such_member": 1}', 400),
        (b'{"\\ud800": "\\ud800"}', 400),
        (b'{"symbol": "\xff"}', 400),
        (b"[" * 100_000, 400),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_body_that_is_no_object_of_the_schema_is_refused(
    client: APIClient, operation: Operation, content: bytes, status: int
) -> None:
    response = client.post(operation.url({}), content, content_type="application/json")

    assert refused(operation, response)["status"] == status


@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if each.body], ids=lambda operation: operation.id
)
def test_a_body_that_is_not_json_is_refused_as_such(
    client: APIClient, operation: Operation
) -> None:
    response = client.post(operation.url({}), b"a=1", content_type="text/plain")

    assert refused(operation, response)["status"] == 415
