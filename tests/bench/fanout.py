"""Fan-out: 300 coins × 6 calls through the provider runtime, against the latency floor.

The floor is what nobody can beat with 20 connections: calls ÷ 20 × latency. aiohttp asks for the
same addresses beside it, without cache, budget, breaker or parsing.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable
from pathlib import Path
from time import perf_counter, process_time

from tests.bench.report import heading, row, table_head
from tests.bench.stack import django_for, sandbox

COINS = 300
LATENCY_MS = 50
CONNECTIONS = 20
CALLS_PER_COIN = 6
ROWS = 30  # an answer of 3 to 5 kB; a steady scan asks for fewer


def run() -> None:
    heading(f"Fan-out: {COINS} coins × {CALLS_PER_COIN} calls at {LATENCY_MS} ms")
    with tempfile.TemporaryDirectory(prefix="signals-bench-") as folder:
        log = Path(folder) / "sandbox.log"
        with sandbox(latency_ms=LATENCY_MS, limit_scale=1000, log=log) as upstream:
            django_for(upstream.url, Path(folder))
            _measure(upstream.url)


def _measure(sandbox_url: str) -> None:
    from django.conf import settings

    from market.providers.runtime import provider_runtime

    settings.PROVIDER_BUDGET_SHARE = 1000.0  # budgets are not what is measured
    listings = provider_runtime().run(_listings, timeout_s=30)[:COINS]
    calls = len(listings) * CALLS_PER_COIN
    floor_s = calls / CONNECTIONS * LATENCY_MS / 1000

    table_head("what", "time", "share of the floor", "CPU per call")
    row("latency floor, 20 connections", f"{floor_s:.2f} s", "100 % | –")
    paths = _paths(listings)
    for name, measured in (
        ("warm-up", lambda: asyncio.run(_with_aiohttp(sandbox_url, paths))),
        ("aiohttp, bare", lambda: asyncio.run(_with_aiohttp(sandbox_url, paths))),
        ("ours, parsed and metered", lambda: _ours(listings)),
        ("aiohttp, bare", lambda: asyncio.run(_with_aiohttp(sandbox_url, paths))),
        ("ours, parsed and metered", lambda: _ours(listings)),
    ):
        wall, cpu = perf_counter(), process_time()
        measured()
        took_s, cpu_s = perf_counter() - wall, process_time() - cpu
        if name != "warm-up":
            share = f"{100 * floor_s / took_s:.0f} % | {1000 * cpu_s / calls:.2f} ms"
            row(name, f"{took_s:.2f} s", share)
    print("\nTarget: ≥ 80 % of the floor.")


async def _listings(providers):
    from market.types import Listing, Venue

    contracts = (await providers.binance.fetch_exchange_info()).value.contracts
    return [
        Listing(Venue.BINANCE, contract.symbol)
        for contract in contracts
        if contract.is_crypto_perpetual
    ]


def _ours(listings) -> None:
    from market.providers.binance import LongShare
    from market.providers.runtime import provider_runtime
    from market.types import Interval

    async def everything(providers) -> None:
        binance = providers.binance
        asked: list[Awaitable[object]] = []
        for listing in listings:
            # Calls without request weight: near its limit the client would rightly hold them.
            asked += [
                binance.fetch_funding_history(listing, interval_h=8, limit=ROWS),
                binance.fetch_open_interest_history(listing, Interval.H4, limit=ROWS),
                *(
                    binance.fetch_long_share(of, listing, Interval.H4, limit=ROWS)
                    for of in LongShare
                ),
                binance.fetch_taker_buy_share(listing, Interval.H4, limit=ROWS),
            ]
        await asyncio.gather(*asked)

    provider_runtime().run(everything, timeout_s=120)


def _paths(listings) -> list[str]:
    paths = []
    for listing in listings:
        name = listing.venue_symbol
        statistics = f"symbol={name}&period=4h&limit={ROWS}"
        paths += [
            f"/fapi/v1/fundingRate?symbol={name}&limit={ROWS}",
            f"/futures/data/openInterestHist?{statistics}",
            f"/futures/data/globalLongShortAccountRatio?{statistics}",
            f"/futures/data/topLongShortPositionRatio?{statistics}",
            f"/futures/data/topLongShortAccountRatio?{statistics}",
            f"/futures/data/takerlongshortRatio?{statistics}",
        ]
    return paths


async def _with_aiohttp(sandbox_url: str, paths: list[str]) -> None:
    import aiohttp
    import orjson

    slots = asyncio.Semaphore(CONNECTIONS)
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def one(path: str) -> None:
            async with slots, session.get(f"{sandbox_url}/binance{path}") as response:
                assert response.status == 200, path
                orjson.loads(await response.read())

        await asyncio.gather(*(one(path) for path in paths))
