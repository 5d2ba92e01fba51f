"""What workers do for analytics: owe and fill outcomes, add them up, measure base rates.

Nothing is retried here: what was not done is still a row, and the next tick finds it.
"""

from __future__ import annotations

from celery import shared_task

from analytics import base_rates, calibrations, outcomes, owed, rollups
from config.wakeups import wake

# What is left over after this goes to a new message, so that other work of the queue gets its turn.
_WORK_FOR_S = 20.0


@shared_task(ignore_result=True, expires=55, soft_time_limit=120, time_limit=150)
def owe_outcomes() -> None:
    owed.owe_outcomes(for_s=_WORK_FOR_S)
    outcomes.wake_if_due()


@shared_task(ignore_result=True, expires=23 * 3600, soft_time_limit=600, time_limit=660)
def find_forgotten_signals() -> None:
    owed.owe_outcomes(of_all=True, for_s=120.0)


# A coin may take its deadline, 60 s, and the time to write.
@shared_task(ignore_result=True, expires=30, soft_time_limit=120, time_limit=150)
def fill_outcomes() -> None:
    done, is_more = outcomes.fill_due(for_s=_WORK_FOR_S)
    if is_more and done.filled + done.unavailable + done.postponed:
        wake(outcomes.FILL)


@shared_task(ignore_result=True, expires=290, soft_time_limit=120, time_limit=150)
def add_up() -> None:
    if rollups.recompute_due(for_s=_WORK_FOR_S):
        calibrations.calibrate()


@shared_task(ignore_result=True, expires=590, soft_time_limit=120, time_limit=150)
def measure_base_rates() -> None:
    base_rates.measure_base_rates(for_s=_WORK_FOR_S)
