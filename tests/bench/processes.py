"""Every process of ``./run up``: how soon it answers, what memory it takes, how fast it stops."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx

from tests.bench.report import heading, row, table_head
from tests.bench.stack import ROOT, children, free_port, resident_mb

LIMIT_S = 120.0
SETTLE_S = 5.0  # the recorder says nothing of when it has loaded everything
# What the words of a command line say about who it is; the sandbox is no part of the service.
PROGRAMS = (
    ("config.web", "web"),
    ("celery", "worker"),
    ("config.beat", "beat"),
    ("record", "recorder"),
    ("run_sandbox", "sandbox"),
)
COINS = ("BTC", "ETH", "SOL", "XRP", "DOGE", "ADA", "AVAX", "LINK", "LTC", "BNB")


def run() -> None:
    heading("All processes of ./run up, embedded default")
    table_head()
    with tempfile.TemporaryDirectory(prefix="signals-bench-") as folder:
        first_s, _, _ = _life(Path(folder), work=lambda url: None)
        ready_s, stopped_s, memory = _life(Path(folder), work=_ask_for_signals)
    row("from a fresh data folder to the first answer", f"{first_s:.1f} s")
    row("from an existing one", f"{ready_s:.1f} s", "≤ 3 s")
    for name, (at_rest_mb, worked_mb) in memory.items():
        row(f"PSS of {name}: at rest, after work", f"{at_rest_mb:.0f}, {worked_mb:.0f} MB")
    at_rest_mb, worked_mb = (sum(figures) for figures in zip(*memory.values(), strict=True))
    row("PSS of all: at rest, after work", f"{at_rest_mb:.0f}, {worked_mb:.0f} MB", "≤ 550 MB")
    row("from Ctrl-C to the end of the last", f"{stopped_s:.1f} s")


def _life(
    data_dir: Path, work: Callable[[str], None]
) -> tuple[float, float, dict[str, tuple[float, float]]]:
    """Start, work, stop: seconds to the first answer, seconds to stop, MB before and after."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    began = monotonic()
    with (data_dir / "log").open("wb") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "config.supervisor", "--sandbox", "--port", str(port)],
            cwd=ROOT,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "config.settings.local",
                "SIGNALS_ENV_FILE": os.devnull,
                "SIGNALS_DATA_DIR": str(data_dir),
            },
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait_for(lambda: _checks(url) is not None)
        ready_s = monotonic() - began
        _wait_for(lambda: _served_within(url, monotonic() - began))
        sleep(SETTLE_S)
        before = _memory(supervisor.pid)
        work(url)
        after = _memory(supervisor.pid)
        stopping = monotonic()
        supervisor.send_signal(signal.SIGINT)
        supervisor.wait(LIMIT_S)
        return (
            ready_s,
            monotonic() - stopping,
            {name: (before[name], after.get(name, 0.0)) for name in before if name != "sandbox"},
        )
    finally:
        if supervisor.poll() is None:
            supervisor.kill()  # its guard ends the others
            supervisor.wait()


def _ask_for_signals(url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda coin: httpx.get(f"{url}/signals/{coin}", timeout=30), COINS * 6))


def _checks(url: str) -> dict[str, Any] | None:
    try:
        answer = httpx.get(f"{url}/health/ready", timeout=5, trust_env=False)
    except httpx.TransportError:
        return None
    return dict(answer.json()["checks"])


def _served_within(url: str, seconds: float) -> bool:
    """Tell whether workers have served every queue lately: in this life, not in the one before."""
    checks = _checks(url)
    ages_s = checks["workers"]["data"]["age_s"].values() if checks else [None]
    return all(age_s is not None and age_s < seconds for age_s in ages_s)


def _wait_for(holds: Callable[[], bool]) -> None:
    deadline = monotonic() + LIMIT_S
    while not holds():
        if monotonic() > deadline:
            raise TimeoutError("the service did not come up")
        sleep(0.05)


def _memory(supervisor: int) -> dict[str, float]:
    """Return PSS in MB by program; the supervisor counts with its guard."""
    found: dict[str, float] = {}
    everything = resident_mb(supervisor)
    for pid in children(supervisor):
        if _parent(pid) != supervisor:
            continue
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
        name = next((name for word, name in PROGRAMS if word in words), None)
        if name is not None:
            found[name] = resident_mb(pid)
    return {**found, "supervisor": everything - sum(found.values())}


def _parent(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return 0
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("PPid:"))
