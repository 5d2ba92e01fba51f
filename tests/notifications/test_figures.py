"""Figures in messages: fitting digits, no exponent, nothing rounded away."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications import figures

UNITS = {"": 0, "k": 3, "M": 6, "bn": 9, "tn": 12}

finite = st.floats(allow_nan=False, allow_infinity=False)
prices = st.floats(min_value=1e-12, max_value=1e9)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("0.000006200000000000"), "0.0000062"),
        (0.0000062, "0.0000062"),
        (0.000006213456, "0.0000062135"),
        (1e-12, "0.000000000001"),
        (0.99999, "0.99999"),
        (0.999999, "1"),
        (3.25124, "3.2512"),
        (3.25, "3.25"),
        (9.99996, "10"),
        (151.2372, "151.24"),
        (1234.56, "1,234.6"),
        (117166.5, "117,166.5"),
        (np.float64(117166.54), "117,166.5"),
        (105_000, "105,000"),
        (Decimal("1234567890.12"), "1,234,567,890.1"),
        (-5.5, "−5.5"),
        (0.0, "0"),
    ],
)
def test_a_price_has_the_digits_that_fit_it(value: float, text: str) -> None:
    assert figures.price(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(85.0, "85 %"), (-0.0125, "−0.0125 %"), (12.344, "12.34 %"), (0.000123, "0.000123 %")],
)
def test_a_percentage_keeps_its_small_digits(value: float, text: str) -> None:
    assert figures.percent(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(3.217, "+3.22 %"), (-3.217, "−3.22 %"), (0.0, "0 %"), (-0.0, "0 %")]
)
def test_a_change_has_its_sign(value: float, text: str) -> None:
    assert figures.signed_percent(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(12.5, "+12.50"), (Decimal("-3.1"), "−3.10"), (0.01, "+0.01"), (0.0, "0.00"), (-0.0, "0.00")],
)
def test_points_have_their_sign_and_two_decimals(value: float, text: str) -> None:
    assert figures.signed_points(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 USD"),
        (0.00412, "0.00412 USD"),
        (12.3, "12.3 USD"),
        (999.4, "999 USD"),
        (999.5, "1.0 k USD"),
        (999_949, "999.9 k USD"),
        (999_950, "1.0 M USD"),
        (286_400_000.0, "286.4 M USD"),
        (-286_400_000.0, "−286.4 M USD"),
        (8_012_345_678.0, "8.0 bn USD"),
        (3.1e12, "3.1 tn USD"),
        (3.1e15, "3,100.0 tn USD"),
    ],
)
def test_an_amount_is_told_in_the_unit_that_fits(value: float, text: str) -> None:
    assert figures.usd(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.3, "under 1 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (3569, "59 min"),
        (3571, "1 h"),
        (12_000, "3 h 20 min"),
        (86_369, "23 h 59 min"),
        (86_371, "1 d"),
        (187_200, "2 d 4 h"),
        (-12_000, "3 h 20 min"),
    ],
)
def test_a_duration_has_two_units_at_most(seconds: float, text: str) -> None:
    assert figures.duration(seconds) == text


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("UTC", "25 Nov 2026, 23:05 UTC"),
        ("Europe/Berlin", "26 Nov 2026, 00:05 CET"),
        ("America/New_York", "25 Nov 2026, 18:05 EST"),
        ("Asia/Dubai", "26 Nov 2026, 03:05 UTC+04"),
        ("Asia/Colombo", "26 Nov 2026, 04:35 UTC+05:30"),
    ],
)
def test_a_time_is_told_on_the_clock_of_the_place(zone: str, text: str) -> None:
    instant = datetime(2026, 11, 25, 23, 5, 59, tzinfo=UTC)

    assert figures.local_time(instant, ZoneInfo(zone)) == text
    assert figures.short_local_time(instant, UTC) == "25 Nov 23:05"


@pytest.mark.parametrize(
    ("before", "after"), [("2026-10-25T00:59", "CEST"), ("2026-10-25T01:00", "CET")]
)
def test_the_hour_that_is_there_twice_is_told_apart(before: str, after: str) -> None:
    instant = datetime.fromisoformat(before).replace(tzinfo=UTC)

    assert figures.local_time(instant, ZoneInfo("Europe/Berlin")).endswith(
        f", 02:{before[-2:]} {after}"
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), Decimal("NaN")])
@pytest.mark.parametrize("figure", [figures.price, figures.percent, figures.points, figures.usd])
def test_what_is_no_number_has_no_figure(figure: Callable[..., str], value: float) -> None:
    with pytest.raises(ValueError, match="no figure"):
        figure(value)


def read(text: str) -> tuple[Decimal, Decimal]:
    """Return the number that a figure shows, and half a unit of its last digit."""
    match = re.fullmatch(r"[+]?(−?)([\d,]+(?:\.(\d+))?)(?: ([kMbtn]*))?(?: ?USD| ?%)?", text)
    assert match is not None, text
    sign, digits, fraction, unit = match.groups()
    exponent = UNITS[unit or ""]
    shown = Decimal(f"{'-' if sign else ''}{digits.replace(',', '')}").scaleb(exponent)
    return shown, Decimal(5).scaleb(exponent - len(fraction or "") - 1)


@pytest.mark.parametrize(
    "figure",
    [
        figures.price,
        figures.percent,
        figures.signed_percent,
        figures.points,
        figures.signed_points,
        figures.usd,
    ],
)
@given(value=finite)
def test_a_figure_reads_back_within_half_a_unit_of_its_last_digit(
    figure: Callable[..., str], value: float
) -> None:
    shown, half_a_unit = read(figure(value))

    assert abs(shown - Decimal(repr(value))) <= half_a_unit
    assert (shown == 0) == (value == 0)


@given(value=prices)
def test_a_price_is_right_to_a_twenty_thousandth(value: float) -> None:
    shown, _ = read(figures.price(value))

    assert abs(shown / Decimal(repr(value)) - 1) <= Decimal("0.00005")


@given(low=prices, high=prices)
def test_a_higher_price_never_reads_lower(low: float, high: float) -> None:
    low, high = sorted((low, high))

    assert read(figures.price(low))[0] <= read(figures.price(high))[0]


@given(seconds=st.integers(min_value=0, max_value=10**9))
def test_a_duration_reads_back_within_half_of_its_smallest_unit(seconds: int) -> None:
    units = {"s": 1, "min": 60, "h": 3600, "d": 86400}
    parts = figures.duration(seconds).split(" ")

    shown = sum(
        int(count) * units[unit] for count, unit in zip(parts[::2], parts[1::2], strict=True)
    )

    finest = 1 if seconds < 60 else 60 if shown < 86400 else 3600
    assert abs(timedelta(seconds=shown - seconds)) <= timedelta(seconds=finest / 2)
