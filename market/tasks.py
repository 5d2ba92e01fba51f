"""What workers do for the market app: renew the universe, fill new coins, forget old history.

A steady scan reads what it needs by itself, bar by bar and day by day; nothing is fetched here
that a scan would fetch anyway in time.
"""

from __future__ import annotations

from celery import shared_task

from market import background_fill, series, universe


@shared_task(ignore_result=True, expires=55, soft_time_limit=30, time_limit=40)
def refresh_universe() -> None:
    universe.refresh_if_due()


@shared_task(ignore_result=True, expires=55, soft_time_limit=120, time_limit=150)
def fill_watched() -> None:
    background_fill.fill_watched()


@shared_task(ignore_result=True, expires=3500, soft_time_limit=300, time_limit=330)
def forget_old_series() -> None:
    series.forget_old()
