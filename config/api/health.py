"""Liveness and readiness. Apps register probes in ``AppConfig.ready()``; this asks them.

``/health`` says only that the process answers. ``/health/ready`` runs every probe at the same
time, each in its own thread with a time budget: a probe that hangs is reported, not waited for,
and not started a second time while it hangs.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from django.db import connection, connections

logger = logging.getLogger(__name__)

State = Literal["ok", "degraded", "down"]

# Seconds a probe may take: well above a slow answer, well below a load balancer's patience.
PROBE_BUDGET_S = 2.0


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What a probe found. ``detail`` and ``data`` are public: no secrets, no addresses."""

    state: State
    detail: str
    data: Mapping[str, Any] = field(default_factory=dict)


Probe = Callable[[], ProbeResult]


@dataclass(frozen=True, slots=True)
class Readiness:
    """All probes together. Ready unless a critical one is down."""

    ready: bool
    status: Literal["ready", "degraded", "unavailable"]
    checks: dict[str, dict[str, Any]]


class _Run:
    """One execution of one probe, which several waiting requests may share."""

    def __init__(self, name: str, probe: Probe) -> None:
        self._name = name
        self._probe = probe
        self._done = threading.Event()
        self._result: ProbeResult | None = None
        threading.Thread(target=self._execute, name=f"probe-{name}", daemon=True).start()

    @property
    def finished(self) -> bool:
        return self._done.is_set()

    def result(self, wait_s: float) -> ProbeResult:
        if not self._done.wait(max(0.0, wait_s)) or self._result is None:
            return ProbeResult("down", f"no answer within {PROBE_BUDGET_S:g} s")
        return self._result

    def _execute(self) -> None:
        try:
            self._result = self._probe()
        except Exception:  # the outer edge of foreign code
            logger.exception("probe failed", extra={"probe": self._name})
            self._result = ProbeResult("down", "the probe itself failed")
        finally:
            connections.close_all()  # the thread's own; it ends here
            self._done.set()


@dataclass(slots=True)
class _Registered:
    probe: Probe
    critical: bool
    run: _Run | None = None


_probes: dict[str, _Registered] = {}
_lock = threading.Lock()


def register_probe(name: str, probe: Probe, critical: bool = False) -> None:
    """Add a probe to ``/health/ready``; a critical one that is down makes the service unready."""
    with _lock:
        _probes[name] = _Registered(probe, critical)


def readiness(budget_s: float = PROBE_BUDGET_S) -> Readiness:
    """Ask every probe at once and return what they said within the budget."""
    deadline = time.monotonic() + budget_s
    with _lock:
        started = {name: (known.critical, _running(name, known)) for name, known in _probes.items()}
    checks: dict[str, dict[str, Any]] = {}
    for name, (critical, run) in started.items():
        result = run.result(deadline - time.monotonic())
        checks[name] = {
            "state": result.state,
            "critical": critical,
            "detail": result.detail,
            "data": dict(result.data),
        }
    ready = not any(check["critical"] and check["state"] == "down" for check in checks.values())
    all_well = all(check["state"] == "ok" for check in checks.values())
    status: Literal["ready", "degraded", "unavailable"] = (
        "unavailable" if not ready else "ready" if all_well else "degraded"
    )
    return Readiness(ready, status, checks)


def _running(name: str, known: _Registered) -> _Run:
    if known.run is None or known.run.finished:
        known.run = _Run(name, known.probe)
    return known.run


def probe_database() -> ProbeResult:
    """Ask the database the cheapest question there is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return ProbeResult("ok", f"{connection.display_name} answers")
