"""The beat: ``python -m config.beat`` sends what ``config.schedule`` says when it is time.

One for the whole installation. It sends tasks by name, so it loads none of the apps: half the
memory of ``celery beat``.
"""

from __future__ import annotations

import signal
from types import FrameType
from typing import NoReturn

from celery import Celery
from celery.beat import Scheduler, Service
from celery.signals import after_task_publish
from kombu.utils.imports import symbol_by_name

from config import schedule
from config.celery import app

# Tells the readiness page that the beat is alive.
NOTE_BEAT = "market.heartbeats:note_beat"


def main() -> None:
    app.log.setup()  # as config.celery says
    note_beat = symbol_by_name(NOTE_BEAT)
    after_task_publish.connect(lambda **_: note_beat(), sender=schedule.HEARTBEAT_TASK, weak=False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    beat_of(app).start()


def beat_of(app: Celery) -> Service:
    """Return a beat that keeps no file: what it would remember, it need not know."""
    return Service(app, scheduler_cls=Scheduler)


def _leave(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - as signal wants it
    raise SystemExit(0)


if __name__ == "__main__":
    main()
