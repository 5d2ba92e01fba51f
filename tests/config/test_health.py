"""Liveness asks nothing; readiness asks every probe and waits for none of them for long."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from config.api import health
from config.api.health import ProbeResult, readiness, register_probe
from tests.config.capture import captured_logs


@pytest.fixture(autouse=True)
def own_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the probes that the apps registered."""
    monkeypatch.setattr(health, "_probes", {})


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Return an event for probes to hang on; it is set when the test is over."""
    event = threading.Event()
    yield event
    event.set()


def well() -> ProbeResult:
    return ProbeResult("ok", "fine", {"age_s": 3})


def ill() -> ProbeResult:
    return ProbeResult("down", "gone")


def weak() -> ProbeResult:
    return ProbeResult("degraded", "slow")


@pytest.mark.django_db
def test_liveness_asks_neither_database_nor_probes(
    api: APIClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    register_probe("store", ill, critical=True)

    with django_assert_num_queries(0):
        response = api.get("/health")

    assert response.status_code == 200
    body = response.json()
    assert body["status"] == "healthy"
    assert set(body) == {"status", "timestamp", "service"}


def test_all_well_is_ready(api: APIClient) -> None:
    register_probe("store", well, critical=True)

    response = api.get("/health/ready")

    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert response.json() == {
        "status": "ready",
        "checks": {
            "store": {"state": "ok", "critical": True, "detail": "fine", "data": {"age_s": 3}}
        },
    }


@pytest.mark.parametrize(
    ("probe", "critical", "status", "word"),
    [
        (well, False, 200, "ready"),
        (weak, False, 200, "degraded"),
        (weak, True, 200, "degraded"),
        (ill, False, 200, "degraded"),
        (ill, True, 503, "unavailable"),
    ],
)
def test_only_a_critical_probe_that_is_down_makes_the_service_unready(
    api: APIClient, probe: health.Probe, critical: bool, status: int, word: str
) -> None:
    register_probe("good", well, critical=True)
    register_probe("tested", probe, critical=critical)

    response = api.get("/health/ready")

    assert response.status_code == status
    assert response.json()["status"] == word
    assert set(response.json()["checks"]) == {"good", "tested"}


def test_a_probe_that_fails_is_down_and_its_words_stay_in_the_log(api: APIClient) -> None:
    def failing() -> ProbeResult:
        raise RuntimeError("redis://secret-host")

    register_probe("store", failing, critical=True)

    with captured_logs() as lines:
        response = api.get("/health/ready")

    assert response.status_code == 503
    assert response.json()["checks"]["store"]["detail"] == "the probe itself failed"
    assert "secret-host" in lines.of("config.api.health")[0]["exception"]


def test_a_probe_that_hangs_is_down_while_the_others_answer(release: threading.Event) -> None:
    def hanging() -> ProbeResult:
        release.wait()
        return well()

    register_probe("stuck", hanging, critical=True)
    register_probe("good", well)

    found = readiness(budget_s=0.05)

    assert not found.ready
    assert found.checks["stuck"]["state"] == "down"
    assert "no answer" in found.checks["stuck"]["detail"]
    assert found.checks["good"]["state"] == "ok"


def test_a_probe_that_hangs_is_not_started_again(release: threading.Event) -> None:
    starts = []

    def hanging() -> ProbeResult:
        starts.append(1)
        release.wait()
        return well()

    register_probe("stuck", hanging)

    readiness(budget_s=0.05)
    readiness(budget_s=0.05)

    assert len(starts) == 1


def test_a_probe_that_hung_is_asked_anew_once_it_came_back(release: threading.Event) -> None:
    def hanging() -> ProbeResult:
        release.wait()
        return well()

    register_probe("stuck", hanging)
    readiness(budget_s=0.05)

    release.set()

    assert readiness(budget_s=5).checks["stuck"]["state"] == "ok"


@pytest.mark.django_db
def test_the_database_probe_asks_the_database() -> None:
    result = health.probe_database()

    assert result.state == "ok"


def test_the_apps_register_the_database_as_critical(api: APIClient) -> None:
    from django.apps import apps

    apps.get_app_config("accounts").ready()

    assert health._probes["database"].critical
