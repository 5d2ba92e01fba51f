"""Budgets are never exceeded in any window, and nothing worth mentioning is left unused."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from market import clock
from market.budget_windows import counted_buckets, frees_at_ms
from market.store_contract import Budget
from market.store_sqlite import SqliteStore
from tests.market import store_workers
from tests.market.store_workers import Grant
from tests.market.stores import STORE_KINDS, store_address

NOW_S = 1_790_000_000.0
PROCESSES = 4
SPREAD_ROUNDS = 20
ROUNDS = 300


@pytest.fixture(params=STORE_KINDS)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with store_address(request.param, tmp_path) as address:
        yield address


def most_in_any_window(grants: Sequence[Grant], window_s: float) -> int:
    """Return the largest sum of costs within any window, both of its ends included."""
    return max(sum(cost for at, cost in grants if end - window_s <= at <= end) for end, _ in grants)


def hammer(address: str, budget: Budget, costs: Sequence[int], rounds: int) -> list[Grant]:
    """Let several processes take all they can get; return the grants in order of time."""
    spawn = multiprocessing.get_context("spawn")
    now = spawn.Value("d", NOW_S)
    waits = spawn.Array("d", len(costs))
    barrier, results = spawn.Barrier(len(costs)), spawn.Queue()
    processes = [
        spawn.Process(
            daemon=True,
            target=store_workers.hammer,
            args=(
                *(address, budget, worker, cost, SPREAD_ROUNDS, rounds),
                *(now, waits, barrier, results),
            ),
        )
        for worker, cost in enumerate(costs)
    ]
    for process in processes:
        process.start()
    grants = [grant for _ in processes for grant in results.get(timeout=120)]
    for process in processes:
        process.join(60)
    return sorted(grants)


def test_processes_together_stay_within_every_window_and_use_98_percent_of_it(
    address: str,
) -> None:
    budget = Budget("sliding", limit=200, window_s=60)

    grants = hammer(address, budget, (1, 1, 1, 3), ROUNDS)

    assert most_in_any_window(grants, 60) <= 200
    begin_s, end_s = NOW_S + 60, grants[-1][0]
    used = sum(cost for at, cost in grants if begin_s <= at < end_s)
    assert used / (200 * (end_s - begin_s) / 60) >= 0.98


def test_processes_together_stay_within_clock_windows_and_use_them_up(address: str) -> None:
    budget = Budget("aligned", limit=200, window_s=60, aligned=True)

    grants = hammer(address, budget, (1, 1, 1, 3), SPREAD_ROUNDS + 10)

    per_minute: Counter[int] = Counter()
    for at, cost in grants:
        per_minute[int(at // 60)] += cost
    saturated = [per_minute[minute] for minute in sorted(per_minute)[2:-1]]
    assert len(saturated) >= 5
    assert max(per_minute.values()) <= 200
    assert min(saturated) >= 196


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    window_s=st.sampled_from([2, 60, 300]),
    limit=st.integers(3, 12),
    arrival_ms=st.sampled_from([0, 500]),
    steps=st.lists(
        st.tuples(st.floats(0.0, 1.2, allow_nan=False), st.integers(1, 3)),
        min_size=5,
        max_size=40,
    ),
)
def test_no_sequence_of_takes_exceeds_any_window(
    tmp_path: Path, window_s: int, limit: int, arrival_ms: int, steps: list[tuple[float, int]]
) -> None:
    store = SqliteStore(tmp_path / "windows.sqlite3")
    name = f"{window_s}-{limit}-{arrival_ms}-{len(steps)}-{hash(tuple(steps))}"
    budget = Budget(name, limit, window_s, arrival_ms=arrival_ms)
    grants: list[Grant] = [(0.0, 0)]
    after_s = 0.0

    for step, cost in steps:
        after_s += step * window_s / 4
        with clock.wall_shifted(NOW_S - 1_700_000_000 + after_s):
            before_s = clock.wall_s()
            if store.take([budget], cost) == 0.0:
                grants.append((before_s, cost))
    store.close()

    # Real time runs on between reading the clock and the store's own reading of it.
    assert most_in_any_window(grants, window_s + arrival_ms / 1000 - 0.005) <= limit


@settings(deadline=None)
@given(
    now_ms=st.integers(1_600_000_000_000, 4_000_000_000_000),
    window_s=st.sampled_from([0, 1, 2, 60, 300, 86_400]),
    aligned=st.booleans(),
    arrival_ms=st.sampled_from([0, 500]),
)
def test_the_oldest_counted_bucket_is_the_next_to_lapse(
    now_ms: int, window_s: int, aligned: bool, arrival_ms: int
) -> None:
    budget = Budget("any", 1, window_s, aligned, arrival_ms)

    counted = counted_buckets(budget, now_ms)

    assert counted.oldest <= counted.current <= counted.newest
    assert now_ms < frees_at_ms(budget, counted.oldest)
    if counted.oldest > 0:
        assert frees_at_ms(budget, counted.oldest - 1) <= now_ms
    if window_s and not aligned:
        covered_ms = frees_at_ms(budget, counted.current) - now_ms
        longest_ms = window_s * 1000 + arrival_ms
        assert longest_ms <= covered_ms <= longest_ms + 2 * window_s * 10
