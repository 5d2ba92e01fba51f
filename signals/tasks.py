"""What workers do for the signals app: start scans, work their batches, sweep up.

Nothing is retried here: what was not done is still a row, and the next tick finds it.
"""

from __future__ import annotations

from celery import shared_task

from config.wakeups import wake
from signals import batches, scans

# What is left over after this goes to a new message, so that other work of the queue gets its turn.
_WORK_FOR_S = 10.0


@shared_task(ignore_result=True, expires=55, soft_time_limit=30, time_limit=40)
def start_due_scans() -> None:
    scans.start_due_runs()


# A batch may take its deadline, at most 120 s, and the time to publish.
@shared_task(ignore_result=True, expires=30, soft_time_limit=180, time_limit=200)
def run_batches() -> None:
    if batches.run_batches(for_s=_WORK_FOR_S):
        wake(scans.RUN_BATCHES)


@shared_task(ignore_result=True, expires=9, soft_time_limit=60, time_limit=90)
def sweep_scans() -> None:
    scans.sweep()


@shared_task(ignore_result=True, expires=3500, soft_time_limit=300, time_limit=330)
def forget_old_scans() -> None:
    scans.forget_old_runs()
