"""What keys and limits cost: warm answers with a key, counted, beside the same without.

The list of the latest signals is read from Postgres, where there are some.
"""

from __future__ import annotations

import os
import shutil
import statistics
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.bench.many_signals import many_signals
from tests.bench.report import heading, row, table_head
from tests.bench.stack import Running, children, product, resident_mb
from tests.bench.warm import CONNECTIONS, REDIS_URL, SECONDS, WORKERS, redis_answers, wrk
from tests.loopback import loopback_postgres

ROUNDS = 5
SIGNALS = 20_000
KEY = "a-key-of-the-benchmark-0123456789"
KEYED = {
    "API_KEYS": KEY,
    # Above what any machine serves: every request is counted, none refused.
    "API_KEY_RATE_PER_MINUTE": "10000000",
    "API_KEY_DAILY_QUOTA": "2000000000",
}
PLAIN = {"API_KEY_RATE_PER_MINUTE": "0", "ANONYMOUS_RATE_PER_MINUTE": "0"}
PATHS = ("/signals/BTC", "/analytics/history/latest")
# Two warm-ups. The crowd makes every thread that web may have: what grows after it is no thread.
WARM_UP = 20_000
CROWD = 256
MEMORY_REQUESTS = 100_000
STEP = MEMORY_REQUESTS // 4


def run() -> None:
    heading(f"Keys and limits, warm, {CONNECTIONS} connections, {WORKERS} workers")
    if shutil.which("wrk") is None:
        print("not measured: needs wrk")
        return
    if loopback_postgres() is None:
        print("not measured: needs a Postgres on this machine")
        return
    with many_signals(SIGNALS, environment="sandbox") as database_url:
        database = {"DATABASE_URL": database_url}
        table_head("request, store", "open, not counted", "with key, counted", "overhead")
        _compare("SQLite", database)
        if redis_answers():
            _compare("Redis", {**database, "REDIS_URL": REDIS_URL})
        print("\nTarget: overhead ≤ 25 %.\n")
        table_head("web, all processes", "threads", "PSS", "target")
        for path in PATHS:
            _memory(path, database)


@contextmanager
def _served(extra: dict[str, str]) -> Iterator[Running]:
    with product(limit_scale=1000, SIGNAL_CACHE_TTL_S="900", **extra) as (_, server):
        yield server


def _compare(store: str, extra: dict[str, str]) -> None:
    with _served({**extra, **PLAIN}) as plain, _served({**extra, **KEYED}) as keyed:
        for path in PATHS:
            assert _is_served(keyed, path)
            httpx.get(plain.url + path, timeout=30)
            without, with_key = [], []
            for _ in range(ROUNDS):
                without.append(wrk(plain.url + path))
                with_key.append(wrk(keyed.url + path, f"X-API-Key: {KEY}"))
            _report(f"{path}, {store}", without, with_key)


def _report(
    what: str, without: list[tuple[float, float]], with_key: list[tuple[float, float]]
) -> None:
    (rate, p99), (keyed_rate, keyed_p99) = (
        [statistics.median(column) for column in zip(*rounds, strict=True)]
        for rounds in (without, with_key)
    )
    row(
        what,
        f"{rate:,.0f} req/s, p99 {p99:.0f} ms",
        f"{keyed_rate:,.0f} req/s, p99 {keyed_p99:.0f} ms | {1 - keyed_rate / rate:.0%}",
    )


def _is_served(server: Running, path: str) -> bool:
    answer = httpx.get(server.url + path, headers={"X-API-Key": KEY}, timeout=30)
    return answer.status_code == 200


def _memory(path: str, database: dict[str, str]) -> None:
    with _served({**database, **KEYED}) as server:
        assert _is_served(server, path)
        _ask(server, path, WARM_UP, CONNECTIONS)
        _held_mb(server, f"{path}: {WARM_UP:,} requests, {CONNECTIONS} connections")
        _ask(server, path, WARM_UP, CROWD)
        held_mb = [_held_mb(server, f"{WARM_UP:,} more, {CROWD} connections")]
        for done in range(STEP, MEMORY_REQUESTS + 1, STEP):
            _ask(server, path, STEP, CONNECTIONS)
            held_mb.append(_held_mb(server, f"then {done:,}, {CONNECTIONS} connections"))
    middle, end = held_mb[len(held_mb) // 2], held_mb[-1]
    row("growth of the last half", f" | {end / middle - 1:+.1%}", "flat: ≤ 2 %")


def _ask(server: Running, path: str, requests: int, connections: int) -> None:
    done = 0.0
    while done < requests:
        rate, _ = wrk(server.url + path, f"X-API-Key: {KEY}", connections=connections)
        done += rate * SECONDS


def _held_mb(server: Running, when: str) -> float:
    pid = server.process.pid
    threads = sum(len(os.listdir(f"/proc/{member}/task")) for member in (pid, *children(pid)))
    held_mb = resident_mb(pid)
    row(when, f"{threads} | {held_mb:.0f} MB")
    return held_mb
