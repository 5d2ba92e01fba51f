"""Changes of a coin's social life over a day, the momentum made of them, and spikes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.providers.lunarcrush_history_payloads import Bucket, SocialHistory
from market.social_momentum import (
    SocialChange,
    change_of,
    changed_pct,
    momentum_level,
    momentum_of,
    spike_level,
)
from market.types import HOUR_MS

START_MS = 1_790_640_000_000  # a whole hour
UNCHANGED = SocialChange(0.0, 0.0, 0.0, 0.0, 0.0)


def hours(count: int = 48, **columns: object) -> SocialHistory:
    """Return a history of closed hours in which nothing moves but the columns given."""
    start_ms = START_MS + HOUR_MS * np.arange(count, dtype=np.int64)
    names = [name for name in SocialHistory.__dataclass_fields__ if name not in NOT_COLUMNS]
    return SocialHistory(
        bucket=Bucket.HOUR,
        topic="bitcoin",
        start_ms=start_ms,
        observed_at_ms=int(start_ms[-1]) + 2 * HOUR_MS if count else START_MS,
        **{  # type: ignore[arg-type]
            name: np.asarray(columns.get(name, np.full(count, 50.0)), dtype=np.float64)
            for name in names
        },
    )


NOT_COLUMNS = {"bucket", "topic", "start_ms", "observed_at_ms"}


def two_days(first: float, second: float) -> np.ndarray:
    return np.repeat([first, second], 24)


# --- Changes --------------------------------------------------------------------------------------


def test_sums_of_a_day_are_held_against_the_day_before_and_levels_against_its_last_hour() -> None:
    history = hours(
        interactions=two_days(100.0, 150.0),
        posts_active=two_days(10.0, 8.0),
        galaxy_score=np.linspace(40.0, 87.0, 48),
        sentiment_pct=two_days(80.0, 75.0),
        close_usd=two_days(200.0, 210.0),
    )

    change = change_of(history)

    assert change.interactions_pct == pytest.approx(50.0)
    assert change.posts_pct == pytest.approx(-20.0)
    assert change.galaxy_points == pytest.approx(24.0)
    assert change.sentiment_points == pytest.approx(-5.0)
    assert change.price_pct == pytest.approx(5.0)


def test_an_hour_that_is_still_counting_is_left_out() -> None:
    history = hours(49, interactions=[*two_days(100.0, 150.0), 1.0])
    counting = replace(history, observed_at_ms=int(history.start_ms[-1]) + HOUR_MS // 2)

    assert change_of(counting).interactions_pct == pytest.approx(50.0)


def test_only_the_two_days_asked_for_are_read() -> None:
    history = hours(72, interactions=[*np.full(24, 9999.0), *two_days(100.0, 150.0)])

    assert change_of(history).interactions_pct == pytest.approx(50.0)


@pytest.mark.parametrize(("unknown", "is_known"), [(4, True), (5, False)])
def test_a_day_needs_twenty_known_hours_and_missing_ones_count_as_the_others(
    unknown: int, is_known: bool
) -> None:
    interactions = two_days(100.0, 150.0)
    interactions[24 : 24 + unknown] = np.nan

    change = change_of(hours(interactions=interactions)).interactions_pct

    assert change == (pytest.approx(50.0) if is_known else None)


def test_a_day_alone_and_no_hours_at_all_say_nothing() -> None:
    assert change_of(hours(24)) == SocialChange(None, None, None, None, None)
    assert change_of(hours(0)) == SocialChange(None, None, None, None, None)


@pytest.mark.parametrize("before", [None, 0.0, -1.0])
def test_a_change_from_nothing_is_unknown(before: float | None) -> None:
    assert changed_pct(before, 5.0) is None
    assert changed_pct(5.0, None) is None


# --- Momentum -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "momentum"),
    [
        (UNCHANGED, 50.0),
        (replace(UNCHANGED, interactions_pct=100.0), 60.0),
        (replace(UNCHANGED, interactions_pct=200.0), 70.0),
        (replace(UNCHANGED, interactions_pct=900.0), 70.0),
        (replace(UNCHANGED, interactions_pct=-100.0), 40.0),
        (replace(UNCHANGED, galaxy_points=15.0), 65.0),
        (replace(UNCHANGED, galaxy_points=-40.0), 35.0),
        (replace(UNCHANGED, sentiment_points=2.0), 53.0),
        (replace(UNCHANGED, sentiment_points=-30.0), 35.0),
        # What is not known of score and sentiment moves nothing; prices and posts never do.
        (SocialChange(100.0, None, None, None, None), 60.0),
        (replace(UNCHANGED, posts_pct=500.0, price_pct=500.0), 50.0),
        (SocialChange(None, 50.0, 15.0, 10.0, 5.0), None),
    ],
)
def test_momentum_is_fifty_and_what_each_change_adds_up_to_its_bound(
    change: SocialChange, momentum: float | None
) -> None:
    assert momentum_of(change) == (None if momentum is None else pytest.approx(momentum))


@given(*[st.floats(-1e9, 1e9)] * 3)
def test_momentum_lies_between_zero_and_a_hundred(
    interactions_pct: float, galaxy_points: float, sentiment_points: float
) -> None:
    momentum = momentum_of(
        SocialChange(interactions_pct, None, galaxy_points, sentiment_points, None)
    )

    assert momentum is not None
    assert 0.0 <= momentum <= 100.0


@pytest.mark.parametrize(
    ("momentum", "level"),
    [
        (100.0, "very_strong"), (70.0, "very_strong"), (69.9, "strong"), (55.0, "strong"),
        (54.9, "neutral"), (45.0, "neutral"), (44.9, "weak"), (30.0, "weak"), (29.9, "very_weak"),
        (0.0, "very_weak"),
    ],
)  # fmt: skip
def test_a_level_begins_at_its_bound(momentum: float, level: str) -> None:
    assert momentum_level(momentum) == level


@pytest.mark.parametrize(
    ("interactions_pct", "level"),
    [
        (0.0, "normal"), (50.0, "normal"), (50.1, "moderate"), (100.0, "moderate"),
        (100.1, "high"), (300.0, "high"), (300.1, "extreme"), (-50.1, "moderate"),
        (-100.1, "high"),
    ],
)  # fmt: skip
def test_a_spike_lies_beyond_its_bound_either_way(interactions_pct: float, level: str) -> None:
    assert spike_level(interactions_pct) == level
