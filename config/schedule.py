"""Which queue a task goes to, and what the beat sends when: data only.

Periods that people change (how often a watchlist is scanned) are columns of tables; the beat only
ticks often enough for them.
"""

from __future__ import annotations

from dataclasses import dataclass

# Name patterns of tasks, and their queue.
TASK_ROUTES = {
    "signals.tasks.*": {"queue": "scan"},
    "smartmoney.tasks.*": {"queue": "scan"},
    "mss.tasks.*": {"queue": "scan"},
    "market.tasks.*": {"queue": "fetch"},
    "notifications.tasks.*": {"queue": "notify"},
    "analytics.tasks.*": {"queue": "analytics"},
}
QUEUES = ("scan", "fetch", "notify", "analytics")


@dataclass(frozen=True, slots=True)
class Tick:
    """One thing that the beat sends: every so many seconds, or daily at an hour (UTC)."""

    task: str
    every_s: float | None = None
    daily_at: tuple[int, int] | None = None  # hour, minute


BEAT: tuple[Tick, ...] = (
    Tick("notifications.tasks.sweep", every_s=10),
    Tick("notifications.tasks.forget_old_alerts", daily_at=(3, 40)),
    Tick("notifications.tasks.sweep_updates", every_s=10),
    Tick("notifications.tasks.forget_old_updates", daily_at=(3, 45)),
)
