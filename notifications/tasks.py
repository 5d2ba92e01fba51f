"""Tasks of the notify queue. Their messages are wake-ups: what is owed are rows, found by a sweep.

A run of the sender lasts 8 s and then waits for the calls that are out (30 s at most).
"""

from celery import shared_task

from notifications import bot, sender, services, updates

SOFT_LIMIT_S = 60
LIMIT_S = 90


@shared_task(ignore_result=True, expires=30, soft_time_limit=SOFT_LIMIT_S, time_limit=LIMIT_S)
def fan_out(event_id: int) -> None:
    services.fan_out(event_id)


@shared_task(ignore_result=True, expires=30, soft_time_limit=SOFT_LIMIT_S, time_limit=LIMIT_S)
def deliver_due() -> None:
    sender.deliver_due()


@shared_task(ignore_result=True, expires=10, soft_time_limit=SOFT_LIMIT_S, time_limit=LIMIT_S)
def sweep() -> None:
    services.sweep()


@shared_task(ignore_result=True, expires=3600, soft_time_limit=600, time_limit=660)
def forget_old_alerts() -> None:
    services.forget_old_alerts()


@shared_task(ignore_result=True, expires=30, soft_time_limit=SOFT_LIMIT_S, time_limit=LIMIT_S)
def answer_updates() -> None:
    bot.answer_updates()


@shared_task(ignore_result=True, expires=10, soft_time_limit=SOFT_LIMIT_S, time_limit=LIMIT_S)
def sweep_updates() -> None:
    bot.sweep()


@shared_task(ignore_result=True, expires=3600, soft_time_limit=600, time_limit=660)
def forget_old_updates() -> None:
    updates.forget_old_updates()
