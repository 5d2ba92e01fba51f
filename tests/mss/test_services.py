"""Analyze, discover and scan against the sandbox: each phase, the whole, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pytest_django import Settings

from market import clock
from market.providers.runtime import ProviderRuntime, use_runtime
from market.sandbox.handle import Sandbox
from mss import services
from mss.candidates import Filters
from mss.engine.types import Figure, PhaseStatus
from mss.exceptions import UnknownCoin
from mss.models import MssRun, MssScore
from smartmoney import waves
from smartmoney.exceptions import BadChoice, DiscoveryUnavailable
from tests.mss.seen import appeared, small_coins

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("listed")]

ANY = Filters(max_valuation_usd=1e15, max_age_hours=720.0, min_volume_usd=0.0)
# What CoinGecko answers without a key.
KEYLESS_CALLS_PER_MINUTE = 5


def test_a_coin_with_futures_has_all_three_phases_each_with_its_sources(sandbox: Sandbox) -> None:
    analysis = services.analyze("BTC")

    discovery, social, institutional = analysis.result.phases
    known = analysis.result.inputs.figures
    assert discovery.coverage_pct == 100.0
    # Founded in 2009, worth billions, all of it in circulation.
    assert known[Figure.AGE].source == "coingecko"
    assert discovery.score < 10
    assert discovery.status is PhaseStatus.FAIL
    assert known[Figure.SENTIMENT].source == "coingecko"
    assert "proxy" in str(known[Figure.SENTIMENT].note)
    assert social.missing == (Figure.ALT_RANK, Figure.GALAXY_SCORE)
    assert institutional.coverage_pct == 100.0
    assert known[Figure.OPEN_INTEREST_CHANGE].source == "binance"
    assert analysis.result.total == sum(phase.score for phase in analysis.result.phases)
    assert MssScore.objects.count() == 0


def test_one_coin_costs_two_calls_to_coingecko_and_asking_again_none(sandbox: Sandbox) -> None:
    services.analyze("BTC")
    first = sandbox.calls("coingecko")
    services.analyze("BTC")

    assert first == 2  # its page, and what trends
    assert sandbox.calls("coingecko") == first


def test_a_coin_without_futures_is_scored_by_what_there_is(sandbox: Sandbox) -> None:
    [row] = small_coins(sandbox, 1)
    appeared([row], hours_ago=20)

    analysis = services.analyze(row.id)

    discovery, _, institutional = analysis.result.phases
    assert not analysis.result.inputs.has_futures
    assert analysis.result.inputs.figures[Figure.AGE].source == "own_lists"
    assert analysis.result.inputs.value(Figure.AGE) == pytest.approx(20, abs=0.01)
    assert discovery.score > 0
    assert institutional.score == 0
    assert institutional.status is PhaseStatus.INSUFFICIENT_DATA
    assert {p.detail for p in analysis.result.inputs.problems if p.reading == Figure.FUNDING} == {
        "no perpetual of this coin is listed on Binance or OKX"
    }


def test_with_coingecko_away_phase_1_is_missing_and_the_venues_still_count(
    sandbox: Sandbox,
) -> None:
    sandbox.fault("coingecko", "dead")

    discovery, _, institutional = services.analyze("ETH").result.phases

    assert Figure.VALUATION in discovery.missing
    assert institutional.coverage_pct == 100.0


def test_with_the_venues_away_phase_1_still_counts_and_the_rest_is_said_to_be_unknown(
    sandbox: Sandbox,
) -> None:
    for venue in ("binance", "okx", "alternative_me"):
        sandbox.fault(venue, "dead")
    sandbox.fault("coingecko", "dead", path="/search/trending")

    result = services.analyze("ETH").result

    assert result.phases[0].coverage_pct > 0
    assert result.phases[2].coverage_pct == 0.0


def test_an_unknown_name_is_no_coin(sandbox: Sandbox) -> None:
    with pytest.raises(UnknownCoin):
        services.analyze("NOTACOINATALL")


def test_new_coins_are_found_by_one_call_best_first_and_the_others_counted(
    sandbox: Sandbox,
) -> None:
    rows = small_coins(sandbox, 30)
    appeared(rows[:20], hours_ago=10)
    appeared(rows[20:], hours_ago=100)

    found = services.discover(Filters(max_valuation_usd=1e15, min_volume_usd=0.0))

    assert sandbox.calls("coingecko") == 1
    ids = {each.coin.coingecko_id for each in found.coins}
    assert ids <= {row.id for row in rows[:20]}
    scores = [each.phase.score for each in found.coins]
    assert scores == sorted(scores, reverse=True)
    assert len(found.coins) + sum(found.left_out.values()) == found.looked_at
    assert all(each.inputs.value(Figure.AGE) == pytest.approx(10, abs=0.01) for each in found.coins)


@pytest.mark.parametrize(
    ("filters", "reason"),
    [
        (Filters(max_valuation_usd=1.0, min_volume_usd=0.0), "valuation_above_max"),
        (Filters(max_valuation_usd=1e15, min_volume_usd=1e15), "volume_below_min"),
    ],
)
def test_each_filter_says_why_it_leaves_a_coin_out(
    sandbox: Sandbox, filters: Filters, reason: str
) -> None:
    appeared(small_coins(sandbox, 5), hours_ago=10)

    found = services.discover(filters)

    assert found.coins == []
    assert found.left_out[reason] > 0


def test_a_category_that_does_not_exist_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(BadChoice) as refused:
        services.discover(Filters(category="no-such-category"))

    assert refused.value.parameter == "category"


def test_without_coingecko_nothing_can_be_discovered(sandbox: Sandbox) -> None:
    appeared(small_coins(sandbox, 3), hours_ago=10)
    sandbox.fault("coingecko", "dead")

    with pytest.raises(DiscoveryUnavailable):
        services.discover(Filters())


@contextmanager
def keyless(sandbox: Sandbox, settings: Settings) -> Iterator[None]:
    """Ask CoinGecko as without a key, in a minute of which nothing is used yet."""
    settings.COINGECKO_CALLS_PER_MINUTE = KEYLESS_CALLS_PER_MINUTE
    runtime = ProviderRuntime(client_factory=sandbox.client_factory())
    with clock.wall_shifted(61.0), use_runtime(runtime):
        sandbox.reset()
        yield


def test_a_scan_over_250_candidates_stays_inside_the_keyless_budget(
    sandbox: Sandbox, settings: Settings
) -> None:
    appeared(small_coins(sandbox, 250), hours_ago=5)

    with keyless(sandbox, settings):
        outcome = services.scan(ANY, min_score=0.0)

    # One call tells of all 250; what is left of the minute goes to trends and a few coins' votes.
    assert outcome.looked_at == 250
    assert sandbox.calls("coingecko", "/coins/markets") == 1
    assert sandbox.calls("coingecko") <= KEYLESS_CALLS_PER_MINUTE
    assert sandbox.violations == ()
    assert 0 < outcome.passed_discovery < outcome.looked_at
    assert len(outcome.results) + len(outcome.failed) + len(outcome.left) > 0


def test_coins_that_fail_phase_1_cost_no_more_calls(sandbox: Sandbox) -> None:
    # A month old: whatever else they earn, only the smallest may pass.
    appeared(small_coins(sandbox, 40), hours_ago=700)

    outcome = services.scan(ANY, min_score=0.0)

    assert outcome.passed_discovery < outcome.passed_filters
    assert len(outcome.results) + len(outcome.failed) <= outcome.passed_discovery
    scanned = {result.inputs.symbol for result in outcome.results}
    assert all(
        result.phases[0].status is not PhaseStatus.FAIL
        and result.phases[1].status is not PhaseStatus.FAIL
        for result in outcome.results
    )
    assert len(scanned) == len(outcome.results)


def test_what_a_scan_does_not_reach_in_time_goes_on_in_the_background(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    appeared(small_coins(sandbox, 60), hours_ago=5)
    monkeypatch.setattr(waves, "LEAST_WAVE_S", 1e9)  # no time for any wave

    outcome = services.scan(ANY, min_score=0.0)

    assert outcome.partial
    assert outcome.results == []
    run = MssRun.objects.get(pk=outcome.run_id)
    assert run.is_discovered
    assert run.requested == len(run.left) == len(outcome.left) == outcome.passed_discovery
