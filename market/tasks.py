"""What the market app does in the background."""

from __future__ import annotations

from celery import shared_task

from market import heartbeats


@shared_task(ignore_result=True, expires=13, soft_time_limit=5, time_limit=10)
def note_heartbeat(queue: str) -> None:
    """Note that this queue is served."""
    heartbeats.note_queue(queue)
