"""What answers tell browsers: policies, HTTPS, and whose pages may call the API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from config.accounts.keys import create_api_key
from tests.config.test_settings import LOCAL, PRODUCTION, run, settings_of

FRIEND, STRANGER = "https://app.example.com", "https://evil.example.com"


@pytest.mark.parametrize("path", ["/health", "/", "/openapi.json", "/nowhere"])
def test_data_may_neither_run_nor_load_nor_be_framed(api: APIClient, path: str) -> None:
    policy = api.get(path)["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "inline_styles"), [("/docs", True), ("/redoc", True), ("/admin/login/", False)]
)
def test_pages_load_from_here_alone_and_run_no_inline_script(
    api: APIClient, path: str, inline_styles: bool
) -> None:
    policy = api.get(path)["Content-Security-Policy"]

    assert "default-src 'self'" in policy
    assert "script-src" not in policy
    assert "unsafe-eval" not in policy
    assert ("unsafe-inline" in policy) is inline_styles
    assert "object-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/health", "/nowhere", "/docs", "/admin/login/"])
def test_every_answer_forbids_guessing_types_and_telling_others_where_it_was(
    api: APIClient, path: str
) -> None:
    response = api.get(path)

    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"


def test_production_insists_on_https_and_keeps_cookies_to_it(tmp_path: Path) -> None:
    names = (
        "SECURE_HSTS_SECONDS", "SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE",
        "SESSION_COOKIE_HTTPONLY",
    )  # fmt: skip

    found = settings_of(PRODUCTION, tmp_path, *names)

    assert found == {**dict.fromkeys(names, "True"), "SECURE_HSTS_SECONDS": str(365 * 24 * 3600)}


def test_without_a_setting_no_other_page_may_call_the_api(api: APIClient) -> None:
    answers = [
        api.get("/health", headers={"Origin": FRIEND}),
        api.options("/health", headers=preflight(FRIEND)),
    ]

    assert not any(
        name.lower().startswith("access-control") for answer in answers for name in answer.headers
    )


def preflight(origin: str) -> dict[str, str]:
    return {
        "Origin": origin,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "x-api-key",
    }


@pytest.fixture
def shared_with_friend(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = (FRIEND,)
    settings.MIDDLEWARE = [
        settings.MIDDLEWARE[0], "corsheaders.middleware.CorsMiddleware", *settings.MIDDLEWARE[1:],
    ]  # fmt: skip


@pytest.mark.usefixtures("shared_with_friend")
def test_a_page_that_is_named_may_call_and_read_its_limits_but_sends_no_cookies() -> None:
    response = APIClient().get("/health", headers={"Origin": FRIEND})

    assert response["Access-Control-Allow-Origin"] == FRIEND
    assert "RateLimit-Remaining" in response["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in response
    assert "origin" in response["Vary"].lower()


@pytest.mark.django_db
@pytest.mark.usefixtures("shared_with_friend")
def test_a_preflight_needs_no_key_and_costs_no_permit(settings: Settings) -> None:
    create_api_key("bot", rate_per_minute=1)

    answers = [APIClient().options("/signals/BTC", headers=preflight(FRIEND)) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert "x-api-key" in answers[0]["Access-Control-Allow-Headers"]


@pytest.mark.django_db
@pytest.mark.usefixtures("shared_with_friend")
@pytest.mark.parametrize(
    ("origin", "path"),
    [
        (STRANGER, "/health"),
        ("null", "/health"),
        ("https://app.example.com.evil.example", "/health"),
        ("http://app.example.com", "/health"),
        (FRIEND, "/admin/login/"),
        (FRIEND, "/admin"),
    ],
)
def test_nobody_else_may_call_and_nobody_the_admin(origin: str, path: str) -> None:
    response = Client().get(path, headers={"Origin": origin})

    assert "Access-Control-Allow-Origin" not in response


@pytest.mark.parametrize(
    ("value", "origins"),
    [
        ("https://app.example.com", (FRIEND,)),
        ("https://app.example.com, http://localhost:5173", (FRIEND, "http://localhost:5173")),
    ],
)
def test_origins_are_read_one_by_one(tmp_path: Path, value: str, origins: tuple[str, ...]) -> None:
    found = settings_of(
        {**LOCAL, "CORS_ALLOWED_ORIGINS": value}, tmp_path, "CORS_ALLOWED_ORIGINS", "MIDDLEWARE"
    )

    assert found["CORS_ALLOWED_ORIGINS"] == str(origins)
    assert "CorsMiddleware" in found["MIDDLEWARE"]


@pytest.mark.parametrize(
    "variables",
    [
        {"CORS_ALLOWED_ORIGINS": "*"},
        {"CORS_ALLOWED_ORIGINS": "app.example.com"},
        {"CORS_ALLOWED_ORIGINS": "https://app.example.com/path"},
        {"TRUSTED_PROXIES": "proxy.example.com"},
        {"TRUSTED_PROXIES": "10.0.0.1/8"},
        {"ANONYMOUS_RATE_PER_MINUTE": "-1"},
        {"API_KEY_RATE_PER_MINUTE": "many"},
    ],
)
def test_settings_that_would_open_too_much_or_mean_nothing_are_refused(
    tmp_path: Path, variables: dict[str, Any]
) -> None:
    code = "from django.conf import settings; settings.DEBUG"

    done = run(["-c", code], {**LOCAL, **variables}, tmp_path)

    assert done.returncode != 0
    assert next(iter(variables)) in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(("proxies", "rate"), [("", "0"), ("127.0.0.1,10.0.0.0/8", "120")])
def test_strangers_are_limited_by_default_where_a_proxy_brings_them(
    tmp_path: Path, proxies: str, rate: str
) -> None:
    variables = {**LOCAL, "TRUSTED_PROXIES": proxies}

    found = settings_of(variables, tmp_path, "ANONYMOUS_RATE_PER_MINUTE")

    assert found == {"ANONYMOUS_RATE_PER_MINUTE": rate}
