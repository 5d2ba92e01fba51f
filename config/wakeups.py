"""Ask a worker to look at a table now. The row is the work; the message may get lost.

Apps name the task as text, so that no app imports another one's tasks.
"""

from __future__ import annotations

import logging
from functools import partial

from django.db import transaction
from kombu.exceptions import OperationalError

from config.celery import app

logger = logging.getLogger(__name__)

# A wake-up that nobody took by then is of no use: the sweep has been there.
EXPIRES_S = 30


def wake(task: str, *arguments: int | str) -> None:
    """Send a task's name to its queue once the transaction is committed; never raises for it."""
    transaction.on_commit(partial(_send, task, arguments))


def _send(task: str, arguments: tuple[int | str, ...]) -> None:
    try:
        app.send_task(task, args=arguments, expires=EXPIRES_S, ignore_result=True, retry=False)
    except (OperationalError, OSError):
        logger.warning("no broker to wake a worker, the sweep will find it", extra={"task": task})
