"""What workers do for the smart-money app: work on scans, sweep up, forget old ones.

Nothing is retried here: what was not done is still a row, and the next tick finds it.
"""

from __future__ import annotations

from celery import shared_task

from config.wakeups import wake
from smartmoney import scans

# What is left over after this goes to a new message, so that other work of the queue gets its turn.
_WORK_FOR_S = 10.0


# A wave may take its deadline, at most 120 s, and the time to store.
@shared_task(ignore_result=True, expires=30, soft_time_limit=180, time_limit=200)
def run_scans() -> None:
    if scans.SCANS.work(scans.work, for_s=_WORK_FOR_S):
        wake(scans.SCANS.task)


@shared_task(ignore_result=True, expires=9, soft_time_limit=30, time_limit=40)
def sweep_scans() -> None:
    scans.SCANS.sweep()


@shared_task(ignore_result=True, expires=3500, soft_time_limit=300, time_limit=330)
def forget_old_scans() -> None:
    scans.forget_old_scans()
