"""Scans: started when due, shared in batches, counted once, ended at their deadline."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError
from pytest_django import Settings

from config.shift import tell_to_stop
from market import clock
from market.models import Watchlist
from signals import batches, scans, services
from signals.batches import MOST_FAULTS, claim_batch, run_batch, run_batches
from signals.chain_audit import audit_chains
from signals.models import EvaluationCount, ScanBatch, ScanRun, Signal
from signals.scans import (
    AlreadyRunning,
    batch_sizes,
    start_due_runs,
    start_list_run,
    start_run,
    sweep,
)
from signals.selectors import scan_problems
from tests.signals.scan_work import HandMade, coins, make_list

pytestmark = pytest.mark.django_db

AT_S = datetime(2026, 1, 8, 12, 0, 30, tzinfo=UTC).timestamp()


@pytest.fixture(autouse=True)
def work(monkeypatch: pytest.MonkeyPatch) -> HandMade:
    """Have evaluations made by hand, and the wall clock at 12:00:30 (it runs on from there)."""
    made = HandMade()
    monkeypatch.setattr(batches, "evaluate_batch", made)
    return made


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """List the tasks that workers were woken for."""
    woken: list[str] = []
    monkeypatch.setattr(scans, "wake", woken.append)
    return woken


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    with clock.wall_shifted(AT_S - clock.wall_s()):
        yield


def after(**span: float) -> AbstractContextManager[None]:
    return clock.wall_shifted(timedelta(**span).total_seconds())


def reread(run: ScanRun) -> ScanRun:
    return ScanRun.objects.get(pk=run.pk)


def started(*symbols: str) -> ScanRun:
    return start_run(symbols or ("BTC", "ETH"))


def states(run: ScanRun) -> list[str]:
    return list(run.batches.values_list("state", flat=True))


# --- Batches --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "most", "expected"),
    [
        (0, 50, []),
        (1, 50, [1]),
        (20, 50, [20]),
        (21, 50, [20, 1]),
        (38, 50, [20, 18]),
        (50, 50, [20, 20, 10]),
        (300, 50, [50, 50, 50, 38, 28, 21, 20, 20, 20, 3]),
        (30, 10, [10, 10, 10]),
        (3, 1, [1, 1, 1]),
    ],
)
def test_batches_are_as_large_as_allowed_and_the_last_ones_smaller(
    count: int, most: int, expected: list[int]
) -> None:
    assert batch_sizes(count, most) == expected


@pytest.mark.parametrize("workers", [2, 3, 4])
@pytest.mark.parametrize("count", [100, 200, 300, 500])
def test_workers_who_share_a_run_end_within_one_small_batch_of_each_other(
    workers: int, count: int
) -> None:
    busy_until = [0] * workers
    for size in batch_sizes(count, 50):
        first_free = busy_until.index(min(busy_until))
        busy_until[first_free] += size

    assert max(busy_until) - count / workers <= 25


# --- Starting -------------------------------------------------------------------------------------


def test_a_due_list_becomes_a_run_with_all_its_coins_in_batches(
    settings: Settings, woken: list[str]
) -> None:
    settings.SCAN_BATCH_SIZE = 50
    watchlist = make_list(coins(60), profile_name="aggressive")

    [run] = start_due_runs()

    assert (run.watchlist, run.name, run.profile_name) == (watchlist, "Main", "aggressive")
    assert (run.state, run.requested, run.environment) == ("running", 60, "test")
    assert [name for batch in run.batches.all() for name in batch.symbols] == coins(60)
    assert woken == ["signals.tasks.run_batches"] * 3


def test_a_list_without_a_profile_takes_the_default_one() -> None:
    make_list()

    [run] = start_due_runs()

    assert run.profile_name == "balanced"


@pytest.mark.parametrize(
    ("later_s", "is_started"),
    [(0, False), (14 * 60 + 29, False), (14 * 60 + 31, True), (3600, True)],
)
def test_a_list_is_started_once_in_each_of_its_periods(later_s: float, is_started: bool) -> None:
    make_list(period_min=15)
    start_due_runs()
    run_batches()

    with after(seconds=later_s):
        again = start_due_runs()

    assert bool(again) is is_started


def test_lists_that_are_off_empty_or_of_another_environment_are_not_started() -> None:
    make_list(enabled=False)
    make_list((), name="Empty")
    Watchlist.objects.create(environment="live", name="Elsewhere")

    assert start_due_runs() == []


def test_one_list_that_is_running_does_not_hold_up_the_others() -> None:
    make_list(name="Slow")
    [slow] = start_due_runs()
    make_list(name="Quick")

    with after(minutes=20):
        begun = start_due_runs()

    assert [run.name for run in begun] == ["Quick"]
    assert reread(slow).state == "running"


def test_a_list_is_not_scanned_twice_at_a_time() -> None:
    watchlist = make_list()
    run = start_list_run(watchlist)

    with pytest.raises(AlreadyRunning) as running:
        start_list_run(watchlist)

    assert running.value.run == run
    assert ScanRun.objects.count() == 1


def test_the_database_itself_refuses_a_second_run_of_a_list() -> None:
    run = start_list_run(make_list())
    assert run is not None
    columns = {"environment": "test", "name": "x", "profile_name": "x", "requested": 1}

    with pytest.raises(IntegrityError):
        ScanRun.objects.create(
            watchlist=run.watchlist,
            started_at=run.started_at,
            deadline_at=run.deadline_at,
            **columns,
        )


def test_a_list_may_be_scanned_between_its_periods_too() -> None:
    watchlist = make_list()
    start_list_run(watchlist)
    run_batches()
    watchlist.refresh_from_db()

    assert start_list_run(watchlist) is not None


@pytest.mark.parametrize(
    ("at", "period_min", "deadline"),
    [
        ("12:00:30", 15, "12:15:00"),  # with its period
        ("12:00:30", 60, "13:00:00"),
        ("12:14:00", 15, "12:19:00"),  # … but never at once
        ("12:04:59", 5, "12:09:59"),
    ],
)
def test_a_run_has_until_the_end_of_its_period(at: str, period_min: int, deadline: str) -> None:
    now = datetime.fromisoformat(f"2026-01-08T{at}+00:00")
    watchlist = make_list(period_min=period_min)

    with clock.wall_shifted(now.timestamp() - clock.wall_s()):
        run = start_list_run(watchlist)

    assert run is not None
    expected = datetime.fromisoformat(f"2026-01-08T{deadline}+00:00")
    assert abs(run.deadline_at - expected) < timedelta(seconds=5)


def test_coins_that_are_named_are_scanned_once_each() -> None:
    run = start_run(["BTC", "ETH", "BTC"])

    assert (run.requested, run.name, run.watchlist) == (2, "BTC, ETH", None)
    assert start_run(coins(300)).name == "300 coins, C000 first"


# --- Working --------------------------------------------------------------------------------------


def test_a_run_evaluates_publishes_and_counts_every_coin(work: HandMade) -> None:
    work.scores = {"BTC": 62.5, "ETH": 50.0, "SOL": 38.0, "XRP": None}
    run = started("BTC", "ETH", "SOL", "XRP")

    run_batches()

    run = reread(run)
    assert (run.state, run.done, run.insufficient, run.published) == ("complete", 4, 1, 2)
    assert run.finished_at is not None
    assert run.left == run.failed == run.skipped == 0
    assert sorted(Signal.objects.values_list("symbol", "signal")) == [
        ("BTC", "LONG"),
        ("SOL", "SHORT"),
    ]
    assert set(EvaluationCount.objects.values_list("evaluated", flat=True)) == {1}
    assert EvaluationCount.objects.count() == 4


def test_each_batch_may_use_its_part_of_the_scans_calls(work: HandMade, settings: Settings) -> None:
    settings.SCAN_BATCH_SIZE = 5
    start_run(coins(20))

    run_batches()

    assert work.shares == [0.25] * 4


def test_coins_that_cannot_be_evaluated_are_named_with_the_reason(
    work: HandMade, monkeypatch: pytest.MonkeyPatch
) -> None:
    def two_faulty(symbols: Any, profile_name: str, *, share: float) -> batches.Outcome:
        outcome = work(["BTC"], profile_name, share=share)
        outcome.failed["ETH"] = "No provider."
        outcome.skipped["GONE"] = "Not listed."
        return outcome

    monkeypatch.setattr(batches, "evaluate_batch", two_faulty)
    run = started("BTC", "ETH", "GONE")

    run_batches()

    run = reread(run)
    assert (run.state, run.done, run.failed, run.skipped) == ("complete", 1, 1, 1)
    assert scan_problems(run) == {"ETH": "No provider.", "GONE": "Not listed."}


def test_a_worker_can_be_told_to_work_for_a_while_only(settings: Settings) -> None:
    settings.SCAN_BATCH_SIZE = 1
    run = started("BTC", "ETH", "SOL")

    assert run_batches(for_s=0.0) is True

    assert states(run) == ["done", "waiting", "waiting"]
    assert run_batches() is False


def test_a_worker_that_is_told_to_stop_finishes_its_batch_and_leaves_the_rest(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, work: HandMade
) -> None:
    settings.SCAN_BATCH_SIZE = 1
    run = started("BTC", "ETH", "SOL")

    def told_meanwhile(*args: Any, **options: Any) -> batches.Outcome:
        tell_to_stop()
        return work(*args, **options)

    monkeypatch.setattr(batches, "evaluate_batch", told_meanwhile)

    assert run_batches() is True

    assert states(run) == ["done", "waiting", "waiting"]


def test_a_worker_can_be_told_to_work_for_some_runs_only() -> None:
    one, two = started("BTC"), started("ETH")

    run_batches([two.pk])

    assert (reread(one).state, reread(two).state) == ("running", "complete")


def test_runs_of_another_environment_are_left_alone(settings: Settings) -> None:
    run = started("BTC")
    settings.ENVIRONMENT = "sandbox"

    run_batches()
    sweep()

    assert states(run) == ["waiting"]


# --- Claims ---------------------------------------------------------------------------------------


def test_a_claimed_batch_is_nobody_elses_until_its_lease_ends(settings: Settings) -> None:
    settings.SCAN_BATCH_DEADLINE_S = 20.0
    started("BTC")
    first = claim_batch()

    with after(seconds=39):
        during = claim_batch()
    with after(seconds=41):
        second = claim_batch()

    assert first is not None
    assert during is None
    assert second is not None
    assert (first.attempt, second.attempt) == (1, 2)


def test_a_worker_that_was_given_up_on_publishes_and_counts_nothing_twice(work: HandMade) -> None:
    run = started("BTC")
    slow = claim_batch()
    assert slow is not None
    with after(minutes=2):
        run_batches()

    assert run_batch(slow) is False

    assert reread(run).done == 1
    assert Signal.objects.count() == EvaluationCount.objects.get().evaluated == 1


def test_a_worker_whose_lease_ended_unnoticed_still_completes_its_batch() -> None:
    run = started("BTC")
    slow = claim_batch()
    assert slow is not None

    with after(minutes=2):
        assert run_batch(slow) is True

    assert reread(run).state == "complete"


@pytest.mark.parametrize("published_before", [0, 1, 2, 3])
def test_a_batch_whose_worker_died_half_way_is_done_again_as_if_once(
    work: HandMade, published_before: int
) -> None:
    run = started("BTC", "ETH", "SOL")
    dead = claim_batch()
    assert dead is not None
    for evaluation in work(dead.symbols, "balanced", share=1.0).evaluations[:published_before]:
        services.publish_signal(evaluation)

    with after(minutes=2):
        work.at_ms += 120_000  # the clock may run on …
        sweep()
        run_batches()

    run = reread(run)
    assert (run.state, run.done, run.published) == ("complete", 3, 3)
    assert sorted(Signal.objects.values_list("symbol", "seq")) == [
        ("BTC", 1),
        ("ETH", 1),
        ("SOL", 1),
    ]
    assert set(EvaluationCount.objects.values_list("evaluated", flat=True)) == {1}


def test_the_same_instant_evaluated_twice_is_published_once() -> None:
    started("BTC")
    run_batches()
    started("BTC")
    run_batches()

    assert Signal.objects.count() == 1
    assert EvaluationCount.objects.get().evaluated == 2


def test_a_batch_that_breaks_off_again_and_again_is_given_up_and_the_others_go_on(
    work: HandMade, settings: Settings
) -> None:
    settings.SCAN_BATCH_SIZE = 1
    work.scores = {"BTC": ValueError("a fault of ours"), "ETH": 62.5}
    run = started("BTC", "ETH")

    run_batches()

    run = reread(run)
    assert work.asked.count(("BTC",)) == MOST_FAULTS
    assert (run.state, run.done, run.failed) == ("complete", 1, 1)
    assert "told in its log" in scan_problems(run)["BTC"]
    assert "a fault of ours" not in scan_problems(run)["BTC"]


def test_a_worker_that_dies_often_is_no_fault_of_the_batch() -> None:
    run = started("BTC")
    for number in range(2 * MOST_FAULTS):
        with after(minutes=1.0 * number):
            assert claim_batch() is not None

    with after(minutes=2.0 * MOST_FAULTS):
        run_batches()

    assert (reread(run).state, reread(run).done) == ("complete", 1)


# --- The database away ----------------------------------------------------------------------------


def test_with_the_database_away_signals_are_kept_and_the_batch_is_done_again(
    work: HandMade, monkeypatch: pytest.MonkeyPatch
) -> None:
    work.scores = {"BTC": 62.5, "ETH": 38.0}
    run = started("BTC", "ETH")

    def away(*_: Any, **__: Any) -> Any:
        raise OperationalError("no route")

    with monkeypatch.context() as outage:
        outage.setattr(services, "_store", away)
        outage.setattr(services, "import_backup", away)
        outage.setattr(batches, "count_evaluations", away)
        with pytest.raises(OperationalError):
            run_batches()
    kept = Signal.objects.count()
    with after(minutes=2):
        sweep()
        brought_in = Signal.objects.count()
        run_batches()

    run = reread(run)
    assert (kept, brought_in) == (0, 2)
    assert (run.state, run.done, run.published) == ("complete", 2, 2)
    assert Signal.objects.count() == 2
    assert all(report.fault is None for report in audit_chains())
    assert set(EvaluationCount.objects.values_list("evaluated", flat=True)) == {1}


# --- The deadline, and sweeping -------------------------------------------------------------------


def test_at_its_deadline_a_run_ends_partial_and_names_what_is_left(settings: Settings) -> None:
    settings.SCAN_BATCH_SIZE = 1
    watchlist = make_list(("BTC", "ETH", "SOL"), period_min=15)
    run = start_list_run(watchlist)
    assert run is not None
    run_batches(for_s=0.0)

    with after(minutes=14, seconds=20):
        sweep()
        before = reread(run).state
    with after(minutes=14, seconds=31):
        sweep()
        assert claim_batch() is None

    run = reread(run)
    assert before == "running"
    assert (run.state, run.done, run.left) == ("partial", 1, 2)
    assert states(run) == ["done", "left", "left"]
    assert set(scan_problems(run)) == {"ETH", "SOL"}


def test_a_batch_in_work_at_the_deadline_is_finished_and_the_run_ends_with_it() -> None:
    run = started("BTC")
    batch = claim_batch()
    assert batch is not None
    ScanRun.objects.update(deadline_at=clock.wall_now())

    sweep()
    between = reread(run).state
    run_batch(batch)

    assert between == "running"
    assert (reread(run).state, reread(run).done) == ("complete", 1)


def test_a_batch_whose_worker_died_before_the_deadline_is_left() -> None:
    run = started("BTC")
    claim_batch()

    with after(minutes=16):
        sweep()

    assert (reread(run).state, states(run)) == ("partial", ["left"])


def test_after_a_partial_run_the_list_is_started_again() -> None:
    make_list(period_min=15)
    start_due_runs()

    with after(minutes=15):
        assert start_due_runs() == []
        sweep()
        assert len(start_due_runs()) == 1


def test_the_sweep_wakes_a_worker_for_each_batch_that_is_free(
    settings: Settings, woken: list[str]
) -> None:
    settings.SCAN_BATCH_SIZE = 1
    started("BTC", "ETH", "SOL")
    claim_batch()
    woken.clear()

    sweep()
    free_now = len(woken)
    with after(minutes=2):
        sweep()

    assert free_now == 2
    assert len(woken) == 2 + 3


def test_however_many_batches_wait_a_sweep_wakes_a_few_workers(
    settings: Settings, woken: list[str]
) -> None:
    settings.SCAN_BATCH_SIZE = 1
    start_run(coins(100))

    sweep()

    assert len(woken) == 8 + 8


def test_the_sweep_has_nothing_to_do_when_nothing_runs(woken: list[str]) -> None:
    sweep()

    assert woken == []


# --- Retention ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "kept"), [(30, ["running", "29 days old"]), (0, None)])
def test_old_runs_are_forgotten_and_signals_never(
    settings: Settings, days: int, kept: list[str] | None
) -> None:
    settings.SCAN_RUN_RETENTION_DAYS = days
    names = {}
    for age_days in (31, 29):
        with after(days=-age_days):
            run = started("BTC")
            run_batches()
            names[run.pk] = f"{age_days} days old"
    with after(days=-40):
        names[started("BTC").pk] = "running"

    scans.forget_old_runs()

    left = [names[pk] for pk in ScanRun.objects.values_list("pk", flat=True)]
    assert sorted(left) == sorted(kept or names.values())
    assert Signal.objects.count() == 1
    assert EvaluationCount.objects.get().evaluated == 2
    assert ScanBatch.objects.count() == len(left)
