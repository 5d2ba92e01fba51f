"""Axes of a chart: round prices, round hours of a place."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.chart_axes import Scale, price_ticks, time_ticks

HOUR_MS = 3_600_000
MIDNIGHT_MS = int(datetime(2026, 11, 25, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (86_500.0, 90_400.0, ["87,000", "88,000", "89,000", "90,000"]),
        (0.00000612, 0.00000641, ["0.00000615", "0.00000620", "0.00000625", "0.00000630",
                                  "0.00000635", "0.00000640"]),
        (0.0, 14.0, ["0.0", "2.5", "5.0", "7.5", "10.0", "12.5"]),
        (3.21, 3.28, ["3.22", "3.24", "3.26", "3.28"]),
        (99.0, 101.0, ["99.0", "99.5", "100.0", "100.5", "101.0"]),
    ],
)  # fmt: skip
def test_prices_on_the_axis_are_round_and_have_the_same_decimals(
    low: float, high: float, labels: list[str]
) -> None:
    assert [tick.label for tick in price_ticks(low, high, 6)] == labels


@given(
    low=st.floats(min_value=1e-10, max_value=1e7),
    share=st.floats(min_value=1e-6, max_value=10.0),
)
def test_labels_of_an_axis_are_few_differ_and_lie_within_it(low: float, share: float) -> None:
    high = low * (1.0 + share)

    ticks = price_ticks(low, high, 6)

    slack = (high - low) * 1e-6
    assert 2 <= len(ticks) <= 7
    assert len({tick.label for tick in ticks}) == len(ticks)
    for tick in ticks:
        assert low - slack <= tick.value <= high + slack
        assert float(tick.label.replace(",", "")) == pytest.approx(tick.value, rel=1e-6)


@pytest.mark.parametrize(
    ("hours", "zone", "labels"),
    [
        (72, "UTC", ["25 Nov", "12:00", "26 Nov", "12:00", "27 Nov", "12:00", "28 Nov"]),
        (5, "UTC", ["25 Nov", "01:00", "02:00", "03:00", "04:00", "05:00"]),
        (24, "America/New_York", ["20:00", "25 Nov", "04:00", "08:00", "12:00", "16:00"]),
        (24, "Asia/Colombo", ["08:00", "12:00", "16:00", "20:00", "26 Nov", "04:00"]),
    ],
)
def test_times_on_the_axis_are_round_where_the_reader_is(
    hours: int, zone: str, labels: list[str]
) -> None:
    ticks = time_ticks(MIDNIGHT_MS, MIDNIGHT_MS + hours * HOUR_MS, ZoneInfo(zone), 7)

    assert [tick.label for tick in ticks] == labels


def test_a_month_has_labels_some_days_apart() -> None:
    ticks = time_ticks(MIDNIGHT_MS, MIDNIGHT_MS + 30 * 24 * HOUR_MS, UTC, 8)

    assert [tick.label for tick in ticks] == [
        "28 Nov", "2 Dec", "6 Dec", "10 Dec", "14 Dec", "18 Dec", "22 Dec",
    ]  # fmt: skip


def test_a_scale_maps_its_ends_and_what_lies_between() -> None:
    scale = Scale(low=10.0, high=20.0, low_px=500.0, high_px=100.0)

    assert [scale.px(value) for value in (10.0, 15.0, 20.0)] == [500.0, 300.0, 100.0]
    assert scale.px_of_span(2.5) == 100.0
