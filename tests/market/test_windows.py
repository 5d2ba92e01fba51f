"""Windows: what is kept of a history is what a scorer reads, no more and no later."""

from __future__ import annotations

import numpy as np
import pytest

from market.types import DAY_MS, HOUR_MS, MINUTE_MS, Interval, LiquidationBuckets, Series
from market.windows import (
    CANDLE_ROWS,
    change_tolerance_ms,
    sample_tolerance_ms,
    series_grid_ms,
    series_grid_points,
    window_candles,
    window_history,
    window_liquidations,
    window_series,
)
from tests.builders import AT_MS, make_buckets, make_candles, make_history, make_series


@pytest.mark.parametrize(
    ("max_age_ms", "grid_h"),
    [
        (0, 4), (15 * MINUTE_MS, 4), (8 * HOUR_MS - 1, 4), (8 * HOUR_MS, 8), (9 * HOUR_MS, 8),
        (DAY_MS - 1, 8), (DAY_MS, 24), (2 * DAY_MS, 24),
    ],
)  # fmt: skip
def test_a_series_is_sampled_as_coarsely_as_its_values_last(max_age_ms: int, grid_h: int):
    assert series_grid_ms(max_age_ms) == grid_h * HOUR_MS


@pytest.mark.parametrize(("grid_h", "points"), [(4, 180), (8, 90), (24, 30)])
def test_thirty_days_have_as_many_points_as_steps(grid_h: int, points: int):
    assert series_grid_points(grid_h * HOUR_MS) == points


def test_samples_may_be_one_step_old_and_starts_of_changes_one_hour():
    assert sample_tolerance_ms(15 * MINUTE_MS) == 4 * HOUR_MS
    assert sample_tolerance_ms(9 * HOUR_MS) == 9 * HOUR_MS
    assert change_tolerance_ms(15 * MINUTE_MS) == HOUR_MS
    assert change_tolerance_ms(4 * HOUR_MS) == 4 * HOUR_MS


def test_candles_are_cut_to_the_last_closed_ones():
    candles = make_candles(Interval.H1, count=300)

    window = window_candles(candles, AT_MS - HOUR_MS, 121)

    assert len(window) == 121
    assert window.open_time_ms[-1] == candles.open_time_ms[-2]
    assert window.close.tolist() == candles.close[-122:-1].tolist()


def test_a_short_history_is_kept_whole():
    candles = make_candles(Interval.H1, count=5)

    assert len(window_candles(candles, AT_MS, 121)) == 5
    assert len(window_candles(candles, int(candles.open_time_ms[0]), 121)) == 0


def test_a_dense_series_is_thinned_to_its_grid_the_changes_and_the_present():
    dense = make_series(60.0, days=60.0, step_ms=MINUTE_MS, max_age_ms=HOUR_MS)

    window = window_series(dense, AT_MS)

    grid_ms = AT_MS // (4 * HOUR_MS) * (4 * HOUR_MS) - 4 * HOUR_MS * np.arange(180)
    expected = {*grid_ms.tolist(), AT_MS, AT_MS - 4 * HOUR_MS, AT_MS - 24 * HOUR_MS}
    minute = {int(t) // MINUTE_MS * MINUTE_MS for t in expected - {AT_MS}} | {AT_MS - MINUTE_MS}
    assert set(window.ts_ms.tolist()) == minute
    assert len(window) == 183
    assert window.max_age_ms == dense.max_age_ms


def test_a_series_that_begins_later_gives_nothing():
    series = make_series(60.0, days=1.0)

    assert len(window_series(series, AT_MS - 2 * DAY_MS)) == 0
    assert len(window_series(Series.empty(HOUR_MS), AT_MS)) == 0


def test_liquidations_are_cut_to_24_hours_of_ended_buckets():
    buckets = make_buckets(hours=40.0)

    window = window_liquidations(buckets, AT_MS)

    assert len(window) == 288
    assert window.start_ms[-1] + window.bucket_ms <= AT_MS
    assert window.start_ms[0] + window.bucket_ms > AT_MS - DAY_MS
    assert len(window_liquidations(LiquidationBuckets.empty(), AT_MS)) == 0


def test_a_window_cut_again_is_the_same_window():
    once = window_history(make_history(candle_rows=200), AT_MS)

    again = window_history(once, AT_MS)

    assert set(again.candles) == set(CANDLE_ROWS)
    for interval in CANDLE_ROWS:
        assert again.candles[interval].close.tolist() == once.candles[interval].close.tolist()
    for name, series in once.series.items():
        assert again.series[name].ts_ms.tolist() == series.ts_ms.tolist()
        assert again.series[name].values.tolist() == series.values.tolist()
    assert once.liquidations is not None
    assert again.liquidations is not None
    assert again.liquidations.start_ms.tolist() == once.liquidations.start_ms.tolist()


def test_intervals_that_are_not_read_are_left_out():
    history = make_history()
    with_fine = type(history)(
        candles={**history.candles, Interval.M5: make_candles(Interval.M5)},
        series=history.series,
        liquidations=None,
    )

    window = window_history(with_fine, AT_MS)

    assert Interval.M5 not in window.candles
    assert window.liquidations is None
