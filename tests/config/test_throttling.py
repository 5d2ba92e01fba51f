"""Limits over HTTP: per key, per address, what every answer says, and what is not counted."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import include, path
from pytest_django import Settings
from rest_framework.test import APIClient

from config.accounts.keys import create_api_key
from config.api.permits import DAY_S, MINUTE_S
from tests.config import guarded_urls
from tests.config.counters import FakeCounters, fake_counters

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

urlpatterns = [path("guarded/", include(guarded_urls)), path("", include("config.urls"))]


@pytest.fixture(autouse=True)
def counters() -> Iterator[FakeCounters]:
    with fake_counters(at_s=15.0) as fake:
        yield fake


def keyed(scope: str = "read", **limits: int) -> dict[str, str]:
    return {"X-API-Key": create_api_key("bot", scope, **limits)[1]}


def statuses(api: APIClient, times: int, path: str = "/guarded/read", **request: Any) -> list[int]:
    return [api.get(path, **request).status_code for _ in range(times)]


def test_a_key_is_refused_beyond_its_rate_and_served_again_in_the_next_minute(
    api: APIClient, counters: FakeCounters
) -> None:
    headers = keyed(rate_per_minute=2)

    first = statuses(api, 3, headers=headers)
    counters.at_s += MINUTE_S
    then = statuses(api, 1, headers=headers)

    assert first == [200, 200, 429]
    assert then == [200]


def test_a_key_is_refused_beyond_its_daily_quota_until_midnight(
    api: APIClient, counters: FakeCounters
) -> None:
    headers = keyed(rate_per_minute=0, daily_quota=2)
    statuses(api, 2, headers=headers)

    refused = api.get("/guarded/read", headers=headers)
    counters.at_s = DAY_S
    tomorrow = statuses(api, 1, headers=headers)

    assert refused.status_code == 429
    assert refused["Retry-After"] == str(DAY_S - 15)
    assert refused["RateLimit-Limit"] == "2"
    assert tomorrow == [200]


def test_every_answer_to_a_limited_client_says_where_it_stands(
    api: APIClient, settings: Settings
) -> None:
    headers = keyed(rate_per_minute=5)

    answers = [
        api.get("/guarded/read", headers=headers),
        api.get("/guarded/write", headers=headers),
    ]

    told = [
        tuple(answer[f"RateLimit-{name}"] for name in ("Limit", "Remaining", "Reset"))
        for answer in answers
    ]
    assert [answer.status_code for answer in answers] == [200, 403]
    assert told == [("5", "4", "45"), ("5", "3", "45")]


def test_beyond_the_limit_the_answer_is_a_problem_that_says_when_to_come_back(
    api: APIClient,
) -> None:
    headers = keyed(rate_per_minute=1)
    statuses(api, 1, headers=headers)

    response = api.get("/guarded/read", headers=headers)

    assert response.status_code == 429
    assert response["Content-Type"] == "application/problem+json"
    assert response["Retry-After"] == "45"
    assert response["RateLimit-Remaining"] == "0"
    assert response.json()["type"].endswith(":too-many-requests")


def test_a_key_without_limits_of_its_own_has_those_of_the_settings(
    api: APIClient, settings: Settings
) -> None:
    settings.API_KEY_RATE_PER_MINUTE = 2

    assert statuses(api, 3, headers=keyed()) == [200, 200, 429]


def test_each_configured_key_has_a_count_of_its_own(api: APIClient, settings: Settings) -> None:
    keys = ("first-configured-key", "second-configured-key")
    settings.CONFIGURED_API_KEYS = keys
    settings.API_KEY_RATE_PER_MINUTE = 1

    found = [statuses(api, 2, headers={"X-API-Key": key}) for key in keys]

    assert found == [[200, 429], [200, 429]]


@pytest.mark.parametrize("zero", ["of the key", "of the settings"])
def test_zero_is_no_limit_and_nothing_is_said_of_one(
    api: APIClient, settings: Settings, counters: FakeCounters, zero: str
) -> None:
    settings.API_KEY_RATE_PER_MINUTE = settings.API_KEY_DAILY_QUOTA = (
        0 if zero == "of the settings" else 1
    )
    limits = {} if zero == "of the settings" else {"rate_per_minute": 0, "daily_quota": 0}

    response = api.get("/guarded/read", headers=keyed(**limits))

    assert response.status_code == 200
    assert "RateLimit-Limit" not in response
    assert counters.steps == []


def test_a_request_costs_one_step_of_the_store_at_most(
    api: APIClient, counters: FakeCounters
) -> None:
    headers = keyed(rate_per_minute=1000, daily_quota=1000)

    statuses(api, 10, headers=headers)

    assert len(counters.steps) <= 10


def test_without_a_key_an_address_is_limited_and_another_is_not(
    api: APIClient, settings: Settings
) -> None:
    settings.ANONYMOUS_RATE_PER_MINUTE = 2

    busy = statuses(api, 3, REMOTE_ADDR="203.0.113.7")
    other = statuses(api, 1, REMOTE_ADDR="203.0.113.8")

    assert busy == [200, 200, 429]
    assert other == [200]


def test_a_forged_forwarding_header_gives_nobody_a_new_count(
    api: APIClient, settings: Settings
) -> None:
    settings.ANONYMOUS_RATE_PER_MINUTE = 2
    settings.TRUSTED_PROXIES = (ipaddress.ip_network("127.0.0.1"),)

    direct = [
        api.get("/guarded/read", REMOTE_ADDR="203.0.113.7", HTTP_X_FORWARDED_FOR=f"1.2.3.{number}")
        for number in range(3)
    ]
    through_proxy = [
        api.get("/guarded/read", HTTP_X_FORWARDED_FOR=f"1.2.3.{number}, 198.51.100.1")
        for number in range(3)
    ]

    assert [answer.status_code for answer in direct] == [200, 200, 429]
    assert [answer.status_code for answer in through_proxy] == [200, 200, 429]


def test_guessing_keys_counts_for_the_address(api: APIClient, settings: Settings) -> None:
    settings.ANONYMOUS_RATE_PER_MINUTE = 2
    create_api_key("other")

    guessed = [
        api.get("/guarded/read", headers={"X-API-Key": f"0123456789ab.{number}"}).status_code
        for number in range(3)
    ]

    assert guessed == [401, 401, 429]


def test_an_address_that_guessed_too_often_does_not_lock_a_key_out(
    api: APIClient, settings: Settings
) -> None:
    settings.ANONYMOUS_RATE_PER_MINUTE = 1
    headers = keyed()

    statuses(api, 3)

    assert statuses(api, 1, headers=headers) == [200]


@pytest.mark.urls("config.urls")  # a process keeps the first document that it makes
@pytest.mark.parametrize("path", ["/health", "/docs", "/redoc", "/openapi.json", "/"])
def test_health_and_documentation_are_not_counted(
    api: APIClient, settings: Settings, counters: FakeCounters, path: str
) -> None:
    settings.ANONYMOUS_RATE_PER_MINUTE = 1

    assert statuses(api, 3, path) == [200] * 3
    assert counters.steps == []


def test_writing_is_limited_like_reading(api: APIClient) -> None:
    headers = keyed("write", rate_per_minute=2)

    found = [
        api.get(f"/guarded/{path}", headers=headers).status_code
        for path in ("write", "write", "write", "read")
    ]

    assert found == [200, 200, 429, 429]


def test_the_admin_s_pages_are_limited_per_address(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config.accounts.site.PAGES_PER_MINUTE", 2)

    found = statuses(api, 3, "/admin/")
    page = api.get("/admin/")

    assert found == [302, 302, 429]
    assert page["Content-Type"].startswith("text/html")
    assert page["Retry-After"] == "45"
    assert "Try again in 1 minute." in page.content.decode()


def test_without_the_store_nobody_is_refused(api: APIClient, counters: FakeCounters) -> None:
    counters.is_away = True

    assert statuses(api, 3, headers=keyed(rate_per_minute=1)) == [200] * 3
