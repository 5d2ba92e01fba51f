"""Warm ``GET /signals/BTC`` as shipped, beside FastAPI and uvicorn: same document, same cache."""

from __future__ import annotations

import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import httpx
import redis

from tests.bench.report import heading, row, table_head
from tests.bench.stack import free_port, product, running

ROUNDS = 5
CONNECTIONS = 32
SECONDS = 3
KEY = "bench:signal"
REDIS_URL = "redis://127.0.0.1:6379/14"  # a database of its own
WORKERS = str(os.cpu_count() or 1)


def run() -> None:
    heading(f"Warm GET /signals/BTC, {CONNECTIONS} connections, {WORKERS} workers each")
    if shutil.which("wrk") is None:
        print("not measured: needs wrk")
        return
    table_head("cache", "ours", "FastAPI 0.104.1 + uvicorn", "ratio (req/s)", "ratio (p99)")
    _measure("SQLite", redis_url=None)
    if redis_answers():
        _measure("Redis", redis_url=REDIS_URL)
    else:
        row("Redis", "not measured: no server answers | | ", "")
    print("\nTarget: ≥ 1.0 in requests, ≤ 1.5 in p99.")


def redis_answers() -> bool:
    try:
        return bool(redis.Redis.from_url(REDIS_URL, socket_connect_timeout=1).ping())
    except redis.RedisError:
        return False


def _measure(cache: str, redis_url: str | None) -> None:
    extra = {"SIGNAL_CACHE_TTL_S": "900"}
    if redis_url:
        extra["REDIS_URL"] = redis_url
    with (
        product(limit_scale=1000, **extra) as (_, server),
        tempfile.TemporaryDirectory() as folder,
    ):
        document = httpx.get(f"{server.url}/signals/BTC", timeout=30).content
        env = {**os.environ, "PEER_KEY": KEY, **_peer_cache(document, redis_url, Path(folder))}
        port = free_port()
        command = [
            *(sys.executable, "-m", "uvicorn", "tests.bench.peer_fastapi:app"),
            *("--port", str(port), "--workers", WORKERS, "--no-access-log"),
        ]
        with running(
            command,
            url=f"http://127.0.0.1:{port}",
            env=env,
            probe="/signals/BTC",
            log=Path(folder) / "peer.log",
        ) as peer:
            ours, theirs = [], []
            for _ in range(ROUNDS):
                ours.append(wrk(f"{server.url}/signals/BTC"))
                theirs.append(wrk(f"{peer.url}/signals/BTC"))
    rate, p99_ms = (statistics.median(column) for column in zip(*ours, strict=True))
    peer_rate, peer_p99_ms = (statistics.median(column) for column in zip(*theirs, strict=True))
    row(
        f"{cache}, {len(document) / 1000:.1f} kB",
        f"{rate:,.0f} req/s, p99 {p99_ms:.0f} ms",
        f"{peer_rate:,.0f} req/s, p99 {peer_p99_ms:.0f} ms"
        f" | {rate / peer_rate:.2f} | {p99_ms / peer_p99_ms:.2f}",
    )


def _peer_cache(document: bytes, redis_url: str | None, folder: Path) -> dict[str, str]:
    if redis_url:
        redis.Redis.from_url(redis_url).set(KEY, document, ex=900)
        return {"PEER_REDIS_URL": redis_url}
    file = folder / "peer.sqlite3"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE entries (key TEXT PRIMARY KEY, value BLOB)")
        connection.execute("INSERT INTO entries VALUES (?, ?)", (KEY, document))
    return {"PEER_SQLITE": str(file)}


def wrk(url: str, *headers: str, connections: int = CONNECTIONS) -> tuple[float, float]:
    """Return requests per second and the 99 % latency in ms; every answer must be a 200."""
    sent = [word for header in headers for word in ("-H", header)]
    done = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--latency", *sent, url],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Non-2xx" not in done.stdout, done.stdout
    words = {line.split()[0]: line.split()[-1] for line in done.stdout.splitlines() if line.split()}
    latency = words["99%"]
    scale = 1000.0 if latency.endswith("s") and not latency.endswith("ms") else 1.0
    scale = 0.001 if latency.endswith("us") else scale
    return float(words["Requests/sec:"]), float(latency.rstrip("mus")) * scale
