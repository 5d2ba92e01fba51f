"""The database: an SQLite file, or Postgres through a pool of connections."""

from __future__ import annotations

from pathlib import Path

import dj_database_url

# WAL lets readers go on while one process writes; NORMAL is durable in WAL except for the last
# commits before a power cut. IMMEDIATE takes the write lock at BEGIN, where waiting works:
# a lock upgraded in the middle of a transaction fails at once whatever the time-out.
SQLITE_OPTIONS: dict[str, object] = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,  # seconds to wait for another process's write
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}
# Threads borrow connections for one request; idle ones go back (CONN_MAX_AGE 0 is what pools need).
# With the database away a request must fail before the deadline of an answer, hence the seconds.
# A pool gives up reconnecting as soon as those who waited have: otherwise its pauses double for
# five minutes, and a server that is back stays unused for another two.
# Django prepares none of its own statements whatever the threshold; without one, nobody may.
POSTGRES_OPTIONS: dict[str, object] = {
    "pool": {"min_size": 2, "max_size": 10, "timeout": 5, "reconnect_timeout": 5},
    "connect_timeout": 5,
    "prepare_threshold": 5,
}

SCHEMES = ("postgres", "postgresql", "sqlite")


def database(url: str | None, sqlite_file: Path) -> dict[str, object]:
    """Return one DATABASES entry: Postgres from a URL, else the SQLite file."""
    if url is None:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": sqlite_file,
            "OPTIONS": SQLITE_OPTIONS,
        }
    parsed = dj_database_url.parse(url, conn_max_age=0)
    entry: dict[str, object] = {**parsed}
    is_sqlite = entry["ENGINE"] == "django.db.backends.sqlite3"
    own: dict[str, object] = SQLITE_OPTIONS if is_sqlite else POSTGRES_OPTIONS
    of_url = parsed.get("OPTIONS") or {}
    entry["OPTIONS"] = {**own, **of_url}
    if not is_sqlite:
        # Replaces a connection that a restarted server cut, instead of failing somebody's request.
        entry["ENGINE"] = "config.postgres"
        entry["CONN_HEALTH_CHECKS"] = False  # Django's check asks the server each time
    return entry
