"""Time that passes at once: where everyone on a loop waits, it moves on to the next timer.

Budgets and meters that take wall time from it (``clock.wall_told_by``) go by the time that the
waiting is done in. Computing takes none of it.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any

from market import clock
from market.providers.runtime import ProviderRuntime, use_runtime
from market.sandbox.handle import Sandbox


@contextmanager
def asked_in_simulated_time(sandbox: Sandbox, at_ms: int) -> Iterator[None]:
    """Put the sandbox behind the whole process's provider runtime, and wall time at an instant.

    It goes on as long as the providers wait. Who waits for the runtime does so really, for as long
    as his deadline says: on a busy machine a short one is over before the work is.
    """
    time = SimulatedTime(at_ms / 1000)
    runtime = ProviderRuntime(client_factory=sandbox.client_factory(), loop_factory=time.make_loop)
    with clock.wall_told_by(time.wall_s), use_runtime(runtime):
        yield


class SimulatedTime:
    """Begins at ``start_s`` (Unix seconds); its loops share it."""

    def __init__(self, start_s: float) -> None:
        self._start_s = start_s
        self.passed_s = 0.0

    def wall_s(self) -> float:
        return self._start_s + self.passed_s

    def make_loop(self) -> asyncio.AbstractEventLoop:
        return _Loop(self)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self, time: SimulatedTime) -> None:
        self._time = time
        self._in_threads = 0
        super().__init__(_Selector(self))

    def time(self) -> float:
        return self._time.passed_s

    def wait(self, seconds: float) -> bool:
        """Let time pass, unless a thread is at work for the loop; return whether it did."""
        if self._in_threads == 0:
            self._time.passed_s += seconds
        return self._in_threads == 0

    def run_in_executor(
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        self._in_threads += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._back)
        return future

    def _back(self, _future: asyncio.Future[Any]) -> None:
        self._in_threads -= 1


class _Selector(selectors.DefaultSelector):
    """Waits really only for threads: for one at work, or for whoever brings the next task."""

    def __init__(self, loop: _Loop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        found = super().select(0)
        if found or self._loop.wait(timeout):
            return found
        return super().select(None)
