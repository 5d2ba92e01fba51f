"""The service's own pages: the index, and documentation that needs no other host."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from rest_framework.test import APIClient

from config import version
from config.accounts.audit import record
from config.accounts.models import AuditEntry


def test_the_index_names_the_service_and_every_endpoint(api: APIClient) -> None:
    body = api.get("/").json()

    assert body["name"] == version.NAME
    assert body["version"] == version.VERSION
    assert body["description"]
    operations = api.get("/openapi.json").json()["paths"].keys()
    pages = {"/docs", "/redoc", "/openapi.json", "/mcp"}
    assert set(body["endpoints"].values()) == operations | pages
    assert body["endpoints"]["getSignal"] == "/signals/{symbol}"


def test_the_index_refuses_parameters(api: APIClient) -> None:
    response = api.get("/?x=1")

    assert response.status_code == 400
    assert response.json()["errors"][0]["parameter"] == "x"


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
def test_documentation_loads_only_files_of_ours_that_exist(api: APIClient, page: str) -> None:
    response = api.get(page)

    html = response.content.decode()
    loaded = re.findall(r'(?:src|href)="([^"]+)"', html)
    static = [url for url in loaded if url.startswith("/static/")]
    assert response.status_code == 200
    assert loaded
    assert all(finders.find(url.removeprefix("/static/")) for url in static)
    assert all(api.get(url).status_code == 200 for url in loaded if url not in static)
    assert not re.search(r"https?://", html)
    assert not re.search(r"<script(?![^>]*\bsrc=)", html), "the policy forbids inline scripts"


def test_the_script_of_the_documentation_is_a_request_of_its_own(api: APIClient) -> None:
    response = api.get("/docs?script=")

    assert response["Content-Type"].startswith("application/javascript")
    assert "/openapi.json" in response.content.decode()


def test_redoc_s_script_loads_no_picture_from_its_maker(api: APIClient) -> None:
    script = api.get("/redoc.js").content

    assert b"cdn.redoc.ly" not in script
    assert len(script) > 500_000


def test_the_admin_is_found_without_its_slash(api: APIClient) -> None:
    response = api.get("/admin")

    assert response.status_code == 302
    assert response["Location"] == "/admin/"


@pytest.mark.django_db
def test_the_admin_writes_times_as_the_api_does(admin_client: Client) -> None:
    record("somebody", "key.created", "a key")
    AuditEntry.objects.update(at=datetime(2026, 1, 2, 15, 4, 5, tzinfo=UTC))

    page = admin_client.get("/admin/accounts/auditentry/").content.decode()

    assert "2026-01-02 15:04:05" in page
