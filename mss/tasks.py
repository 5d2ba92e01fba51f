"""What workers do for MSS: start what is due, work on runs, sweep up, read the list of coins.

Nothing is retried here: what was not done is still a row, and the next tick finds it.
"""

from __future__ import annotations

from celery import shared_task

from config.wakeups import wake
from mss import coin_list, runs

# What is left over after this goes to a new message, so that other work of the queue gets its turn.
_WORK_FOR_S = 10.0


# A step may take its deadline, at most 120 s, and the time to store.
@shared_task(ignore_result=True, expires=30, soft_time_limit=180, time_limit=200)
def run() -> None:
    if runs.RUNS.work(runs.work, for_s=_WORK_FOR_S):
        wake(runs.RUNS.task)


@shared_task(ignore_result=True, expires=55, soft_time_limit=30, time_limit=40)
def start_due() -> None:
    runs.start_due()


@shared_task(ignore_result=True, expires=9, soft_time_limit=30, time_limit=40)
def sweep() -> None:
    runs.RUNS.sweep()


@shared_task(ignore_result=True, expires=3500, soft_time_limit=120, time_limit=150)
def read_coin_list() -> None:
    coin_list.keep_list_current()


@shared_task(ignore_result=True, expires=3500, soft_time_limit=300, time_limit=330)
def forget_old() -> None:
    runs.forget_old()
