"""What a killed service left behind, read with plain SQL on either database; and rows for it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

# All that scans read before they ask anybody.
READ_TABLES = ("market_listedsymbol", "market_series")

SIGNALS = """
    SELECT symbol, profile_name, seq, signal, score, confidence, coverage_pct, price, timestamp
    FROM signals_signal ORDER BY symbol, seq
"""
RUN = "SELECT state, done, failed, skipped, published FROM signals_scanrun"
COUNTED = "SELECT symbol, evaluated FROM signals_evaluationcount ORDER BY symbol"
EVENTS = "SELECT dedup_key FROM notifications_alertevent"
OWED = """
    SELECT (SELECT COUNT(*) FROM notifications_alertevent WHERE fanned_out_at IS NULL)
         + (SELECT COUNT(*) FROM notifications_delivery WHERE state IN ('pending', 'sending'))
"""
DELIVERIES = """
    SELECT s.chat_id, e.dedup_key, d.state, d.unconfirmed FROM notifications_delivery d
    JOIN notifications_alertevent e ON e.id = d.event_id
    JOIN notifications_subscriber s ON s.id = d.subscriber_id
"""


def rows(database: str, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query; ``database`` is a URL, of Postgres or of an SQLite file."""
    if database.startswith("sqlite:"):
        connection = sqlite3.connect(_file_of(database), timeout=20)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()
    with psycopg.connect(database) as server:
        return server.execute(sql.encode()).fetchall()


def copy_read(source: Path, target: str) -> None:
    """Copy what was read from the market from an SQLite file into a migrated Postgres."""
    connection = sqlite3.connect(source)
    with psycopg.connect(target) as server, server.cursor() as cursor:
        for table in READ_TABLES:
            found = connection.execute(f"SELECT * FROM {table}")  # noqa: S608 - ours
            names = [column[0] for column in found.description]
            places = ", ".join(["%s"] * len(names))
            cursor.executemany(
                f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})".encode(),  # noqa: S608
                found,
            )
    connection.close()


def _file_of(database: str) -> str:
    return urlsplit(database).path
