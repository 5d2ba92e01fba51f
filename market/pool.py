"""Database connections are lent for queries, not for waiting."""

from __future__ import annotations

from django.db import connections


def give_back_pooled_connections() -> None:
    """Return this thread's idle connections to their pool, ahead of a wait that needs none.

    Waiting for venues, or for another thread that does, takes seconds. A pool has ten connections:
    held meanwhile, they would let ten requests wait at a time, and fail the others.
    """
    for connection in connections.all(initialized_only=True):
        if connection.settings_dict["OPTIONS"].get("pool") and not connection.in_atomic_block:
            connection.close()
