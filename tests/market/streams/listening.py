"""A listener over the in-process sandbox, with one clock that only the test moves.

Time goes on in steps; after each the test waits until every open connection has read what the
sandbox pushed for it, so nothing depends on how fast the machine is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from market.chains import BUCKET_MS
from market.instruments import InstrumentRegistry
from market.sandbox.forced_order_feed import ForcedOrder
from market.sandbox.handle import Sandbox
from market.sandbox.in_process import StreamConnector
from market.sandbox.universe import Contract
from market.streams.coverage import Coverage
from market.streams.listener import Listener
from market.streams.spec import StreamSpec, binance_stream, okx_stream
from market.streams.tally import LATE_MS, Sums, Tally
from market.types import Venue
from tests.market.sandbox.upstream import Wall

SPECS = {
    Venue.BINANCE: binance_stream("wss://sandbox/binance"),
    Venue.OKX: okx_stream("wss://sandbox/okx"),
}
PATIENCE_S = 20.0  # of the test itself, should what it waits for never come


class Listening:
    """One listener, its tally, and the time it lives in."""

    def __init__(
        self, sandbox: Sandbox, registry: InstrumentRegistry, spec: StreamSpec, wall: Wall
    ) -> None:
        self.wall = wall
        self.pauses: list[float] = []
        self.coverage = Coverage(keep_ms=2 * LATE_MS)
        self.tally = Tally(self.coverage, bucket_ms=BUCKET_MS)
        self.connector = StreamConnector(sandbox)
        self.listener = Listener(
            spec,
            self.coverage,
            self.tally,
            self.connector,
            look_every_s=0.005,
            pause=self._pause,
        )
        self.listener.keep(spec.listings(list(registry)))
        self.settled: Sums = {}
        self.may_reconnect = asyncio.Event()
        self.may_reconnect.set()

    @property
    def now_ms(self) -> int:
        return int(self.wall.now_s * 1000)

    async def advance(self, seconds: float, step_s: float = 10.0) -> None:
        """Let time go on, and with it everything that hangs on it."""
        until_s = self.wall.now_s + seconds
        while self.wall.now_s < until_s:
            self.wall.now_s = min(until_s, self.wall.now_s + step_s)
            await self.caught_up()
            for start_ms, sums in self.tally.settle(self.now_ms).items():
                self.settled.setdefault(start_ms, {}).update(sums)

    async def caught_up(self) -> None:
        """Wait until every open connection has read what was pushed; there is one, if there may."""
        await until(
            lambda: (
                all(c.caught_up_s == self.wall.now_s for c in self.connector.open)
                and (bool(self.connector.open) or not self.may_reconnect.is_set())
            )
        )

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await self.may_reconnect.wait()
        await asyncio.sleep(0)


async def until(condition: Callable[[], bool]) -> None:
    """Let everything else run until something is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.001)


@asynccontextmanager
async def listening(
    sandbox: Sandbox, registry: InstrumentRegistry, spec: StreamSpec, wall: Wall
) -> AsyncIterator[Listening]:
    made = Listening(sandbox, registry, spec, wall)
    task = asyncio.create_task(made.listener.listen())
    try:
        await until(lambda: bool(made.connector.open or made.pauses))
        yield made
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def told_orders(
    sandbox: Sandbox, contract: Contract, start_ms: int, end_ms: int
) -> list[ForcedOrder]:
    """Return what a stream tells of a contract's own orders: the last of each second."""
    orders = sandbox.source.forced_orders(contract, start_ms, end_ms - 1)
    last: dict[int, ForcedOrder] = {}
    for i, ts_ms in enumerate(orders.ts_ms.tolist()):
        last[ts_ms // 1000] = ForcedOrder(
            ts_ms,
            contract,
            bool(orders.of_long[i]),
            bool(orders.netted[i]),
            float(orders.price[i]),
            float(orders.quantity[i]),
        )
    return list(last.values())


def told_usd(
    sandbox: Sandbox, contract: Contract, start_ms: int, end_ms: int
) -> tuple[float, float]:
    orders = told_orders(sandbox, contract, start_ms, end_ms)
    return (
        sum(order.usd for order in orders if order.of_long),
        sum(order.usd for order in orders if not order.of_long),
    )
