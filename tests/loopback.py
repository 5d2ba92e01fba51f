"""The servers of this machine that tests and benchmarks may use, when they answer."""

from __future__ import annotations

import getpass
import os

import psycopg
import redis

ANSWER_LIMIT_S = 2
# Not the databases that a service on this machine would use.
LOOPBACK_REDIS = "redis://127.0.0.1:6379/15"


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
