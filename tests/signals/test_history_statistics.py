"""``/history/statistics``: exact sums of what is listed, and out of how many evaluations."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import models
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from signals.backup_import import import_backup
from signals.models import EvaluationCount, HistoryCut, Signal, SignalMonth
from signals.services import publish_evaluations
from tests.signals.history_rows import bring_in, cut_at, instant, publish
from tests.signals.results import AT_MS, HOUR_MS, make_evaluation

pytestmark = pytest.mark.django_db


def test_statistics_count_what_is_listed(api: APIClient) -> None:
    publish(62.5)
    publish(30.0, hours=1)
    publish(72.25, hours=2)
    publish(55.5, symbol="ETH", hours=3)

    body = api.get("/history/statistics").json()

    assert body["success"] is True
    assert body["total"] == 4
    assert body["signals"] == {"LONG": 3, "SHORT": 1}
    assert body["percentages"] == {"LONG": 75.0, "SHORT": 25.0}
    assert body["averageScore"] == 55.06  # (62.5 + 30 + 72.25 + 55.5) / 4 = 55.0625
    assert body["symbolDistribution"] == {"BTC": 3, "ETH": 1}
    assert list(body["symbolDistribution"]) == ["BTC", "ETH"]
    assert body["dateRange"] == {"first": instant(0), "last": instant(3)}


def test_statistics_of_a_coin_are_of_that_coin(api: APIClient) -> None:
    publish(62.5)
    publish(30.0, symbol="ETH")

    body = api.get("/history/statistics?symbol=ethusdt").json()

    assert (body["symbol"], body["total"]) == ("ETH", 1)
    assert body["signals"] == {"LONG": 0, "SHORT": 1}
    assert body["symbolDistribution"] == {"ETH": 1}


def test_statistics_of_nothing_make_nothing_up(api: APIClient) -> None:
    body = api.get("/history/statistics?symbol=GONE").json()

    assert body["total"] == 0
    assert body["signals"] == {"LONG": 0, "SHORT": 0}
    assert body["percentages"] == {"LONG": None, "SHORT": None}
    assert (body["averageScore"], body["symbolDistribution"]) == (None, {})
    assert body["dateRange"] == {"first": None, "last": None}
    assert body["evaluations"] == {
        "evaluated": 0, "long": 0, "short": 0, "neutral": 0, "insufficient": 0,
        "firstDay": None, "lastDay": None,
    }  # fmt: skip


def test_statistics_say_out_of_how_many_evaluations(api: APIClient) -> None:
    publish_evaluations(
        [
            make_evaluation(62.5),
            make_evaluation(50.0, at_ms=AT_MS + HOUR_MS),
            make_evaluation(50.0, symbol="ETH", neutral_reason="insufficient_data"),
            make_evaluation(30.0, symbol="ETH", at_ms=AT_MS + 25 * HOUR_MS),
        ]
    )

    every_coin = api.get("/history/statistics").json()["evaluations"]
    one_coin = api.get("/history/statistics?symbol=BTC").json()["evaluations"]

    assert every_coin == {
        "evaluated": 4, "long": 1, "short": 1, "neutral": 1, "insufficient": 1,
        "firstDay": "2025-10-11", "lastDay": "2025-10-12",
    }  # fmt: skip
    assert (one_coin["evaluated"], one_coin["long"], one_coin["neutral"]) == (2, 1, 1)


def test_a_cut_takes_whole_days_from_the_evaluations(api: APIClient) -> None:
    for day in (10, 11, 12):
        EvaluationCount.objects.create(
            environment="test",
            symbol="BTC",
            profile_name="balanced",
            day=date(2025, 10, day),
            evaluated=1,
            neutral=1,
        )
    cut_at(hours=0.5)

    told = api.get("/history/statistics").json()["evaluations"]

    assert (told["evaluated"], told["firstDay"]) == (1, "2025-10-12")


STORED = st.lists(
    st.tuples(
        st.sampled_from(["BTC", "ETH"]),
        st.sampled_from(["LONG", "SHORT"]),
        st.integers(0, 10_000),
        # Around the turn of a month, to the microsecond, and far from it.
        st.integers(-3, 3) | st.integers(-(10**13), 10**13),
    ),
    max_size=12,
    unique_by=lambda stored: (stored[0], stored[1], stored[3]),
)
TURN = datetime(2025, 11, 1, tzinfo=UTC)


@given(stored=STORED, cut=st.none() | st.integers(-3, 3) | st.integers(-(10**13), 10**13))
@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_statistics_are_those_of_counting_one_by_one(
    api: APIClient, stored: list[tuple[str, str, int, int]], cut: int | None
) -> None:
    models.QuerySet(Signal)._raw_delete(using="default")
    SignalMonth.objects.all().delete()
    HistoryCut.objects.all().delete()
    for coin, side, hundredths, microseconds in stored:
        at = (TURN + timedelta(microseconds=microseconds)).isoformat()
        bring_in(symbol=coin, signal=side, score=hundredths / 100, timestamp=at)
    if cut is not None:
        until = TURN + timedelta(microseconds=cut)
        HistoryCut.objects.create(
            environment="test", hidden_until=until, made_at=until, made_by="test"
        )

    body = api.get("/history/statistics").json()
    total = api.get("/history/signals").json()["total"]

    left = [each for each in stored if cut is None or each[3] > cut]
    scores = [hundredths / 100 for _, _, hundredths, _ in left]
    assert body["total"] == total == len(left)
    assert body["signals"] == {
        side: sum(each[1] == side for each in left) for side in ("LONG", "SHORT")
    }
    assert body["symbolDistribution"] == dict(Counter(each[0] for each in left))
    assert body["averageScore"] == (
        pytest.approx(sum(scores) / len(scores), abs=0.0051) if scores else None
    )


def test_signals_stored_before_there_were_sums_are_counted_by_the_migration(
    api: APIClient,
) -> None:
    publish(62.5)
    publish(30.0, hours=1)
    bring_in(1)
    before = api.get("/history/statistics").json()
    SignalMonth.objects.all().delete()

    fill = import_module("signals.migrations.0008_fill_signal_months").fill
    fill(apps, None)

    assert api.get("/history/statistics").json() == before
    assert before["total"] == 3


def test_a_table_that_was_lost_and_restored_is_counted_once(api: APIClient) -> None:
    publish(62.5)
    publish(30.0, hours=1)
    before = api.get("/history/statistics").json()
    models.QuerySet(Signal)._raw_delete(using="default")

    import_backup(everything=True)

    assert api.get("/history/statistics").json() == before
    assert before["total"] == 2
