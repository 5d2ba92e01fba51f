"""Order books and trades as every venue's parser builds them, and what one book says by itself.

Evidence, never part of the signal score: shown in ``coinAPIMetrics`` and ``/coinapi/orderbook`` and
read by the smart-money scanner. Parsers build ``OrderBook`` and ``Trades``; spread, depth and
imbalance are here, walls in ``order_book_walls``, trades in ``order_flow``, what successive books
add in ``book_memory``, all of it together in ``whale_evidence``.

Pure. What is unknown is None, never zero: an empty side has no best price and no total.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from market.types import FloatArray, Int64Array

# Prices and sizes outside are refused: no coin is quoted there, and inside them every product,
# sum and quotient below stays finite and above zero.
LEAST, MOST = 1e-18, 1e18

# How far from mid the nearer imbalances look, in percent of mid.
IMBALANCE_RANGES_PCT = (0.1, 0.5, 1.0)


class Side(StrEnum):
    BID = "bid"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class OrderBook:
    """The resting orders of one coin on one venue at one instant.

    Parameters
    ----------
    venue : str
        Who published it, e.g. ``"binance"``; books of two venues never share a memory.
    observed_at_ms : int
        The venue's own time of the book, Unix milliseconds.
    bids, asks : ndarray of float64, shape (n, 2)
        Price in USD per coin and size in coins (contracts and 1000-multipliers already resolved),
        best price first: bids strictly falling, asks strictly rising. A side may be empty.

    Raises
    ------
    ValueError
        When a shape, a number, the order of prices or the order of the sides is impossible
        (best bid above best ask). ``OrderBook.of`` sorts first.
    """

    venue: str
    observed_at_ms: int
    bids: FloatArray
    asks: FloatArray

    def __post_init__(self) -> None:
        for side, levels, step in ((Side.BID, self.bids, -1.0), (Side.ASK, self.asks, 1.0)):
            if levels.ndim != 2 or levels.shape[1] != 2 or levels.dtype != np.float64:
                raise ValueError(f"{side} levels must be float64 of shape (n, 2)")
            if not _in_range(levels):
                raise ValueError(f"{side} prices and sizes must be finite and within bounds")
            if not np.all(np.diff(levels[:, 0]) * step > 0.0):
                raise ValueError(f"{side} prices must be distinct and best first")
        if len(self.bids) and len(self.asks) and self.bids[0, 0] > self.asks[0, 0]:
            raise ValueError("the book is crossed: its best bid is above its best ask")

    @classmethod
    def of(
        cls,
        venue: str,
        observed_at_ms: int,
        bids: Iterable[Sequence[float]],
        asks: Iterable[Sequence[float]],
    ) -> OrderBook:
        """Build a book from (price, size, …) rows in any order.

        Rows of size 0 are no level. Rows of one price are added up: some sources list single
        orders (CoinAPI level 3).

        Raises
        ------
        ValueError
            As the constructor does.
        """
        return cls(venue, observed_at_ms, _levels(bids)[::-1], _levels(asks))

    def levels(self, side: Side) -> FloatArray:
        return self.bids if side is Side.BID else self.asks


@dataclass(frozen=True, slots=True)
class Trades:
    """Prints of one coin on one venue, ascending in time; all arrays of shape (n,).

    Parameters
    ----------
    ts_ms : ndarray of int64
        Unix milliseconds, not falling.
    price, size_base : ndarray of float64
        USD per coin, and coins; finite and positive.
    taker_is_buyer : ndarray of float64
        1.0 where the buyer crossed the spread, 0.0 where the seller did, NaN where the source does
        not say.

    Raises
    ------
    ValueError
        When lengths differ, times fall, or a number is impossible. ``Trades.of`` sorts first.
    """

    ts_ms: Int64Array
    price: FloatArray
    size_base: FloatArray
    taker_is_buyer: FloatArray

    def __post_init__(self) -> None:
        columns = (self.ts_ms, self.price, self.size_base, self.taker_is_buyer)
        if {column.shape for column in columns} != {(len(self.ts_ms),)}:
            raise ValueError("the columns of trades must have one length")
        if not (_in_range(self.price) and _in_range(self.size_base)):
            raise ValueError("prices and sizes of trades must be finite and within bounds")
        taker = self.taker_is_buyer
        if not np.all(np.isnan(taker) | (taker == 0.0) | (taker == 1.0)):
            raise ValueError("a taker is a buyer (1), a seller (0) or unknown (NaN)")
        if not np.all(np.diff(self.ts_ms) >= 0):
            raise ValueError("trades must ascend in time")

    def __len__(self) -> int:
        return len(self.ts_ms)

    @classmethod
    def of(
        cls,
        ts_ms: Sequence[int],
        price: Sequence[float],
        size_base: Sequence[float],
        taker_is_buyer: Sequence[bool | None],
    ) -> Trades:
        """Build trades from columns in any order; prints of size 0 say nothing and are left out.

        Raises
        ------
        ValueError
            As the constructor does.
        """
        if not (len(ts_ms) == len(price) == len(size_base) == len(taker_is_buyer)):
            raise ValueError("the columns of trades must have one length")
        times = np.array(ts_ms, dtype=np.int64)
        sizes = np.array(size_base, dtype=np.float64)
        takers = np.array(
            [np.nan if side is None else float(side) for side in taker_is_buyer], dtype=np.float64
        )
        order = np.argsort(times, kind="stable")
        order = order[sizes[order] != 0.0]
        return cls(
            times[order], np.array(price, dtype=np.float64)[order], sizes[order], takers[order]
        )


@dataclass(frozen=True, slots=True)
class Spread:
    """The best prices and their distance; percent and basis points are of mid."""

    best_bid: float
    best_ask: float
    mid: float
    spread_usd: float
    spread_pct: float
    spread_bps: float


@dataclass(frozen=True, slots=True)
class Depth:
    """What rests on each side of the book as it was read. Totals of an empty side are None."""

    bid_levels: int
    ask_levels: int
    bid_base: float | None
    ask_base: float | None
    bid_usd: float | None
    ask_usd: float | None


@dataclass(frozen=True, slots=True)
class LeaningImbalance:
    """An imbalance in [−100, 100] and its range, in percent of mid; None is the whole book."""

    imbalance_pct: float
    within_pct: float | None


def spread_of(book: OrderBook) -> Spread | None:
    """Return best prices, mid and spread; None when a side is empty.

    The spread is 0 or more, at most 200 % of mid: a crossed book is no ``OrderBook``.
    """
    if not (len(book.bids) and len(book.asks)):
        return None
    best_bid, best_ask = float(book.bids[0, 0]), float(book.asks[0, 0])
    mid = (best_bid + best_ask) / 2.0
    share = (best_ask - best_bid) / mid
    return Spread(best_bid, best_ask, mid, best_ask - best_bid, 100.0 * share, 10_000.0 * share)


def depth_of(book: OrderBook) -> Depth:
    """Return the levels and totals of both sides, in coins and in USD."""
    totals = [
        (float(levels[:, 1].sum()), float((levels[:, 0] * levels[:, 1]).sum()))
        if len(levels)
        else (None, None)
        for levels in (book.bids, book.asks)
    ]
    (bid_base, bid_usd), (ask_base, ask_usd) = totals
    return Depth(len(book.bids), len(book.asks), bid_base, ask_base, bid_usd, ask_usd)


def imbalance_pct(book: OrderBook, within_pct: float | None = None) -> float | None:
    """Return by how much the bids outweigh the asks, as a share of both.

    Parameters
    ----------
    book : OrderBook
    within_pct : float, optional
        Count only levels at most this far from mid, in percent of mid, edge included. Without it
        the whole book counts as it was read, whose sides may reach differently far.

    Returns
    -------
    float or None
        (Σ bids − Σ asks) ÷ (Σ bids + Σ asks) × 100 of sizes in coins, in [−100, 100]; positive
        when bids are heavier. None when a side is empty, when the spread is wider than the range,
        and when a side was not read as far as the range goes: a shorter book says nothing of it.

    Notes
    -----
    Source: seed behaviour §4.3; beyond ±20 it is read as accumulating or distributing.
    """
    spread = spread_of(book)
    if spread is None:
        return None
    sums = []
    for levels in (book.bids, book.asks):
        sizes = levels[:, 1]
        if within_pct is not None:
            distances, edge = np.abs(levels[:, 0] - spread.mid), spread.mid * (within_pct / 100.0)
            # The farthest level must lie on the edge or outside, else the rest was never read.
            if distances[-1] < edge:
                return None
            sizes = sizes[distances <= edge]
        sums.append(float(sizes.sum()))
    bids, asks = sums
    if bids == 0.0 or asks == 0.0:
        return None
    return 100.0 * ((bids - asks) / (bids + asks))


def leaning_imbalance(book: OrderBook) -> LeaningImbalance | None:
    """Return the imbalance to judge by: of the widest range that was read, else of the whole book.

    Orders far from mid tell little and, counted in coins, may outweigh all others: a recorded book
    has +86 as a whole and +10 within 1 %. None when a side is empty.
    """
    for within_pct in (*reversed(IMBALANCE_RANGES_PCT), None):
        imbalance = imbalance_pct(book, within_pct)
        if imbalance is not None:
            return LeaningImbalance(imbalance, within_pct)
    return None


def _in_range(numbers: FloatArray) -> bool:
    return bool(np.all((numbers >= LEAST) & (numbers <= MOST)))


def _levels(rows: Iterable[Sequence[float]]) -> FloatArray:
    """Return one (price, size) row per price, ascending; those of size 0 are left out."""
    pairs: ArrayLike = [(row[0], row[1]) for row in rows]
    levels = np.array(pairs, dtype=np.float64).reshape(-1, 2)
    # Sorted by size within a price, so that sums do not depend on the order of the rows.
    levels = levels[np.lexsort((levels[:, 1], levels[:, 0]))]
    levels = np.compress(levels[:, 1] != 0.0, levels, axis=0)
    repeated = levels[1:, 0] == levels[:-1, 0]
    if not repeated.any():
        return levels
    starts = np.flatnonzero(np.concatenate(([True], ~repeated)))
    return np.column_stack((levels[starts, 0], np.add.reduceat(levels[:, 1], starts)))
