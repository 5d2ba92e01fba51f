"""An hour of scans every five minutes against the in-process sandbox, by moved clocks.

Both clocks are moved between scans, so an hour takes as long as its scans take. Budgets and meters
go by the moved wall clock: five minutes later they have refilled, as they would have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

from market import clock
from market.sandbox.handle import Sandbox
from market.types import MINUTE_MS
from signals.batches import run_batches
from signals.models import ScanRun
from signals.scans import start_run

EVERY_MIN = 5
SCANS = 12
# Cold coins are read as far as a scan's deadlines and the budgets go; so often is enough for 300.
WARM_UP_SCANS = 6


@dataclass(frozen=True, slots=True)
class Scanned:
    """One scan: its run as it ended, the calls it made and the seconds it took."""

    run: ScanRun
    calls: int
    took_s: float


def scan_for_an_hour(
    sandbox: Sandbox, symbols: Sequence[str], *, warm_up: int = WARM_UP_SCANS, scans: int = SCANS
) -> tuple[list[Scanned], list[Scanned]]:
    """Return the scans that warmed up, and those of the hour after them."""
    done = []
    for number in range(warm_up + scans):
        with _moved_on(number * EVERY_MIN):
            done.append(_scan(sandbox, symbols))
    return done[:warm_up], done[warm_up:]


def _scan(sandbox: Sandbox, symbols: Sequence[str]) -> Scanned:
    calls, began = sandbox.calls(), perf_counter()
    run = start_run(symbols)
    run_batches([run.pk])
    run.refresh_from_db()
    return Scanned(run, sandbox.calls() - calls, perf_counter() - began)


@contextmanager
def _moved_on(minutes: float) -> Iterator[None]:
    at_ms = clock.now_ms() + int(minutes * MINUTE_MS)
    with clock.wall_shifted(minutes * 60.0), clock.frozen(at_ms):
        yield
