"""Requests too large, too long or too deep are refused before anybody works on them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.urls import path
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient
from rest_framework.views import APIView

from config.api.parsers import MOST_DEPTH
from config.request_limits import MOST_BODY_BYTES, MOST_HEADERS_LENGTH, MOST_URL_LENGTH


class EchoView(APIView):
    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        return Response(None)

    def post(self, request: Request) -> Response:
        return Response(request.data)


urlpatterns = [path("echo", EchoView.as_view())]

pytestmark = pytest.mark.urls(__name__)


def post(api: APIClient, body: bytes, **meta: Any) -> Any:
    return api.generic("POST", "/echo", body, content_type="application/json", **meta)


def text_of(length: int) -> bytes:
    return b'"' + b"x" * (length - 2) + b'"'


@pytest.mark.parametrize(("length", "status"), [(MOST_BODY_BYTES, 200), (MOST_BODY_BYTES + 1, 413)])
def test_a_body_may_have_a_megabyte(api: APIClient, length: int, status: int) -> None:
    response = post(api, text_of(length))

    assert response.status_code == status


@pytest.mark.parametrize(
    ("meta", "status"),
    [
        ({"CONTENT_LENGTH": "9" * 5000}, 413),
        ({"CONTENT_LENGTH": "-1"}, 400),
        ({"CONTENT_LENGTH": "1e3"}, 400),
        ({"CONTENT_LENGTH": "٣"}, 400),
        ({"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}, 411),
    ],
)
def test_a_length_that_cannot_be_trusted_is_refused(
    api: APIClient, meta: dict[str, str], status: int
) -> None:
    response = post(api, b"[]", **meta)

    assert response.status_code == status


@pytest.mark.parametrize(
    ("excess", "status"),
    [(0, 200), (1, 414)],
)
def test_a_url_may_have_so_many_characters(api: APIClient, excess: int, status: int) -> None:
    query = "x" * (MOST_URL_LENGTH - len("/echo") + excess)

    response = api.get("/echo", QUERY_STRING=query)

    assert response.status_code == status


@pytest.mark.parametrize(("length", "status"), [(1_000, 200), (MOST_HEADERS_LENGTH, 431)])
def test_headers_may_have_so_many_characters(api: APIClient, length: int, status: int) -> None:
    response = api.get("/echo", headers={"X-Anything": "x" * length})

    assert response.status_code == status


@pytest.mark.parametrize(("levels", "status"), [(MOST_DEPTH, 200), (MOST_DEPTH + 1, 400)])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_json_may_nest_so_deep(
    api: APIClient, levels: int, status: int, opening: bytes, closing: bytes
) -> None:
    response = post(api, opening * levels + b"1" + closing * levels)

    assert response.status_code == status


@pytest.mark.parametrize(
    "body",
    [b"[" * 400_000, b"[" * 1_000 + b"]" * 1_000, b"", b"{", b"NaN", b"\xff", b'{"a": 1}x', b"'a'"],
)
def test_what_is_no_json_is_a_problem_and_no_crash(api: APIClient, body: bytes) -> None:
    response = post(api, body, CONTENT_LENGTH=str(len(body)))

    assert response.status_code == 400 or (body == b"" and response.status_code == 200)


def test_json_arrives_as_it_was_sent(api: APIClient) -> None:
    sent = {"symbols": ["BTC", "ETH"], "n": 1.5, "nested": {"a": [None, True]}, "ü": "é"}

    response = post(api, json.dumps(sent).encode())

    assert response.json() == sent


@pytest.mark.parametrize(
    ("meta", "status"),
    [
        ({"CONTENT_LENGTH": "1000001"}, 413),
        ({"QUERY_STRING": "x" * 9000}, 414),
        ({"HTTP_X": "x" * 40_000}, 431),
    ],
)
def test_a_refusal_is_a_problem_like_any_other(
    api: APIClient, meta: dict[str, str], status: int
) -> None:
    response = api.generic("POST", "/echo", b"", **meta)

    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["request_id"] == response["X-Request-ID"]
    assert response["X-Content-Type-Options"] == "nosniff"
