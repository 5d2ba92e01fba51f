"""How every provider is doing, for ``/health/ready`` and the admin: on or off and why, budget used
and left, what its key may not ask, the last error, and when it is tried again. Asks nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from market import clock
from market.providers.payer import client_share
from market.providers.provider_state import BudgetUse, ProviderState, provider_states
from market.providers.rate_limit import budget_of
from market.providers.refusals import Refusal
from market.providers.registry import (
    KEYED,
    endpoints_refused,
    plan_share_of,
    provider_availability,
)
from market.store_contract import Store

SIGNALS, CLIENTS = "signals", "clients"
OFF = "off"
NOT_ASKED = "not asked yet"


@dataclass(frozen=True, slots=True)
class Status:
    """``state``: off, ok, rate_limited, blocked, open, or limited where the key may not ask all."""

    name: str
    state: str
    detail: str
    budgets: tuple[BudgetUse, ...]
    # Of the budgets, by who may spend it and per window: ours, and the clients' direct requests'.
    shares: Mapping[str, tuple[BudgetUse, ...]]
    refused: tuple[Refusal, ...]
    last_error: str | None
    last_error_at: datetime | None
    last_success_at: datetime | None
    next_try_at: datetime | None

    @property
    def is_failing(self) -> bool:
        return self.state not in (OFF, "ok", "limited")


def provider_statuses(store: Store) -> list[Status]:
    """Return every provider that this version knows or that was asked within a week."""
    asked = {state.name: state for state in provider_states(store)}
    statuses = []
    for known in provider_availability():
        state = asked.pop(known.name, None)
        if not known.enabled:
            statuses.append(_unasked(known.name, OFF, known.detail))
        elif state is None:
            statuses.append(_unasked(known.name, "ok", f"{known.detail}; {NOT_ASKED}"))
        else:
            statuses.append(_status(store, state, known.detail))
    return [*statuses, *(_status(store, state, "") for state in asked.values())]


def _status(store: Store, state: ProviderState, plan: str) -> Status:
    refused = tuple(endpoints_refused(state.name, store).listed()) if state.name in KEYED else ()
    told = state.state
    detail = state.detail or plan
    until = state.until
    if told == "ok" and refused:
        first = min(refused, key=lambda refusal: refusal.retry_after_s)
        detail = f"{plan}; {len(refused)} endpoint(s) refused: {first.detail}"
        until = clock.datetime_at(int(clock.wall_s() * 1000)) + timedelta(
            seconds=first.retry_after_s
        )
    error = state.last_error
    return Status(
        name=state.name,
        state="limited" if told == "ok" and refused else told,
        detail=detail,
        budgets=state.budgets,
        shares=_shares(store, state),
        refused=refused,
        last_error=None if error is None else error.detail,
        last_error_at=None if error is None else error.at,
        last_success_at=state.last_success_at,
        next_try_at=until,
    )


def _unasked(name: str, state: str, detail: str) -> Status:
    return Status(name, state, detail, (), {}, (), None, None, None, None)


def _shares(store: Store, state: ProviderState) -> dict[str, tuple[BudgetUse, ...]]:
    """Return both shares of a paid plan; of public data the clients', once they used some."""
    shares: dict[str, tuple[BudgetUse, ...]] = {}
    if state.name in KEYED:
        used = plan_share_of(state.name, store).used()
        shares[SIGNALS] = tuple(BudgetUse(*use) for use in used)
    clients = [client_share(budget_of(state.name, pool, "")) for pool in state.pools]
    uses = tuple(
        BudgetUse(pool.name, used, budget.limit)
        for pool, budget, used in zip(state.pools, clients, store.used(clients), strict=True)
    )
    if state.name in KEYED or any(use.used for use in uses):
        shares[CLIENTS] = uses
    return shares
