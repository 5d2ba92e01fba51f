"""``/analytics/summary`` and ``stats/overview``: every count of a small case, by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from rest_framework.test import APIClient

from analytics import selectors
from signals.models import HistoryCut, SignalDay
from signals.storing import count_anew
from tests.analytics.rows import (
    NOW,
    TODAY,
    days_ago,
    store_evaluations,
    store_imported,
    store_signal,
)

pytestmark = pytest.mark.usefixtures("two_coins")


def test_every_number_of_a_small_case(api: APIClient) -> None:
    store_signal("BTC", score=Decimal("62.51"), confidence="high")
    store_signal("BTC", days_ago(1), score=Decimal("57.00"), confidence="low")
    store_signal("ETH", days_ago(2), score=Decimal("40.00"), signal="SHORT")
    store_signal("ETH", days_ago(8), score=Decimal("10.00"), signal="SHORT")
    store_evaluations("BTC", TODAY, long=5, short=1, neutral=80, insufficient=10)
    store_evaluations("ETH", TODAY, long=0, short=2, neutral=90, insufficient=4)
    store_evaluations("ETH", days_ago(8).date(), long=1, short=1, neutral=1, insufficient=1)

    assert api.get("/analytics/summary").json() == {
        "period_days": 7,
        "since": "2025-10-04T00:00:00Z",
        "symbol": None,
        "total_signals": 3,
        "signal_distribution": {"LONG": 2, "SHORT": 1, "NEUTRAL": 184},
        "evaluations": {
            "evaluated": 192,
            "long": 5,
            "short": 3,
            "neutral": 170,
            "insufficient": 14,
        },
        "score_stats": {"average": 53.17, "min": 40.0, "max": 62.51},
        "confidence_distribution": {"high": 1, "medium": 1, "low": 1},
    }


def test_one_coin_is_counted_alone(api: APIClient) -> None:
    store_signal("BTC")
    store_signal("ETH", signal="SHORT")
    store_evaluations("BTC", TODAY, long=1, neutral=3)
    store_evaluations("ETH", TODAY, short=1, neutral=5)

    body = api.get("/analytics/summary?symbol=ETH").json()

    assert body["signal_distribution"] == {"LONG": 0, "SHORT": 1, "NEUTRAL": 5}
    assert body["evaluations"]["evaluated"] == 6


def test_without_signals_no_score_is_told(api: APIClient) -> None:
    body = api.get("/analytics/summary").json()

    assert body["total_signals"] == 0
    assert body["score_stats"] == {"average": None, "min": None, "max": None}


@pytest.mark.parametrize(
    ("at", "counted"),
    [
        (datetime(2025, 10, 4, tzinfo=UTC), 1),
        (datetime(2025, 10, 4, tzinfo=UTC) - timedelta(microseconds=1), 0),
        (NOW, 1),
    ],
)
def test_a_period_begins_with_its_first_day(api: APIClient, at: datetime, counted: int) -> None:
    store_signal("BTC", at)

    assert api.get("/analytics/summary?days=7").json()["total_signals"] == counted


def test_what_was_cleared_is_not_counted(api: APIClient) -> None:
    store_signal("BTC", days_ago(2))
    store_signal("BTC")
    HistoryCut.objects.create(
        environment="test", hidden_until=days_ago(1), made_at=NOW, made_by="test"
    )

    assert api.get("/analytics/summary").json()["total_signals"] == 1
    assert api.get("/analytics/stats/overview").json()["total_signals"] == 1


@pytest.mark.parametrize("hours_ago", [0, 1, 11.9, 12, 12.1, 30, 36, 100, 180, 181, 400])
def test_sums_by_day_give_what_counting_gives_wherever_a_clear_ends(
    api: APIClient, hours_ago: float
) -> None:
    for number in range(40):
        store = store_imported if number % 5 == 0 else store_signal
        store(
            "BTC",
            NOW - timedelta(hours=6 * number),
            signal=("LONG", "SHORT")[number % 2],
            confidence=("high", "medium", "low")[number % 3],
            score=Decimal(number) + Decimal("20.25"),
        )
    cut_at = NOW - timedelta(hours=hours_ago)
    HistoryCut.objects.create(environment="test", hidden_until=cut_at, made_at=NOW, made_by="test")

    of_all = api.get("/analytics/summary").json()
    of_coin = api.get("/analytics/summary?symbol=BTC").json()

    assert of_all == {**of_coin, "symbol": None}
    counted = [at for at in range(40) if cut_at < NOW - timedelta(hours=6 * at) and at * 6 <= 180]
    assert of_all["total_signals"] == len(counted)


@pytest.mark.parametrize("again", ["migration", "restored"])
def test_days_that_were_never_summed_are_counted_from_the_signals(
    api: APIClient, again: str
) -> None:
    for number in range(6):
        store_signal("BTC", days_ago(number / 2), score=Decimal(60 + number))
    store_imported("ETH", days_ago(1), signal="SHORT", score=Decimal("33.33"))
    before = api.get("/analytics/summary").json()
    SignalDay.objects.all().delete()

    if again == "migration":
        import_module("signals.migrations.0010_fill_signal_days").fill(apps, None)
    else:
        count_anew()

    assert api.get("/analytics/summary").json() == before
    assert before["total_signals"] == 7
    assert before["score_stats"]["min"] == 33.33


def test_the_overview_ranks_the_coins_of_the_newest_signals(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selectors, "RECENT", 4)
    for hours, symbol in enumerate(("ETH", "BTC", "BTC", "ADA", "DOT", "DOT", "DOT")):
        store_signal(symbol, NOW - timedelta(hours=hours))

    body = api.get("/analytics/stats/overview").json()

    assert (body["total_signals"], body["recent_signals_analyzed"]) == (7, 4)
    assert body["top_symbols"] == [
        {"symbol": "BTC", "count": 2},
        {"symbol": "ADA", "count": 1},
        {"symbol": "ETH", "count": 1},
    ]
    assert body["last_7_days"] == api.get("/analytics/summary?days=7").json()
    assert body["database"] == connection.vendor


def test_the_overview_names_ten_coins_at_most(api: APIClient) -> None:
    for number in range(11):
        store_signal(f"C{number}")

    assert len(api.get("/analytics/stats/overview").json()["top_symbols"]) == 10


@pytest.mark.parametrize(
    ("newer", "older", "trend"),
    [
        ("61.00", "60.00", "rising"),
        ("60.99", "60.00", "steady"),
        ("59.01", "60.00", "steady"),
        ("59.00", "60.00", "falling"),
    ],
)
def test_scores_that_move_by_a_point_have_a_trend(
    api: APIClient, newer: str, older: str, trend: str
) -> None:
    for number in range(20):
        score = Decimal(newer if number < 10 else older)
        store_signal("BTC", NOW - timedelta(hours=number), score=score)

    assert api.get("/analytics/performance/BTC").json()["recent_scores"] == {
        "last_10_avg_score": float(newer),
        "trend": trend,
        "total_recent_signals": 20,
    }


def test_fewer_than_twenty_scores_have_no_trend(api: APIClient) -> None:
    for number in range(19):
        store_signal("BTC", NOW - timedelta(hours=number))

    recent = api.get("/analytics/performance/BTC").json()["recent_scores"]

    assert (recent["last_10_avg_score"], recent["trend"]) == (62.5, None)
    assert api.get("/analytics/performance/ETH").json()["recent_scores"] == {
        "last_10_avg_score": None,
        "trend": None,
        "total_recent_signals": 0,
    }
