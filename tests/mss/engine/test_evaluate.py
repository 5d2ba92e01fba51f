"""Three phases and their sum: ranges, verdicts, tiers, what is missing, what is warned of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mss.engine.evaluate import evaluate, has_whale, tier_of, warnings_of
from mss.engine.profile import STANDARD
from mss.engine.types import Figure, PhaseStatus, Tier, TierConfidence, Warned
from tests.mss.builders import BEST, make_inputs

some_figures = st.dictionaries(
    st.sampled_from(list(Figure)), st.floats(-1e12, 1e12, allow_nan=False)
)


@given(figures=some_figures)
def test_phases_lie_in_30_35_35_and_the_total_is_their_sum(figures: dict[Figure, float]) -> None:
    result = evaluate(make_inputs(figures), STANDARD)

    assert [phase.most for phase in result.phases] == [30.0, 35.0, 35.0]
    assert all(0.0 <= phase.score <= phase.most for phase in result.phases)
    assert result.total == sum(phase.score for phase in result.phases)
    assert 0.0 <= result.total <= 100.0
    assert 0.0 <= result.coverage_pct <= 100.0


@given(figures=some_figures, figure=st.sampled_from(list(Figure)))
def test_knowing_less_never_raises_a_score_or_the_coverage(
    figures: dict[Figure, float], figure: Figure
) -> None:
    known = evaluate(make_inputs(figures), STANDARD)
    less = evaluate(make_inputs({f: v for f, v in figures.items() if f != figure}), STANDARD)

    assert less.total <= known.total
    assert less.coverage_pct <= known.coverage_pct


@given(figures=some_figures)
def test_a_missing_figure_is_named_on_every_line_that_reads_it(
    figures: dict[Figure, float],
) -> None:
    result = evaluate(make_inputs(figures), STANDARD)

    for phase in result.phases:
        for rule in phase.rules:
            assert set(rule.missing) == set(rule.figures) - figures.keys()


def test_the_best_coin_earns_all_and_nothing_known_earns_nothing() -> None:
    best, unknown = evaluate(make_inputs(), STANDARD), evaluate(make_inputs({}), STANDARD)

    assert [phase.score for phase in best.phases] == [30.0, 35.0, 35.0]
    assert (best.tier, best.confidence) == (Tier.STRONG_LONG, TierConfidence.VERY_HIGH)
    assert best.coverage_pct == 100.0
    assert unknown.total == 0.0
    assert (unknown.tier, unknown.confidence) == (Tier.NEUTRAL, TierConfidence.INSUFFICIENT)
    assert {phase.status for phase in unknown.phases} == {PhaseStatus.INSUFFICIENT_DATA}


@pytest.mark.parametrize(
    ("figures", "score", "status"),
    [
        # valued at most 25 million 10, up to two days old 8: at 15 a phase has passed
        ({Figure.VALUATION: 5e6, Figure.AGE: 1000, Figure.CIRCULATING: 90}, 15.0, "PASS"),
        ({Figure.VALUATION: 10e6, Figure.AGE: 700, Figure.CIRCULATING: 90}, 14.0, "FAIL"),
        ({Figure.VALUATION: 10e6, Figure.AGE: 700}, 14.0, "INSUFFICIENT_DATA"),
        # 6 points of unknown circulation could not lift 8 to 15
        ({Figure.VALUATION: 1e9, Figure.AGE: 48}, 8.0, "FAIL"),
        ({Figure.VALUATION: 1e9, Figure.AGE: 24}, 9.0, "INSUFFICIENT_DATA"),
    ],
)
def test_a_phase_passes_at_its_mark_and_fails_when_nothing_unknown_could_lift_it(
    figures: dict[Figure, float], score: float, status: str
) -> None:
    discovery = evaluate(make_inputs(figures), STANDARD).phases[0]

    assert (discovery.score, discovery.status) == (score, status)


def test_marks_are_15_and_17_and_a_half_and_20() -> None:
    assert [phase.pass_mark for phase in STANDARD.phases] == [15.0, 17.5, 20.0]


def test_without_lunarcrush_the_votes_cannot_pass_the_social_phase_nor_fail_it() -> None:
    inputs = make_inputs(without=(Figure.ALT_RANK, Figure.GALAXY_SCORE))

    social = evaluate(inputs, STANDARD).phases[1]

    assert social.score == 15.0
    assert social.status is PhaseStatus.INSUFFICIENT_DATA
    assert social.missing == (Figure.ALT_RANK, Figure.GALAXY_SCORE)
    assert social.coverage_pct == pytest.approx(100 * 15 / 35)


@pytest.mark.parametrize(
    ("total", "tier"),
    [
        (100.0, Tier.STRONG_LONG), (75.0, Tier.STRONG_LONG), (74.99, Tier.LONG),
        (65.0, Tier.LONG), (64.99, Tier.MODERATE_LONG), (50.0, Tier.MODERATE_LONG),
        (49.99, Tier.WEAK_LONG), (35.0, Tier.WEAK_LONG), (34.99, Tier.NEUTRAL), (0.0, Tier.NEUTRAL),
    ],
)  # fmt: skip
def test_a_total_has_its_tier_from_the_edge_on(total: float, tier: Tier) -> None:
    assert tier_of(total, STANDARD) is tier


@pytest.mark.parametrize(
    ("without", "coverage_pct", "confidence"),
    [
        ((), 100.0, TierConfidence.VERY_HIGH),
        ((Figure.CIRCULATING,), 94.0, TierConfidence.VERY_HIGH),
        ((Figure.AGE, Figure.CIRCULATING), 85.0, TierConfidence.HIGH),
        ((Figure.ALT_RANK, Figure.GALAXY_SCORE, Figure.CIRCULATING), 74.0, TierConfidence.MEDIUM),
    ],
)
def test_what_is_unknown_caps_the_confidence(
    without: tuple[Figure, ...], coverage_pct: float, confidence: TierConfidence
) -> None:
    result = evaluate(make_inputs(without=without), STANDARD)

    assert result.coverage_pct == pytest.approx(coverage_pct)
    assert result.confidence is confidence


@pytest.mark.parametrize(
    ("figure", "value", "whale"),
    [
        (Figure.OPEN_INTEREST_CHANGE, 50.0, False),
        (Figure.OPEN_INTEREST_CHANGE, 50.01, True),
        (Figure.TOP_TRADER_RATIO, 1.49, False),
        (Figure.TOP_TRADER_RATIO, 1.5, True),
        (Figure.TOP_TRADER_RATIO, 2.5, True),
        (Figure.TOP_TRADER_RATIO, 2.51, False),
        (Figure.BUY_PRESSURE, 65.0, False),
        (Figure.BUY_PRESSURE, 65.01, True),
    ],
)
def test_a_whale_needs_all_three_signs(figure: Figure, value: float, whale: bool) -> None:
    assert has_whale(make_inputs({**BEST, figure: value})) is whale


@pytest.mark.parametrize("figure", [
    Figure.OPEN_INTEREST_CHANGE, Figure.TOP_TRADER_RATIO, Figure.BUY_PRESSURE,
])  # fmt: skip
def test_no_whale_is_claimed_while_a_sign_is_unknown(figure: Figure) -> None:
    assert not has_whale(make_inputs(without=(figure,)))


@pytest.mark.parametrize(
    ("figure", "quiet", "loud", "kind"),
    [
        (Figure.AGE, 48.0, 47.9, Warned.VERY_NEW),
        (Figure.VALUATION, 10e6, 9.9e6, Warned.TINY_CAP),
        (Figure.CIRCULATING, 30.0, 29.9, Warned.LOW_FLOAT),
        (Figure.TOP_TRADER_RATIO, 3.0, 3.01, Warned.CROWDED),
        (Figure.FUNDING, 0.05, 0.051, Warned.EXTREME_FUNDING),
        (Figure.FUNDING, -0.05, -0.051, Warned.EXTREME_FUNDING),
        (Figure.BUY_PRESSURE, 40.0, 39.9, Warned.DOWNWARD_VOLUME),
    ],
)
def test_each_warning_begins_beyond_its_edge(
    figure: Figure, quiet: float, loud: float, kind: Warned
) -> None:
    assert kind not in {each.kind for each in warnings_of(make_inputs({figure: quiet}))}
    assert [each.kind for each in warnings_of(make_inputs({figure: loud}))] == [kind]
