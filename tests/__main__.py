"""``./run test``: the whole suite on SQLite, and what touches a database on Postgres as well.

Redis and Postgres come from ``TEST_REDIS_URL`` and ``TEST_DATABASE_URL``, else from the servers of
this machine when they answer; otherwise what needs them is skipped with that reason. With
``REQUIRE_SERVERS=1`` (continuous integration) a server that does not answer is a failure. Without
arguments, as many processes as there are cores share the tests.
"""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
from collections.abc import Sequence

import psycopg
import pytest
import redis

ANSWER_LIMIT_S = 2
# In order: tests that only roll back come before those that empty the tables of what migrations
# put there.
WHOLE_SUITE = ("-n", "auto", "--dist", "load")
# Not the databases that a service on this machine would use.
LOOPBACK_REDIS = "redis://127.0.0.1:6379/15"


def main(arguments: Sequence[str]) -> int:
    servers = {
        "TEST_DATABASE_URL": os.environ.get("TEST_DATABASE_URL") or loopback_postgres(),
        "TEST_REDIS_URL": os.environ.get("TEST_REDIS_URL") or loopback_redis(),
    }
    absent = [name for name, url in servers.items() if url is None]
    if absent and os.environ.get("REQUIRE_SERVERS") == "1":
        sys.exit(f"No server answers for {' and '.join(absent)}, and REQUIRE_SERVERS is set.")

    arguments = arguments or WHOLE_SUITE
    environment = os.environ | {name: url for name, url in servers.items() if url is not None}
    statuses = []
    if servers["TEST_DATABASE_URL"] is not None:
        print("On Postgres: the tests that use a database.", flush=True)
        statuses.append(run_pytest(["-p", "tests.database_tests", *arguments], environment))
    environment.pop("TEST_DATABASE_URL", None)
    print("On SQLite: every test.", flush=True)
    statuses.append(run_pytest(arguments, environment))
    return worst(statuses)


def run_pytest(arguments: Sequence[str], environment: dict[str, str]) -> int:
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, env=environment, check=False).returncode


def worst(statuses: Sequence[int]) -> int:
    """Join the exit statuses of runs over one selection, of which some may have found nothing."""
    nothing_found = int(pytest.ExitCode.NO_TESTS_COLLECTED)
    failed = [status for status in statuses if status not in {0, nothing_found}]
    return failed[0] if failed else min(statuses)


def loopback_postgres() -> str | None:
    """Return the URL of a database of our own on this machine's Postgres, if we may make one."""
    for user in dict.fromkeys((getpass.getuser(), "postgres")):
        server = f"postgresql://{user}@127.0.0.1:5432"
        try:
            with psycopg.connect(
                f"{server}/postgres", connect_timeout=ANSWER_LIMIT_S
            ) as connection:
                row = connection.execute(
                    "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
                ).fetchone()
        except psycopg.OperationalError:
            continue
        if row and row[0]:
            return f"{server}/signals_{os.getpid()}"  # two runs at once do not share it
    return None


def loopback_redis() -> str | None:
    client = redis.Redis.from_url(LOOPBACK_REDIS, socket_connect_timeout=ANSWER_LIMIT_S)
    try:
        client.ping()
    except redis.RedisError:
        return None
    finally:
        client.close()
    return LOOPBACK_REDIS


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
