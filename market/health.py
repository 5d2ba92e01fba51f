"""What the readiness page tells of the market: store, providers, and how fresh the data is."""

from __future__ import annotations

from config.api.health import ProbeResult
from market.chains import EXCHANGES
from market.clock import now
from market.providers.provider_state import ProviderState, provider_states
from market.selectors import coins_with_candles, newest_candle_end
from market.store import get_store


def probe_store() -> ProbeResult:
    """Use the shared store; budgets and locks live there."""
    store = get_store()
    store.get("probe")
    state = store.state()
    return ProbeResult("ok" if state.ok else "degraded", state.detail, {"kind": state.kind})


def probe_providers() -> ProbeResult:
    """Tell how each provider was doing when last asked; nobody is asked for this."""
    states = provider_states(get_store())
    data = {state.name: _told(state) for state in states}
    if not states:
        return ProbeResult("ok", "no provider has been asked yet", data)
    failing = [state.name for state in states if state.state != "ok"]
    if not failing:
        return ProbeResult("ok", "every provider answers", data)
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


def _told(state: ProviderState) -> dict[str, object]:
    return {
        "state": state.state,
        "detail": state.detail,
        "until": None if state.until is None else state.until.isoformat(),
        "budgets": {use.pool: {"used": use.used, "limit": use.limit} for use in state.budgets},
        "last_success_at": None
        if state.last_success_at is None
        else state.last_success_at.isoformat(),
        "last_error": None if state.last_error is None else state.last_error.detail,
    }
