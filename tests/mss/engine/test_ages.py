"""How old a coin is, by whose word, and when nobody can say."""

from __future__ import annotations

import pytest

from market.snapshot import Problem, Reading
from market.types import DAY_MS, HOUR_MS
from mss.engine.ages import AgeSigns, age_of
from tests.mss.builders import AT_MS


def ago(hours: float) -> int:
    return AT_MS - int(hours * HOUR_MS)


@pytest.mark.parametrize(
    ("signs", "hours", "source"),
    [
        (AgeSigns(genesis_at_ms=ago(90)), 90, "coingecko"),
        (AgeSigns(binance_listed_at_ms=ago(5), okx_listed_at_ms=ago(7)), 7, "okx"),
        (AgeSigns(binance_listed_at_ms=ago(9), okx_listed_at_ms=ago(7)), 9, "binance"),
        (AgeSigns(binance_listed_at_ms=ago(5), first_seen_at_ms=ago(30)), 30, "own_lists"),
        (AgeSigns(genesis_at_ms=ago(900), first_seen_at_ms=ago(30)), 900, "coingecko"),
        # a listing announced for tomorrow is no sign yet
        (AgeSigns(binance_listed_at_ms=ago(-24), okx_listed_at_ms=ago(1)), 1, "okx"),
    ],
)
def test_the_earliest_sign_counts_and_is_named(signs: AgeSigns, hours: int, source: str) -> None:
    age = age_of(signs, AT_MS)

    assert isinstance(age, Reading)
    assert (age.value, age.source) == (hours, source)
    assert age.note


def test_a_coin_of_which_nobody_tells_has_no_age() -> None:
    assert isinstance(age_of(AgeSigns(), AT_MS), Problem)
    assert isinstance(age_of(AgeSigns(binance_listed_at_ms=ago(-1)), AT_MS), Problem)


def test_a_coin_of_our_first_list_is_older_than_it_and_not_as_new_as_its_perpetual() -> None:
    signs = AgeSigns(
        binance_listed_at_ms=ago(10), first_seen_at_ms=ago(48), stood_at_first_reading=True
    )

    age = age_of(signs, AT_MS)

    assert isinstance(age, Problem)
    assert "older" in age.detail


def test_a_listing_before_our_first_list_is_still_a_sign() -> None:
    signs = AgeSigns(
        binance_listed_at_ms=ago(60), first_seen_at_ms=ago(48), stood_at_first_reading=True
    )

    age = age_of(signs, AT_MS)

    assert isinstance(age, Reading)
    assert (age.value, age.source) == (60, "binance")


@pytest.mark.parametrize(("days", "known"), [(30, False), (30.01, True)])
def test_once_our_lists_are_a_month_old_their_first_coins_are_known_to_be_old(
    days: float, known: bool
) -> None:
    first = AT_MS - int(days * DAY_MS)

    age = age_of(AgeSigns(first_seen_at_ms=first, stood_at_first_reading=True), AT_MS)

    assert isinstance(age, Reading) is known
    if isinstance(age, Reading):
        assert age.value > 720
        assert "at least" in str(age.note)
