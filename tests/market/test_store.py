"""The contract of the shared store, held by both implementations."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import pytest

from market import clock
from market.store import get_store, reset_store
from market.store_contract import Budget, Count, Store
from market.store_failover import FailoverStore
from market.store_sqlite import SqliteStore
from tests.market import store_workers
from tests.market.stores import STORE_KINDS, open_store, store_address

MINUTE_BUDGET = Budget("minute", limit=10, window_s=60)
MONTH_BUDGET = Budget("month", limit=12, window_s=0)


@pytest.fixture(params=STORE_KINDS)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with store_address(request.param, tmp_path) as address:
        yield address


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    store = open_store(address)
    yield store
    store.close()


def test_what_was_set_is_read_back_byte_for_byte(store: Store) -> None:
    value = bytes(range(256)) * 10

    store.set("key", value, 60)

    assert store.get("key") == value
    assert store.get("other") is None


def test_an_empty_value_is_not_an_absent_one(store: Store) -> None:
    store.set("key", b"", 60)

    assert store.get("key") == b""


def test_a_value_is_gone_after_its_time_to_live(store: Store) -> None:
    store.set("key", b"value", 60)

    with clock.wall_shifted(59):
        before = store.get("key")
    with clock.wall_shifted(61):
        after = store.get("key")

    assert (before, after) == (b"value", None)


def test_a_value_without_time_to_live_is_never_seen(store: Store) -> None:
    store.set("key", b"value", 0)

    assert store.get("key") is None


def test_several_keys_are_read_in_their_order(store: Store) -> None:
    store.set("a", b"1", 60)
    store.set("c", b"3", 60)

    assert store.get_many(["c", "b", "a"]) == [b"3", None, b"1"]
    assert store.get_many([]) == []


def test_a_lock_is_given_to_one_and_given_back_only_by_its_owner(store: Store) -> None:
    assert store.add("lock", b"first", 60)
    assert not store.add("lock", b"second", 60)

    assert not store.release("lock", b"second")
    assert store.get("lock") == b"first"
    assert store.release("lock", b"first")
    assert store.add("lock", b"second", 60)


def test_a_lock_whose_owner_died_is_free_after_its_time_to_live(store: Store) -> None:
    store.add("lock", b"first", 60)

    with clock.wall_shifted(61):
        assert not store.release("lock", b"first")
        assert store.add("lock", b"second", 60)


def test_replace_writes_only_over_what_was_expected(store: Store) -> None:
    assert store.replace("key", None, b"1", 60)
    assert not store.replace("key", None, b"2", 60)
    assert not store.replace("key", b"0", b"2", 60)
    assert store.replace("key", b"1", b"2", 60)

    assert store.get("key") == b"2"


def test_replace_takes_an_expired_value_for_an_absent_one(store: Store) -> None:
    store.set("key", b"1", 60)

    with clock.wall_shifted(61):
        assert not store.replace("key", b"1", b"2", 60)
        assert store.replace("key", None, b"2", 60)


def test_deleting_is_final_and_may_be_repeated(store: Store) -> None:
    store.set("key", b"value", 60)

    store.delete("key")
    store.delete("key")

    assert store.get("key") is None


def test_a_counter_starts_anew_when_the_time_of_its_first_count_is_over(store: Store) -> None:
    one = [Count("counter", 1, 60)]

    counts = store.count(one)
    with clock.wall_shifted(40):
        counts += store.count(one)
    with clock.wall_shifted(61):
        counts += store.count(one)

    assert counts == [1, 2, 1]


def test_several_counters_are_added_to_in_one_step_also_downwards(store: Store) -> None:
    store.count([Count("minute", 5, 60), Count("day", 5, 600)])

    totals = store.count([Count("minute", 2, 60), Count("day", -3, 600), Count("new", -1, 60)])

    assert totals == [7, 2, -1]


def test_a_count_can_be_read_as_text(store: Store) -> None:
    store.count([Count("counter", 2, 60)])

    assert store.get("counter") == b"2"


def test_a_cost_is_taken_from_all_budgets_or_from_none(store: Store) -> None:
    scarce = Budget("scarce", limit=1, window_s=60)

    first = store.take([MINUTE_BUDGET, scarce])
    second = store.take([MINUTE_BUDGET, scarce])

    assert first == 0.0
    assert second > 0.0
    assert store.used([MINUTE_BUDGET, scarce]) == [1, 1]


def test_a_budget_is_free_again_after_exactly_the_wait_it_named(store: Store) -> None:
    with clock.wall_shifted(0):
        assert store.take([MINUTE_BUDGET], 10) == 0.0
        wait_s = store.take([MINUTE_BUDGET], 3)

    assert 0.0 < wait_s <= 60.6 + 0.001
    with clock.wall_shifted(wait_s):
        assert store.take([MINUTE_BUDGET], 3) == 0.0


def test_a_cost_that_no_window_could_grant_is_refused_at_once(store: Store) -> None:
    with pytest.raises(ValueError, match="exceeds the whole budget"):
        store.take([MINUTE_BUDGET], 11)
    with pytest.raises(ValueError, match="at least 1"):
        store.take([MINUTE_BUDGET], 0)

    assert store.used([MINUTE_BUDGET]) == [0]


def test_a_call_without_budgets_is_free(store: Store) -> None:
    assert store.take([]) == 0.0
    assert store.used([]) == []


def test_another_window_of_the_same_key_is_another_budget(store: Store) -> None:
    store.take([MINUTE_BUDGET], 10)

    assert store.take([Budget("minute", limit=10, window_s=300)], 10) == 0.0
    assert store.take([Budget("minute", limit=10, window_s=60, aligned=True)], 10) == 0.0


def test_a_budget_counted_by_a_clock_ahead_still_counts(store: Store) -> None:
    with clock.wall_shifted(20):
        store.take([MINUTE_BUDGET], 10)

    assert store.take([MINUTE_BUDGET]) > 0.0


def test_the_store_says_that_it_works(store: Store, address: str) -> None:
    state = store.state()

    assert state.ok
    assert state.kind == address.partition("|")[0]


def test_a_closed_store_opens_again_at_the_next_call(store: Store) -> None:
    store.set("key", b"value", 60)

    store.close()

    assert store.get("key") == b"value"


def test_a_monthly_quota_survives_a_restart_and_ends_with_the_month(
    address: str, store: Store
) -> None:
    spawn = multiprocessing.get_context("spawn")
    results = spawn.Queue()
    last_of_january_s, first_of_february_s = 1_769_900_000.0, 1_769_904_000.0

    granted = []
    for now_s in (last_of_january_s, last_of_january_s, first_of_february_s):
        process = spawn.Process(
            target=store_workers.take_all, args=(address, MONTH_BUDGET, now_s, results)
        )
        process.start()
        granted.append(results.get(timeout=60))
        process.join(60)

    assert granted == [12, 0, 12]


def test_counts_of_several_processes_are_all_different(address: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    barrier, results = spawn.Barrier(3), spawn.Queue()
    processes = [
        spawn.Process(target=store_workers.count_up, args=(address, 50, barrier, results))
        for _ in range(3)
    ]

    for process in processes:
        process.start()
    counts = [count for _ in processes for count in results.get(timeout=60)]
    for process in processes:
        process.join(60)

    assert sorted(counts) == list(range(1, 151))


def test_without_a_redis_url_the_store_is_the_file_of_the_settings(settings) -> None:
    settings.REDIS_URL = None
    reset_store()

    store = get_store()
    store.set("key", b"value", 60)

    assert isinstance(store, SqliteStore)
    assert settings.STORE_PATH.exists()
    assert get_store() is store


def test_with_a_redis_url_the_store_fails_over_from_redis_to_the_file(settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"  # nobody listens there
    reset_store()

    store = get_store()
    store.set("key", b"value", 60)

    assert isinstance(store, FailoverStore)
    assert store.get("key") == b"value"
    assert not store.state().ok
