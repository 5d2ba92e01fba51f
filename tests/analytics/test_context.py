"""A signal with its context: every part has the figures of its own endpoint."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import jsonschema
import pytest
from drf_spectacular.generators import SchemaGenerator
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient

from analytics import context
from market import clock
from market.background_runs import TooManyScans
from market.sandbox.handle import Sandbox
from market.services import MarketUnavailable
from signals.models import EvaluationCount, Signal
from tests.analytics.rows import store_signal, store_sums
from tests.market.conftest import (  # noqa: F401 - fixtures
    coins,
    known_coins,
    listed,
    no_universe_remembered,
    sandbox,
    simulated_market,
)

PATH = "/gpt/actions/signal-with-context/{symbol}"
MOST_BYTES = 50_000

pytestmark = pytest.mark.usefixtures("listed")


@pytest.fixture(autouse=True)
def patience(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for the market that is made up in this process, however busy the machine."""
    settings.SIGNAL_DEADLINE_S = 30.0
    monkeypatch.setattr(context, "DEADLINE_S", 60.0)


def ask(api: APIClient, query: str = "", symbol: str = "BTC") -> dict[str, Any]:
    response = api.get(PATH.format(symbol=symbol) + query)
    assert response.status_code == 200, response.content
    body: dict[str, Any] = response.json()
    return body


def test_every_part_has_the_figures_of_its_own_endpoint(api: APIClient) -> None:
    for hours in range(7):
        store_signal(at=clock.now() - timedelta(hours=hours))
    store_sums(clock.now().date(), "BTC")

    body = ask(api, "?timeframe=4h", "btcusdt")

    assert body["symbol"] == "BTC"
    assert body["mainSignal"] == api.get("/signals/BTC").json()
    assert body["smcAnalysis"] == api.get("/smc/analyze/BTC?timeframe=4h").json()
    performance = api.get("/analytics/performance/BTC").json()
    assert body["outcomes"]["horizons"] == performance["horizons"]
    history = api.get("/analytics/history/BTC?limit=5").json()["signals"]
    assert body["recentHistory"]["count"] == 5
    for told, stored in zip(body["recentHistory"]["signals"], history, strict=True):
        assert told == {key: stored[key] for key in told}
    assert body["unavailable"] == {}


def test_the_answer_keeps_to_the_published_schema_and_its_size(api: APIClient) -> None:
    store_signal(at=clock.now())
    schema = SchemaGenerator().get_schema(request=None, public=True)
    described = schema["paths"][PATH]["get"]["responses"]["200"]["content"]["application/json"]

    for query in ("", "?include_smc=false&include_history=false", "?timeframe=1DAY"):
        response = api.get(PATH.format(symbol="BTC") + query)

        assert len(response.content) <= MOST_BYTES
        jsonschema.validate(
            response.json(), {**described["schema"], "components": schema["components"]}
        )


def test_the_interpretation_is_of_this_signal(api: APIClient) -> None:
    body = ask(api)

    said = body["interpretation"]
    assert said["primarySignal"] == body["mainSignal"]["signal"]
    assert said["confidence"] == body["mainSignal"]["confidence"]
    assert f"score {body['mainSignal']['score']:g} of 100" in said["summary"]
    assert "no edge shown" in said["summary"]


def test_a_part_that_is_not_asked_for_is_null_and_says_so(api: APIClient) -> None:
    body = ask(api, "?include_smc=false&include_history=false")

    parts = ("smcAnalysis", "recentHistory", "outcomes")
    assert [body[part] for part in parts] == [None] * 3
    assert body["unavailable"] == dict.fromkeys(parts, "not asked for")
    assert body["interpretation"]["smcAlignment"] == "unknown"


@pytest.mark.parametrize("error", [MarketUnavailable(), TooManyScans("Many scans.", 3.0)])
def test_without_structure_the_rest_is_told(
    api: APIClient, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(context, "analyze_structure", refuse)

    body = ask(api)

    assert body["smcAnalysis"] is None
    assert body["unavailable"]["smcAnalysis"]
    assert body["mainSignal"]["symbol"] == "BTC"


def test_structure_is_not_begun_when_the_signal_took_the_time(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context, "DEADLINE_S", 0.0)

    body = ask(api)

    assert body["smcAnalysis"] is None
    assert "all the time" in body["unavailable"]["smcAnalysis"]


def test_another_coins_signals_are_not_told(api: APIClient) -> None:
    store_signal("ETH", clock.now())
    store_signal("BTC", clock.now(), environment="live")

    assert ask(api)["recentHistory"] == {"count": 0, "signals": []}


def test_with_every_provider_dead_the_answer_is_the_signals_problem(
    api: APIClient,
    settings: Settings,
    sandbox: Sandbox,  # noqa: F811 - the fixture
) -> None:
    settings.SIGNAL_DEADLINE_S = 2.0
    sandbox.scenario("all_dead")

    answer = api.get(PATH.format(symbol="BTC"))

    assert answer.status_code == 503
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("?timeframe=7m", "timeframe"),
        ("?include_smc=maybe", "include_smc"),
        ("?include_history=2", "include_history"),
        ("?include_smc=true&include_smc=false", "include_smc"),
        ("?profile=balanced", "profile"),
    ],
)
def test_a_bad_parameter_is_named(api: APIClient, query: str, parameter: str) -> None:
    answer = api.get(PATH.format(symbol="BTC") + query)

    assert answer.status_code == 400
    assert [error["parameter"] for error in answer.json()["errors"]] == [parameter]


def test_an_unknown_coin_is_a_404_with_suggestions(api: APIClient) -> None:
    answer = api.get(PATH.format(symbol="BTCC"))

    assert answer.status_code == 404
    assert "BTC" in answer.json()["suggestions"]


def test_reading_stores_nothing_and_asks_no_query_per_row(
    api: APIClient, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for hours in range(5):
        store_signal(at=clock.now() - timedelta(hours=hours))
    ask(api)

    with django_assert_max_num_queries(4):
        ask(api)

    assert Signal.objects.count() == 5
    assert not EvaluationCount.objects.exists()
