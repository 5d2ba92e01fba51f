"""Signs of life of the processes that nobody can ask: which queues are served, is there a beat.

The beat sends one small task to each queue; whoever takes it notes the time in the shared store,
and so does the beat itself when it sends. The readiness page reads both.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from market.clock import wall_s
from market.store import StoreUnavailable, get_store

logger = logging.getLogger(__name__)

_BEAT_KEY = "heartbeat:beat"
_KEPT_S = 7 * 86_400.0


def note_beat() -> None:
    """Note that the beat just sent something."""
    _note(_BEAT_KEY)


def note_queue(queue: str) -> None:
    """Note that a message of this queue was just taken."""
    _note(_queue_key(queue))


def beat_age_s() -> float | None:
    """Return how long ago the beat last sent; None when it never did, or not for a week."""
    return _ages_s([_BEAT_KEY])[0]


def queue_ages_s(queues: Sequence[str]) -> dict[str, float | None]:
    """Return for each queue how long ago it was last served."""
    ages = _ages_s([_queue_key(queue) for queue in queues])
    return dict(zip(queues, ages, strict=True))


def _queue_key(queue: str) -> str:
    return f"heartbeat:queue:{queue}"


def _note(key: str) -> None:
    try:
        get_store().set(key, repr(wall_s()).encode(), _KEPT_S)
    except StoreUnavailable:
        logger.warning("heartbeat not noted, the store is away", extra={"key": key})


def _ages_s(keys: Sequence[str]) -> list[float | None]:
    now_s = wall_s()
    noted = get_store().get_many(keys)
    return [None if at is None else max(0.0, now_s - float(at)) for at in noted]
