"""Streaming every stored signal out of Postgres: how fast, and whether memory stays flat.

The web server as shipped, one process, over ``many_signals()``; ``python -m tests.bench.export N``
with fewer signals. Memory is the PSS of the server and its worker.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from time import perf_counter

import httpx

from tests.bench.many_signals import many_signals
from tests.bench.report import heading, table_head
from tests.bench.stack import resident_mb, web

SIGNALS = 1_000_000
# Before the export, so that what any first request loads is not taken for its memory.
WARM = "/history/export?symbol=C001"
LOOK_EVERY_S = 0.5
MOST_GROWTH_MB = 20


def run(count: int = SIGNALS) -> None:
    heading(f"GET /history/export, {count:,} signals on Postgres")
    with many_signals(count) as url, tempfile.TemporaryDirectory() as folder:
        env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings.local",
            "SIGNALS_ENV_FILE": os.devnull,
            "SIGNALS_DATA_DIR": folder,
            "DATABASE_URL": url,
            "WEB_WORKERS": "1",
            "LOG_LEVEL": "ERROR",
        }
        table_head("format", "rows", "size", "time", "memory before / most / after", "growth")
        with web(env, log=Path(folder) / "web.log") as server:
            for form in ("jsonl", "csv"):
                _export(server.url, server.process.pid, form)
    print(f"\nTarget: memory flat, that is within {MOST_GROWTH_MB} MB.")


def _export(url: str, pid: int, form: str) -> None:
    _read(f"{url}{WARM}&format={form}")
    before_mb = resident_mb(pid)
    with _watched(pid) as seen_mb:
        began = perf_counter()
        rows, size, last = _read(f"{url}/history/export?format={form}")
        took_s = perf_counter() - began
    if form == "jsonl" and json.loads(last) != {"end": {"rows": rows - 1}}:
        raise RuntimeError(f"the export is not whole: {last[:200]!r}")
    most_mb = max(seen_mb)
    memory = f"{before_mb:.0f} / {most_mb:.0f} / {resident_mb(pid):.0f} MB"
    print(
        f"| {form} | {rows - 1:,} | {size / 1e9:.2f} GB | {took_s:.0f} s, "
        f"{rows / took_s:,.0f} rows/s | {memory} | {most_mb - before_mb:+.0f} MB |",
        flush=True,
    )


def _read(url: str) -> tuple[int, int, bytes]:
    """Return lines, bytes and the last line of an answer, keeping no more of it than that."""
    lines = size = 0
    tail = b""
    with httpx.stream("GET", url, timeout=600, trust_env=False) as answer:
        answer.raise_for_status()
        for part in answer.iter_raw():
            lines += part.count(b"\n")
            size += len(part)
            tail = (tail + part)[-100_000:]
    return lines, size, tail.splitlines()[-1]


@contextmanager
def _watched(pid: int) -> Iterator[list[float]]:
    """Look at a process's memory until the block ends."""
    seen, over = [resident_mb(pid)], Event()

    def look() -> None:
        while not over.wait(LOOK_EVERY_S):
            seen.append(resident_mb(pid))

    watcher = Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


if __name__ == "__main__":
    run(int(sys.argv[1]) if len(sys.argv) > 1 else SIGNALS)
