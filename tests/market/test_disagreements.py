"""When a paid and a key-less source do not fit together: each tolerance, on both sides."""

from __future__ import annotations

import re

import pytest

from market.disagreements import TOLERANCES, disagreement
from market.snapshot import ReadingName
from tests.source_tree import ROOT

# (reading, paid, key-less: just fits, just does not)
BOUNDS = [
    (ReadingName.FUNDING, 0.010, 0.060, 0.0601),
    (ReadingName.FUNDING, 0.010, -0.040, -0.0401),
    (ReadingName.OPEN_INTEREST, 900.0, 1000.0, 1000.1),
    (ReadingName.OPEN_INTEREST, 40_000.0, 1000.0, 999.9),
    (ReadingName.LONG_ACCOUNTS, 60.0, 65.0, 65.01),
    (ReadingName.LONG_ACCOUNTS, 60.0, 55.0, 54.99),
    (ReadingName.TOP_TRADERS, 60.0, 65.0, 65.01),
    (ReadingName.TOP_TRADERS, 60.0, 55.0, 54.99),
    (ReadingName.LIQUIDATIONS, 800.0, 1000.0, 1000.1),
    (ReadingName.FEAR_GREED, 50.0, 60.0, 60.1),
    (ReadingName.FEAR_GREED, 50.0, 40.0, 39.9),
]


@pytest.mark.parametrize(("reading", "paid", "fits", "does_not"), BOUNDS)
def test_each_tolerance_holds_up_to_its_bound_and_not_beyond(
    reading: ReadingName, paid: float, fits: float, does_not: float
) -> None:
    assert disagreement(reading, paid, {"binance": fits}) is None
    assert disagreement(reading, paid, {"binance": does_not}) is not None


def test_every_tolerance_is_tried() -> None:
    assert {reading for reading, *_ in BOUNDS} == set(TOLERANCES)


def test_liquidations_may_exceed_the_floor_by_any_amount() -> None:
    assert disagreement(ReadingName.LIQUIDATIONS, 1e12, {"okx": 1.0}) is None
    assert disagreement(ReadingName.LIQUIDATIONS, 0.0, {"okx": 0.0}) is None


def test_the_sentence_shows_both_values_the_source_and_the_tolerance() -> None:
    found = disagreement(ReadingName.FUNDING, 1.5, {"binance": 1.5, "okx": 0.01})

    assert found == (
        "okx",
        "disagrees: 0.01 here, 1.5 from the paid source that is used; "
        "they are expected to lie within 0.05 points",
    )


@pytest.mark.parametrize(
    "reading", [ReadingName.SOCIAL_SENTIMENT, ReadingName.PRICE, ReadingName.CANDLES]
)
def test_what_measures_different_things_is_not_compared(reading: ReadingName) -> None:
    assert disagreement(reading, 1.0, {"binance": 1e9}) is None


def test_nobody_to_compare_with_is_no_disagreement() -> None:
    assert disagreement(ReadingName.FUNDING, 1.0, {}) is None


@pytest.mark.parametrize("reading", TOLERANCES)
def test_every_tolerance_is_documented_with_its_number(reading: ReadingName) -> None:
    page = (ROOT / "docs" / "providers.md").read_text()
    numbers = re.findall(r"\d+(?:\.\d+)?", TOLERANCES[reading].meaning)

    [row] = [line for line in page.splitlines() if line.startswith(f"| `{reading.value}` |")]
    assert numbers
    assert all(number in row for number in numbers)
