"""The Celery app: where work that a request must not wait for is done.

Broker messages are wake-ups only; what must not be lost is a row of some table, found again by a
sweep. So results are off, and a lost message costs seconds, not work.
"""

from __future__ import annotations

import gc
import logging
import logging.config
import os
import warnings
from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from celery import Celery, signals
from celery.exceptions import SecurityWarning
from celery.schedules import crontab
from django.conf import settings
from django.db import connections

from config import schedule, shift
from config.request_id import set_request_id

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

logger = logging.getLogger(__name__)

# A tick that waited nearly until the next one is of no use; a daily one may wait out a bad night.
SHARE_OF_PERIOD = 0.9
DAILY_EXPIRES_S = 23 * 3600
# Before any beat: a beat that starts, or starts again, sends every tick at once. So nothing is
# skipped however often it was restarted, and nothing about it has to be stored. In exchange every
# task that is ticked must do no harm when it comes early.
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


# Said of a worker that runs as root, because of pickled messages; ours are JSON and nothing else.
warnings.filterwarnings("ignore", category=SecurityWarning)


def beat_schedule(ticks: Iterable[schedule.Tick]) -> dict[str, dict[str, Any]]:
    """Return Celery's form of our table of ticks."""
    return {tick.name: _beat_entry(tick) for tick in ticks}


def _beat_entry(tick: schedule.Tick) -> dict[str, Any]:
    when: float | crontab
    if tick.every_s is not None:
        when, expires_s = tick.every_s, tick.every_s * SHARE_OF_PERIOD
    elif tick.daily_at is not None:
        hour, minute = tick.daily_at
        when, expires_s = crontab(hour=hour, minute=minute), DAILY_EXPIRES_S
    else:
        raise ValueError(f"{tick.task}: neither every so many seconds nor daily")
    options: dict[str, Any] = {"expires": expires_s}
    if tick.queue is not None:
        options["queue"] = tick.queue
    return {
        "task": tick.task,
        "schedule": when,
        "args": tick.arguments,
        "options": options,
        "last_run_at": LONG_AGO,
    }


_logged: deque[str] = deque(maxlen=100)  # task ids

app = Celery("futures-signals")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.beat_schedule = beat_schedule(schedule.BEAT)
app.autodiscover_tasks()


@signals.setup_logging.connect
def log_as_every_process_does(**_: Any) -> None:
    """Keep Celery from putting its own handlers in place of ours."""
    logging.config.dictConfig(settings.LOGGING)


@signals.task_prerun.connect
def name_the_log_lines(task_id: str, **_: Any) -> None:
    """Let every line that a task logs carry the task's id."""
    set_request_id(task_id)


@signals.task_postrun.connect
def leave_nothing_behind(**_: Any) -> None:
    """Give connections back, as the end of a request does; a dead one is not kept for the next."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:  # of a test that runs a task where it stands
            connection.close()
    set_request_id(None)


@signals.task_failure.connect
def log_failure(sender: Any, task_id: str, exception: BaseException, **_: Any) -> None:
    """Log what nobody caught: the outer edge of every task. Celery's own lines are switched off.

    A child that was killed is told of twice: when its time was up, and when it was found gone.
    """
    if task_id in _logged:
        return
    _logged.append(task_id)
    logger.error(
        "a task failed", exc_info=exception, extra={"task": sender.name, "task_id": task_id}
    )


@signals.worker_shutting_down.connect
def take_up_nothing_more(**_: Any) -> None:
    shift.tell_to_stop()


@signals.worker_before_create_process.connect
def share_memory(**_: Any) -> None:
    """Keep what is loaded out of the collector's sight: it would copy the pages children share."""
    gc.collect()
    gc.freeze()
