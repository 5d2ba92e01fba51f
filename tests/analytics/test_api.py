"""``/analytics``: shapes, bounds, faults, spellings of a coin, and that reading changes nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import jsonschema
import pytest
from django.urls import resolve
from rest_framework.test import APIClient

from market import universe
from market.models import ListedSymbol
from tests.analytics.rows import (
    NOW,
    TODAY,
    days_ago,
    store_evaluations,
    store_factor_sums,
    store_imported,
    store_outcome,
    store_pending,
    store_signal,
    store_sums,
)

pytestmark = pytest.mark.usefixtures("two_coins")

RANGE = "start_date=2025-10-01&end_date=2025-10-11"
ANSWERED = [
    ("/analytics/summary?days=30", "/analytics/summary"),
    ("/analytics/summary?symbol=BTC", "/analytics/summary"),
    ("/analytics/stats/overview", "/analytics/stats/overview"),
    ("/analytics/history/latest?limit=1000", "/analytics/history/latest"),
    (f"/analytics/history/date-range?{RANGE}", "/analytics/history/date-range"),
    (f"/analytics/history/date-range?{RANGE}&limit=1", "/analytics/history/date-range"),
    ("/analytics/history/BTC", "/analytics/history/{symbol}"),
    ("/analytics/performance/summary", "/analytics/performance/summary"),
    (
        "/analytics/performance/summary?origin=all&profile=balanced",
        "/analytics/performance/summary",
    ),
    ("/analytics/performance/BTC", "/analytics/performance/{symbol}"),
    ("/analytics/performance/ETH", "/analytics/performance/{symbol}"),
    ("/analytics/by-factor", "/analytics/by-factor"),
    ("/analytics/by-factor?symbol=BTC", "/analytics/by-factor"),
    ("/analytics/by-confidence?horizon_h=1", "/analytics/by-confidence"),
    ("/analytics/calibration", "/analytics/calibration"),
    ("/analytics/trends?bucket=day&days=365", "/analytics/trends"),
]


def store_some_of_everything() -> None:
    for each in (store_signal("BTC"), store_signal("ETH", days_ago(3), signal="SHORT")):
        store_outcome(each)
    store_pending(store_imported("BTC", days_ago(2)))
    store_evaluations("BTC", TODAY, long=3, short=1, neutral=90, insufficient=2)
    store_sums()
    store_sums(symbol="BTC")
    store_factor_sums()


@pytest.mark.parametrize("stored", [True, False], ids=["filled", "empty"])
@pytest.mark.parametrize(("url", "path"), ANSWERED)
def test_answers_keep_to_the_published_schema(
    api: APIClient, schema: dict[str, Any], url: str, path: str, stored: bool
) -> None:
    if stored:
        store_some_of_everything()

    response = api.get(url)

    assert response.status_code == 200, response.content
    content = schema["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
    jsonschema.validate(
        response.json(),
        {**content["schema"], "components": schema["components"], "unevaluatedProperties": False},
    )


def test_every_operation_has_its_name(schema: dict[str, Any]) -> None:
    ids = {
        path: operations["get"]["operationId"]
        for path, operations in schema["paths"].items()
        if path.startswith("/analytics/")
    }

    assert (
        ids.items()
        >= {
            "/analytics/summary": "getAnalyticsSummary",
            "/analytics/history/latest": "getLatestSignals",
            "/analytics/history/date-range": "getSignalsInDateRange",
            "/analytics/history/{symbol}": "getSymbolHistory",
            "/analytics/performance/{symbol}": "getSymbolPerformance",
            "/analytics/performance/summary": "getPerformanceSummary",
            "/analytics/stats/overview": "getStatsOverview",
            "/analytics/by-factor": "getPerformanceByFactor",
            "/analytics/by-confidence": "getPerformanceByConfidence",
            "/analytics/calibration": "getCalibration",
            "/analytics/trends": "getPerformanceTrends",
        }.items()
    )


@pytest.mark.parametrize(
    ("url", "parameter"),
    [
        ("/analytics/summary?days=0", "days"),
        ("/analytics/summary?days=366", "days"),
        ("/analytics/summary?day=7", "day"),
        ("/analytics/summary?days=7&days=8", "days"),
        ("/analytics/stats/overview?days=7", "days"),
        ("/analytics/history/latest?limit=0", "limit"),
        ("/analytics/history/latest?limit=1001", "limit"),
        ("/analytics/history/BTC?limit=501", "limit"),
        ("/analytics/history/BTC?offset=-1", "offset"),
        ("/analytics/history/BTC?offset=10001", "offset"),
        ("/analytics/history/date-range?end_date=2025-10-11", "start_date"),
        ("/analytics/history/date-range?start_date=2025-10-11", "end_date"),
        ("/analytics/history/date-range?start_date=2025-10-11&end_date=2025-10-10", "end_date"),
        (f"/analytics/history/date-range?{RANGE}&limit=501", "limit"),
        (f"/analytics/history/date-range?{RANGE}&cursor=next", "cursor"),
        ("/analytics/history/date-range?start_date=then&end_date=2025-10-11", "start_date"),
        ("/analytics/history/date-range?start_date=2025-10-11&end_date=9999-12-31", "end_date"),
        (
            "/analytics/history/date-range?start_date=2025-10-11"
            "&end_date=9999-12-31T23:59:59-14:00",
            "end_date",
        ),
        ("/analytics/performance/summary?horizon_h=24", "horizon_h"),
        ("/analytics/performance/BTC?origin=mine", "origin"),
        ("/analytics/by-factor?horizon_h=2", "horizon_h"),
        ("/analytics/by-confidence?profile=" + "a" * 41, "profile"),
        ("/analytics/calibration?origin=all", "origin"),
        ("/analytics/trends?bucket=hour", "bucket"),
        ("/analytics/trends?days=366", "days"),
    ],
)
def test_a_parameter_out_of_bounds_is_refused_by_name(
    api: APIClient, url: str, parameter: str
) -> None:
    response = api.get(url)

    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert [error["parameter"] for error in response.json()["errors"]] == [parameter]


@pytest.mark.parametrize("spelling", ["BTC", "btc", "BTCUSDT", "BTC-USDT-SWAP", "bitcoin"])
@pytest.mark.parametrize("url", ["/analytics/history/{}", "/analytics/performance/{}"])
def test_a_coin_is_found_by_any_spelling(api: APIClient, url: str, spelling: str) -> None:
    assert api.get(url.format(spelling)).json()["symbol"] == "BTC"
    assert api.get(f"/analytics/trends?symbol={spelling}").json()["symbol"] == "BTC"


@pytest.mark.parametrize(
    "url",
    [
        "/analytics/history/BTCC",
        "/analytics/performance/BTCC",
        "/analytics/summary?symbol=BTCC",
        f"/analytics/history/date-range?{RANGE}&symbol=BTCC",
        "/analytics/by-factor?symbol=BTCC",
    ],
)
def test_a_name_that_was_never_a_coin_is_a_404_with_suggestions(api: APIClient, url: str) -> None:
    response = api.get(url)

    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert "BTC" in response.json()["suggestions"]


@pytest.mark.parametrize("name", ["%00", "BTC%00", "%0A", "%F0%9F%9A%80", "A" * 500])
def test_a_name_that_can_be_no_coin_is_a_404(api: APIClient, name: str) -> None:
    assert api.get(f"/analytics/history/{name}").status_code == 404


@pytest.mark.parametrize("spelling", ["GONE", "gone", "GONEUSDT", "GONE-USDT-SWAP"])
def test_a_coin_that_no_venue_lists_any_more_keeps_its_history(
    api: APIClient, spelling: str
) -> None:
    store_signal("GONE")
    store_sums(symbol="GONE")

    history = api.get(f"/analytics/history/{spelling}").json()
    performance = api.get(f"/analytics/performance/{spelling}").json()

    assert (history["symbol"], history["total"]) == ("GONE", 1)
    assert (performance["symbol"], performance["total_signals"]) == ("GONE", 1)


def test_with_no_coin_known_at_all_history_is_still_told(api: APIClient) -> None:
    store_signal("GONE")
    ListedSymbol.objects.all().delete()
    universe.reset()

    assert api.get("/analytics/history/GONEUSDT").json()["total"] == 1


def test_fixed_names_are_not_taken_for_coins() -> None:
    assert resolve("/analytics/history/date-range").kwargs == {}
    assert resolve("/analytics/history/latest").kwargs == {}
    assert resolve("/analytics/performance/summary").kwargs == {}


@pytest.mark.parametrize(("url", "path"), ANSWERED)
def test_no_answer_takes_more_queries_for_more_rows(
    api: APIClient, django_assert_max_num_queries: Any, url: str, path: str
) -> None:
    api.get(url)  # the coins are read once per process
    for number in range(20):
        signal = store_signal("BTC", NOW - timedelta(hours=number))
        store_outcome(signal)
        store_pending(signal, horizon_h=1)

    with django_assert_max_num_queries(6):
        api.get(url)


@pytest.mark.parametrize(("url", "path"), ANSWERED)
def test_rows_of_another_environment_are_not_told(api: APIClient, url: str, path: str) -> None:
    empty = api.get(url).json()
    for symbol in ("*", "BTC", "ETH"):
        store_sums(symbol=symbol, environment="sandbox")
    store_factor_sums(environment="sandbox")
    signal = store_signal("BTC", environment="sandbox")
    store_outcome(signal)
    store_pending(signal, horizon_h=1)

    assert api.get(url).json() == empty


@pytest.mark.parametrize(("url", "path"), ANSWERED)
def test_reading_is_all_that_can_be_done(api: APIClient, url: str, path: str) -> None:
    assert api.post(url).status_code == 405
    assert api.delete(url).status_code == 405
