"""Each request has an id and one access line."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from config.request_id import current_request_id
from tests.config.capture import captured_logs


def test_a_sane_inbound_id_is_kept(api: APIClient) -> None:
    response = api.get("/health", headers={"X-Request-ID": "trace-7.a_B"})

    assert response["X-Request-ID"] == "trace-7.a_B"


@pytest.mark.parametrize("inbound", ["", "a" * 65, "two words", "line\r\nbreak", "-x", "ü"])
def test_an_insane_inbound_id_is_replaced(api: APIClient, inbound: str) -> None:
    response = api.get("/health", HTTP_X_REQUEST_ID=inbound)

    assert response["X-Request-ID"] != inbound
    assert len(response["X-Request-ID"]) == 32


def test_each_request_gets_an_id_of_its_own_and_leaves_none_behind(api: APIClient) -> None:
    ids = {api.get("/health")["X-Request-ID"] for _ in range(3)}

    assert len(ids) == 3
    assert current_request_id() is None


def test_the_access_line_tells_what_was_asked_but_not_the_query(api: APIClient) -> None:
    with captured_logs() as lines:
        response = api.get("/nowhere/BTC?token=hidden-0123456789")

    (line,) = lines.of("access")
    assert line["request_id"] == response["X-Request-ID"]
    assert (line["method"], line["path"], line["status"]) == ("GET", "/nowhere/BTC", 404)
    assert line["duration_ms"] >= 0
    assert "hidden" not in lines.text
