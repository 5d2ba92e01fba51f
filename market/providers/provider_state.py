"""How each provider is doing, for health and the admin: kept in the store, written rarely."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson

from market import clock
from market.providers.circuit_breaker import Circuit, CircuitBreaker, load_breaker
from market.providers.errors import ProviderError
from market.providers.policy import ProviderPolicy
from market.providers.rate_limit import (
    Penalties,
    PenaltyKind,
    Pool,
    active_penalty,
    used_budgets,
)
from market.store_contract import Store

WRITE_EVERY_S = 5.0  # a success is news at most this often; a new kind of error always
KEPT_S = 7 * 24 * 3600.0
_NAMES_KEY = "providers"
_WRITE_TRIES = 8


@dataclass(frozen=True, slots=True)
class BudgetUse:
    pool: str
    used: int
    limit: int

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)


@dataclass(frozen=True, slots=True)
class ProviderFault:
    """The newest failed call; ``detail`` is safe to show."""

    at: datetime
    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class ProviderState:
    """``until`` says when a state other than ok ends by itself. Times are wall time."""

    name: str
    state: Literal["ok", "rate_limited", "blocked", "open"]
    detail: str
    until: datetime | None
    pools: tuple[Pool, ...]  # those that are not metered per instrument
    budgets: tuple[BudgetUse, ...]
    last_error: ProviderFault | None
    last_success_at: datetime | None


def provider_states(store: Store) -> list[ProviderState]:
    """Return the state of every provider that was asked within a week, by name."""
    names = orjson.loads(store.get(_NAMES_KEY) or b"[]")
    return [_state(store, name) for name in sorted(names)]


class StateBoard:
    """One transport's notes. Decides on the loop what is worth writing, writes in store threads."""

    def __init__(self, store: Store, policy: ProviderPolicy) -> None:
        self._store = store
        self._name = policy.name
        self._pools = list(
            {pool.name: pool for pools in policy.pools.values() for pool in pools}.values()
        )
        self._written_at: dict[str, float] = {}

    def success_is_news(self, now: float) -> bool:
        return self._is_news("", now)

    def error_is_news(self, error: ProviderError, now: float) -> bool:
        return self._is_news(type(error).__name__, now)

    def write_success(self) -> None:
        self._merge({"success_ms": int(clock.wall_s() * 1000)})

    def write_error(self, error: ProviderError) -> None:
        fault = {
            "at_ms": int(clock.wall_s() * 1000),
            "kind": type(error).__name__,
            "detail": error.detail,
        }
        self._merge({"error": fault})

    def _is_news(self, kind: str, now: float) -> bool:
        if now - self._written_at.get(kind, -WRITE_EVERY_S) < WRITE_EVERY_S:
            return False
        self._written_at[kind] = now
        return True

    def _merge(self, fields: dict[str, Any]) -> None:
        """Update our record; a process that loses the race for it leaves the other's news."""
        self._list_name()
        key = _record_key(self._name)
        raw = self._store.get(key)
        record = {} if raw is None else orjson.loads(raw)
        record |= fields | {"pools": self._pools}
        self._store.replace(key, raw, orjson.dumps(record), KEPT_S)

    def _list_name(self) -> None:
        for _ in range(_WRITE_TRIES):
            raw = self._store.get(_NAMES_KEY)
            names = set(orjson.loads(raw or b"[]"))
            if self._name in names:
                return
            listed = orjson.dumps(sorted(names | {self._name}))
            if self._store.replace(_NAMES_KEY, raw, listed, KEPT_S):
                return


def _state(store: Store, name: str) -> ProviderState:
    penalty_key = Penalties(store, name).key
    breaker_key = CircuitBreaker(store, name).key
    raw, raw_penalty, raw_breaker = store.get_many((_record_key(name), penalty_key, breaker_key))
    record: dict[str, Any] = {} if raw is None else orjson.loads(raw)
    pools = [Pool(**fields) for fields in record.get("pools", ())]
    penalty = active_penalty(raw_penalty)
    breaker = load_breaker(raw_breaker)

    state: Literal["ok", "rate_limited", "blocked", "open"] = "ok"
    detail, until = "", None
    if penalty is not None and penalty.kind is PenaltyKind.BLOCKED:
        state, detail, until = "blocked", penalty.detail, penalty.until_s
    elif breaker.circuit is not Circuit.CLOSED:
        state, until = "open", breaker.until_s
        detail = f"not asked after {breaker.failures} failures in a row"
    elif penalty is not None:
        state, detail, until = "rate_limited", penalty.detail, penalty.until_s

    error, success_ms = record.get("error"), record.get("success_ms")
    return ProviderState(
        name=name,
        state=state,
        detail=detail,
        until=None if until is None else clock.datetime_at(int(until * 1000)),
        pools=tuple(pool for pool in pools if not pool.scoped),
        budgets=tuple(BudgetUse(*use) for use in used_budgets(store, name, pools)),
        last_error=None
        if error is None
        else ProviderFault(clock.datetime_at(error["at_ms"]), error["kind"], error["detail"]),
        last_success_at=None if success_ms is None else clock.datetime_at(success_ms),
    )


def _record_key(name: str) -> str:
    return f"provider:{name}"
