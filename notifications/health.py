"""What the readiness page tells of alerts: what is owed, for how long, and what stands against."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from config.api.health import ProbeResult
from market.clock import wall_now
from notifications import limits
from notifications.models import Delivery
from notifications.selectors import (
    deliveries_by_state,
    oldest_owed_at,
    unreachable_configured,
    waiting_events,
)

# Longer than 500 subscribers take at Telegram's limit, with sweeps in between.
LATE_AFTER_S = 120


def probe_notifications() -> ProbeResult:
    """Tell how alerts are getting out; Telegram is not asked for this."""
    counts = deliveries_by_state()
    age_s = _age_s(oldest_owed_at(wall_now()))
    stopped = limits.stopped_reason()
    data: dict[str, object] = {
        "dry_run": settings.TELEGRAM_DRY_RUN,
        "waiting_events": waiting_events().count(),
        "oldest_owed_age_s": age_s,
        "stopped": stopped,
        **{state.value: counts[state] for state in (*Delivery.OWED, Delivery.State.FAILED)},
    }
    unreachable = unreachable_configured()
    if stopped is not None and not settings.TELEGRAM_DRY_RUN:
        return ProbeResult("degraded", f"Telegram refuses the bot's token: {stopped}", data)
    if unreachable is not None and not settings.TELEGRAM_DRY_RUN:
        detail = f"the chat of TELEGRAM_CHAT_ID cannot be reached: {unreachable.state_reason}"
        return ProbeResult("degraded", detail, data)
    if age_s is not None and age_s > LATE_AFTER_S:
        return ProbeResult("degraded", f"an alert has been due for {age_s} s", data)
    if settings.TELEGRAM_DRY_RUN:
        return ProbeResult("ok", "dry run: alerts are shown in the admin, none is sent", data)
    return ProbeResult("ok", "alerts are sent as they come", data)


def _age_s(since: datetime | None) -> int | None:
    return None if since is None else max(0, round((wall_now() - since).total_seconds()))
