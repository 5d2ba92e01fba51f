"""Longer bars are made of complete parts, and are those that the venue would have given."""

from __future__ import annotations

import csv
import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.resample import resample
from market.types import Candles, Interval
from tests.recordings import recording

START_MS = 1_759_276_800_000  # 2025-10-01 00:00 UTC: on every grid


def bars(opened: list[int], interval: Interval = Interval.M15) -> Candles:
    """Return bars at these places of the grid, their prices telling which they are."""
    place = np.array(opened, dtype=np.float64)
    return Candles(
        interval,
        START_MS + np.array(opened, dtype=np.int64) * interval.ms,
        open=100 + place,
        high=110 + place,
        low=90 + place,
        close=101 + place,
        volume_base=np.ones(len(opened)),
        quote_volume_usd=np.full(len(opened), 100.0),
        taker_buy_base=np.full(len(opened), 0.5),
    )


def recorded(name: str, interval: Interval) -> Candles:
    with gzip.open(recording(f"data/candles/{name}"), "rt") as lines:
        rows = list(csv.DictReader(lines))
    columns = {
        field: np.array([float(row[field] or "nan") for row in rows])
        for field in ("open", "high", "low", "close", "volume", "quote_volume", "taker_buy_base")
    }
    return Candles(
        interval, np.array([int(row["open_time_ms"]) for row in rows]), *columns.values()
    )


def test_four_quarters_make_an_hour() -> None:
    hour = resample(bars([0, 1, 2, 3]), Interval.H1)

    assert hour.open_time_ms.tolist() == [START_MS]
    assert (hour.open[0], hour.high[0], hour.low[0], hour.close[0]) == (100, 113, 90, 104)
    assert (hour.volume_base[0], hour.quote_volume_usd[0], hour.taker_buy_base[0]) == (4, 400, 2)


@pytest.mark.parametrize("opened", [[0, 1, 2], [1, 2, 3], [0, 2, 3], [2, 3, 4, 5]])
def test_an_hour_with_a_part_missing_is_no_bar(opened: list[int]) -> None:
    assert len(resample(bars(opened), Interval.H1)) == 0


def test_a_volume_that_is_unknown_in_one_part_is_unknown_in_the_whole() -> None:
    quarters = bars([0, 1, 2, 3])
    quarters.taker_buy_base[1] = np.nan

    hour = resample(quarters, Interval.H1)

    assert np.isnan(hour.taker_buy_base[0])
    assert hour.volume_base[0] == 4


def test_bars_that_do_not_divide_the_longer_ones_are_refused() -> None:
    with pytest.raises(ValueError, match="do not make"):
        resample(bars([0], Interval.H4), Interval.H1)


@given(st.sets(st.integers(0, 200), max_size=120))
@settings(deadline=None)
def test_each_complete_hour_and_no_other_is_made(opened: set[int]) -> None:
    hours = resample(bars(sorted(opened)), Interval.H1)

    complete = [hour for hour in range(51) if {4 * hour + part for part in range(4)} <= opened]
    assert ((hours.open_time_ms - START_MS) // Interval.H1.ms).tolist() == complete


@given(st.sets(st.integers(0, 160), max_size=160), st.integers(0, 160))
@settings(deadline=None)
def test_bars_known_so_far_are_those_made_later_of_more(opened: set[int], until: int) -> None:
    everything = resample(bars(sorted(opened)), Interval.H1)

    so_far = resample(bars(sorted(place for place in opened if place < until)), Interval.H1)

    assert np.array_equal(so_far.close, everything.close[: len(so_far)])


@given(st.sets(st.integers(0, 300), max_size=300))
@settings(deadline=None)
def test_going_through_hours_gives_the_same_four_hours(opened: set[int]) -> None:
    quarters = bars(sorted(opened))

    through_hours = resample(resample(quarters, Interval.H1), Interval.H4)

    direct = resample(quarters, Interval.H4)
    assert np.array_equal(through_hours.open_time_ms, direct.open_time_ms)
    assert np.array_equal(through_hours.high, direct.high)
    assert np.array_equal(through_hours.close, direct.close)


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("fine", "coarse", "to"),
    [
        ("ETHUSDT_perp_15m_2025H2.csv.gz", "ETHUSDT_perp_1h_2023-2025.csv.gz", Interval.H1),
        ("BTCUSDT_perp_15m_2024-2025.csv.gz", "BTCUSDT_perp_4h_2024-2025.csv.gz", Interval.H4),
    ],
)
def test_resampled_bars_are_the_recorded_ones(fine: str, coarse: str, to: Interval) -> None:
    made = resample(recorded(fine, Interval.M15), to)
    native = recorded(coarse, to)

    shared, mine, theirs = np.intersect1d(
        made.open_time_ms, native.open_time_ms, return_indices=True
    )
    assert len(shared) > 1000
    # 2024-10-28 20:00 and the low of 2025-01-14 15:00 are faults of the recording itself.
    faulty = {1_730_145_600_000, 1_736_863_200_000 // to.ms * to.ms}
    sound = np.array([time not in faulty for time in shared.tolist()])
    for column in ("open", "high", "low", "close"):
        assert np.array_equal(
            getattr(made, column)[mine][sound], getattr(native, column)[theirs][sound]
        ), column
