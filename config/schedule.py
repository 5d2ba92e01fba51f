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
    """One thing that the beat sends: every so many seconds, or daily at an hour (UTC).

    It is also sent whenever the beat starts. ``queue`` overrides the route of the task.
    """

    task: str
    every_s: float | None = None
    daily_at: tuple[int, int] | None = None  # hour, minute
    arguments: tuple[str, ...] = ()
    queue: str | None = None

    @property
    def name(self) -> str:
        return " ".join((self.task, *self.arguments))


HEARTBEAT_TASK = "market.tasks.note_heartbeat"
HEARTBEAT_EVERY_S = 15.0

# Every task asks its table or store what is due, so a tick that is missed is made up by the next,
# and one that comes early does no harm.
BEAT: tuple[Tick, ...] = (
    # One for each queue: whoever serves it notes that it does, for /health/ready.
    *(
        Tick(HEARTBEAT_TASK, every_s=HEARTBEAT_EVERY_S, arguments=(queue,), queue=queue)
        for queue in QUEUES
    ),
    Tick("signals.tasks.start_due_scans", every_s=60.0),
    Tick("signals.tasks.sweep_scans", every_s=10.0),
    Tick("signals.tasks.forget_old_scans", every_s=3600.0),
    Tick("smartmoney.tasks.sweep_scans", every_s=10.0),
    Tick("smartmoney.tasks.forget_old_scans", every_s=3600.0),
    Tick("mss.tasks.start_due", every_s=60.0),
    Tick("mss.tasks.sweep", every_s=10.0),
    Tick("mss.tasks.read_coin_list", every_s=3600.0),
    Tick("mss.tasks.forget_old", every_s=3600.0),
    Tick("analytics.tasks.owe_outcomes", every_s=60.0),
    Tick("analytics.tasks.fill_outcomes", every_s=60.0),
    Tick("analytics.tasks.add_up", every_s=300.0),
    Tick("analytics.tasks.measure_base_rates", every_s=600.0),
    Tick("analytics.tasks.find_forgotten_signals", daily_at=(4, 10)),
    Tick("market.tasks.refresh_universe", every_s=60.0),
    Tick("market.tasks.fill_watched", every_s=15.0),
    Tick("market.tasks.forget_old_series", every_s=3600.0),
    Tick("notifications.tasks.sweep", every_s=10.0),
    Tick("notifications.tasks.forget_old_alerts", daily_at=(3, 40)),
    Tick("notifications.tasks.sweep_updates", every_s=10),
    Tick("notifications.tasks.forget_old_updates", daily_at=(3, 45)),
)
