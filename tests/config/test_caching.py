"""What answers say of being kept, and how a client asks whether one has changed."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from config.accounts.keys import create_api_key
from tests.config import cached_urls

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.config.cached_urls")]


@pytest.mark.parametrize(
    ("path", "cache_control"),
    [
        ("/unsaid", "public, no-cache"),
        ("/fresh", "public, max-age=30"),
        ("/open", "public, max-age=60"),
        ("/unkept", "no-store"),
        ("/nowhere", "no-store"),
    ],
)
def test_every_read_says_who_may_keep_it_and_for_how_long(
    api: APIClient, path: str, cache_control: str
) -> None:
    assert api.get(path)["Cache-Control"] == cache_control


@pytest.mark.parametrize("header", ["HTTP_X_API_KEY", "HTTP_AUTHORIZATION"])
def test_what_a_key_was_shown_for_is_kept_by_its_holder_alone(api: APIClient, header: str) -> None:
    _, plain = create_api_key("reader")
    value = plain if header == "HTTP_X_API_KEY" else f"Bearer {plain}"

    response = api.get("/fresh", **{header: value})

    assert response["Cache-Control"] == "private, max-age=30"
    assert response["Vary"].split(", ")[:2] == ["Authorization", "X-API-Key"]


def test_an_answer_that_no_key_changes_does_not_vary_by_it(api: APIClient) -> None:
    assert "X-API-Key" not in api.get("/open").get("Vary", "")
    assert "X-API-Key" in api.get("/fresh")["Vary"]


def test_the_same_bytes_have_the_same_tag_and_others_another(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = api.get("/unsaid")["ETag"]
    again = api.get("/unsaid")["ETag"]
    monkeypatch.setattr(cached_urls, "ANSWER", {"price": 2})
    other = api.get("/unsaid")["ETag"]

    assert first == again != other
    assert first.startswith('"')


@pytest.mark.parametrize("form", ["{tag}", "W/{tag}", '"other", {tag}', "*"])
@pytest.mark.parametrize("method", ["get", "head"])
def test_what_is_known_is_not_sent_again(api: APIClient, form: str, method: str) -> None:
    tag = api.get("/fresh")["ETag"]

    response = getattr(api, method)("/fresh", headers={"If-None-Match": form.format(tag=tag)})

    assert (response.status_code, response.content) == (304, b"")
    assert response["ETag"] == tag
    assert response["Cache-Control"] == "public, max-age=30"
    assert response["Age"] == "12"
    assert "Content-Type" not in response
    assert "Content-Length" not in response


@pytest.mark.parametrize("known", ['"other"', "nonsense", ""])
def test_what_is_not_known_is_sent_whole(api: APIClient, known: str) -> None:
    response = api.get("/unsaid", headers={"If-None-Match": known})

    assert (response.status_code, response.json()) == (200, {"price": 1})


def test_a_head_tells_what_a_get_would(api: APIClient) -> None:
    get, head = api.get("/fresh"), api.head("/fresh")

    assert (head.status_code, head.content) == (200, b"")
    for name in ("ETag", "Cache-Control", "Age", "Content-Length", "Vary"):
        assert head[name] == get[name]


def test_answers_to_writes_and_what_streams_have_no_tag(api: APIClient) -> None:
    written, streamed, unkept = api.post("/unsaid"), api.get("/stream"), api.get("/unkept")

    assert written["Cache-Control"] == "no-store"
    for response in (written, streamed, unkept):
        assert "ETag" not in response


def test_pages_for_people_keep_their_own_rules(api: APIClient) -> None:
    response = api.get("/page")

    assert "ETag" not in response
    assert "Cache-Control" not in response
