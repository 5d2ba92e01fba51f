"""The SQLite file under the embedded store: connections, forks, and a file that was lost.

Threads share a few connections: a web server has a hundred threads, of which a few are in here at
once, and each connection takes 120 kB or more. None crosses a fork: a child that inherits an open
one believes to hold file locks it does not have, so all are closed before the process forks and
opened again when next needed, on both sides. A file that somebody deleted is noticed by its inode,
one that is no database is set aside; both are made anew, for they hold nothing that cannot be lost.
"""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from market.store_contract import StoreUnavailable

logger = logging.getLogger(__name__)

T = TypeVar("T")

BUSY_TIMEOUT_S = 20.0  # far above any transaction of ours: waiting beats failing
# A crowd that waits for a long write of another process opens more, and closes them again.
CONNECTIONS_KEPT = 4
_LOST = frozenset({sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT})


class _Slot:
    """A connection, or the place for one; whoever holds the lock uses it."""

    __slots__ = ("connection", "inode", "is_kept", "lock")

    def __init__(self, is_kept: bool) -> None:
        self.is_kept = is_kept
        self.lock = threading.Lock()
        self.connection: sqlite3.Connection | None = None
        self.inode = 0

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def __del__(self) -> None:
        # With its file. The connection is part of a reference cycle and would linger otherwise.
        self.close()


class SqliteFile:
    def __init__(self, path: Path, schema: str) -> None:
        self._path = path
        self._schema = schema
        self._slots: list[_Slot] = []  # grows, never shrinks
        self._slots_lock = threading.Lock()
        _files.add(self)

    def run(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        """Run an operation of a single statement (atomic by itself), or one that only reads."""
        return self._run(operation)

    def transact(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        """Run an operation holding the write lock from its first statement on.

        IMMEDIATE, because a lock that is upgraded in the middle fails at once instead of waiting.
        """

        def transaction(connection: sqlite3.Connection) -> T:
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = operation(connection)
            except BaseException:
                if connection.in_transaction:  # a full disk has already rolled back
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
            return result

        return self._run(transaction)

    def close(self) -> None:
        self.hold()
        self.let_go()

    def hold(self) -> None:
        """Close all connections and keep every thread out until :meth:`let_go`."""
        self._slots_lock.acquire()
        for slot in self._slots:
            slot.lock.acquire()
            slot.close()

    def let_go(self) -> None:
        for slot in self._slots:
            slot.lock.release()
        self._slots_lock.release()

    def _run(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        slot = self._free_slot() or self._new_slot()
        try:
            try:
                return operation(self._connection(slot))
            except sqlite3.DatabaseError as e:
                if _error_code(e) not in _LOST:
                    raise
            slot.close()
            self._replace_lost_file()
            return operation(self._connection(slot))
        except (sqlite3.DatabaseError, OSError) as e:
            slot.close()
            raise StoreUnavailable(f"the store file cannot be used: {e}") from e
        finally:
            if not slot.is_kept:
                slot.close()
            slot.lock.release()

    def _free_slot(self) -> _Slot | None:
        """Take the first slot that nobody uses, so that the later ones rest."""
        return next((slot for slot in self._slots if slot.lock.acquire(blocking=False)), None)

    def _new_slot(self) -> _Slot:
        with self._slots_lock:
            slot = self._free_slot()  # all were taken because of a fork, which is over
            if slot is None:
                slot = _Slot(is_kept=len(self._slots) < CONNECTIONS_KEPT)
                slot.lock.acquire()
                self._slots.append(slot)
            return slot

    def _connection(self, slot: _Slot) -> sqlite3.Connection:
        if slot.connection is not None and slot.inode == self._inode():
            return slot.connection
        slot.close()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        slot.connection = self._open()
        slot.inode = self._inode()
        return slot.connection

    def _open(self) -> sqlite3.Connection:
        with self._guard():
            return self._open_guarded()

    def _open_guarded(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.executescript(self._schema)
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def _guard(self) -> Iterator[None]:
        """One opener at a time: two that turn a new file to WAL fail at once instead of waiting."""
        with open(self._path.with_name(self._path.name + ".lock"), "w") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(guard, fcntl.LOCK_UN)

    def _inode(self) -> int:
        try:
            return os.stat(self._path).st_ino
        except FileNotFoundError:
            return 0

    def _replace_lost_file(self) -> None:
        """Set the unreadable file aside, once for all processes that stumble over it."""
        with self._guard():
            if self._is_sound():
                return  # another process was faster
            for suffix in ("-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
            self._path.replace(self._path.with_name(self._path.name + ".unreadable"))
        logger.warning("the store file was unreadable: set aside, a new one is begun")

    def _is_sound(self) -> bool:
        try:
            connection = self._open_guarded()
            try:
                return bool(connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
            finally:
                connection.close()
        except sqlite3.DatabaseError as e:
            if _error_code(e) not in _LOST:
                raise
            return False


def _error_code(error: sqlite3.Error) -> int:
    # Extended codes carry the primary one in their low byte; absent on errors of the module itself.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


_files: weakref.WeakSet[SqliteFile] = weakref.WeakSet()
_held_for_fork: list[SqliteFile] = []


def _before_fork() -> None:
    for file in list(_files):
        file.hold()
        _held_for_fork.append(file)


def _after_fork() -> None:
    while _held_for_fork:
        _held_for_fork.pop().let_go()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)
