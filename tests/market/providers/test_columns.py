"""Time-ordered answers: order, duplicates, refused rows, forming bars, funding periods."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.providers.columns import (
    RowChecks,
    column,
    funding_series,
    number_column,
    series_of,
    taker_buy_series,
    time_column,
)
from market.providers.payload import Refused, epoch_ms, finite
from market.types import HOUR_MS, Interval

T0 = 1_789_430_400_000  # 2026-09-15 00:00 UTC


def times(*hours: float) -> np.ndarray:
    return np.array([T0 + int(hour * HOUR_MS) for hour in hours], dtype=np.int64)


def one_by_one(reader, value, fallback):
    try:
        return reader(value)
    except Refused:
        return fallback


odd_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(10**40), max_value=10**40),
    st.floats(),
    st.text(max_size=8),
    st.from_regex(r"-?[0-9]{1,6}(\.[0-9]{1,4})?(e[+-]?[0-9]{1,3})?", fullmatch=True),
    st.lists(st.none(), max_size=1),
)


@given(st.lists(odd_values, max_size=12))
@settings(deadline=None, max_examples=300)
def test_a_number_column_reads_as_its_values_read_one_by_one(values):
    expected = [one_by_one(finite, value, np.nan) for value in values]

    np.testing.assert_array_equal(number_column(values), np.array(expected, dtype=np.float64))


@given(st.lists(st.from_regex(r"-?[0-9]{1,6}(\.[0-9]{1,4})?(e[+-]?[0-9]{1,3})?", fullmatch=True)))
@settings(deadline=None)
def test_a_column_of_decimal_texts_reads_as_its_values_read_one_by_one(values):
    expected = [one_by_one(finite, value, np.nan) for value in values]

    np.testing.assert_array_equal(number_column(values), np.array(expected, dtype=np.float64))


@given(st.lists(odd_values | st.integers(T0, T0 + 10**6) | st.just(str(T0)), max_size=12))
@settings(deadline=None, max_examples=300)
def test_a_time_column_reads_as_its_values_read_one_by_one(values):
    expected = [one_by_one(epoch_ms, value, 0) for value in values]

    assert time_column(values).tolist() == expected


@given(st.lists(st.integers(-(10**20), 10**20) | st.integers(T0, T0 + 10**6), min_size=1))
@settings(deadline=None)
def test_a_column_of_integers_reads_as_times_one_by_one(values):
    expected = [one_by_one(epoch_ms, value, 0) for value in values]

    assert time_column(values).tolist() == expected


@pytest.mark.parametrize("as_text", [False, True])
def test_times_before_2009_and_from_2100_on_are_refused_in_columns_too(as_text):
    edges = [1_230_767_999_999, 1_230_768_000_000, 4_102_444_799_999, 4_102_444_800_000]

    read = time_column([str(edge) for edge in edges] if as_text else edges)

    assert read.tolist() == [0, 1_230_768_000_000, 4_102_444_799_999, 0]


def test_a_column_is_taken_from_objects_and_lists_and_is_none_where_absent():
    assert column([{"a": 1}, {}, None, "a"], "a") == [1, None, None, None]
    assert column([[1, 2], [1], None, "ab"], 1) == [2, None, None, None]


def test_a_series_is_sorted_and_exact_duplicates_stand_once():
    stamps = times(2, 0, 1, 2)

    parsed = series_of(
        RowChecks(4), stamps, np.array([3.0, 1.0, 2.0, 3.0]), max_age_ms=1, newest_first=False
    )

    assert parsed.value.ts_ms.tolist() == times(0, 1, 2).tolist()
    assert parsed.value.values.tolist() == [1.0, 2.0, 3.0]
    assert parsed.refused == 0


@pytest.mark.parametrize(("newest_first", "kept"), [(False, 9.0), (True, 8.0)])
def test_of_conflicting_duplicates_the_newer_word_counts(newest_first, kept):
    parsed = series_of(
        RowChecks(2),
        times(0, 0),
        np.array([8.0, 9.0]),
        max_age_ms=1,
        newest_first=newest_first,
    )

    assert parsed.value.values.tolist() == [kept]


def test_a_bad_row_of_a_series_is_dropped_with_its_reason():
    stamps = np.array([T0, 0, T0 + HOUR_MS], dtype=np.int64)

    parsed = series_of(
        RowChecks(3), stamps, np.array([1.0, 2.0, np.nan]), max_age_ms=1, newest_first=False
    )

    assert parsed.value.values.tolist() == [1.0]
    assert parsed.refused == 2
    assert parsed.reasons == ("row 1: time is not plausible", "row 2: value cannot be read")


def test_a_series_without_a_good_row_is_refused_and_an_empty_one_is_empty():
    empty = np.empty(0, dtype=np.int64), np.empty(0)

    assert len(series_of(RowChecks(0), *empty, max_age_ms=1, newest_first=True).value) == 0
    with pytest.raises(Refused):
        series_of(RowChecks(1), times(0), np.array([np.nan]), max_age_ms=1, newest_first=True)


def test_funding_is_scaled_to_eight_hours_by_the_gap_before_each_row():
    # 8 h until 16:00, then every 4 h, and 00:00 missing
    stamps = times(0, 8, 16, 20, 28)
    rates = np.array([0.0001, 0.0001, 0.0001, 0.0001, 0.0001])

    parsed = funding_series(stamps, rates, interval_h=4, max_age_ms=1, newest_first=False)

    assert parsed.value.values == pytest.approx([0.01, 0.01, 0.01, 0.02, 0.01])


def test_a_gap_that_is_no_interval_takes_the_given_one():
    parsed = funding_series(
        times(0, 12), np.array([0.0001, 0.0001]), interval_h=4, max_age_ms=1, newest_first=False
    )

    assert parsed.value.values == pytest.approx([0.02, 0.02])


def test_a_single_funding_row_takes_the_given_interval():
    parsed = funding_series(
        times(0), np.array([0.0001]), interval_h=1, max_age_ms=1, newest_first=False
    )

    assert parsed.value.values == pytest.approx([0.08])


def test_the_jitter_of_funding_times_is_rounded_away():
    parsed = funding_series(
        times(0, 8) + np.array([5, -3]),
        np.array([0.0001, 0.0001]),
        interval_h=8,
        max_age_ms=1,
        newest_first=False,
    )

    assert parsed.value.ts_ms.tolist() == times(0, 8).tolist()


def test_a_taker_share_is_known_at_its_bars_end_and_the_forming_bar_is_left_out():
    parsed = taker_buy_series(
        times(0, 1, 2),
        np.array([30.0, 10.0, 1.0]),
        np.array([10.0, 10.0, 0.0]),
        period=Interval.H1,
        now_ms=T0 + 2 * HOUR_MS + 1,
        max_age_ms=1,
        newest_first=False,
    )

    assert parsed.value.ts_ms.tolist() == times(1, 2).tolist()
    assert parsed.value.values.tolist() == [75.0, 50.0]
    assert parsed.refused == 0


def test_a_bar_without_trades_has_no_taker_share():
    parsed = taker_buy_series(
        times(0, 1),
        np.array([0.0, 1.0]),
        np.array([0.0, 1.0]),
        period=Interval.H1,
        now_ms=T0 + 9 * HOUR_MS,
        max_age_ms=1,
        newest_first=False,
    )

    assert parsed.value.values.tolist() == [50.0]
    assert parsed.reasons == ("row 0: nothing was traded",)
