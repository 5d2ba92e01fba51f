"""What a client of ``GET /signals/{symbol}`` waits for: cold, warm, and a hundred at once."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import threading
from collections import Counter
from time import perf_counter

import httpx

from tests.bench.report import heading, quantile, row, table_head
from tests.bench.stack import product

LATENCY_MS = 50
COLD_COINS = (
    "ETH", "SOL", "XRP", "DOGE", "ADA", "AVAX", "LINK", "DOT", "LTC", "BCH",
    "UNI", "ATOM", "NEAR", "APT", "ARB", "OP", "SUI", "AAVE", "TRX", "BNB",
)  # fmt: skip
WARM_REQUESTS = 1_000
AT_ONCE = 100
HEALTH_EVERY_S = 0.02


def run() -> None:
    heading(f"GET /signals/{{symbol}}, upstream answering in {LATENCY_MS} ms")
    # CoinGecko's budget would leave all but the first coins without a social reading.
    with product(latency_ms=LATENCY_MS, limit_scale=1000, COINGECKO_CALLS_PER_MINUTE="1000") as (
        upstream,
        server,
    ):
        with httpx.Client(base_url=server.url, timeout=30, trust_env=False) as client:
            table_head()
            first_s = _timed(client, "BTC")
            row("the very first answer, registry empty", f"{first_s * 1000:.0f} ms")
            _cold(client, server.url)
            _warm(client)
        _wrk(server.url)
        asyncio.run(_at_once(upstream.url, server.url))


def _timed(client: httpx.Client, coin: str) -> float:
    started = perf_counter()
    answer = client.get(f"/signals/{coin}")
    took_s = perf_counter() - started
    assert answer.status_code == 200, answer.text
    assert not answer.json()["missing"], (coin, answer.json()["missing"], answer.json()["problems"])
    return took_s


def _cold(client: httpx.Client, url: str) -> None:
    health_s: list[float] = []
    stop = threading.Event()

    def watch() -> None:
        with httpx.Client(base_url=url, timeout=10, trust_env=False) as other:
            while not stop.wait(HEALTH_EVERY_S):
                started = perf_counter()
                other.get("/health")
                health_s.append(perf_counter() - started)

    watcher = threading.Thread(target=watch)
    watcher.start()
    took_s = [_timed(client, coin) for coin in COLD_COINS]
    stop.set()
    watcher.join()
    row(
        f"cold, {len(COLD_COINS)} coins one after the other, p50 / p95",
        f"{quantile(took_s, 0.5) * 1000:.0f} / {quantile(took_s, 0.95) * 1000:.0f} ms",
        "≤ 250 ms",
    )
    row("`/health` meanwhile, slowest", f"{max(health_s) * 1000:.0f} ms", "≤ 200 ms")


def _warm(client: httpx.Client) -> None:
    client.get("/signals/BTC")
    took_s = []
    for _ in range(WARM_REQUESTS):
        started = perf_counter()
        client.get("/signals/BTC")
        took_s.append(perf_counter() - started)
    size = len(client.get("/signals/BTC").content)
    row(
        f"warm, {size / 1000:.1f} kB, one client, p50 / p99",
        f"{quantile(took_s, 0.5) * 1000:.2f} / {quantile(took_s, 0.99) * 1000:.2f} ms",
    )


def _wrk(url: str) -> None:
    if shutil.which("wrk") is None:
        row("warm, 32 connections", "not measured: needs wrk")
        return
    done = subprocess.run(
        ["wrk", "-t1", "-c32", "-d5s", "--latency", f"{url}/signals/BTC"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    wanted = ("Requests/sec", "99%", "Non-2xx")
    lines = [line.split() for line in done.stdout.splitlines() if any(w in line for w in wanted)]
    row("warm, 32 connections (wrk)", "; ".join(" ".join(words) for words in lines))


async def _at_once(sandbox_url: str, url: str) -> None:
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    async with httpx.AsyncClient(timeout=30, limits=limits, trust_env=False) as client:
        await client.post(f"{sandbox_url}/_control/reset")
        await client.post(f"{sandbox_url}/_control/settings", json={"latency_ms": LATENCY_MS})
        started = perf_counter()
        answers = await asyncio.gather(*(client.get(f"{url}/signals/FIL") for _ in range(AT_ONCE)))
        took_s = perf_counter() - started
        calls = (await client.get(f"{sandbox_url}/_control/calls")).json()
    statuses = dict(Counter(answer.status_code for answer in answers))
    row(
        f"{AT_ONCE} cold requests for one coin at once",
        f"{calls['total']} upstream calls; statuses {statuses}; all after {took_s * 1000:.0f} ms",
        "one fan-out",
    )
