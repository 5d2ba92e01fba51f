"""Many workers at one run: threads and processes, on whichever database the suite runs."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections
from pytest_django import Settings

from market import clock
from signals import batches
from signals.batches import claim_batch, run_batches
from signals.models import EvaluationCount, ScanRun, Signal
from signals.scans import AlreadyRunning, start_due_runs, start_list_run, start_run, sweep
from tests.signals.scan_work import HandMade, coins, make_list

WORKERS = 4


@pytest.fixture(autouse=True)
def many_connections(transactional_db: None) -> Iterator[None]:
    yield
    connections.close_all()


@pytest.fixture(autouse=True)
def work(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> HandMade:
    settings.SCAN_BATCH_SIZE = 5
    made = HandMade()
    monkeypatch.setattr(batches, "evaluate_batch", made)
    return made


def at_once(count: int, work: Callable[[], Any]) -> list[Any]:
    """Run the same in threads that begin together; each has a connection of its own."""
    together = threading.Barrier(count, timeout=30)

    def one(_: int) -> Any:
        try:
            together.wait()
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def start_list_run_once(watchlist: Any) -> ScanRun | None:
    try:
        return start_list_run(watchlist)
    except AlreadyRunning:
        return None


def test_of_many_claimers_one_gets_a_batch() -> None:
    start_run(["BTC"])

    claimed = at_once(WORKERS, claim_batch)

    assert sum(batch is not None for batch in claimed) == 1


def test_many_workers_do_every_batch_once_and_the_counts_are_those_of_one() -> None:
    run = start_run(coins(100))

    at_once(WORKERS, run_batches)

    run.refresh_from_db()
    assert (run.state, run.done, run.published, run.left) == ("complete", 100, 100, 0)
    assert Signal.objects.count() == 100
    assert set(EvaluationCount.objects.values_list("evaluated", flat=True)) == {1}
    assert set(run.batches.values_list("attempt", flat=True)) == {1}


def test_runs_that_share_coins_do_not_hinder_each_other() -> None:
    runs = [start_run(order) for order in (coins(20), coins(20)[::-1]) for _ in range(2)]

    at_once(WORKERS, run_batches)

    assert set(ScanRun.objects.values_list("state", "done")) == {("complete", 20)}
    assert Signal.objects.count() == 20
    assert set(EvaluationCount.objects.values_list("evaluated", flat=True)) == {len(runs)}


def test_of_many_beats_one_starts_a_list() -> None:
    make_list()

    started = at_once(WORKERS, start_due_runs)

    assert sum(len(runs) for runs in started) == 1
    assert ScanRun.objects.count() == 1


def test_a_beat_and_people_who_scan_now_start_one_run() -> None:
    watchlist = make_list()

    at_once(WORKERS, lambda: start_list_run_once(watchlist))

    assert ScanRun.objects.count() == 1


def test_sweeps_and_workers_at_the_deadline_agree_about_every_batch() -> None:
    run = start_run(coins(60))
    together = iter([run_batches, sweep, run_batches, sweep])
    # Whichever batches are claimed before it: what must hold holds for every outcome.
    ScanRun.objects.update(deadline_at=clock.wall_now() + timedelta(milliseconds=50))

    at_once(WORKERS, lambda: next(together)())
    with clock.wall_shifted(3600):
        sweep()

    run.refresh_from_db()
    done = sum(len(batch.symbols) for batch in run.batches.all() if batch.state == "done")
    assert run.is_over
    assert run.done == done == EvaluationCount.objects.count()
    assert run.left == 60 - done


def processes(*what: str) -> list[subprocess.Popen[str]]:
    at = connection.settings_dict
    place = f"{at['USER']}:{at['PASSWORD']}@{at['HOST']}:{at['PORT']}/{at['NAME']}"
    is_file = connection.vendor == "sqlite"
    url = f"sqlite:///{at['NAME']}" if is_file else f"postgresql://{place}"
    begun = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.signals.scan_worker", one],
            cwd=Path(__file__).parents[2],
            env=os.environ
            | {"DJANGO_SETTINGS_MODULE": "config.settings.test", "TEST_DATABASE_URL": url},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for one in what
    ]
    for process in begun:
        assert heard(process) == "ready"
    for process in begun:
        tell(process)
    return begun


def heard(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def tell(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def test_processes_share_a_run_without_doing_anything_twice() -> None:
    run = start_run(coins(60))

    shares = [int(process.communicate(timeout=60)[0]) for process in processes("share", "share")]

    run.refresh_from_db()
    assert (run.state, run.done, run.published) == ("complete", 60, 60)
    assert sum(shares) == run.batches.count()
    assert Signal.objects.count() == EvaluationCount.objects.count() == 60


def test_what_a_killed_process_had_in_work_is_done_by_another_once() -> None:
    run = start_run(coins(10))
    [victim] = processes("die")
    assert heard(victim) == "half"

    victim.kill()
    victim.communicate(timeout=60)
    run_batches()
    left_to_the_dead = Counter(run.batches.values_list("state", flat=True))
    with clock.wall_shifted(120):
        sweep()
        run_batches()

    run.refresh_from_db()
    assert left_to_the_dead == {"working": 1, "done": 1}
    assert (run.state, run.done, run.published) == ("complete", 10, 10)
    assert Signal.objects.count() == 10
    assert set(EvaluationCount.objects.values_list("evaluated", flat=True)) == {1}
