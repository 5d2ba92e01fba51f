"""``./run up``: every process of the service as one command, from the first start to Ctrl-C.

Prepares the data folder, starts the programs of the table below, waits until they answer, says
where, and keeps them running until a signal stops it. An orchestrator can start the same programs
without it.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import itertools
import logging.config
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from config.env import Environment
from config.processes import Program, supervise

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"  # reached from elsewhere only through a proxy, which also ends TLS
DEFAULT_PORT = 8000
# What makes the sandbox another market than its default one.
MARKET_VARIABLES = ("SANDBOX_SEED", "SANDBOX_REPLAY_DIR", "SANDBOX_SYMBOLS", "SIGNALS_CLOCK_AT")
# numpy's linear algebra is not used: its threads would only be in the way of forking. And both
# glibc and granian's jemalloc set memory aside for each thread: web has a hundred threads, and
# grew with every one that was made.
LEAN = {
    "OPENBLAS_NUM_THREADS": "1",
    "GLIBC_TUNABLES": "glibc.malloc.arena_max=2:glibc.malloc.tcache_count=0",
    "_RJEM_MALLOC_CONF": "narenas:1,tcache:false",
}
# Workers do not talk to each other: on a broker made of files each greeting would stay behind.
WORKER_OPTIONS = ("--without-gossip", "--without-mingle", "--without-heartbeat")
# A cold evaluation may take its deadline (8 s) and one second.
WEB_GRACE_S = 10.0
# For what a worker has begun: messages on their way, a batch of a steady scan. What takes longer,
# such as the first fill of new coins, is a row and taken up again.
WORKER_GRACE_S = 4.0
LOCK_WAIT_S = 12.0  # a killed supervisor's guard may hold the lock for the grace and a little


def web_command(port: int) -> list[str]:
    return [sys.executable, "-m", "config.web", "--host", HOST, "--port", str(port)]


def web(port: int) -> Program:
    return Program(
        name="web",
        command=web_command(port),
        environment=LEAN,
        ready_url=f"http://{HOST}:{port}/health",
        grace_s=WEB_GRACE_S,
    )


def background() -> list[Program]:
    """Return what works without being asked over HTTP."""
    return [
        Program(
            name="worker",
            command=[
                *(sys.executable, "-m", "celery", "--app", "config", "--quiet", "worker"),
                *WORKER_OPTIONS,
            ],
            environment=LEAN,
            grace_s=WORKER_GRACE_S,
        ),
        Program(name="beat", command=[sys.executable, "-m", "config.beat"]),
        Program(
            name="recorder",
            command=[sys.executable, "manage.py", "record"],
            environment=LEAN,
        ),
    ]


def sandbox(port: int) -> Program:
    """Return the offline stand-in for every upstream."""
    return Program(
        name="sandbox",
        command=[sys.executable, "manage.py", "run_sandbox", "--port", str(port)],
        ready_url=f"http://{HOST}:{port}/",
    )


def sandbox_environment(port: int) -> dict[str, str]:
    """Return the settings that send every provider call to the sandbox."""
    base = f"http://{HOST}:{port}"
    return {
        "BINANCE_BASE_URL": f"{base}/binance",
        "OKX_BASE_URL": f"{base}/okx",
        "OKX_FALLBACK_BASE_URL": f"{base}/okx",
        "BINANCE_STREAM_URL": f"ws://{HOST}:{port}/binance",
        "OKX_STREAM_URL": f"ws://{HOST}:{port}/okx",
        "COINGECKO_BASE_URL": f"{base}/coingecko/api/v3",
        "ALTERNATIVE_ME_BASE_URL": f"{base}/alternative_me",
        # Reached only with a key, one of the sandbox's own.
        "COINGLASS_BASE_URL": f"{base}/coinglass",
        "LUNARCRUSH_BASE_URL": f"{base}/lunarcrush/api4",
        "COINAPI_BASE_URL": f"{base}/coinapi",
        "TELEGRAM_BASE_URL": f"{base}/telegram",
    }


def sandbox_folder(market: Mapping[str, str]) -> str:
    """Return the name of a simulated market's own folder: no file is shared with another market.

    One market's history stored under another's would look like a wild move.
    """
    described = "".join(f"{name}={value}\n" for name, value in sorted(market.items()))
    return f"sandbox-{hashlib.sha256(described.encode()).hexdigest()[:8]}" if market else "sandbox"


def main(arguments: Sequence[str] | None = None) -> int | str:
    """Return the exit status, or the sentence to fail with."""
    parser = argparse.ArgumentParser(prog="./run up", description="Start the service.")
    parser.add_argument("--port", type=_port, default=DEFAULT_PORT, help="default: %(default)s")
    parser.add_argument(
        "--sandbox",
        action="store_true",
        help="answer from a simulated market on this machine, kept in a data folder of its own",
    )
    options = parser.parse_args(arguments)
    if fault := _why_not(options.port):
        return fault

    os.chdir(ROOT)
    os.umask(0o077)  # whatever comes to lie in the data folder is its owner's alone
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    environment = Environment.load(ROOT / ".env")
    is_local = os.environ["DJANGO_SETTINGS_MODULE"] == "config.settings.local"
    if is_local and environment.raw("PUBLIC_BASE_URL") is None:
        os.environ["PUBLIC_BASE_URL"] = f"http://{HOST}:{options.port}"
    programs = []
    simulated: dict[str, str] = {}
    if options.sandbox:
        sandbox_port = _free_port_after(options.port)
        market = {
            name: value for name in MARKET_VARIABLES if (value := environment.raw(name)) is not None
        }
        simulated = {
            **market,  # from .env too, which the sandbox does not read
            "SIGNALS_DATA_DIR": str(
                environment.path("SIGNALS_DATA_DIR", ROOT / "data", base=ROOT)
                / sandbox_folder(market)
            ),
            **sandbox_environment(sandbox_port),
        }
        os.environ.update(simulated)
        programs.append(sandbox(sandbox_port))

    # A process of its own: Django, which only preparing needs, does not stay in memory.
    prepared = subprocess.run([sys.executable, "-m", "config.prepare"], check=False)
    if prepared.returncode != 0:
        return prepared.returncode
    from django.conf import settings  # not before the environment is complete

    logging.config.dictConfig(settings.LOGGING)
    lock = _lock(settings.DATA_DIR)
    if lock is None:
        return f"Another ./run up is using {settings.DATA_DIR}."
    if simulated:  # so that ./run manage can be told to ask the same market
        lines = [f"{name}='{value}'\n" for name, value in simulated.items()]
        (settings.DATA_DIR / "sandbox.env").write_text("".join(lines), encoding="utf-8")
    programs += [web(options.port), *background()]
    with lock:
        return supervise(programs, banner=_banner(options.port, settings.DATA_DIR))


def _banner(port: int, data_dir: Path) -> str:
    url = f"http://{HOST}:{port}"
    secrets = data_dir / "admin.txt"
    if secrets.is_relative_to(ROOT):
        secrets = secrets.relative_to(ROOT)
    return "\n".join(
        (
            "",
            f"  Ready    {url}/        documentation: {url}/docs",
            f"  Try      curl {url}/signals/BTC",
            f"  Admin    {url}/admin/  name and password: {secrets}",
            f"  State    {url}/health/ready  worker, beat and recorder are starting now",
            "  Stop     Ctrl-C",
            "",
        )
    )


def _lock(data_dir: Path) -> IO[str] | None:
    """Take the data folder for this supervisor; the kernel gives it back however we end."""
    file = (data_dir / "up.lock").open("a", encoding="ascii")
    deadline = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        except BlockingIOError:
            if time.monotonic() > deadline:
                file.close()
                return None
            time.sleep(0.2)


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 1 to 65535")
    return int(text)


def _why_not(port: int) -> str | None:
    """Return one sentence when the port cannot be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError:
            return f"Port {port} is not ours to open; choose one above 1023 with --port."
        except OSError:
            return f"Port {port} is in use; stop what listens there, or choose one with --port."
    return None


def _free_port_after(port: int) -> int:
    """Return the next free port, so that a restart finds the sandbox where it was."""
    candidates = itertools.chain(range(port + 1, 65536), range(1024, port))
    return next(candidate for candidate in candidates if _why_not(candidate) is None)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until the supervisor takes it over
    sys.exit(main())
