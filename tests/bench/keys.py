"""What keys and limits cost: warm answers with a key, counted, beside the same without."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.bench.report import heading, row, table_head
from tests.bench.stack import Running, product, resident_mb
from tests.bench.warm import CONNECTIONS, REDIS_URL, SECONDS, WORKERS, redis_answers, wrk

ROUNDS = 5
KEY = "a-key-of-the-benchmark-0123456789"
KEYED = {
    "API_KEYS": KEY,
    # Above what any machine serves: every request is counted, none refused.
    "API_KEY_RATE_PER_MINUTE": "10000000",
    "API_KEY_DAILY_QUOTA": "2000000000",
}
PLAIN = {"API_KEY_RATE_PER_MINUTE": "0", "ANONYMOUS_RATE_PER_MINUTE": "0"}
PATHS = ("/signals/BTC", "/analytics/history/latest")
MEMORY_REQUESTS = 100_000


def run() -> None:
    heading(f"Keys and limits, warm, {CONNECTIONS} connections, {WORKERS} workers")
    if shutil.which("wrk") is None:
        print("not measured: needs wrk")
        return
    table_head("request, store", "open, not counted", "with key, counted", "overhead")
    _compare("SQLite", {})
    if redis_answers():
        _compare("Redis", {"REDIS_URL": REDIS_URL})
    print("\nTarget: overhead ≤ 25 %.\n")
    _memory()


@contextmanager
def _served(extra: dict[str, str]) -> Iterator[Running]:
    with product(limit_scale=1000, SIGNAL_CACHE_TTL_S="900", **extra) as (_, server):
        yield server


def _compare(store: str, extra: dict[str, str]) -> None:
    with _served({**extra, **PLAIN}) as plain, _served({**extra, **KEYED}) as keyed:
        for path in PATHS:
            if not _is_served(keyed, path):
                row(f"{path}, {store}", "not measured: no such endpoint | ", "")
                continue
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


def _memory() -> None:
    table_head("web, all processes", "PSS")
    with _served(KEYED) as server:
        assert _is_served(server, PATHS[0])
        done, reports_at = 0, iter((1, MEMORY_REQUESTS // 2, MEMORY_REQUESTS))
        report_at = next(reports_at)
        while report_at is not None:
            rate, _ = wrk(server.url + PATHS[0], f"X-API-Key: {KEY}")
            done += int(rate * SECONDS)
            if done >= report_at:
                row(f"after {done:,} requests", f"{resident_mb(server.process.pid):.0f} MB")
                report_at = next(reports_at, None)
