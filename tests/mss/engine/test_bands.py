"""Both sides of every edge: what a figure earns, by the table of the standard profile."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mss.engine.evaluate import score_phase
from mss.engine.profile import STANDARD
from mss.engine.types import Bands, Figure
from tests.mss.builders import make_inputs

UP, DOWN = math.inf, -math.inf

# line, figure, and points of (edge, at or just beside it)
TABLE: tuple[tuple[str, Figure, tuple[tuple[float, float, float, float], ...]], ...] = (
    # Each row: the edge, the points just below, at, and just above it.
    (
        "valuation", Figure.VALUATION,
        ((5e6, 15, 15, 13), (10e6, 13, 13, 10), (25e6, 10, 10, 6), (50e6, 6, 6, 2), (1e8, 2, 2, 0)),
    ),
    (
        "age", Figure.AGE,
        ((24, 9, 9, 8), (48, 8, 8, 6), (72, 6, 6, 3), (168, 3, 3, 1), (720, 1, 1, 0)),
    ),
    (
        "circulating", Figure.CIRCULATING,
        ((20, 6, 6, 5), (40, 5, 5, 3), (60, 3, 3, 1), (80, 1, 1, 0)),
    ),
    (
        "alt_rank", Figure.ALT_RANK,
        ((50, 10, 10, 8), (100, 8, 8, 5), (200, 5, 5, 3), (500, 3, 3, 1)),
    ),
    (
        "galaxy_score", Figure.GALAXY_SCORE,
        ((35, 0, 2, 2), (50, 2, 5, 5), (65, 5, 8, 8), (75, 8, 10, 10)),
    ),
    (
        "sentiment", Figure.SENTIMENT,
        ((50, 0, 3, 3), (60, 3, 5, 5), (70, 5, 8, 8), (80, 8, 10, 10)),
    ),
    (
        "volume_spike", Figure.BUY_PRESSURE,
        ((60, 0, 0, 1), (65, 1, 1, 2), (70, 2, 2, 3), (75, 3, 3, 4), (80, 4, 4, 5)),
    ),
    (
        "open_interest", Figure.OPEN_INTEREST_CHANGE,
        ((0, 0, 1, 1), (3, 1, 4, 4), (10, 4, 7, 7), (25, 7, 10, 10), (50, 10, 12, 12)),
    ),
    (
        "top_traders", Figure.TOP_TRADER_RATIO,
        ((1.0, 1, 4, 4), (1.2, 4, 7, 7), (1.5, 7, 10, 10), (2.5, 10, 10, 5)),
    ),
    (
        "funding", Figure.FUNDING,
        ((-0.02, 0, 3, 3), (0.0, 3, 5, 5), (0.01, 5, 4, 4), (0.04, 4, 1, 1), (0.08, 1, 0, 0)),
    ),
    ("whale", Figure.OPEN_INTEREST_CHANGE, ((5, 0, 0, 2), (50, 2, 2, 3))),
    ("whale", Figure.TOP_TRADER_RATIO, ((1.5, 0, 2, 2), (2.5, 2, 2, 0))),
    ("whale", Figure.BUY_PRESSURE, ((60, 0, 0, 2), (65, 2, 2, 3))),
)  # fmt: skip


def earned(line: str, figure: Figure, value: float) -> float:
    """Return what a coin of which this alone is known earns on a line."""
    inputs = make_inputs({figure: value})
    [rule] = [
        rule
        for phase in STANDARD.phases
        for rule in score_phase(inputs, phase).rules
        if rule.name == line
    ]
    return rule.points


@pytest.mark.parametrize(
    ("line", "figure", "value", "points"),
    [
        pytest.param(line, figure, value, points, id=f"{line}-{figure.name}-{value!r}")
        for line, figure, edges in TABLE
        for edge, below, at, beyond in edges
        for value, points in (
            (math.nextafter(edge, DOWN), below), (edge, at), (math.nextafter(edge, UP), beyond),
        )
    ],
)  # fmt: skip
def test_a_figure_earns_what_the_table_says_on_both_sides_of_each_edge(
    line: str, figure: Figure, value: float, points: float
) -> None:
    assert earned(line, figure, value) == points


def test_the_table_holds_every_edge_of_the_profile() -> None:
    edges = {
        (rule.name, part.figure): [edge.at for edge in part.bands.edges]
        for phase in STANDARD.phases
        for rule in phase.rules
        for part in rule.parts
    }

    assert edges == {(line, figure): [row[0] for row in rows] for line, figure, rows in TABLE}


@pytest.mark.parametrize("part", [p for ph in STANDARD.phases for r in ph.rules for p in r.parts])
@given(value=st.floats(allow_nan=False, allow_infinity=True))
def test_whatever_the_value_points_lie_between_nothing_and_the_most(
    part: object, value: float
) -> None:
    bands: Bands = part.bands  # type: ignore[attr-defined]

    assert 0.0 <= bands.points(value) <= bands.most
