"""Liquidations as a venue's stream tells them: all contracts together, while they happen.

The same orders that the REST pages tell, but of one contract at most the last of each second, a
second late. A replayed market is silent here: its recordings sum up bars, so what happened is only
known once it is long over.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import NamedTuple

from market.sandbox.market import ROW_MS
from market.sandbox.recent import Recent
from market.sandbox.source import MarketSource
from market.sandbox.universe import Contract, Universe

DELAY_MS = 1_000
_SECOND_MS = 1_000
_KEPT_ROWS = 6


class ForcedOrder(NamedTuple):
    ts_ms: int
    contract: Contract
    of_long: bool
    netted: bool
    price: float
    quantity: float  # in priced units

    @property
    def usd(self) -> float:
        return self.price * self.quantity


class ForcedOrderFeed:
    """``contracts`` picks the venue's out of the universe."""

    def __init__(
        self, source: MarketSource, contracts: Callable[[Universe], Mapping[str, Contract]]
    ) -> None:
        self._source = source
        self._contracts = contracts
        self._rows: Recent[list[ForcedOrder]] = Recent(_KEPT_ROWS)

    def told_between(self, since_ms: int, now_ms: int) -> list[ForcedOrder]:
        """Return what the stream tells after ``since_ms`` and up to ``now_ms``, in order."""
        if not self._source.simulated:
            return []
        after_ms, last_ms = since_ms - DELAY_MS, now_ms - DELAY_MS
        found: list[ForcedOrder] = []
        for row in range(after_ms // ROW_MS, last_ms // ROW_MS + 1):
            orders = self._rows.get_or_make(row, lambda row=row: self._of_row(row))  # type: ignore[misc]
            at = attrgetter("ts_ms")
            found += orders[
                bisect_right(orders, after_ms, key=at) : bisect_right(orders, last_ms, key=at)
            ]
        return found

    def _of_row(self, row: int) -> list[ForcedOrder]:
        start_ms, last_ms = row * ROW_MS, (row + 1) * ROW_MS - 1
        told: list[ForcedOrder] = []
        for contract in self._contracts(self._source.universe(start_ms)).values():
            if not contract.trading(start_ms) or contract.state != "live":
                continue
            orders = self._source.forced_orders(contract, start_ms, last_ms)
            columns = (orders.of_long, orders.netted, orders.price, orders.quantity)
            of_second = {
                ts_ms // _SECOND_MS: ForcedOrder(ts_ms, contract, *values)
                for ts_ms, *values in zip(
                    orders.ts_ms.tolist(), *(column.tolist() for column in columns), strict=True
                )
            }
            told.extend(of_second.values())
        return sorted(told, key=lambda order: (order.ts_ms, order.contract.symbol))
