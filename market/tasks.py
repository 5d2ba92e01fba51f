"""What workers do for the market app: signs of life, the universe, new coins, old history.

A steady scan reads what it needs by itself, bar by bar and day by day; nothing is fetched here
that a scan would fetch anyway in time.
"""

from __future__ import annotations

from celery import shared_task

from market import background_fill, heartbeats, series, universe


@shared_task(ignore_result=True, expires=13, soft_time_limit=5, time_limit=10)
def note_heartbeat(queue: str) -> None:
    """Note that this queue is served."""
    heartbeats.note_queue(queue)


@shared_task(ignore_result=True, expires=55, soft_time_limit=30, time_limit=40)
def refresh_universe() -> None:
    universe.refresh_if_due()


@shared_task(ignore_result=True, expires=13, soft_time_limit=60, time_limit=80)
def fill_watched() -> None:
    background_fill.fill_watched()


@shared_task(ignore_result=True, expires=3500, soft_time_limit=300, time_limit=330)
def forget_old_series() -> None:
    series.forget_old()
