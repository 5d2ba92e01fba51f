"""Scans: an hour of 300 coins every five minutes inside the budgets; two workers against one.

The hour runs against the sandbox in this process, with the vendors' limits and moved clocks. The
workers are processes that claim batches; upstream answers in 50 ms, limits are out of the way, and
each measurement begins from a copy of the same data folder, a bar after everything was read.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter

import httpx

from tests.bench.report import heading, row, table_head
from tests.bench.stack import ROOT, django_for, manage, product_env, sandbox

COINS = 300
LATENCY_MS = 50
CONNECTIONS = 20
ROUNDS = 3
AT = datetime(2026, 9, 29, 12, 1, tzinfo=UTC)
A_BAR = timedelta(minutes=15)


def run() -> None:
    _two_workers()
    _an_hour()


# --- An hour --------------------------------------------------------------------------------------


def _an_hour() -> None:
    heading(f"A steady hour: {COINS} coins every 5 min, the vendors' limits, clocks moved")
    # In a process of its own: other measurements have set up Django over their folders.
    subprocess.run([sys.executable, "-m", "tests.bench.scan"], cwd=ROOT, check=True)


def _measure_hour() -> None:
    from market import clock, universe
    from market.fill import largest
    from market.providers.runtime import ProviderRuntime, use_runtime
    from market.sandbox.handle import Sandbox
    from market.sandbox.simulated import SimulatedMarket
    from tests.signals.steady_hour import scan_for_an_hour

    universe.REFRESH_DEADLINE_S = 60.0  # the sandbox makes its lists when first asked
    stand_in = Sandbox(SimulatedMarket(7))
    clock.fix(round(AT.timestamp() * 1000))
    with use_runtime(ProviderRuntime(client_factory=stand_in.client_factory())):
        symbols = [coin.symbol.base for coin in largest(COINS)]
        stand_in.reset()
        cold, hour = scan_for_an_hour(stand_in, symbols)
    clock.fix(None)
    took = [scanned.took_s for scanned in hour]
    table_head("what", "figure", "target")
    row("refusals (429 and others) over the whole time", str(len(stand_in.violations)), "0")
    row("coins evaluated per scan, fewest", f"{min(s.run.done for s in hour)} of {COINS}")
    row("… of them with too little known, most", str(max(s.run.insufficient for s in hour)))
    row("calls per scan, fewest / most", f"{_range(s.calls for s in hour)}")
    row("time of a scan, median / slowest", f"{median(took):.0f} / {max(took):.0f} s", "≤ 60 s")
    row("cold scans before it: insufficient or failed", " → ".join(
        str(s.run.insufficient + s.run.failed) for s in cold
    ))  # fmt: skip
    for violation in stand_in.violations[:5]:
        print(f"\n{violation}")


def _range(values: Iterator[int]) -> str:
    listed = list(values)
    return f"{min(listed)} / {max(listed)}"


# --- Two workers ----------------------------------------------------------------------------------


def _two_workers() -> None:
    heading(f"Workers: {COINS} coins, one bar due, upstream answering in {LATENCY_MS} ms")
    with tempfile.TemporaryDirectory(prefix="signals-bench-") as folder:
        filled = Path(folder) / "filled"
        filled.mkdir()
        log = Path(folder) / "sandbox.log"
        with sandbox(latency_ms=LATENCY_MS, limit_scale=1000, log=log) as upstream:
            _fill(upstream.url, filled)
            took: dict[int, list[float]] = {1: [], 2: []}
            floors_s = []
            for _ in range(ROUNDS):
                for workers in took:
                    seconds, calls = _measured(upstream.url, filled, workers)
                    took[workers].append(seconds)
                    # Each provider has connections of its own; the busiest is the floor.
                    floors_s.append(max(calls.values()) / CONNECTIONS * LATENCY_MS / 1000)
    one, two, floor_s = median(took[1]), median(took[2]), median(floors_s)
    table_head("what", "time", "")
    row("latency floor of one: the busiest provider's calls ÷ 20 × 50 ms", f"{floor_s:.1f} s")
    row("one worker", f"{one:.1f} s", f"{100 * floor_s / one:.0f} % of the floor")
    row("two workers", f"{two:.1f} s", f"{one / two:.2f} × as fast (target ≥ 1.6)")


def _fill(url: str, folder: Path) -> None:
    env = _env(url, folder, AT)
    manage(env, "migrate", "--verbosity", "0")
    lacking = COINS + 1
    while True:
        _ask(env, "start", str(COINS))
        with _workers(env, 2) as workers:
            _go(workers)
        requested, done, insufficient, _ = map(int, _ask(env, "told").split())
        before, lacking = lacking, requested - done + insufficient
        if lacking == 0 or lacking == before:  # a coin may be too young to have its windows
            return


def _measured(url: str, filled: Path, count: int) -> tuple[float, dict[str, int]]:
    """Scan a copy of what was filled, a bar later; return seconds and calls per provider."""
    folder = filled.parent / "measured"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(filled, folder)
    env = _env(url, folder, AT + A_BAR)
    with _workers(env, count) as workers:
        _ask(env, "start", str(COINS))
        before = _calls(url)
        took_s = _go(workers)
        after = _calls(url)
    return took_s, {name: after[name] - before.get(name, 0) for name in after}


def _env(url: str, folder: Path, at: datetime) -> dict[str, str]:
    httpx.post(f"{url}/_control/clock", json={"at": at.isoformat()}).raise_for_status()
    return product_env(url, folder, SIGNALS_CLOCK_AT=at.isoformat(), LOG_LEVEL="ERROR")


def _calls(url: str) -> dict[str, int]:
    summary = httpx.get(f"{url}/_control/calls").json()
    return {
        provider: sum(told["total"] for told in paths.values())
        for provider, paths in summary["providers"].items()
    }


def _ask(env: Mapping[str, str], *arguments: str) -> str:
    command = [sys.executable, "-m", "tests.bench.scan_worker", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=dict(env), capture_output=True, text=True, check=True
    ).stdout


@contextmanager
def _workers(env: Mapping[str, str], count: int) -> Iterator[list[subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "tests.bench.scan_worker", "work"]
    begun = [
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    try:
        for process in begun:
            _hear(process, "ready")
        yield begun
    finally:
        for process in begun:
            process.kill()
            process.communicate()


def _go(workers: list[subprocess.Popen[str]]) -> float:
    began = perf_counter()
    for process in workers:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in workers:
        _hear(process, "done")
    return perf_counter() - began


def _hear(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout is not None
    heard = process.stdout.readline().strip()
    if heard != word:
        raise RuntimeError(f"a worker said {heard!r} instead of {word!r}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="signals-bench-") as own:
        os.environ["LOG_LEVEL"] = "ERROR"
        django_for("http://127.0.0.1:9", Path(own))
        _measure_hour()
