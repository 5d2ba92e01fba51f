"""How Celery reaches its workers, on each of the two brokers."""

from __future__ import annotations

from pathlib import Path

# Limits of a task that declares none of its own; every task does.
SOFT_TIME_LIMIT_S = 240
TIME_LIMIT_S = 300
# Redis hands a message out again when nobody acknowledged it for this long: longer than any task
# may run, else two workers do the same.
VISIBILITY_TIMEOUT_S = 900
# A child that has grown to this is replaced after its task; a page shared with others counts.
CHILD_MEMORY_KIB = 240_000

FILESYSTEM_URL = "filesystem://localhost"
FILESYSTEM_TRANSPORT = "config.folder_broker:Transport"


def filesystem_broker(folder: Path) -> dict[str, object]:
    """Return Celery's options for a broker that is a folder."""
    return {
        "data_folder_in": str(folder / "messages"),
        "data_folder_out": str(folder / "messages"),
        "control_folder": str(folder / "control"),
    }


def redis_broker_url(url: str) -> str:
    """Return the URL in kombu's spelling, which differs for a socket file."""
    return f"redis+socket:{url.removeprefix('unix:')}" if url.startswith("unix:") else url


def redis_broker(environment: str) -> dict[str, object]:
    """Return Celery's options for Redis, which the shared store uses too, below another prefix."""
    return {
        "global_keyprefix": f"futures-signals-broker:{environment}:",
        "visibility_timeout": VISIBILITY_TIMEOUT_S,
        # Looks for unacknowledged messages each 10 s; with the default of 10 only each tenth time.
        "unacked_restore_throttle": 1,
        # Whoever sends a wake-up tries once, instead of for six seconds: the sweep finds the work.
        "max_retries": 1,
        "interval_start": 0,
        # A Redis that vanished without a word must not hold up whoever sends.
        "socket_connect_timeout": 2,
        "socket_timeout": 5,
        "socket_keepalive": True,
    }
