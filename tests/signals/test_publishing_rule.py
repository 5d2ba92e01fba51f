"""When an evaluation becomes a signal: both sides of every threshold."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from signals.engine.types import Direction
from signals.publishing_rule import LastPublished, is_due
from tests.signals.results import AT_MS, HOUR_MS, PROFILE, make_result

LONG, SHORT = Direction.LONG, Direction.SHORT


def last(direction: Direction, score: str, at_ms: int = AT_MS) -> LastPublished:
    return LastPublished(7, "ab" * 32, direction, Decimal(score), at_ms, "cd" * 32)


@pytest.mark.parametrize(
    ("before", "score", "hours_later", "due"),
    [
        pytest.param(None, 55.0, 0, True, id="the first of a stream"),
        pytest.param(None, 50.0, 0, False, id="neutral is never published"),
        pytest.param(None, None, 0, False, id="an unknown score is never published"),
        pytest.param((LONG, "80"), 44.0, 0, True, id="a flip to short at once"),
        pytest.param((SHORT, "20"), 55.0, 0, True, id="a flip to long at once"),
        pytest.param((LONG, "60"), 60.0, 3.999, False, id="same side inside the cooldown"),
        pytest.param((LONG, "60"), 60.0, 4, True, id="same side after the cooldown"),
        pytest.param((LONG, "60"), 69.99, 0.1, False, id="not quite 10 further from 50"),
        pytest.param((LONG, "60"), 70.0, 0.1, True, id="10 further from 50"),
        pytest.param((LONG, "70"), 56.0, 0.1, False, id="weaker by 14 is not news"),
        pytest.param((SHORT, "40"), 30.0, 0.1, True, id="short: 10 further from 50"),
        pytest.param((SHORT, "40"), 30.01, 0.1, False, id="short: not quite 10 further"),
        pytest.param((LONG, "60"), 30.0, -0.001, False, id="older than what is published"),
    ],
)
def test_publishing_follows_the_rule(
    before: tuple[Direction, str] | None, score: float | None, hours_later: float, due: bool
) -> None:
    result = make_result(score, at_ms=AT_MS + int(hours_later * HOUR_MS))
    published = None if before is None else last(*before)

    decision = is_due(result, published, PROFILE)

    assert decision is due


def test_cooldown_and_distance_come_from_the_profile() -> None:
    patient = replace(PROFILE, cooldown_h=24.0, rescore_distance=30.0)
    again = make_result(75.0, at_ms=AT_MS + 12 * HOUR_MS)

    assert is_due(again, last(LONG, "60"), PROFILE)
    assert not is_due(again, last(LONG, "60"), patient)
