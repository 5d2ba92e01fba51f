"""Start the shipped processes for a measurement, in a throw-away data folder, and end them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import httpx

from config.supervisor import LEAN

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN_S = 60.0


@dataclass(frozen=True)
class Running:
    url: str
    process: subprocess.Popen[bytes]
    ready_after_s: float


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def running(
    command: list[str], *, url: str, env: Mapping[str, str], probe: str, log: Path
) -> Iterator[Running]:
    """Run a server until the block ends; ready when ``probe`` answers 200."""
    started = monotonic()
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=dict(env),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        while True:
            if process.poll() is not None:
                raise RuntimeError(f"{command[:3]} ended at once:\n{log.read_text()[-3000:]}")
            try:
                if httpx.get(url + probe, timeout=2, trust_env=False).status_code == 200:
                    break
            except httpx.TransportError:
                pass
            if monotonic() - started > READY_WITHIN_S:
                raise TimeoutError(f"not ready: {command[:3]}")
            sleep(0.02)
        yield Running(url, process, monotonic() - started)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@contextmanager
def sandbox(*, latency_ms: int = 0, limit_scale: float = 1, log: Path) -> Iterator[Running]:
    """The stand-in upstream; ``limit_scale`` multiplies the vendors' limits that it enforces."""
    port = free_port()
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "SIGNALS_DATA_DIR": str(log.parent),
    }
    command = [
        *(sys.executable, "manage.py", "run_sandbox", "--port", str(port)),
        *("--latency-ms", str(latency_ms), "--limit-scale", str(limit_scale)),
    ]
    with running(command, url=f"http://127.0.0.1:{port}", env=env, probe="/", log=log) as process:
        yield process


def product_env(sandbox_url: str, data_dir: Path, **extra: str) -> dict[str, str]:
    """The environment of ``./run up --sandbox`` over a data folder of its own."""
    return {
        **os.environ,
        **LEAN,
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "SIGNALS_DATA_DIR": str(data_dir),
        "BINANCE_BASE_URL": f"{sandbox_url}/binance",
        "OKX_BASE_URL": f"{sandbox_url}/okx",
        "OKX_FALLBACK_BASE_URL": f"{sandbox_url}/okx",
        "COINGECKO_BASE_URL": f"{sandbox_url}/coingecko/api/v3",
        "ALTERNATIVE_ME_BASE_URL": f"{sandbox_url}/alternative_me",
        **extra,
    }


def django_for(sandbox_url: str, data_dir: Path) -> None:
    """Set up Django in this process, asking the sandbox, over a migrated data folder."""
    import django

    env = product_env(sandbox_url, data_dir)
    manage(env, "migrate", "--verbosity", "0")
    os.environ.update(env)
    django.setup()


def manage(env: Mapping[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=dict(env),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@contextmanager
def web(env: Mapping[str, str], *, log: Path) -> Iterator[Running]:
    """The web process exactly as the supervisor starts it."""
    from config.supervisor import web_command

    port = free_port()
    with running(
        web_command(port), url=f"http://127.0.0.1:{port}", env=env, probe="/health", log=log
    ) as process:
        yield process


@contextmanager
def product(
    *, latency_ms: int = 0, limit_scale: float = 1, **extra: str
) -> Iterator[tuple[Running, Running]]:
    """Sandbox and web over a fresh, migrated data folder: (sandbox, web)."""
    with tempfile.TemporaryDirectory(prefix="signals-bench-") as folder:
        data_dir = Path(folder)
        log = data_dir / "processes.log"
        with sandbox(latency_ms=latency_ms, limit_scale=limit_scale, log=log) as upstream:
            env = product_env(upstream.url, data_dir, **extra)
            manage(env, "migrate", "--verbosity", "0")
            with web(env, log=log) as server:
                yield upstream, server


def resident_mb(pid: int) -> float:
    """Return the PSS of a process and its children, in MB: shared pages counted once."""
    total_kb = 0
    for member in [pid, *children(pid)]:
        try:
            text = Path(f"/proc/{member}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total_kb += next(int(line.split()[1]) for line in text.splitlines() if "Pss:" in line)
    return total_kb / 1024


def children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += [int(child), *children(int(child))]
    return found
