"""``ENGINE = "config.postgres"``: Django's own backend, cheaper where requests spend their time.

- A pooled connection is looked at before it is handed out. A server that ends says so to its idle
  connections, so one with nothing to read is as good as it was; only the others are asked, with a
  round trip, and those that have not been asked for a while: a network may go silent.
- Instants are read by psycopg's loader in C. Django's, in Python, takes 4 µs for each to set the
  time zone, which here is UTC already.
- A statement that never changes may be prepared.
"""

from __future__ import annotations

import select
from collections.abc import Mapping
from time import monotonic
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg.types.datetime import TimestamptzLoader

# After so long a connection is asked in any case.
ASK_EVERY_S = 10.0


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: Mapping[str, Any]) -> psycopg.Connection[Any]:
        """Return a connection that works; the pool makes new ones for those that do not."""
        while True:
            connection: psycopg.Connection[Any] = super().get_new_connection(conn_params)
            if self.pool is None or self._works(connection):
                return connection
            connection.close()
            self.pool.putconn(connection)

    def create_cursor(self, name: str | None = None) -> psycopg.Cursor[Any]:
        cursor: psycopg.Cursor[Any] = super().create_cursor(name)
        self._read_instants_in_c(cursor)
        return cursor

    def fetch_prepared(self, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows of a statement that stays the same, values and all.

        Each connection keeps its plan: to plan takes Postgres half as long as to answer.
        """
        self.ensure_connection()
        with self.wrap_database_errors, psycopg.Cursor(self.connection) as cursor:
            self._read_instants_in_c(cursor)
            return cursor.execute(statement, prepare=True).fetchall()

    def _read_instants_in_c(self, cursor: psycopg.Cursor[Any]) -> None:
        if self.timezone_name == "UTC":
            cursor.adapters.register_loader("timestamptz", TimestamptzLoader)

    def _works(self, connection: psycopg.Connection[Any]) -> bool:
        now_s = monotonic()
        asked_s = getattr(connection, "asked_s", -ASK_EVERY_S)
        if now_s - asked_s < ASK_EVERY_S and not _has_something_to_read(connection):
            return True
        try:
            self.pool.check_connection(connection)
        except psycopg.OperationalError:
            return False
        connection.asked_s = now_s  # type: ignore[attr-defined] # known to this module alone
        return True


def _has_something_to_read(connection: psycopg.Connection[Any]) -> bool:
    looking = select.poll()
    looking.register(connection.fileno(), select.POLLIN)
    return bool(looking.poll(0))
