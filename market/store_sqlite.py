"""The shared store of an installation on one machine: an SQLite file in the data folder.

No service to install, and what is counted (a month's quota above all) survives restarts.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

from market import clock
from market.budget_windows import (
    blocking_bucket,
    check_cost,
    counted_buckets,
    forgettable_at_ms,
    frees_at_ms,
    storage_key,
)
from market.sqlite_file import SqliteFile
from market.store_contract import Budget, Count, StoreState

PURGE_EVERY_MS = 60_000  # expired rows cost only space; a sweep reads both tables

# The value comes last: a sweep over expiries then never touches the pages of large values.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (
    key TEXT PRIMARY KEY, expires_ms INTEGER NOT NULL, value BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS spent (
    budget TEXT NOT NULL, bucket INTEGER NOT NULL, used INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL, PRIMARY KEY (budget, bucket)
) WITHOUT ROWID;
"""
_GET = "SELECT value FROM entry WHERE key = ? AND expires_ms > ?"
_SET = """
INSERT INTO entry (key, expires_ms, value) VALUES (?, ?, ?)
ON CONFLICT (key) DO UPDATE SET expires_ms = excluded.expires_ms, value = excluded.value
"""
_ADD = _SET + "WHERE entry.expires_ms <= ?"
_REPLACE = (
    "UPDATE entry SET expires_ms = ?, value = ? WHERE key = ? AND value = ? AND expires_ms > ?"
)
_RELEASE = "DELETE FROM entry WHERE key = ? AND value = ? AND expires_ms > ?"
_USED = "SELECT COALESCE(SUM(used), 0) FROM spent WHERE budget = ? AND bucket BETWEEN ? AND ?"
_BUCKETS = (
    "SELECT bucket, used FROM spent WHERE budget = ? AND bucket BETWEEN ? AND ? ORDER BY bucket"
)
_SPEND = """
INSERT INTO spent (budget, bucket, used, expires_ms) VALUES (?, ?, ?, ?)
ON CONFLICT (budget, bucket) DO UPDATE SET used = used + excluded.used
"""


class SqliteStore:
    def __init__(self, path: Path) -> None:
        self._file = SqliteFile(path, _SCHEMA)
        self._purge_due_ms = 0
        self._purge_lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        return self.get_many((key,))[0]

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        now_ms = _now_ms()

        def select(connection: sqlite3.Connection) -> list[bytes | None]:
            found = [connection.execute(_GET, (key, now_ms)).fetchone() for key in keys]
            return [None if row is None else row[0] for row in found]

        return self._file.run(select)

    def set(self, key: str, value: bytes, ttl_s: float) -> None:
        self._change(_SET, (key, _now_ms() + _ms(ttl_s), value))

    def add(self, key: str, value: bytes, ttl_s: float) -> bool:
        now_ms = _now_ms()
        return self._change(_ADD, (key, now_ms + _ms(ttl_s), value, now_ms))

    def replace(self, key: str, expected: bytes | None, value: bytes, ttl_s: float) -> bool:
        if expected is None:
            return self.add(key, value, ttl_s)
        now_ms = _now_ms()
        return self._change(_REPLACE, (now_ms + _ms(ttl_s), value, key, expected, now_ms))

    def release(self, key: str, value: bytes) -> bool:
        return self._change(_RELEASE, (key, value, _now_ms()))

    def delete(self, key: str) -> None:
        self._change("DELETE FROM entry WHERE key = ?", (key,))

    def count(self, counts: Sequence[Count]) -> list[int]:
        def add_to_all(connection: sqlite3.Connection) -> list[int]:
            now_ms = _now_ms()
            totals = []
            for key, amount, ttl_s in counts:
                held = connection.execute(_GET, (key, now_ms)).fetchone()
                total = amount if held is None else int(held[0]) + amount
                value = b"%d" % total
                if held is None:
                    connection.execute(_SET, (key, now_ms + _ms(ttl_s), value))
                else:
                    connection.execute("UPDATE entry SET value = ? WHERE key = ?", (value, key))
                totals.append(total)
            return totals

        totals = self._file.transact(add_to_all)
        self._purge_now_and_then()
        return totals

    def take(self, budgets: Sequence[Budget], cost: int = 1) -> float:
        check_cost(budgets, cost)
        if not budgets:
            return 0.0

        def take_all(connection: sqlite3.Connection) -> float:
            now_ms = _now_ms()  # with the lock held: what waited for it counts from here on
            free_ms = now_ms
            buckets = [counted_buckets(budget, now_ms) for budget in budgets]
            for budget, counted in zip(budgets, buckets, strict=True):
                bounds = (storage_key(budget), counted.oldest, counted.newest)
                (used,) = connection.execute(_USED, bounds).fetchone()
                if used + cost > budget.limit:
                    blocking = blocking_bucket(
                        connection.execute(_BUCKETS, bounds), budget.limit, cost
                    )
                    if blocking is not None:
                        free_ms = max(free_ms, frees_at_ms(budget, blocking))
            if free_ms > now_ms:
                return (free_ms - now_ms) / 1000
            connection.executemany(
                _SPEND,
                [
                    (
                        storage_key(budget),
                        counted.current,
                        cost,
                        forgettable_at_ms(budget, counted.current),
                    )
                    for budget, counted in zip(budgets, buckets, strict=True)
                ],
            )
            return 0.0

        wait_s = self._file.transact(take_all)
        self._purge_now_and_then()
        return wait_s

    def used(self, budgets: Sequence[Budget]) -> list[int]:
        now_ms = _now_ms()

        def sums(connection: sqlite3.Connection) -> list[int]:
            return [
                connection.execute(
                    _USED, (storage_key(budget), counted.oldest, counted.newest)
                ).fetchone()[0]
                for budget in budgets
                for counted in (counted_buckets(budget, now_ms),)
            ]

        return self._file.run(sums)

    def state(self) -> StoreState:
        self._file.run(lambda connection: connection.execute("SELECT 1").fetchone())
        return StoreState("sqlite", True, "file in the data folder")

    def close(self) -> None:
        self._file.close()

    def _change(self, statement: str, parameters: tuple[object, ...]) -> bool:
        """Run one statement, which is atomic by itself; return whether it changed a row."""
        changed = self._file.run(
            lambda connection: connection.execute(statement, parameters).rowcount
        )
        self._purge_now_and_then()
        return changed > 0

    def _purge_now_and_then(self) -> None:
        now_ms = _now_ms()
        if now_ms < self._purge_due_ms or not self._purge_lock.acquire(blocking=False):
            return
        try:
            self._purge_due_ms = now_ms + PURGE_EVERY_MS
            self._file.run(
                lambda connection: [
                    connection.execute("DELETE FROM entry WHERE expires_ms <= ?", (now_ms,)),
                    connection.execute("DELETE FROM spent WHERE expires_ms <= ?", (now_ms,)),
                ]
            )
        finally:
            self._purge_lock.release()


def _now_ms() -> int:
    return int(clock.wall_s() * 1000)


def _ms(ttl_s: float) -> int:
    return int(ttl_s * 1000)
