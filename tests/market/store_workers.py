"""What the processes of the multi-process tests do. Imported by spawned interpreters: no Django."""

from __future__ import annotations

import asyncio
import math
from multiprocessing.queues import Queue
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Barrier
from typing import Any

import httpx

from market import clock
from market.providers.deadline import deadline_within
from market.providers.transport import Pool, ProviderPolicy, Transport
from market.store_contract import Budget, Count
from tests.market.stores import open_store

Grant = tuple[float, int]


def hammer(
    address: str,
    budget: Budget,
    worker: int,
    cost: int,
    spread_rounds: int,
    rounds: int,
    now: Synchronized[float],
    waits: Any,
    barrier: Barrier,
    results: Queue[list[Grant]],
) -> None:
    """Take as much as there is, at moments all processes share, and report what was granted.

    First a while with one take per round, so that what is granted is spread over the window; then
    as many as are granted, moving on to the earliest moment any process was told to ask again.
    """
    clock.wall_s = lambda: now.value
    store = open_store(address)
    grants: list[Grant] = []
    for round_ in range(rounds):
        barrier.wait(60)
        waits[worker] = math.inf
        for _ in range(1 if round_ < spread_rounds else budget.limit + 1):
            wait_s = store.take([budget], cost)
            if wait_s > 0.0:
                waits[worker] = wait_s
                break
            grants.append((now.value, cost))
        barrier.wait(60)
        if worker == 0:
            spreading = round_ < spread_rounds
            now.value += budget.window_s / spread_rounds if spreading else min(waits)
    store.close()
    results.put(grants)


def take_all(address: str, budget: Budget, now_s: float, results: Queue[int]) -> None:
    clock.wall_s = lambda: now_s
    store = open_store(address)
    granted = 0
    while granted <= budget.limit and store.take([budget]) == 0.0:
        granted += 1
    store.close()
    results.put(granted)


def count_up(address: str, times: int, barrier: Barrier, results: Queue[list[int]]) -> None:
    store = open_store(address)
    barrier.wait(60)
    results.put([store.count([Count("counter", 1, 600)])[0] for _ in range(times)])
    store.close()


def ask_together(
    address: str, base_url: str, callers: int, barrier: Barrier, results: Queue[list[Any]]
) -> None:
    """Ask one cached question from many tasks of this process at once."""

    async def ask() -> list[Any]:
        policy = ProviderPolicy("stub", {"calls": (Pool("calls", 1000, 60),)}, lambda *_: None)
        store = open_store(address)
        async with httpx.AsyncClient(base_url=base_url, trust_env=False) as client:
            transport = Transport(policy, client, store)
            barrier.wait(60)
            with deadline_within(20.0):
                return await asyncio.gather(
                    *[
                        transport.get_json("/answer", pool="calls", cache_ttl_s=600)
                        for _ in range(callers)
                    ]
                )

    results.put(asyncio.run(ask()))


def open_new_files(folder: str, files: int, barrier: Barrier, results: Queue[int]) -> None:
    """Open one new store file after the other, each at the same moment as other processes."""
    opened = 0
    for number in range(files):
        store = open_store(f"sqlite|{folder}/{number}.sqlite3")
        barrier.wait(60)
        opened += store.count([Count("opened", 1, 60)]) > [0]
        store.close()
    results.put(opened)
