"""Base rates from the series store: no call, each day once, from the first venue of the chain."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest
from pytest_django import Settings

from analytics.base_rates import complete_before, measure_base_rates
from analytics.models import BaseRateDay, OutcomeDay, RollupDue
from analytics.rollups import mark_due, recompute_due
from market.models import SeriesKind
from market.series import SeriesKey, Update, append
from market.tables import Table, candles_table
from market.types import DAY_MS, HOUR_MS, Interval
from tests.analytics.stored import store_outcome, store_signal
from tests.builders import make_candles

pytestmark = pytest.mark.django_db

DAY, NEXT_DAY = date(2026, 9, 20), date(2026, 9, 21)
DAY_START_MS = round(datetime(2026, 9, 20, tzinfo=UTC).timestamp() * 1000)


def keep_bars(
    prices: list[float], *, base: str = "BTC", source: str = "binance", ends_ms: int
) -> None:
    bars = make_candles(Interval.H1, closes=prices, at_ms=ends_ms)
    key = SeriesKey(base, SeriesKind.CANDLES, source, "1h")
    append([Update(key, candles_table(bars), ends_ms)])


def keep_days(days: int, **changes: object) -> None:
    """Keep rising hours: the first price at the day's start, the last after so many days."""
    prices = [100.0 * 1.01**hour for hour in range(24 * days + 1)]
    ends_ms = DAY_START_MS + days * DAY_MS
    keep_bars(prices, ends_ms=ends_ms, **changes)  # type: ignore[arg-type]


def rows(horizon_h: int) -> list[tuple[date, int, int, int]]:
    return list(
        BaseRateDay.objects.filter(horizon_h=horizon_h)
        .order_by("day")
        .values_list("day", "windows", "long_hits", "short_hits")
    )


def test_every_day_whose_windows_have_ended_is_written() -> None:
    keep_days(2)

    assert measure_base_rates() == 4

    assert rows(1) == [(DAY, 24, 24, 0), (NEXT_DAY, 24, 24, 0)]
    assert rows(4) == rows(24) == [(DAY, 24, 24, 0)]


def test_nothing_is_written_twice_and_a_new_day_when_it_is_complete() -> None:
    keep_days(2)
    measure_base_rates()

    assert measure_base_rates() == 0
    keep_days(3)
    assert measure_base_rates() == 3

    assert rows(24)[-1] == (NEXT_DAY, 24, 24, 0)


@pytest.mark.parametrize(
    ("ended_at", "horizon_h", "before"),
    [
        ("2026-09-21T00:00", 1, "2026-09-21"),
        ("2026-09-20T23:00", 1, "2026-09-20"),
        ("2026-09-21T03:00", 4, "2026-09-21"),
        ("2026-09-21T02:00", 4, "2026-09-20"),
        ("2026-09-21T23:00", 24, "2026-09-21"),
        ("2026-09-21T22:00", 24, "2026-09-20"),
    ],
)
def test_a_day_is_complete_when_its_last_window_has_ended(
    ended_at: str, horizon_h: int, before: str
) -> None:
    last = datetime.fromisoformat(ended_at).replace(tzinfo=UTC)

    assert complete_before(last, horizon_h) == date.fromisoformat(before)


def test_costs_are_those_of_an_outcome(settings: Settings) -> None:
    settings.OUTCOME_FEE_BPS = 60.0  # 1.2 % both ways, more than an hour gains
    keep_days(2)
    times = DAY_START_MS + HOUR_MS * np.array([5, 29], dtype=np.int64) + HOUR_MS // 2
    funding = Table(times, np.array([[-24.0, -24.0]]))  # per 8 h, settled daily: shorts pay 24 %
    append([Update(SeriesKey("BTC", SeriesKind.FUNDING, "binance", "settled"), funding, 0)])

    measure_base_rates()

    assert (DAY, 24, 1, 0) in rows(1)  # the one window in which longs were paid


def test_the_first_venue_of_the_chain_that_has_bars_counts() -> None:
    keep_days(2)
    falling = [100.0 * 0.99**hour for hour in range(49)]
    keep_bars(falling, source="okx", ends_ms=DAY_START_MS + 2 * DAY_MS)
    keep_bars(falling, base="OKB", source="okx", ends_ms=DAY_START_MS + 2 * DAY_MS)

    measure_base_rates()

    of = dict(BaseRateDay.objects.filter(day=DAY, horizon_h=1).values_list("symbol", "venue"))
    assert of == {"BTC": "binance", "OKB": "okx"}
    assert BaseRateDay.objects.get(symbol="OKB", day=DAY, horizon_h=1).short_hits == 24


def test_a_long_history_is_read_from_its_archive_too() -> None:
    keep_days(40)

    measure_base_rates()

    assert len(rows(1)) == 40
    assert rows(1)[0] == (DAY, 24, 24, 0)


def test_days_with_outcomes_that_a_new_base_rate_concerns_are_added_up_again() -> None:
    of_next_day = store_signal(at_ms=DAY_START_MS + 6 * DAY_MS)
    store_outcome(of_next_day, 1)
    store_outcome(store_signal("ETH", at_ms=DAY_START_MS + 6 * DAY_MS), 1)
    mark_due({("BTC", of_next_day.timestamp.date()), ("ETH", of_next_day.timestamp.date())})
    recompute_due()
    keep_days(6)

    measure_base_rates()

    assert [due.symbol for due in RollupDue.objects.all()] == ["BTC"]
    recompute_due()
    assert OutcomeDay.objects.get(symbol="BTC").sum_base_rate == 1.0
