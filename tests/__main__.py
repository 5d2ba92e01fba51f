"""``./run test``: the whole suite on SQLite, and what touches a database on Postgres as well.

Redis and Postgres come from ``TEST_REDIS_URL`` and ``TEST_DATABASE_URL``, else from the servers of
this machine when they answer; otherwise what needs them is skipped with that reason. With
``REQUIRE_SERVERS=1`` (continuous integration) a server that does not answer is a failure. Without
arguments, as many processes as there are cores share the tests.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

import pytest

from tests.loopback import loopback_postgres, loopback_redis

# In order: tests that only roll back come before those that empty the tables of what migrations
# put there.
WHOLE_SUITE = ("-n", "auto", "--dist", "load")


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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
