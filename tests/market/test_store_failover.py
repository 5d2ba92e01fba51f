"""A Redis that is down costs nobody time, and nothing goes unmetered meanwhile."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from market.store_contract import Budget, StoreUnavailable
from market.store_failover import TRY_AGAIN_AFTER_S, WARN_EVERY_S, FailoverStore
from market.store_redis import RedisStore
from market.store_sqlite import SqliteStore

BUDGET = Budget("calls", limit=10, window_s=60)


class SometimesDown(SqliteStore):
    """A shared store whose network can be pulled."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.down = False
        self.asked = 0

    def take(self, budgets, cost=1):
        self.asked += 1
        if self.down:
            raise StoreUnavailable("pulled")
        return super().take(budgets, cost)


@pytest.fixture
def shared(tmp_path: Path) -> SometimesDown:
    return SometimesDown(tmp_path / "shared.sqlite3")


@pytest.fixture
def now_s() -> list[float]:
    return [1000.0]


@pytest.fixture
def store(shared: SometimesDown, tmp_path: Path, now_s: list[float]) -> FailoverStore:
    local = SqliteStore(tmp_path / "local.sqlite3")
    return FailoverStore(shared, local, monotonic_s=lambda: now_s[0])


def test_while_it_answers_everything_goes_to_the_shared_store(store, shared) -> None:
    store.set("key", b"value", 60)
    store.take([BUDGET], 3)

    assert shared.get("key") == b"value"
    assert shared.used([BUDGET]) == [3]
    assert store.state().ok


def test_when_it_fails_budgets_are_held_by_the_machine(store, shared) -> None:
    shared.down = True

    waits = [store.take([BUDGET]) for _ in range(11)]

    assert waits[:10] == [0.0] * 10
    assert waits[10] > 0.0
    assert not store.state().ok


def test_a_failed_store_is_left_alone_for_a_while(store, shared, now_s) -> None:
    shared.down = True
    for _ in range(5):
        store.take([BUDGET])
    asked_at_once = shared.asked

    now_s[0] += TRY_AGAIN_AFTER_S
    store.take([BUDGET])
    store.take([BUDGET])

    assert asked_at_once == 1
    assert shared.asked == 2


def test_it_is_used_again_as_soon_as_it_answers(store, shared, now_s) -> None:
    shared.down = True
    store.take([BUDGET], 2)
    shared.down = False

    now_s[0] += TRY_AGAIN_AFTER_S
    store.take([BUDGET], 5)

    assert shared.used([BUDGET]) == [5]
    assert store.state().ok


def test_one_warning_a_minute_is_enough(store, shared, now_s, caplog) -> None:
    shared.down = True

    with caplog.at_level(logging.WARNING):
        for _ in range(int(2 * WARN_EVERY_S / TRY_AGAIN_AFTER_S)):
            store.take([BUDGET], 1)
            now_s[0] += TRY_AGAIN_AFTER_S

    assert len(caplog.records) == 2


def test_a_redis_that_nobody_runs_is_unavailable_without_naming_its_address() -> None:
    store = RedisStore("redis://:secret@127.0.0.1:1/0", "test:")

    with pytest.raises(StoreUnavailable) as caught:
        store.get("key")

    assert "secret" not in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)
