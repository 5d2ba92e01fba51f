"""Postgres through a pool: a restarted server is used again at once; waiting needs no connection.

Each test runs a server of its own, which nobody else notices being cut.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, ProgrammingError, connections
from django.db.utils import ConnectionHandler

from config.postgres import base as postgres
from config.settings.databases import database
from market import pool
from market.pool import give_back_pooled_connections
from tests.postgres_server import PostgresServer, postgres_server

RESTARTED = "restarted"

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture
def handler(server: PostgresServer) -> Iterator[ConnectionHandler]:
    """Return connections as the settings make them, to our server."""
    # Pools belong to a name for the whole process: this one must not be the tests' own.
    restarted = copy.deepcopy(database(server.url, Path("unused")))
    handler = ConnectionHandler({"default": {}, RESTARTED: restarted})
    yield handler
    handler[RESTARTED].close()
    handler[RESTARTED].close_pool()


def ask(handler: ConnectionHandler) -> None:
    """Do what a request does: ask, and give the connection back."""
    connection = handler[RESTARTED]
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()


def test_a_server_that_was_restarted_fails_nobody_who_comes_after(
    server: PostgresServer, handler: ConnectionHandler
) -> None:
    ask(handler)
    server.stop()
    server.start()

    ask(handler)


def test_after_an_outage_the_next_to_ask_is_served(
    server: PostgresServer, handler: ConnectionHandler
) -> None:
    ask(handler)
    server.stop()
    with pytest.raises(OperationalError):
        ask(handler)
    server.start()

    ask(handler)


def test_threads_at_work_recover_by_themselves_from_a_restart(
    server: PostgresServer, handler: ConnectionHandler
) -> None:
    served_again = threading.Barrier(9)
    restarted = threading.Event()

    def work() -> None:
        while True:
            came_after = restarted.is_set()
            try:
                ask(handler)
            except OperationalError:
                assert not came_after, "failed though the server was back"
                continue
            if came_after:
                served_again.wait(60)
                return

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    server.stop()
    server.start()
    restarted.set()

    served_again.wait(60)
    for thread in threads:
        thread.join()


def test_a_connection_is_asked_whether_it_works_once_in_a_while_only(
    handler: ConnectionHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(handler)
    asked: list[str] = []
    execute = psycopg.Connection.execute

    def noted(connection: Any, statement: str) -> Any:
        asked.append(statement)
        return execute(connection, statement)

    monkeypatch.setattr(psycopg.Connection, "execute", noted)
    for _ in range(5):
        ask(handler)
    often = list(asked)
    monkeypatch.setattr(postgres, "ASK_EVERY_S", 0.0)
    ask(handler)

    assert len(often) < 3  # the pool's second connection, if it was not there yet
    assert len(asked) == len(often) + 1


def test_a_connection_given_back_in_a_transaction_can_be_asked_and_used_again(
    handler: ConnectionHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "ASK_EVERY_S", 0.0)
    connection = handler[RESTARTED]
    for _ in range(4):  # each of the pool's two, twice
        connection.ensure_connection()
        connection.set_autocommit(False)
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        connection.close()

    ask(handler)


def test_a_statement_that_stays_the_same_is_planned_once_by_each_connection(
    handler: ConnectionHandler,
) -> None:
    connection = handler[RESTARTED]
    instant = "SELECT timestamptz '2026-01-02 03:04:05.678+02'"
    with connection.cursor() as cursor:
        cursor.execute(instant)
        expected = cursor.fetchall()

    prepared = [connection.fetch_prepared(instant) for _ in range(3)]

    assert prepared == [expected] * 3
    assert expected[0][0].utcoffset() == timedelta(0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        assert cursor.fetchall() == [(instant,)]
    with pytest.raises(ProgrammingError):
        connection.fetch_prepared("SELECT no_such_column")
    connection.close()


def test_a_hundred_that_wait_for_others_need_no_connection_meanwhile(
    handler: ConnectionHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "connections", handler)
    everybody_waits = threading.Barrier(100)
    faults: list[Exception] = []

    def request() -> None:
        try:
            handler[RESTARTED].ensure_connection()
            give_back_pooled_connections()
            everybody_waits.wait(60)
            ask(handler)
        except Exception as fault:  # noqa: BLE001 - of a thread, told to the test
            faults.append(fault)

    threads = [threading.Thread(target=request) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert faults == []


def test_a_connection_in_a_transaction_is_kept() -> None:
    connection = connections["default"]
    connection.ensure_connection()

    give_back_pooled_connections()

    assert connection.connection is not None
