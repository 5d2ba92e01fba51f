"""The circuit breaker of one provider, shared by all processes: closed, open, half-open.

A provider that failed several times in a row is left alone for a while; then exactly one call is
let through as a probe, and its outcome decides. The state is one record in the shared store,
changed only by compare-and-set.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from enum import StrEnum

import orjson

from market import clock
from market.providers.errors import ProviderCircuitOpen
from market.store_contract import Store

logger = logging.getLogger(__name__)

FAILURES_TO_OPEN = 5  # in a row; each a call given up after its retries
FIRST_COOL_DOWN_S = 30.0
LONGEST_COOL_DOWN_S = 300.0  # doubled from the first at each failed probe
# A probe whose process died is replaced after this; longer than a call of most providers may take.
PROBE_LEASE_S = 20.0
# Failures further apart than this are not "in a row".
FAILURE_MEMORY_S = 600.0
_WRITE_TRIES = 8


class Circuit(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class BreakerState:
    """``until_s`` (wall time) ends the cool-down when open, the probe's lease when half-open."""

    circuit: Circuit = Circuit.CLOSED
    failures: int = 0
    cool_down_s: float = 0.0
    until_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Passage:
    """Leave to call. A ``probe`` decides the circuit; ``after_failures``: note the success."""

    probe: bool = False
    after_failures: bool = False


class CircuitBreaker:
    def __init__(
        self, store: Store, provider: str, *, probe_lease_s: float = PROBE_LEASE_S
    ) -> None:
        self._store = store
        self._probe_lease_s = probe_lease_s
        self._provider = provider
        self.key = f"breaker:{provider}"

    def state(self) -> BreakerState:
        return load_breaker(self._store.get(self.key))

    def check(self, raw: bytes | None) -> bool:
        """Raise while calls are refused; return whether the next one would be the probe."""
        state = load_breaker(raw)
        if state.circuit is Circuit.CLOSED:
            return False
        left_s = state.until_s - clock.wall_s()
        if left_s > 0:
            raise ProviderCircuitOpen(
                self._provider,
                "not asked: it failed several times in a row",
                retry_after_s=left_s,
            )
        return True

    def pass_through(self, raw: bytes | None) -> Passage:
        """Return the leave that follows from a record :meth:`check` let pass; take the probe."""
        state = load_breaker(raw)
        if state.circuit is Circuit.CLOSED:
            return Passage(after_failures=state.failures > 0)
        until_s = clock.wall_s() + self._probe_lease_s
        probing = replace(state, circuit=Circuit.HALF_OPEN, until_s=until_s)
        if not self._write(raw, probing):
            raise ProviderCircuitOpen(
                self._provider, "not asked: another call is trying it", retry_after_s=1.0
            )
        return Passage(probe=True, after_failures=True)

    def record_success(self, passage: Passage) -> None:
        """Close the circuit after a probe; otherwise forget the failures in a row."""
        for _ in range(_WRITE_TRIES):
            raw = self._store.get(self.key)
            state = load_breaker(raw)
            if raw is None or (state.circuit is not Circuit.CLOSED and not passage.probe):
                return
            if self._store.release(self.key, raw):
                if state.circuit is not Circuit.CLOSED:
                    self._log("provider circuit closed", state)
                return

    def record_failure(self, passage: Passage) -> None:
        for _ in range(_WRITE_TRIES):
            raw = self._store.get(self.key)
            state = load_breaker(raw)
            if state.circuit is Circuit.CLOSED:
                failed = replace(state, failures=state.failures + 1)
                if failed.failures >= FAILURES_TO_OPEN:
                    failed = _opened(failed, FIRST_COOL_DOWN_S)
            elif passage.probe:
                failed = _opened(state, min(2 * state.cool_down_s, LONGEST_COOL_DOWN_S))
            else:
                return  # sent before the circuit opened: nothing new
            if self._write(raw, failed):
                if failed.circuit is Circuit.OPEN:
                    self._log("provider circuit opened", failed)
                return

    def give_up_probe(self) -> None:
        """Let the next call be the probe: this one was cancelled and says nothing."""
        raw = self._store.get(self.key)
        state = load_breaker(raw)
        if state.circuit is Circuit.HALF_OPEN:
            self._write(raw, replace(state, circuit=Circuit.OPEN, until_s=clock.wall_s()))

    def _write(self, expected: bytes | None, state: BreakerState) -> bool:
        kept_s = max(0.0, state.until_s - clock.wall_s()) + FAILURE_MEMORY_S
        return self._store.replace(self.key, expected, orjson.dumps(state), kept_s)

    def _log(self, event: str, state: BreakerState) -> None:
        logger.warning(
            event,
            extra={
                "provider": self._provider,
                "failures": state.failures,
                "cool_down_s": state.cool_down_s,
            },
        )


def load_breaker(raw: bytes | None) -> BreakerState:
    if raw is None:
        return BreakerState()
    fields = orjson.loads(raw)
    return BreakerState(**{**fields, "circuit": Circuit(fields["circuit"])})


def _opened(state: BreakerState, cool_down_s: float) -> BreakerState:
    return replace(
        state,
        circuit=Circuit.OPEN,
        cool_down_s=cool_down_s,
        until_s=clock.wall_s() + cool_down_s,
    )
