"""By factor for one coin: single outcomes give what the sums of all coins give, and by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from analytics.coin_factors import base_rates_by_day
from analytics.rollups import base_rates_before, mark_all_due, recompute_due
from tests.analytics.rows import (
    TODAY,
    days_ago,
    store_base_rate,
    store_imported,
    store_outcome,
    store_pending,
    store_signal,
)

FIRST = date(2025, 8, 1)
SIDES = ("LONG", "SHORT")


def contributions(**points: float | None) -> dict[str, Any]:
    return {name: {"contribution": each} for name, each in points.items()}


def store_two_weeks() -> None:
    """Store a coin's signals of every kind, with base rates known for the newer ones."""
    for number in range(14):
        signal = store_signal(
            "BTC",
            days_ago(number),
            signal=SIDES[number % 2],
            factors=contributions(
                funding_rate=(-1.5, 0.0, 2.0)[number % 3], fear_greed=0.3, oi_trend=None
            ),
        )
        store_outcome(signal, is_hit=number % 4 != 0)
        store_outcome(signal, is_hit=number % 3 != 0, horizon_h=1)
    for number in range(4, 20):
        store_base_rate(days_ago(number).date())
    store_outcome(store_imported("BTC", days_ago(3), factors={}))
    unavailable = store_signal("BTC", days_ago(0.1), factors=contributions(funding_rate=1.0))
    store_pending(unavailable, result="unavailable", reason="no candles")


@pytest.mark.usefixtures("two_coins")
def test_every_number_of_a_small_case(api: APIClient) -> None:
    for day in range(1, 6):
        store_base_rate(days_ago(day).date())
    up = contributions(funding_rate=2.0, oi_trend=-0.5, fear_greed=0.0, social_sentiment=None)
    store_outcome(store_signal("BTC", factors=up), is_hit=True)
    store_outcome(store_signal("BTC", factors=up, signal="SHORT"), is_hit=False)

    body = api.get("/analytics/by-factor?symbol=BTC").json()

    factors = {each.pop("factor"): each for each in body["factors"]}
    told = {
        (factor, stance): (
            rate["n"],
            rate["hits"],
            rate["base_rate_pct"],
            rate["mean_net_return_pct"],
        )
        for factor, stances in factors.items()
        for stance, rate in stances.items()
        if rate["n"]
    }
    assert told == {
        ("funding_rate", "supports"): (1, 1, 50.0, 1.0),
        ("funding_rate", "opposes"): (1, 0, 25.0, -1.0),
        ("oi_trend", "supports"): (1, 0, 25.0, -1.0),
        ("oi_trend", "opposes"): (1, 1, 50.0, 1.0),
        ("fear_greed", "neutral"): (2, 1, 37.5, 0.0),
    }


@pytest.mark.usefixtures("two_coins")
@pytest.mark.parametrize(
    "query", [{}, {"horizon_h": 1}, {"days": 5}, {"origin": "all"}, {"profile": "other"}]
)
def test_a_coin_alone_gives_what_the_sums_of_all_coins_give(
    api: APIClient, query: dict[str, Any]
) -> None:
    store_two_weeks()
    mark_all_due()
    recompute_due()

    of_all = api.get("/analytics/by-factor", query).json()
    of_coin = api.get("/analytics/by-factor", {**query, "symbol": "BTC"}).json()

    assert of_coin["factors"] == of_all["factors"]


@pytest.mark.usefixtures("two_coins")
def test_counting_by_factor_reads_no_signals_factors(api: APIClient) -> None:
    store_two_weeks()

    with CaptureQueriesContext(connection) as queries:
        mark_all_due()
        recompute_due()
        api.get("/analytics/by-factor?symbol=BTC")

    asked = [query["sql"] for query in queries]
    assert any('"factor_stances"' in sql for sql in asked)
    assert not [sql for sql in asked if '"signals_signal"."factors"' in sql]


@pytest.mark.usefixtures("two_coins")
def test_what_the_sweep_summed_is_what_the_answers_tell(api: APIClient) -> None:
    store_two_weeks()
    mark_all_due()
    recompute_due()

    of_all = api.get("/analytics/performance/summary").json()["horizons"]
    of_coin = api.get("/analytics/performance/BTC").json()["horizons"]

    assert of_coin == of_all
    day = next(each for each in of_all if each["horizon_h"] == 24)
    assert (day["n"], day["hits"], day["unavailable"], day["pending"]) == (14, 10, 1, 0)
    assert (day["mean_net_return_pct"], day["mean_return_pct"]) == (0.4286, 0.5286)
    assert day["first_touch_pct"]["target"] == 71.43
    trend = api.get("/analytics/trends?bucket=month&days=30").json()["trends"]
    assert sum(each["n"] for each in trend) == 14


@st.composite
def days_with_windows(draw: st.DrawFn) -> list[tuple[date, int, int, int]]:
    offsets = sorted(draw(st.sets(st.integers(0, 80), max_size=40)))
    rows = []
    for offset in offsets:
        windows = draw(st.integers(0, 24))
        longs, shorts = (draw(st.integers(0, windows)) for _ in range(2))
        rows.append((FIRST + timedelta(days=offset), windows, longs, shorts))
    return rows


@given(days_with_windows(), st.integers(-5, 120))
def test_the_base_rate_of_a_day_is_that_of_the_thirty_days_before(
    rows: list[tuple[date, int, int, int]], offset: int
) -> None:
    day = FIRST + timedelta(days=offset)
    before = [row for row in rows if day - timedelta(days=30) <= row[0] < day]
    windows, longs, shorts = (sum(row[place] for row in before) for place in (1, 2, 3))

    rate_on = base_rates_by_day(rows)

    known = windows >= 120
    assert rate_on(day, "LONG") == (longs / windows if known else None)
    assert rate_on(day, "SHORT") == (shorts / windows if known else None)


@pytest.mark.usefixtures("two_coins")
def test_the_base_rate_is_the_one_that_the_sweep_uses() -> None:
    rows = [(TODAY - timedelta(days=day), 24, day % 24, day % 7) for day in range(40, 0, -1)]
    for day, windows, longs, shorts in rows:
        store_base_rate(day, windows=windows, long_hits=longs, short_hits=shorts)
    rate_on = base_rates_by_day(rows)

    for days in range(-5, 45):
        day = TODAY - timedelta(days=days)
        swept = base_rates_before(day, "BTC")
        assert [rate_on(day, side) for side in SIDES] == [
            swept.get(("BTC", 24, side)) for side in SIDES
        ]
