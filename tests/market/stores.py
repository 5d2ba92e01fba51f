"""Both stores for tests, each with a name space of its own that is cleaned up afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from market.store_contract import Store
from market.store_redis import RedisStore
from market.store_sqlite import SqliteStore

STORE_KINDS = ("sqlite", pytest.param("redis", marks=pytest.mark.redis))


def open_store(address: str) -> Store:
    """Open what :func:`store_address` yielded, also from another process."""
    kind, _, rest = address.partition("|")
    if kind == "sqlite":
        return SqliteStore(Path(rest))
    url, _, prefix = rest.partition("|")
    return RedisStore(url, prefix)


@contextmanager
def store_address(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite|{folder / 'shared.sqlite3'}"
        return
    url = os.environ.get("TEST_REDIS_URL")
    if not url:
        pytest.skip("TEST_REDIS_URL names no Redis server")
    prefix = f"test-{uuid4().hex}:"
    yield f"redis|{url}|{prefix}"
    store = RedisStore(url, prefix)
    for key in store._redis.scan_iter(f"{prefix}*"):
        store._redis.delete(key)
    store.close()
