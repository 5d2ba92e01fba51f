"""What a stand-in vendor asks of the market behind it: simulated or recorded, it cannot tell.

Everything is asked for an instant ``now_ms`` and for a contract, answered in that contract's
units, ascending in time, and holds nothing that was not known at that instant. Empty arrays and
None mean that the market does not know: the vendor modules answer "no data" for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from market.sandbox.bars import Bars, BarSpec
from market.sandbox.universe import Coin, Contract, Universe
from market.types import FloatArray, Int64Array


class RatioKind(StrEnum):
    """Longs ÷ shorts, of whom and counted how."""

    ALL_ACCOUNTS = "all accounts"
    TOP_ACCOUNTS = "top traders' accounts"
    TOP_POSITIONS = "top traders' positions"


class Observed(NamedTuple):
    """Two columns observed together at instants or for periods that begin there."""

    ts_ms: Int64Array
    first: FloatArray
    second: FloatArray

    def between(self, start_ms: int, end_ms: int) -> Observed:
        keep = (self.ts_ms >= start_ms) & (self.ts_ms <= end_ms)
        return Observed(self.ts_ms[keep], self.first[keep], self.second[keep])


class ExpectedFunding(NamedTuple):
    rate: float
    settles_at_ms: int
    interval_ms: int


@dataclass(frozen=True, slots=True)
class ForcedOrders:
    """Liquidation orders of one contract, ascending. ``netted``: the venue did not say the side."""

    ts_ms: Int64Array
    of_long: NDArray[np.bool_]
    netted: NDArray[np.bool_]
    price: FloatArray
    quantity: FloatArray  # in priced units


@dataclass(frozen=True, slots=True)
class DailyIndex:
    """The fear and greed index, ascending; "" where the label is not known."""

    ts_s: list[int]
    value: list[int]
    label: list[str]


class MarketSource(Protocol):
    @property
    def description(self) -> str:
        """What this market is, for people."""
        ...

    @property
    def simulated(self) -> bool:
        """Whether everything has a value and closed bars never change, so they may be kept.

        A recording knows no order books or single trades, and may change with the instant.
        """
        ...

    def universe(self, now_ms: int) -> Universe: ...

    def bars(
        self, contract: Contract, spec: BarSpec, first_ms: int, last_ms: int, now_ms: int
    ) -> Bars:
        """Return the bars that open in [first, last], the forming one included."""
        ...

    def last_day(self, contract: Contract, now_ms: int) -> tuple[int, FloatArray] | None:
        """Return the start of the last 24 h (or of what is known of them) and their one bar."""
        ...

    def price(self, contract: Contract, now_ms: int) -> float | None:
        """Return the last price, per priced unit."""
        ...

    def coin_price_usd(self, coin: Coin, now_ms: int) -> float | None: ...

    def mark_and_index(self, contract: Contract, now_ms: int) -> tuple[float, float] | None:
        """Return mark and index price per priced unit; NaN for one that is not known."""
        ...

    def expected_funding(self, contract: Contract, now_ms: int) -> ExpectedFunding | None: ...

    def settled_funding(
        self, contract: Contract, start_ms: int, end_ms: int, now_ms: int
    ) -> Observed:
        """Return (rate as a fraction, mark price) of settlements in [start, end]."""
        ...

    def open_interest(self, contract: Contract, now_ms: int) -> Observed:
        """Return the newest (priced units, USD): one row, or none."""
        ...

    def open_interest_history(
        self, contract: Contract, period: BarSpec, start_ms: int, end_ms: int, now_ms: int
    ) -> Observed:
        """Return (priced units, USD) on the period's grid."""
        ...

    def ratio_history(
        self,
        kind: RatioKind,
        contract: Contract,
        period: BarSpec,
        start_ms: int,
        end_ms: int,
        now_ms: int,
    ) -> Observed:
        """Return (longs ÷ shorts, share of longs) on the period's grid."""
        ...

    def taker_history(
        self, contract: Contract, period: BarSpec, start_ms: int, end_ms: int, now_ms: int
    ) -> Observed:
        """Return (bought, sold) priced units by takers, stamped with the period's start."""
        ...

    def forced_orders(self, contract: Contract, start_ms: int, now_ms: int) -> ForcedOrders: ...

    def fear_greed(self, now_ms: int) -> DailyIndex: ...

    def mood(self, coin: Coin, now_ms: int) -> float | None:
        """Return how the crowd talks about a coin, 0 to 1, or None where that is not recorded."""
        ...


def nothing_observed() -> Observed:
    return Observed(np.empty(0, dtype=np.int64), np.empty(0), np.empty(0))


def no_forced_orders() -> ForcedOrders:
    flags = np.empty(0, dtype=np.bool_)
    return ForcedOrders(np.empty(0, dtype=np.int64), flags, flags, np.empty(0), np.empty(0))
