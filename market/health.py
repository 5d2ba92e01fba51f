"""What the readiness page tells of the market: store, providers, and how fresh the data is."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from config.api.health import ProbeResult
from market import heartbeats
from market.chains import EXCHANGES
from market.clock import now
from market.provider_status import Status, provider_statuses
from market.selectors import coins_with_candles, newest_candle_end
from market.store import get_store

# Four heartbeats: a queue may wait while every child is at a long task.
SILENT_AFTER_S = 60.0


def probe_store() -> ProbeResult:
    """Use the shared store; budgets and locks live there."""
    store = get_store()
    store.get("probe")
    state = store.state()
    return ProbeResult("ok" if state.ok else "degraded", state.detail, {"kind": state.kind})


def probe_providers() -> ProbeResult:
    """Tell how each provider was doing when last asked; nobody is asked for this."""
    statuses = provider_statuses(get_store())
    data = {status.name: _told(status) for status in statuses}
    failing = [status.name for status in statuses if status.is_failing]
    if not failing:
        return ProbeResult("ok", "every provider in use answers", data)
    if all(venue.value in failing for venue in EXCHANGES):
        return ProbeResult("down", "no exchange answers", data)
    return ProbeResult("degraded", f"not answering: {', '.join(failing)}", data)


def probe_market_data() -> ProbeResult:
    """Tell how old the newest stored bar is. Old is no fault: data is read when it is asked for."""
    newest = newest_candle_end()
    if newest is None:
        return ProbeResult("ok", "nothing stored yet", {"coins": 0, "newest_candle_age_s": None})
    age_s = max(0, round((now() - newest).total_seconds()))
    return ProbeResult(
        "ok",
        f"the newest bar ended {age_s} s ago",
        {"coins": coins_with_candles(), "newest_candle_age_s": age_s},
    )


def probe_beat() -> ProbeResult:
    """Tell whether periodic work is being sent."""
    age_s = heartbeats.beat_age_s()
    data = {"age_s": _rounded(age_s)}
    if age_s is None:
        return ProbeResult("down", "the beat has sent nothing yet", data)
    if age_s > SILENT_AFTER_S:
        return ProbeResult("down", f"the beat has sent nothing for {age_s:.0f} s", data)
    return ProbeResult("ok", "the beat sends", data)


def probe_workers() -> ProbeResult:
    """Tell which queues are served. Without a beat, which asks them, nobody knows."""
    ages_s = heartbeats.queue_ages_s(list(settings.CELERY_TASK_QUEUES))
    data = {"age_s": {queue: _rounded(age_s) for queue, age_s in ages_s.items()}}
    silent = [queue for queue, age_s in ages_s.items() if age_s is None or age_s > SILENT_AFTER_S]
    if not silent:
        return ProbeResult("ok", "a worker serves every queue", data)
    return ProbeResult(
        "degraded" if len(silent) < len(ages_s) else "down",
        f"no worker has taken anything from {', '.join(silent)} for {SILENT_AFTER_S:.0f} s",
        data,
    )


def _rounded(age_s: float | None) -> float | None:
    return None if age_s is None else round(age_s, 1)


def _told(status: Status) -> dict[str, object]:
    return {
        "state": status.state,
        "detail": status.detail,
        "until": _iso(status.next_try_at),
        "budgets": {
            use.pool: {"used": use.used, "limit": use.limit, "remaining": use.remaining}
            for use in status.budgets
        },
        "refused": {
            refusal.endpoint: f"{refusal.detail}; again in {refusal.retry_after_s / 60:.0f} min"
            for refusal in status.refused
        },
        "last_success_at": _iso(status.last_success_at),
        "last_error": status.last_error,
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
