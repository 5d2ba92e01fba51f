"""Performance, by factor, by confidence, calibration, trends: every number by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from analytics.selectors import performance_of
from tests.analytics.rows import (
    TODAY,
    days_ago,
    store_factor_sums,
    store_imported,
    store_pending,
    store_signal,
    store_sums,
)

pytestmark = pytest.mark.usefixtures("two_coins")

SIX_OF_TEN = {
    "n": 10,
    "hits": 6,
    "few": True,
    "hit_rate_pct": 60.0,
    "interval_low_pct": 31.27,
    "interval_high_pct": 83.18,
    "base_rate_pct": 45.0,
    "edge_pct": 15.0,
    "edge": "no edge shown",
    "mean_net_return_pct": 0.2,
}
NOTHING: dict[str, Any] = {
    "n": 0,
    "hits": 0,
    "few": True,
    "hit_rate_pct": None,
    "interval_low_pct": None,
    "interval_high_pct": None,
    "base_rate_pct": None,
    "edge_pct": None,
    "edge": "no edge shown",
    "mean_net_return_pct": None,
}
ON_THE_WAY = {
    "mean_return_pct": 0.3,
    "mean_favourable_pct": 1.2,
    "mean_adverse_pct": -0.8,
    "first_touch_pct": {"target": 40.0, "stop": 30.0, "neither": 20.0, "unknown": 10.0},
    "unavailable": 0,
}


@pytest.fixture(autouse=True)
def horizons(settings: Settings) -> None:
    settings.OUTCOME_HORIZONS_H = (1, 24)


def rates(body: dict[str, Any]) -> list[tuple[int, float | None]]:
    return [(bucket["n"], bucket["hit_rate_pct"]) for bucket in body["trends"]]


def test_every_number_of_a_small_case(api: APIClient) -> None:
    store_sums()
    store_sums(
        direction="SHORT", n=30, hits=24, unavailable=2, sum_return_pct=9.0, sum_net_return_pct=6.0,
        sum_favourable_pct=36.0, sum_adverse_pct=-24.0, targets=20, stops=5, neithers=5, base_n=30,
        base_hits=24, sum_base_rate=12.0,
    )  # fmt: skip
    store_pending(store_signal("BTC", signal="SHORT"))

    body = api.get("/analytics/performance/summary").json()

    hour, day = body.pop("horizons")
    assert body == {
        "period_days": 30,
        "since": "2025-09-11T00:00:00Z",
        "symbol": None,
        "profile": None,
        "origin": "own",
    }
    assert (hour["horizon_h"], hour["n"], hour["hit_rate_pct"]) == (1, 0, None)
    sides = day.pop("by_direction")
    assert sides["LONG"] == {**SIX_OF_TEN, **ON_THE_WAY, "pending": 0}
    assert sides["SHORT"] == {
        "n": 30,
        "hits": 24,
        "few": False,
        "hit_rate_pct": 80.0,
        "interval_low_pct": 62.69,
        "interval_high_pct": 90.49,
        "base_rate_pct": 40.0,
        "edge_pct": 40.0,
        "edge": "edge shown",
        "mean_net_return_pct": 0.2,
        "mean_return_pct": 0.3,
        "mean_favourable_pct": 1.2,
        "mean_adverse_pct": -0.8,
        "first_touch_pct": {"target": 66.67, "stop": 16.67, "neither": 16.67, "unknown": 0.0},
        "unavailable": 2,
        "pending": 1,
    }
    assert day == {
        "horizon_h": 24,
        "n": 40,
        "hits": 30,
        "few": False,
        "hit_rate_pct": 75.0,
        "interval_low_pct": 59.81,
        "interval_high_pct": 85.81,
        "base_rate_pct": 41.25,
        "edge_pct": 33.75,
        "edge": "edge shown",
        "mean_net_return_pct": 0.2,
        "mean_return_pct": 0.3,
        "mean_favourable_pct": 1.2,
        "mean_adverse_pct": -0.8,
        "first_touch_pct": {"target": 60.0, "stop": 20.0, "neither": 17.5, "unknown": 2.5},
        "unavailable": 2,
        "pending": 1,
    }


def test_days_bands_and_profiles_are_summed(api: APIClient) -> None:
    store_sums()
    store_sums(TODAY, confidence="high")
    store_sums(days_ago(30).date(), profile_name="aggressive")

    both = api.get("/analytics/performance/summary").json()["horizons"][1]
    one = api.get("/analytics/performance/summary?profile=balanced").json()["horizons"][1]
    shorter = api.get("/analytics/performance/summary?days=29").json()["horizons"][1]

    assert (both["n"], one["n"], shorter["n"]) == (30, 20, 20)


@pytest.mark.parametrize(
    ("origin", "n", "pending"), [("own", 10, 1), ("imported", 20, 1), ("all", 30, 2)]
)
def test_imported_signals_count_only_where_they_are_asked_for(
    api: APIClient, origin: str, n: int, pending: int
) -> None:
    store_sums()
    store_sums(is_imported=True, n=20)
    store_pending(store_signal())
    store_pending(store_imported())

    day = api.get(f"/analytics/performance/summary?origin={origin}").json()["horizons"][1]

    assert (day["n"], day["pending"]) == (n, pending)
    assert api.get("/analytics/performance/summary").json()["origin"] == "own"


def test_a_coin_is_told_by_its_own_sums(api: APIClient) -> None:
    store_sums(n=40)
    store_sums(symbol="BTC")
    store_sums(symbol="ETH", n=30)
    store_pending(store_signal("ETH"))

    body = api.get("/analytics/performance/BTC").json()

    assert (body["symbol"], body["horizons"][1]["n"], body["horizons"][1]["pending"]) == (
        "BTC", 10, 0,
    )  # fmt: skip
    assert [each.both.n for each in performance_of("BTC", 30).horizons] == [0, 10]


def test_a_horizon_that_is_filled_no_more_is_still_told(api: APIClient) -> None:
    store_sums(horizon_h=4)

    horizons = api.get("/analytics/performance/summary").json()["horizons"]

    assert [(each["horizon_h"], each["n"]) for each in horizons] == [(1, 0), (4, 10), (24, 0)]


def test_no_edge_is_told_where_the_base_rate_is_hardly_known(api: APIClient) -> None:
    store_sums(n=100, hits=90, base_n=79, base_hits=70, sum_base_rate=30.0)

    day = api.get("/analytics/performance/summary").json()["horizons"][1]

    assert (day["hit_rate_pct"], day["base_rate_pct"], day["edge_pct"]) == (90.0, None, None)
    assert day["edge"] == "no edge shown"


def test_few_outcomes_show_no_edge_however_good(api: APIClient) -> None:
    store_sums(n=29, hits=29, base_n=29, base_hits=29, sum_base_rate=14.5)
    store_sums(symbol="BTC", n=30, hits=30, base_n=30, base_hits=30, sum_base_rate=15.0)

    few = api.get("/analytics/performance/summary").json()["horizons"][1]
    enough = api.get("/analytics/performance/BTC").json()["horizons"][1]

    assert (few["few"], few["edge"]) == (True, "no edge shown")
    assert (enough["few"], enough["edge"]) == (False, "edge shown")


def test_a_rate_below_its_base_rate_shows_no_edge(api: APIClient) -> None:
    store_sums(n=100, hits=30, base_n=100, base_hits=30, sum_base_rate=50.0)

    day = api.get("/analytics/performance/summary").json()["horizons"][1]

    assert (day["edge_pct"], day["edge"]) == (-20.0, "no edge shown")


def test_bands_of_confidence_are_told_apart(api: APIClient) -> None:
    store_sums()
    store_sums(horizon_h=1, confidence="high")

    day = api.get("/analytics/by-confidence").json()
    hour = api.get("/analytics/by-confidence?horizon_h=1").json()

    assert (day["horizon_h"], hour["horizon_h"]) == (24, 1)
    assert [(band["confidence"], band["n"]) for band in day["bands"]] == [
        ("high", 0), ("medium", 10), ("low", 0),
    ]  # fmt: skip
    assert day["bands"][1] == {"confidence": "medium", **SIX_OF_TEN, **ON_THE_WAY}
    assert [band["n"] for band in hour["bands"]] == [10, 0, 0]


def test_factors_are_told_by_what_they_said_of_the_side(api: APIClient) -> None:
    store_factor_sums("funding_rate", "supports")
    store_factor_sums("funding_rate", "supports", direction="SHORT", n=20, hits=4)
    store_factor_sums("fear_greed", "opposes")
    store_factor_sums("fear_greed", "opposes", horizon_h=1, n=11)

    body = api.get("/analytics/by-factor").json()

    factors = {each.pop("factor"): each for each in body["factors"]}
    assert len(factors) == 8
    funding = factors["funding_rate"]
    assert (funding["supports"]["n"], funding["supports"]["hits"]) == (30, 10)
    assert (funding["opposes"], funding["neutral"]) == (NOTHING, NOTHING)
    assert factors["fear_greed"]["opposes"] == SIX_OF_TEN


def test_stated_probabilities_are_scored_against_the_base_rate(api: APIClient) -> None:
    store_sums()
    store_sums(
        confidence="high", hits=9, base_hits=9, sum_base_rate=5.0, sum_base_rate_sq=2.5,
        sum_base_rate_of_hits=4.5, sum_stated=8.0, sum_stated_sq=6.4, sum_stated_of_hits=7.2,
    )  # fmt: skip
    store_sums(is_imported=True, n=1000)

    body = api.get("/analytics/calibration").json()

    hour, day = body["horizons"]
    bands = {band.pop("confidence"): band for band in day.pop("bands")}
    assert day == {
        "horizon_h": 24,
        "n": 20,
        "brier": 0.1625,
        "brier_base": 0.2575,
        "skill": 0.3689,
        "calibration_error_pct": 7.5,
        "calibration_error_base_pct": 27.5,
    }
    assert bands["medium"] == {**SIX_OF_TEN, "stated_pct": 65.0}
    assert (bands["high"]["hit_rate_pct"], bands["high"]["stated_pct"]) == (90.0, 80.0)
    assert bands["low"] == {**NOTHING, "stated_pct": None}
    assert (hour["n"], hour["brier"], hour["skill"]) == (0, None, None)
    assert hour["calibration_error_pct"] is None


@pytest.mark.parametrize(
    ("bucket", "starts", "told"),
    [
        ("week", ["2025-09-22", "2025-09-29", "2025-10-06"], [(10, 60.0), (0, None), (20, 30.0)]),
        ("month", ["2025-09-01", "2025-10-01"], [(10, 60.0), (20, 30.0)]),
    ],
)
def test_rates_over_time_are_told_by_bucket(
    api: APIClient, bucket: str, starts: list[str], told: list[tuple[int, float | None]]
) -> None:
    store_sums(date(2025, 9, 28))
    store_sums(date(2025, 10, 6), n=10, hits=0)
    store_sums(date(2025, 10, 11), n=10, hits=6)
    store_sums(date(2025, 9, 27), n=1000)

    body = api.get(f"/analytics/trends?days=13&bucket={bucket}").json()

    assert [each["start"] for each in body["trends"]] == starts
    assert rates(body) == told
    assert body["count"] == len(starts)


def test_every_day_has_a_bucket_also_an_empty_one(api: APIClient) -> None:
    store_sums(date(2025, 10, 10))

    body = api.get("/analytics/trends?days=2&bucket=day").json()

    assert [each["start"] for each in body["trends"]] == ["2025-10-09", "2025-10-10", "2025-10-11"]
    assert rates(body) == [(0, None), (10, 60.0), (0, None)]
    assert body["trends"][0] == {"start": "2025-10-09", **NOTHING}
    assert body["trends"][1] == {"start": "2025-10-10", **SIX_OF_TEN}
