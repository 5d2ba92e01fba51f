"""Signs of life of the processes that nobody can ask: which queues are served, is there a beat.

The beat sends one small task to each queue; whoever takes it notes the time in the shared store,
and so does the beat itself when it sends. The readiness page reads both.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.conf import settings

from config.api.health import ProbeResult
from market.clock import wall_s
from market.store import StoreUnavailable, get_store

logger = logging.getLogger(__name__)

_BEAT_KEY = "heartbeat:beat"
_KEPT_S = 7 * 86_400.0
# Four heartbeats: a queue may wait while every child is at a long task.
SILENT_AFTER_S = 60.0


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


def probe_beat() -> ProbeResult:
    """Tell whether periodic work is being sent."""
    age_s = beat_age_s()
    data = {"age_s": _rounded(age_s)}
    if age_s is None:
        return ProbeResult("down", "the beat has sent nothing yet", data)
    if age_s > SILENT_AFTER_S:
        return ProbeResult("down", f"the beat has sent nothing for {age_s:.0f} s", data)
    return ProbeResult("ok", "the beat sends", data)


def probe_workers() -> ProbeResult:
    """Tell which queues are served. Without a beat, which asks them, nobody knows."""
    ages_s = queue_ages_s(list(settings.CELERY_TASK_QUEUES))
    data = {"age_s": {queue: _rounded(age_s) for queue, age_s in ages_s.items()}}
    silent = [queue for queue, age_s in ages_s.items() if age_s is None or age_s > SILENT_AFTER_S]
    if not silent:
        return ProbeResult("ok", "a worker serves every queue", data)
    return ProbeResult(
        "degraded" if len(silent) < len(ages_s) else "down",
        f"no worker has taken anything from {', '.join(silent)} for {SILENT_AFTER_S:.0f} s",
        data,
    )


def _rounded(age_s: float | None) -> float | None:
    return None if age_s is None else round(age_s, 1)


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
