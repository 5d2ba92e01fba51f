"""What the readiness page tells of the market: store, providers, and how fresh the data is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from config.api.health import ProbeResult
from market import recorder
from market.chains import EXCHANGES
from market.clock import datetime_at, now, now_ms
from market.provider_status import Status, provider_statuses
from market.providers.provider_state import BudgetUse
from market.selectors import coins_with_candles, newest_candle_end
from market.series import liquidation_coverage
from market.store import get_store
from market.streams.status import read_status


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


def probe_recorder() -> ProbeResult:
    """Tell how the liquidation streams are doing, and how much of the last day is covered."""
    if not recorder.is_wanted():
        return ProbeResult("ok", "not wanted: the clock stands still or no stream is set", {})
    covered = {
        stream.venue.value: liquidation_coverage(stream.venue)
        for stream in recorder.configured_streams()
    }
    statuses = read_status(get_store())
    if statuses is None:
        data = {name: {"covered_24h_share": share} for name, share in covered.items()}
        return ProbeResult("degraded", "no recorder runs: liquidations are read from OKX", data)
    at_ms = now_ms()
    silent = [status.venue for status in statuses if status.connected_at_ms is None]
    return ProbeResult(
        "degraded" if silent else "ok",
        f"not heard: {', '.join(silent)}" if silent else "every stream is heard",
        {
            status.venue: {
                "connected_since": _iso_ms(status.connected_at_ms),
                "last_event_age_s": None
                if status.last_event_at_ms is None
                else max(0, round((at_ms - status.last_event_at_ms) / 1000)),
                "covered_24h_share": covered.get(status.venue),
                "connects": status.connects,
                "refused": status.refused,
                "detail": status.detail,
            }
            for status in statuses
        },
    )


def _iso_ms(at_ms: int | None) -> str | None:
    return None if at_ms is None else datetime_at(at_ms).isoformat()


def _told(status: Status) -> dict[str, object]:
    return {
        "state": status.state,
        "detail": status.detail,
        "until": _iso(status.next_try_at),
        "budgets": _uses(status.budgets),
        "shares": {who: _uses(uses) for who, uses in status.shares.items()},
        "refused": {
            refusal.endpoint: f"{refusal.detail}; again in {refusal.retry_after_s / 60:.0f} min"
            for refusal in status.refused
        },
        "last_success_at": _iso(status.last_success_at),
        "last_error": status.last_error,
    }


def _uses(uses: Sequence[BudgetUse]) -> dict[str, dict[str, int]]:
    return {
        use.pool: {"used": use.used, "limit": use.limit, "remaining": use.remaining} for use in uses
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
