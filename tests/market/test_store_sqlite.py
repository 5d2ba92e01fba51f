"""The store file: forks, threads, and what happens when somebody deletes or ruins it."""

from __future__ import annotations

import contextlib
import gc
import logging
import multiprocessing
import os
import sqlite3
import threading
from pathlib import Path

import pytest

from market import clock
from market.sqlite_file import CONNECTIONS_KEPT, SqliteFile
from market.store_contract import Budget, StoreUnavailable
from market.store_sqlite import SqliteStore
from tests.market import store_workers

BUDGET = Budget("calls", limit=10, window_s=60)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "store.sqlite3"


def in_child(work) -> int:
    """Run ``work`` in a forked child; return its exit code."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = work()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_forked_child_counts_in_the_same_budget(path: Path) -> None:
    store = SqliteStore(path)
    store.take([BUDGET], 4)

    taken_in_child = in_child(lambda: 0 if store.take([BUDGET], 4) == 0.0 else 1)

    assert taken_in_child == 0
    assert store.used([BUDGET]) == [8]
    assert store.take([BUDGET], 4) > 0.0


def open_files(path: Path) -> int:
    targets = [os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")]
    return targets.count(str(path))


def open_connections(path: Path) -> int:
    """Count by the objects: SQLite itself closes a file only with its last connection."""
    files = []
    for connection in [o for o in gc.get_objects() if type(o) is sqlite3.Connection]:
        with contextlib.suppress(sqlite3.ProgrammingError):  # closed, or another thread's own
            files += [file for _, _, file in connection.execute("PRAGMA database_list")]
    return files.count(str(path))


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="needs Linux's /proc")
def test_no_connection_is_open_while_the_process_forks(path: Path) -> None:
    store = SqliteStore(path)
    store.set("key", b"value", 60)

    open_before = open_files(path)
    inherited = in_child(lambda: open_files(path))

    assert open_before > 0
    assert inherited == 0
    assert store.get("key") == b"value"


def test_threads_that_take_turns_share_one_connection(path: Path) -> None:
    store = SqliteStore(path)
    done = threading.Event()
    asked = threading.Semaphore(0)

    def ask_and_stay() -> None:
        store.get("key")
        asked.release()
        done.wait()

    threads = [threading.Thread(target=ask_and_stay) for _ in range(20)]
    for thread in threads:
        thread.start()
        asked.acquire(timeout=30)
    opened = open_connections(path)
    done.set()
    for thread in threads:
        thread.join()

    assert opened == 1


def test_a_crowd_at_once_leaves_few_connections_open(path: Path) -> None:
    file = SqliteFile(path, "CREATE TABLE IF NOT EXISTS entry (key TEXT)")
    crowd = 3 * CONNECTIONS_KEPT
    inside, seen = threading.Barrier(crowd, timeout=30), []

    def enter(_: sqlite3.Connection) -> None:
        if inside.wait() == 0:
            seen.append(open_connections(path))
        inside.wait()

    threads = [threading.Thread(target=file.run, args=(enter,)) for _ in range(crowd)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == [crowd]
    assert open_connections(path) == CONNECTIONS_KEPT


def test_processes_may_begin_the_same_new_file_at_the_same_moment(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    barrier, results = spawn.Barrier(4), spawn.Queue()
    processes = [
        spawn.Process(
            target=store_workers.open_new_files,
            args=(str(tmp_path), 25, barrier, results),
            daemon=True,
        )
        for _ in range(4)
    ]

    for process in processes:
        process.start()
    opened = [results.get(timeout=60) for _ in processes]

    assert opened == [25] * 4
    assert SqliteStore(tmp_path / "0.sqlite3").get("opened") == b"4"


def test_threads_count_in_the_same_budget(path: Path) -> None:
    store = SqliteStore(path)
    granted: list[float] = []

    def take() -> None:
        granted.extend(store.take([BUDGET]) for _ in range(5))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert granted.count(0.0) == 10


def test_a_deleted_file_is_made_anew(path: Path) -> None:
    store = SqliteStore(path)
    store.set("key", b"value", 60)

    for file in path.parent.iterdir():
        file.unlink()

    assert store.get("key") is None
    store.set("key", b"again", 60)
    assert SqliteStore(path).get("key") == b"again"


@pytest.mark.parametrize("garbage", [b"this is no database" * 500, b"\x00" * 8192])
def test_a_file_that_is_no_database_is_set_aside_with_a_warning(
    path: Path, garbage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.mkdir()
    path.write_bytes(garbage)
    store = SqliteStore(path)

    with caplog.at_level(logging.WARNING):
        store.set("key", b"value", 60)

    assert store.get("key") == b"value"
    assert path.with_name("store.sqlite3.unreadable").read_bytes() == garbage
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_file_ruined_while_it_is_open_is_set_aside(path: Path) -> None:
    store = SqliteStore(path)
    store.set("key", b"value", 60)
    store.close()
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * 8000)

    store.set("key", b"again", 60)

    assert store.get("key") == b"again"


def test_a_place_that_cannot_be_written_is_reported_as_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    store = SqliteStore(tmp_path / "file" / "store.sqlite3")

    with pytest.raises(StoreUnavailable):
        store.get("key")


def test_a_failed_take_leaves_nothing_behind(path: Path, monkeypatch) -> None:
    store = SqliteStore(path)
    store.take([BUDGET], 4)

    with monkeypatch.context() as patch:
        patch.setattr("market.store_sqlite.forgettable_at_ms", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            store.take([BUDGET], 4)

    assert store.used([BUDGET]) == [4]
    assert store.take([BUDGET], 6) == 0.0


def test_expired_rows_are_cleared_away(path: Path) -> None:
    store = SqliteStore(path)
    store.set("old", b"value", 60)
    store.take([BUDGET])

    with clock.wall_shifted(600):
        store.set("new", b"value", 60)

    with sqlite3.connect(path) as raw:
        keys = [key for (key,) in raw.execute("SELECT key FROM entry")]
        spent = raw.execute("SELECT COUNT(*) FROM spent").fetchone()
    raw.close()
    assert keys == ["new"]
    assert spent == (0,)
