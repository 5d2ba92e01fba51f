"""Every error is one problem+json object that names the request and leaks nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from rest_framework.test import APIClient

from config.api import errors
from config.api.errors import register_problem
from tests.config.capture import captured_logs
from tests.config.failing_urls import SECRET_TEXT, VenueClosed

pytestmark = pytest.mark.urls("tests.config.failing_urls")


def problem(response: Any) -> dict[str, Any]:
    """Return the problem after checking what holds for each of them."""
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == response.status_code
    assert body["type"].startswith("urn:futures-signals:problem:")
    assert body["title"]
    assert body["detail"]
    assert body["request_id"] == response["X-Request-ID"]
    assert "hunter2" not in response.content.decode()
    return body


@pytest.mark.parametrize(
    ("path", "status", "slug"),
    [
        ("/nowhere", 404, "not-found"),
        ("/raise/http404", 404, "not-found"),
        ("/raise/not-found", 404, "not-found"),
        ("/raise/denied", 403, "forbidden"),
        ("/forbidden", 403, "forbidden"),
        ("/suspicious", 400, "bad-request"),
        ("/throttled", 429, "too-many-requests"),
        ("/orders", 405, "method-not-allowed"),
        ("/raise/database", 503, "database-unavailable"),
        ("/raise/crash", 500, "internal-server-error"),
        ("/plain-crash", 500, "internal-server-error"),
        ("/not-a-number", 500, "internal-server-error"),
    ],
)
def test_each_failure_is_a_problem_of_its_status_and_type(
    api: APIClient, path: str, status: int, slug: str
) -> None:
    response = api.get(path)

    assert response.status_code == status
    assert problem(response)["type"].endswith(f":{slug}")


@pytest.mark.parametrize("accepted", ["text/csv", "application/problem+json", "nonsense"])
def test_whatever_a_client_accepts_it_is_answered_with_json(api: APIClient, accepted: str) -> None:
    response = api.get("/health", headers={"Accept": accepted})

    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"


def test_an_unknown_host_is_refused_as_a_problem(api: APIClient) -> None:
    response = api.get("/health", headers={"Host": "evil.example"})

    assert response.status_code == 400
    problem(response)


@pytest.mark.parametrize("body", ["{", '{"side": NaN}', "\udcff"])
def test_a_body_that_is_no_json_is_a_400_without_the_parsers_words(
    api: APIClient, body: str
) -> None:
    response = api.generic(
        "POST", "/orders", body.encode("utf-8", "surrogateescape"), "application/json"
    )

    assert response.status_code == 400
    assert problem(response)["detail"] == "The request's body could not be read."


def test_a_body_of_an_unknown_type_is_a_415(api: APIClient) -> None:
    response = api.generic("POST", "/orders", b"<order/>", "application/xml")

    assert response.status_code == 415
    problem(response)


def test_refused_input_names_each_parameter_down_to_the_nested_one(api: APIClient) -> None:
    response = api.post("/orders", {"side": "up", "legs": [{"size": 1}, {"size": 0}, {}]})

    assert response.status_code == 400
    assert problem(response)["errors"] == [
        {"parameter": "side", "detail": '"up" is not a valid choice.'},
        {
            "parameter": "legs.1.size",
            "detail": "Ensure this value is greater than or equal to 1.",
        },
        {"parameter": "legs.2.size", "detail": "This field is required."},
    ]


def test_a_fault_of_the_input_as_a_whole_has_no_parameter(api: APIClient) -> None:
    response = api.post("/orders", {"side": "long", "legs": [{"size": 1}] * 3})

    assert problem(response)["errors"] == [{"parameter": None, "detail": "Too many legs."}]


def test_a_throttled_answer_says_when_to_come_back(api: APIClient) -> None:
    response = api.get("/throttled")

    assert response["Retry-After"] == "13"


def test_an_unforeseen_error_is_logged_with_its_traceback_under_the_request_id(
    api: APIClient,
) -> None:
    with captured_logs() as lines:
        response = api.get("/raise/crash")

    (line,) = lines.of("django.request")
    assert line["request_id"] == problem(response)["request_id"]
    assert "RuntimeError" in line["exception"]
    assert "hunter2" not in lines.text


def test_a_lost_database_is_logged_and_answered_with_retry_after(api: APIClient) -> None:
    with captured_logs() as lines:
        response = api.get("/raise/database")

    assert response["Retry-After"] == "5"
    assert "OperationalError" in lines.of("config.api.errors")[0]["exception"]


@pytest.fixture
def registered() -> Iterator[None]:
    before = dict(errors._registered)
    yield
    errors._registered.clear()
    errors._registered.update(before)


@pytest.mark.usefixtures("registered")
def test_an_app_says_how_its_own_exception_is_answered(api: APIClient) -> None:
    register_problem(
        VenueClosed,
        status=503,
        title="Venue closed",
        type_slug="venue-closed",
        extra=lambda error: {"retry_after_s": error.retry_after_s, "venues": ["okx"]},
    )

    response = api.get("/raise/venue-closed")

    body = problem(response)
    assert response["Retry-After"] == "3"
    assert {key: body[key] for key in ("title", "detail", "venues")} == {
        "title": "Venue closed",
        "detail": "The venue is closed.",
        "venues": ["okx"],
    }


@pytest.mark.usefixtures("registered")
def test_a_registered_base_class_answers_for_its_subclasses(api: APIClient) -> None:
    register_problem(Exception, status=502, title="Some upstream", type_slug="upstream")

    response = api.get("/raise/crash")

    body = problem(response)
    assert body["status"] == 502
    assert body["detail"] == "Some upstream"
    assert SECRET_TEXT not in response.content.decode()


@pytest.mark.django_db
def test_the_admin_keeps_its_own_pages(api: APIClient) -> None:
    response = api.get("/admin/login/")

    assert response["Content-Type"].startswith("text/html")
