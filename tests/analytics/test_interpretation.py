"""The words about a signal and its context: nothing is said that the figures do not hold."""

from __future__ import annotations

import pytest

from analytics.interpretation import (
    Alignment,
    alignment_of,
    record_sentence,
    signal_sentence,
    summary,
)
from analytics.rates import Tally, rate_of
from market.types import Direction

LONG, SHORT, NEUTRAL = Direction.LONG, Direction.SHORT, Direction.NEUTRAL


@pytest.mark.parametrize(
    ("signal", "structure", "alignment"),
    [
        (LONG, LONG, Alignment.ALIGNED),
        (SHORT, SHORT, Alignment.ALIGNED),
        (LONG, SHORT, Alignment.CONFLICTING),
        (SHORT, LONG, Alignment.CONFLICTING),
        (LONG, NEUTRAL, Alignment.NEUTRAL),
        (NEUTRAL, LONG, Alignment.NEUTRAL),
        (NEUTRAL, NEUTRAL, Alignment.NEUTRAL),
        (LONG, None, Alignment.UNKNOWN),
        (NEUTRAL, None, Alignment.UNKNOWN),
    ],
)
def test_structure_agrees_contradicts_or_takes_no_side(
    signal: Direction, structure: Direction | None, alignment: Alignment
) -> None:
    assert alignment_of(signal, structure) is alignment


@pytest.mark.parametrize(
    ("signal", "score", "reason", "sentence"),
    [
        (LONG, 61.25, None, "BTC is LONG: score 61.25 of 100, where 50 is neutral."),
        (
            NEUTRAL,
            50.0,
            "between_thresholds",
            "BTC is NEUTRAL: score 50 of 100, where 50 is neutral.",
        ),
        (
            NEUTRAL,
            58.0,
            "insufficient_data",
            "BTC is NEUTRAL: too little is known for a side (score 58 of 100).",
        ),
        (
            NEUTRAL,
            None,
            "insufficient_data",
            "BTC is NEUTRAL: nothing is known of it right now.",
        ),
    ],
)
def test_the_signal_is_said_with_its_score_or_with_what_is_lacking(
    signal: Direction, score: float | None, reason: str | None, sentence: str
) -> None:
    assert signal_sentence("BTC", signal, score, reason) == sentence


def test_without_outcomes_no_rate_is_said() -> None:
    sentence = record_sentence(rate_of(Tally()), 24, 30)

    assert sentence == "No outcome of its signals of the last 30 days is known: no edge shown."


def test_few_outcomes_are_called_few_and_show_no_edge() -> None:
    lucky = Tally(n=10, hits=10, base_n=10, sum_base_rate=4.5)

    sentence = record_sentence(rate_of(lucky), 24, 30)

    assert sentence.startswith("Of 10 signals of the last 30 days, few, 100 % were right after 24")
    assert "base rate 45 %" in sentence
    assert sentence.endswith("no edge shown.")


def test_an_edge_is_said_only_when_the_whole_interval_lies_above_the_base_rate() -> None:
    better = Tally(n=400, hits=260, base_n=400, sum_base_rate=200.0)
    same = Tally(n=400, hits=205, base_n=400, sum_base_rate=200.0)

    assert record_sentence(rate_of(better), 24, 30).endswith(" edge shown.")
    assert "no edge" not in record_sentence(rate_of(better), 24, 30)
    assert record_sentence(rate_of(same), 24, 30).endswith("no edge shown.")


def test_an_unknown_base_rate_is_said_to_be_unknown() -> None:
    sentence = record_sentence(rate_of(Tally(n=40, hits=30)), 4, 30)

    assert "base rate unknown" in sentence
    assert sentence.endswith("no edge shown.")


def test_a_record_that_was_not_asked_for_is_not_mentioned() -> None:
    assert summary("BTC is LONG.", Alignment.ALIGNED, None) == (
        "BTC is LONG. The chart's structure agrees."
    )
