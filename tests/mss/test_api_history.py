"""``/mss/history`` and ``/mss/top-scores``: filters, pages, and what stands beside a symbol."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from market import clock, universe
from market.models import ListedSymbol
from market.sandbox.handle import Sandbox
from market.types import HOUR_MS
from mss.engine.evaluate import evaluate
from mss.engine.profile import STANDARD
from mss.engine.types import Figure
from mss.models import MssScore
from mss.storing import store_result
from tests.mss.builders import AT_MS, BEST, make_inputs

pytestmark = pytest.mark.usefixtures("listed")

# 9 + 6 points of phase 1, nothing else.
YOUNG = {Figure.AGE: 12.0, Figure.CIRCULATING: 15.0}


def store(
    *,
    symbol: str = "NEW",
    coin: str = "new-coin",
    hours_ago: float = 0.0,
    figures: dict[Figure, float] | None = None,
    environment: str = "test",
) -> MssScore:
    inputs = make_inputs(
        figures,
        symbol=symbol,
        coingecko_id=coin,
        environment=environment,
        at_ms=AT_MS - round(hours_ago * HOUR_MS),
    )
    return store_result(evaluate(inputs, STANDARD), STANDARD)


def totals(body: dict[str, Any]) -> list[float]:
    return [score["mss_score"] for score in body["scores"]]


def test_a_row_says_what_the_stored_score_says(api: APIClient) -> None:
    store()

    [row] = api.get("/mss/history").json()["scores"]

    assert row == {
        "symbol": "NEW",
        "name": "New Coin",
        "coingecko_id": "new-coin",
        "timestamp": "2026-09-29T12:07:00Z",
        "mss_score": 100.0,
        "signal": "STRONG_LONG",
        "confidence": "very_high",
        "coverage_pct": 100.0,
        "has_futures": True,
        "whale": True,
        "raw_scores": {
            "phase1_discovery": 30.0,
            "phase2_confirmation": 35.0,
            "phase3_validation": 35.0,
        },
        "fdv_usd": None,
        "age_hours": 12.0,
        "missing": [],
        "warnings": ["very_new", "tiny_cap", "low_float"],
    }


def test_the_newest_score_comes_first_and_pages_meet(api: APIClient) -> None:
    for hours in (3.0, 1.0, 2.0):
        store(hours_ago=hours)

    first = api.get("/mss/history?limit=2").json()
    rest = api.get("/mss/history?limit=2&offset=2").json()

    assert (first["total"], first["count"], first["has_more"]) == (3, 2, True)
    assert (rest["total"], rest["count"], rest["has_more"]) == (3, 1, False)
    times = [score["timestamp"] for score in first["scores"] + rest["scores"]]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("min_score=15", [100.0, 15.0]),
        ("min_score=15.5", [100.0]),
        ("max_score=15", [15.0]),
        ("max_score=14.5", []),
        ("signal=STRONG_LONG", [100.0]),
        ("signal=NEUTRAL", [15.0]),
        ("signal=LONG", []),
        ("since=2026-09-29T10:07:00Z", [100.0, 15.0]),
        ("since=2026-09-29T10:07:01Z", [100.0]),
        ("until=2026-09-29T12:07:00Z", [15.0]),
        ("since=2026-09-29T10:00:00Z&until=2026-09-29T11:00:00Z", [15.0]),
        ("since=2026-09-29T10:07:00", [100.0, 15.0]),
    ],
)
def test_filters_hold_on_both_sides_of_their_edge(
    api: APIClient, query: str, found: list[float]
) -> None:
    store()
    store(hours_ago=2, figures=YOUNG)

    assert totals(api.get(f"/mss/history?{query}").json()) == found


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("min_score=50&max_score=49", "max_score"),
        ("since=2026-09-29T10:00:00Z&until=2026-09-28T10:00:00Z", "until"),
    ],
)
def test_a_range_that_holds_nothing_is_refused(api: APIClient, query: str, parameter: str) -> None:
    response = api.get(f"/mss/history?{query}")

    assert response.status_code == 400
    assert [error["parameter"] for error in response.json()["errors"]] == [parameter]


@pytest.mark.parametrize("spelling", ["BTC", "btc", "BTCUSDT", "BTC-USDT-SWAP", "bitcoin"])
def test_a_coins_history_is_found_by_any_spelling(api: APIClient, spelling: str) -> None:
    store(symbol="BTC", coin="bitcoin", figures=YOUNG)
    store()

    body = api.get(f"/mss/history/{spelling}").json()

    assert (body["symbol"], body["total"], totals(body)) == ("BTC", 1, [15.0])


def test_a_coin_without_stored_scores_has_an_empty_history(api: APIClient) -> None:
    body = api.get("/mss/history/ETH").json()

    assert (body["symbol"], body["total"], body["scores"]) == ("ETH", 0, [])


def test_a_coin_that_no_venue_lists_any_more_keeps_its_history(api: APIClient) -> None:
    store(symbol="GONE", coin="gone-coin")

    assert totals(api.get("/mss/history/gone").json()) == [100.0]


def test_with_every_provider_silent_and_no_coin_known_history_is_still_told(
    api: APIClient, sandbox: Sandbox
) -> None:
    store()
    ListedSymbol.objects.all().delete()
    universe.reset()
    sandbox.fault("*", "http_5xx", status=503)

    assert totals(api.get("/mss/history/NEW").json()) == [100.0]


def test_a_name_that_was_never_a_coin_is_a_404_with_suggestions(api: APIClient) -> None:
    response = api.get("/mss/history/BTCC")

    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert "BTC" in response.json()["suggestions"]


def test_history_asks_no_provider(api: APIClient, sandbox: Sandbox) -> None:
    store()
    sandbox.reset()

    api.get("/mss/history")
    api.get("/mss/history/NEW")
    api.get("/mss/top-scores")

    assert sandbox.calls() == 0


def test_scores_of_another_environment_are_not_told(api: APIClient) -> None:
    store(environment="sandbox")

    assert api.get("/mss/history").json()["total"] == 0
    assert api.get("/mss/top-scores").json()["count"] == 0


def test_top_scores_are_the_newest_of_each_coin_highest_first(api: APIClient) -> None:
    store(hours_ago=5)  # 100 points, which it has no more
    store(hours_ago=1, figures=YOUNG)
    store(symbol="OTHER", coin="other-coin", figures={**BEST, Figure.SENTIMENT: 10.0})
    store(symbol="NEW", coin="new-coin-2", figures={Figure.AGE: 12.0})

    body = api.get("/mss/top-scores").json()

    found = [(score["coingecko_id"], score["mss_score"]) for score in body["scores"]]
    assert found == [("other-coin", 90.0), ("new-coin", 15.0), ("new-coin-2", 9.0)]
    assert api.get("/mss/top-scores?min_score=15").json()["count"] == 2
    first = api.get("/mss/top-scores?limit=1").json()
    rest = api.get("/mss/top-scores?limit=2&offset=1").json()
    assert (first["total"], first["count"], first["has_more"]) == (3, 1, True)
    assert (rest["total"], rest["count"], rest["has_more"]) == (3, 2, False)
    assert first["scores"] + rest["scores"] == body["scores"]


def test_a_score_is_a_top_score_for_so_many_hours(api: APIClient) -> None:
    store(hours_ago=3)

    assert api.get("/mss/top-scores?hours=3").json()["count"] == 1
    assert api.get("/mss/top-scores?hours=2").json()["count"] == 0


def test_lists_of_the_longest_rows_are_small_enough_for_an_assistant(
    api: APIClient, django_assert_max_num_queries: Any
) -> None:
    at = clock.datetime_at(AT_MS)
    longest = store(symbol="A" * 24, coin="b" * 100, figures={Figure.SENTIMENT: 55.5})
    document = {**longest.document, "name": "c" * 60}
    longest.delete()
    MssScore.objects.bulk_create(
        copy_of(longest, document, number, at - timedelta(minutes=number)) for number in range(60)
    )

    with django_assert_max_num_queries(4):
        history = api.get("/mss/history?limit=50")
    top = api.get("/mss/top-scores?limit=50")

    assert history.json()["count"] == top.json()["count"] == 50
    assert len(history.content) <= 50_000
    assert len(top.content) <= 50_000


def copy_of(row: MssScore, document: Any, number: int, at: Any) -> MssScore:
    values = {
        field.attname: getattr(row, field.attname)
        for field in MssScore._meta.concrete_fields
        if not field.primary_key
    }
    return MssScore(
        **{**values, "document": document, "coin_key": f"coin-{number}", "observed_at": at}
    )
