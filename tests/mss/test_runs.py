"""Runs in the background: what is due, what a worker does, what a dead one leaves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import Settings

from market import clock
from market.background_runs import MOST_OPEN, TooManyScans
from market.clock import wall_now
from market.sandbox.handle import Sandbox
from mss import runs, selectors, services, watch
from mss.candidates import Filters
from mss.exceptions import WatchLimitReached
from mss.models import MssRun, MssScore, WatchlistEntry
from mss.replay import replay
from mss.runs import RUNS
from notifications.models import AlertEvent
from tests.mss.seen import appeared, small_coins

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("listed")]

ANY = Filters(max_valuation_usd=1e15, max_age_hours=720.0, min_volume_usd=0.0)
OWNER = "key:abc"


@pytest.fixture
def new_coins(sandbox: Sandbox) -> int:
    """Have sixty coins appear five hours ago."""
    appeared(small_coins(sandbox, 60), hours_ago=5)
    return 60


def test_a_scan_finds_its_coins_scores_them_and_every_score_replays(new_coins: int) -> None:
    run = runs.start_scan(ANY)

    assert not RUNS.work(runs.work)

    run.refresh_from_db()
    assert (run.state, run.left) == ("done", [])
    assert 0 < run.requested < new_coins
    stored = MssScore.objects.filter(run=run)
    assert len(stored) + len(run.failed) == run.requested
    assert all(replay(score) == () for score in stored)
    assert next(iter(selectors.results_of(run))).total == max(score.total for score in stored)


def test_the_same_scan_is_not_done_twice_at_once_and_not_too_many(new_coins: int) -> None:
    first = runs.start_scan(ANY)

    assert runs.start_scan(ANY).pk == first.pk
    for number in range(MOST_OPEN - 1):
        runs.start_scan(Filters(max_valuation_usd=1e6 + number))
    with pytest.raises(TooManyScans):
        runs.start_scan(Filters(max_valuation_usd=2e6))


def test_a_dead_workers_run_is_free_when_its_lease_has_ended(new_coins: int) -> None:
    run = runs.start_scan(ANY)
    assert RUNS.claim() is not None  # and dies

    assert RUNS.claim() is None
    with clock.wall_shifted(300.0):
        again = RUNS.claim()

    assert again is not None
    assert (again.pk, again.attempt) == (run.pk, 2)


def test_whoever_was_given_up_on_stores_nothing(new_coins: int) -> None:
    runs.start_scan(ANY)
    discovering = RUNS.claim()
    assert discovering is not None
    runs.work(discovering)
    slow = RUNS.claim()
    assert slow is not None
    with clock.wall_shifted(300.0):
        assert RUNS.claim() is not None

        runs.work(slow)

    assert not MssScore.objects.exists()


def test_without_coingecko_a_scan_waits_and_goes_on_when_it_is_back(
    new_coins: int, sandbox: Sandbox
) -> None:
    run = runs.start_scan(ANY)
    sandbox.fault("coingecko", "dead")

    RUNS.work(runs.work)
    run.refresh_from_db()
    waiting = run.state, run.is_discovered, RUNS.claim()
    sandbox.reset()
    with clock.wall_shifted(61.0):
        RUNS.work(runs.work)

    run.refresh_from_db()
    assert waiting == ("working", False, None)
    assert run.state == "done"


def test_a_run_ends_at_its_deadline_and_names_what_nobody_got_to(new_coins: int) -> None:
    run = runs.start_scan(ANY)
    discovering = RUNS.claim()
    assert discovering is not None
    runs.work(discovering)

    with clock.wall_shifted(16 * 60.0):
        RUNS.sweep()

    run.refresh_from_db()
    assert run.state == "left"
    assert len(run.left) == run.requested > 0


def test_the_regular_scan_starts_once_a_period_and_can_be_off(settings: Settings) -> None:
    settings.MSS_SCAN_EVERY_MIN = 60
    runs.start_due()
    runs.start_due()
    once = MssRun.objects.count()
    MssRun.objects.update(state="done", finished_at=wall_now())
    with clock.wall_shifted(61 * 60.0):
        runs.start_due()
    settings.MSS_SCAN_EVERY_MIN = 0
    with clock.wall_shifted(200 * 60.0):
        runs.start_due()

    assert (once, MssRun.objects.count()) == (1, 2)


def test_a_scan_that_somebody_asks_for_does_not_postpone_the_regular_one(
    settings: Settings,
) -> None:
    settings.MSS_SCAN_EVERY_MIN = 60
    runs.start_scan(Filters(max_valuation_usd=1e6))
    runs.start_scan(Filters(), found=[])

    regular = runs.start_due_scan()

    assert regular is not None
    assert not regular.is_discovered
    assert MssRun.objects.count() == 3


def test_the_rest_of_a_scan_stands_in_for_no_whole_one(new_coins: int) -> None:
    rest = runs.start_scan(ANY, found=[])
    whole = runs.start_scan(ANY)

    assert whole != rest
    assert runs.start_scan(ANY, found=[]) == rest


def test_a_watched_coin_learns_its_id_and_is_found_by_it_from_then_on(settings: Settings) -> None:
    settings.MSS_SCAN_EVERY_MIN = 0
    services.watch_add(OWNER, "ETH", min_score=5.0)
    WatchlistEntry.objects.update(coingecko_id="")  # the lists that tell it were away

    runs.start_due()
    RUNS.work(runs.work)

    entry = WatchlistEntry.objects.get()
    assert entry.coin_key == "ethereum"
    assert selectors.newest_scores([entry.coin_key])
    assert AlertEvent.objects.count() == 1


def test_a_watched_coin_is_scored_when_due_and_again_after_its_interval(
    settings: Settings,
) -> None:
    settings.MSS_SCAN_EVERY_MIN = 0
    entry, is_new = services.watch_add(OWNER, "eth", interval_minutes=30, min_score=5.0)

    runs.start_due()
    RUNS.work(runs.work)
    runs.start_due()
    first = MssScore.objects.filter(symbol="ETH").count()
    with clock.wall_shifted(31 * 60.0):
        runs.start_due()
        RUNS.work(runs.work)

    assert is_new
    assert (first, MssScore.objects.filter(symbol="ETH").count()) == (1, 2)
    newest = selectors.newest_scores([entry.coin_key])[entry.coin_key]
    # Its owner wants to hear of it from five points on; told once within the cooldown.
    assert newest.total >= 5.0
    assert [event.facts["symbol"] for event in AlertEvent.objects.all()] == ["ETH"]


def test_watching_again_changes_how_and_an_owner_sees_only_own_coins() -> None:
    services.watch_add(OWNER, "BTC", note="old")
    entry, is_new = services.watch_add(OWNER, "BTCUSDT", interval_minutes=60, note="new")
    services.watch_add("key:other", "BTC")

    assert not is_new
    assert [(each.interval_minutes, each.note) for each in selectors.watchlist(OWNER)] == [
        (60, "new")
    ]
    assert services.watch_remove(OWNER, "btc")
    assert not services.watch_remove(OWNER, "btc")
    assert WatchlistEntry.objects.get().owner == "key:other"
    assert entry.coin_key == "bitcoin"


def test_an_expired_watch_is_due_no_more_and_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "MOST_WATCHED", 1)
    services.watch_add(OWNER, "BTC", expires_at=wall_now() + timedelta(hours=1))
    with pytest.raises(WatchLimitReached):
        services.watch_add(OWNER, "ETH")

    with clock.wall_shifted(3601.0):
        assert runs.start_watch_run() is None
        services.watch_add(OWNER, "ETH")


def test_two_claimers_never_get_the_same_entry() -> None:
    services.watch_add(OWNER, "BTC")

    first, second = watch.claim_due(10), watch.claim_due(10)

    assert ([entry.symbol for entry in first], second) == (["BTC"], [])


def test_what_is_older_than_it_is_kept_is_forgotten(new_coins: int, settings: Settings) -> None:
    settings.MSS_RETENTION_DAYS = 1
    runs.start_scan(ANY)
    RUNS.work(runs.work)
    services.watch_add(OWNER, "BTC", expires_at=wall_now() + timedelta(hours=1))
    stored = MssScore.objects.count()

    kept = runs.forget_old()
    with clock.wall_shifted(2 * 86_400.0):
        forgotten = runs.forget_old()

    assert (kept, forgotten) == (0, stored)
    assert not MssRun.objects.exists()
    assert not WatchlistEntry.objects.exists()
