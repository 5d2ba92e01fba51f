"""Scans of a whole market: what a batch makes of it, and an hour inside every budget."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from market import clock, universe
from market.sandbox.handle import Sandbox
from market.universe import instrument_registry
from signals.batches import evaluate_batch
from signals.models import EvaluationCount
from tests.market.conftest import AT_MS, SEED
from tests.market.test_keyed_day import FewCoins
from tests.signals.steady_hour import SCANS, scan_for_an_hour
from tests.simulated_time import asked_in_simulated_time

pytestmark = pytest.mark.django_db

# Of these, as many as OKX answers about liquidations at once are listed there.
COINS = 18


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[Sandbox]:
    """Every upstream in this process, with its limits; 45 coins. Nobody really waits."""
    settings.COINGECKO_CALLS_PER_MINUTE = 5
    stand_in = Sandbox(FewCoins(SEED))
    clock.fix(AT_MS)
    universe.reset()
    monkeypatch.setattr(universe, "start_renewal", lambda: None)
    with asked_in_simulated_time(stand_in, AT_MS):
        yield stand_in
    universe.reset()


def test_an_hour_of_scans_stays_inside_every_budget(sandbox: Sandbox) -> None:
    symbols = [coin.symbol.base for coin in instrument_registry()][:COINS]
    sandbox.reset()

    cold, hour = scan_for_an_hour(sandbox, symbols, warm_up=1)

    assert sandbox.violations == ()
    assert {scanned.run.state for scanned in (*cold, *hour)} == {"complete"}
    assert [(scanned.run.done, scanned.run.insufficient) for scanned in hour] == [
        (COINS, 0)
    ] * SCANS
    # Whole windows once; then some calls a coin when a bar has closed, and two or so between bars.
    assert cold[0].calls > 10 * COINS
    assert max(scanned.calls for scanned in hour) < 8 * COINS
    assert sum(scanned.calls for scanned in hour) < 5 * COINS * SCANS
    counted = EvaluationCount.objects.values_list("evaluated", flat=True)
    assert sum(counted) == COINS * (1 + SCANS)


def test_a_batch_is_one_frame_and_names_what_is_no_coin(sandbox: Sandbox) -> None:
    outcome = evaluate_batch(["BTC", "btcusdt", "NOTACOIN", "ETH"], "balanced", share=1.0)

    assert [made.result.symbol for made in outcome.evaluations] == ["BTC", "ETH"]
    assert all(made.result.coverage_pct > 60 for made in outcome.evaluations)
    assert outcome.skipped == {
        "btcusdt": "The same coin as another here: BTC.",
        "NOTACOIN": "Nothing tradable goes by this name now.",
    }
    assert outcome.failed == {}


def test_with_every_venue_away_a_batch_fails_and_says_why(sandbox: Sandbox) -> None:
    sandbox.fault("*", "dead")

    outcome = evaluate_batch(["BTC", "ETH"], "balanced", share=1.0)

    assert set(outcome.failed) == {"BTC", "ETH"}
    assert "No market data can be had now" in outcome.failed["BTC"]
    assert outcome.evaluations == []


def test_a_profile_that_is_gone_fails_a_batch_without_a_call(sandbox: Sandbox) -> None:
    outcome = evaluate_batch(["BTC"], "gone", share=1.0)

    assert outcome.failed == {"BTC": "There is no scoring profile gone any more."}
    assert sandbox.calls() == 0
