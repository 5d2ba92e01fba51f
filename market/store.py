"""The small shared store: cache, locks and budgets for every process of one installation.

Two implementations behave alike: Redis when ``REDIS_URL`` is set, else an SQLite file in the data
folder. Django's cache is not used for this: its counters are not atomic.
"""

from __future__ import annotations

import os

from django.conf import settings

from market.store_contract import Budget, Count, Store, StoreState, StoreUnavailable
from market.store_failover import FailoverStore
from market.store_redis import RedisStore
from market.store_sqlite import SqliteStore

__all__ = ["Budget", "Count", "Store", "StoreState", "StoreUnavailable", "get_store", "reset_store"]

_store: Store | None = None
_owner_pid = 0


def get_store() -> Store:
    """Return the store the settings ask for, one per process (a forked child gets its own)."""
    global _store, _owner_pid
    store = _store
    if store is None or _owner_pid != os.getpid():
        store = _build()
        _store, _owner_pid = store, os.getpid()
    return store


def reset_store() -> None:
    """Close the process's store; the next ``get_store`` reads the settings again. For tests."""
    global _store
    store, _store = _store, None
    if store is not None and _owner_pid == os.getpid():
        store.close()


def _build() -> Store:
    local = SqliteStore(settings.STORE_PATH)
    if not settings.REDIS_URL:
        return local
    # The environment is part of every key: sandbox answers must never meet live ones.
    prefix = f"futures-signals:{settings.ENVIRONMENT}:"
    return FailoverStore(RedisStore(settings.REDIS_URL, prefix), local)
