"""What is asked for, given what is stored: whole windows once, then only what is new."""

from __future__ import annotations

import numpy as np
import pytest

from market.chains import CANDLE_INTERVALS, COLD_BARS, LAYOUTS, SETTLED, SeriesLayout
from market.due import (
    due_bars,
    due_fine_rows,
    due_grid_rows,
    grid_rows,
    is_due,
    known_at,
    longer_bars,
    newest_closed_open_ms,
    settlement_due,
)
from market.models import SeriesKind
from market.series import Held
from market.tables import Table
from market.types import DAY_MS, HOUR_MS, MINUTE_MS, Interval

AT_MS = 1_790_683_620_000  # 12:07 UTC


def held_bars(interval: Interval, *, missing: int = 0, count: int = 300) -> Held:
    """Return bars whose newest is this many short of the newest that has closed."""
    last_ms = newest_closed_open_ms(interval, AT_MS) - missing * interval.ms
    times_ms = last_ms - interval.ms * np.arange(count, dtype=np.int64)[::-1]
    return Held(Table(times_ms, np.ones((7, count))), AT_MS - HOUR_MS)


def everything(**missing: int) -> dict[Interval, Held | None]:
    return {
        interval: held_bars(interval, missing=missing.get(interval.name, 0))
        for interval in CANDLE_INTERVALS
    }


def held(*times_ms: int, fetched_at_ms: int = AT_MS - HOUR_MS) -> Held:
    return Held(
        Table(np.array(times_ms, dtype=np.int64), np.ones((1, len(times_ms)))), fetched_at_ms
    )


def test_of_a_new_coin_every_interval_is_fetched_whole() -> None:
    nothing: dict[Interval, Held | None] = dict.fromkeys(CANDLE_INTERVALS)

    assert due_bars(nothing, AT_MS) == dict.fromkeys(CANDLE_INTERVALS, COLD_BARS)


def test_up_to_date_bars_are_not_asked_for() -> None:
    assert due_bars(everything(), AT_MS) == {}


def test_a_bar_later_only_quarter_hours_are_asked_for() -> None:
    due = due_bars(everything(M15=1), AT_MS)

    assert list(due) == [Interval.M15]
    assert due[Interval.M15] <= 3


def test_longer_bars_come_from_quarter_hours_as_long_as_those_reach_back() -> None:
    due = due_bars(everything(M15=40, H1=10, H4=2), AT_MS)

    assert list(due) == [Interval.M15]
    assert due[Interval.M15] >= 41


def test_an_hour_that_quarter_hours_do_not_reach_is_fetched() -> None:
    due = due_bars(everything(M15=400, H1=100, H4=25), AT_MS)

    assert due[Interval.M15] == COLD_BARS
    assert due[Interval.H1] >= 100
    assert due[Interval.H4] >= 25


def test_behind_a_gap_in_the_quarter_hours_the_hour_is_fetched() -> None:
    bars = everything(H1=20)
    quarters = bars[Interval.M15]
    assert quarters is not None
    keep = np.ones(300, dtype=bool)
    keep[-30] = False
    bars[Interval.M15] = Held(
        Table(quarters.table.times_ms[keep], quarters.table.values[:, keep]), quarters.fetched_at_ms
    )

    assert Interval.H1 in due_bars(bars, AT_MS)


def test_days_are_fetched_once_a_day() -> None:
    assert due_bars(everything(D1=1), AT_MS) == {Interval.D1: 3}


def test_the_longer_bars_that_quarter_hours_add_follow_the_stored_ones() -> None:
    hours = held_bars(Interval.H1, missing=5)
    quarters = held_bars(Interval.M15)

    added = longer_bars(quarters.table, hours, Interval.H1)

    assert added.first_ms == hours.table.last_ms + HOUR_MS
    assert added.last_ms == newest_closed_open_ms(Interval.H1, AT_MS)


@pytest.mark.parametrize(
    ("last_ms", "asked_ago_ms", "expected"),
    [
        (AT_MS, 0, False),  # what should be there is there
        (AT_MS - 1, 10, False),  # not there, but just asked for
        (AT_MS - 1, 100, True),  # long enough ago to ask again
        (AT_MS - 1, 21, True),  # the source has had a new step since
    ],
)
def test_a_missing_row_is_asked_for_again_after_a_while_or_a_step(
    last_ms: int, asked_ago_ms: int, expected: bool
) -> None:
    layout = SeriesLayout(step_ms=AT_MS - 20, retry_ms=100, keep_ms=1, span_ms=1)
    stored = held(last_ms, fetched_at_ms=AT_MS - asked_ago_ms)

    assert is_due(stored, layout, AT_MS, AT_MS) is expected


def test_what_was_asked_later_than_the_present_counts_as_never_asked() -> None:
    assert known_at(held(AT_MS, fetched_at_ms=AT_MS + 1), AT_MS) is None


def test_statistics_are_fetched_whole_once_and_then_continued_by_their_fine_rows() -> None:
    quarter_ms = Interval.M15.ms
    newest = held(AT_MS // quarter_ms * quarter_ms - quarter_ms)

    assert due_fine_rows(None, AT_MS, most=500) > 96
    assert due_grid_rows(None, AT_MS, most=500) > 180
    assert due_fine_rows(newest, AT_MS, most=500) == 2
    assert due_grid_rows(newest, AT_MS, most=500) == 0


def test_no_source_is_asked_for_more_rows_than_it_gives() -> None:
    assert due_fine_rows(None, AT_MS, most=100) == due_grid_rows(None, AT_MS, most=100) == 100


def test_after_a_day_without_rows_the_grid_is_fetched_again() -> None:
    stored = held(AT_MS - 2 * DAY_MS, fetched_at_ms=AT_MS - 2 * DAY_MS)

    assert due_grid_rows(stored, AT_MS, most=500) > 180


def test_fine_rows_add_to_the_grid_what_lies_on_it() -> None:
    grid_ms = Interval.H4.ms
    noon_ms = AT_MS // grid_ms * grid_ms
    fine = held(noon_ms - 15 * MINUTE_MS, noon_ms, noon_ms + 15 * MINUTE_MS)

    added = grid_rows(fine.table, held(noon_ms - grid_ms))

    assert added.times_ms.tolist() == [noon_ms]


@pytest.mark.parametrize(
    ("interval_h", "age_h", "expected"),
    [(8, 4, False), (8, 9, True), (4, 4.2, True), (1, 0.1, False)],
)
def test_a_settlement_is_due_when_its_interval_has_passed(
    interval_h: int, age_h: float, expected: bool
) -> None:
    interval_ms = interval_h * HOUR_MS
    last_ms = (AT_MS - int(age_h * HOUR_MS)) // interval_ms * interval_ms
    asked_ms = AT_MS - LAYOUTS[SeriesKind.FUNDING, SETTLED].retry_ms
    stored = held(last_ms - interval_ms, last_ms, fetched_at_ms=asked_ms)

    assert settlement_due(stored, AT_MS) is expected
