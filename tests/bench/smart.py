"""A scan for smart money of 40 coins: calls per coin, time against the latency floor, budgets kept.

Two floors, of which nobody can beat the higher: the calls of the busiest provider ÷ 20 connections
× latency, and the wait for OKX's liquidation orders, of which our budget is 16 in two seconds. The
stand-in enforces the vendors' documented limits and counts every call over one.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import httpx

from tests.bench.report import heading, row, table_head
from tests.bench.stack import product

LATENCY_MS = 50
CONNECTIONS = 20
LIQUIDATIONS_PATH = "/api/v5/public/liquidation-orders"
LIQUIDATIONS_AT_ONCE, LIQUIDATIONS_PER_S = 16, 8
COINS = 40


def run() -> None:
    heading(f"Smart-money scan of {COINS} coins, upstream answering in {LATENCY_MS} ms")
    # Scores are asked for again while the bars are warm: no score may serve twice here.
    with (
        product(latency_ms=LATENCY_MS, SIGNAL_CACHE_TTL_S="0") as (upstream, server),
        httpx.Client(base_url=server.url, timeout=60, trust_env=False) as client,
        httpx.Client(base_url=upstream.url, timeout=60, trust_env=False) as control,
    ):
        coins = _most_traded(client)
        table_head(
            "scan", "time", "calls per coin", "floor: latency, limit", "over a limit", "scored"
        )
        _measured("cold, nothing stored", client, control, coins)
        _measured("bars and statistics stored", client, control, coins)
        _measured("one coin, as /analyze", client, control, coins[:1])
    with (
        product(latency_ms=LATENCY_MS) as (upstream, server),
        httpx.Client(base_url=server.url, timeout=60, trust_env=False) as client,
        httpx.Client(base_url=upstream.url, timeout=60, trust_env=False) as control,
    ):
        coins = _most_traded(client)
        _scan(client, coins)
        _measured("scored a moment ago", client, control, coins)


def _most_traded(client: httpx.Client) -> list[str]:
    client.get("/signals/BTC")  # builds the registry, which no scan pays for
    listed = client.get("/smart-money/futures/list", params={"limit": COINS, "min_volume": 0})
    return [coin["symbol"] for coin in listed.json()["coins"]]


def _scan(client: httpx.Client, coins: list[str]) -> dict[str, Any]:
    answer = client.get("/smart-money/scan", params={"coins": ",".join(coins)})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def _measured(what: str, client: httpx.Client, control: httpx.Client, coins: list[str]) -> None:
    control.post("/_control/reset")
    control.post("/_control/settings", json={"latency_ms": LATENCY_MS})
    started = perf_counter()
    body = _scan(client, coins)
    took_s = perf_counter() - started
    calls = control.get("/_control/calls").json()
    busiest = max(
        (sum(path["total"] for path in paths.values()) for paths in calls["providers"].values()),
        default=0,
    )
    floor_s = busiest / CONNECTIONS * LATENCY_MS / 1000
    liquidations = calls["providers"].get("okx", {}).get(LIQUIDATIONS_PATH, {"total": 0})["total"]
    wait_s = max(0, liquidations - LIQUIDATIONS_AT_ONCE) / LIQUIDATIONS_PER_S
    share = "–"
    if busiest:
        higher_s = max(floor_s, wait_s)
        share = f"{floor_s:.2f} s, {wait_s:.2f} s: {100 * higher_s / took_s:.0f} %"
    partial = ", partial" if body["partial"] else ""
    row(
        what,
        f"{took_s:.2f} s | {calls['total'] / len(coins):.1f} | {share} | {calls['violations']}",
        f"{body['coinsSuccessful']} of {len(coins)}{partial}",
    )
