"""Who crosses the spread, and in which sizes: taker pressure and large prints. Pure.

Reads the trades a source gave in one answer; their first and last instant are the window.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from market.order_book import Trades

# A print is large when it is worth this much, whatever the coin ...
LARGE_PRINT_USD = 50_000.0
# ... or when it is more than this many times the median print of the window (half of all prints of
# a liquid coin are tiny, and a few times the median is nothing special) ...
LARGE_PRINT_RATIO = 50.0
# ... provided that the median is made of enough prints, and the print is no small change.
MEDIAN_PRINTS = 20
RELATIVE_LEAST_USD = 1_000.0

# Prints listed one by one, largest first; the sums count all.
PRINTS_SHOWN = 10


class Taker(StrEnum):
    BUY = "buy"
    SELL = "sell"
    UNKNOWN = "unknown"


class LargeBy(StrEnum):
    """Which rule made a print large; the absolute one is named when both did."""

    USD = "usd"
    MEDIAN = "median"


@dataclass(frozen=True, slots=True)
class TakerPressure:
    """Volume by the side that crossed the spread.

    ``buy_pct`` + ``sell_pct`` = 100 are shares of the volume whose taker is known, None when none
    is; ``unknown_pct`` is the share of all volume that was left out for that.
    """

    trades: int
    unknown_trades: int
    from_ms: int
    to_ms: int
    total_base: float
    total_usd: float
    buy_base: float
    sell_base: float
    mean_size_base: float
    unknown_pct: float
    buy_pct: float | None
    sell_pct: float | None

    @property
    def window_s(self) -> float:
        return (self.to_ms - self.from_ms) / 1000.0


@dataclass(frozen=True, slots=True)
class LargePrint:
    ts_ms: int
    price: float
    size_base: float
    usd: float
    taker: Taker
    large_by: LargeBy


@dataclass(frozen=True, slots=True)
class LargePrints:
    """The large prints of the window: sums over all of them, and the largest one by one.

    ``median_usd`` is over all prints; ``median_threshold_usd`` is None when the window has too few
    prints for it, and then only the absolute rule applied.
    """

    count: int
    buy_usd: float
    sell_usd: float
    unknown_usd: float
    median_usd: float
    median_threshold_usd: float | None
    largest: tuple[LargePrint, ...]


def taker_pressure(trades: Trades) -> TakerPressure | None:
    """Return the buy and sell shares of the traded volume.

    Parameters
    ----------
    trades : Trades
        Any number of prints; those with an unknown taker count in no share but ``unknown_pct``.

    Returns
    -------
    TakerPressure or None
        Percentages in [0, 100] of the volume in coins; None when there are no trades.

    Notes
    -----
    Source: seed behaviour §4.3; more than 60 % is read as pressure of that side.
    """
    if not len(trades):
        return None
    sizes = trades.size_base
    buy = float(sizes[trades.taker_is_buyer == 1.0].sum())
    sell = float(sizes[trades.taker_is_buyer == 0.0].sum())
    unknown = np.isnan(trades.taker_is_buyer)
    unsaid = float(sizes[unknown].sum())
    total = buy + sell + unsaid
    buy_pct = 100.0 * (buy / (buy + sell)) if buy + sell > 0.0 else None
    return TakerPressure(
        trades=len(trades),
        unknown_trades=int(unknown.sum()),
        from_ms=int(trades.ts_ms[0]),
        to_ms=int(trades.ts_ms[-1]),
        total_base=total,
        total_usd=float((trades.price * sizes).sum()),
        buy_base=buy,
        sell_base=sell,
        mean_size_base=total / len(trades),
        unknown_pct=100.0 * (unsaid / total),
        buy_pct=buy_pct,
        sell_pct=None if buy_pct is None else 100.0 - buy_pct,
    )


def large_prints(trades: Trades) -> LargePrints | None:
    """Return the prints that are large in USD or against the median of the window.

    Parameters
    ----------
    trades : Trades
        Prints as the source lists them; Binance aggregates the fills of one order at one price.

    Returns
    -------
    LargePrints or None
        A print is large when price × size ≥ 50,000 USD, or when it is > 50 × the median print and
        ≥ 1,000 USD in a window of at least 20 prints; each says which. None when there are no
        trades.
    """
    if not len(trades):
        return None
    usd = trades.price * trades.size_base
    median_usd = float(np.median(usd))
    threshold = None
    by_usd = usd >= LARGE_PRINT_USD
    large = by_usd
    if len(trades) >= MEDIAN_PRINTS:
        threshold = LARGE_PRINT_RATIO * median_usd
        large = by_usd | ((usd > threshold) & (usd >= RELATIVE_LEAST_USD))
    places = np.flatnonzero(large)
    largest_first = places[np.argsort(-usd[places], kind="stable")]
    return LargePrints(
        count=len(places),
        buy_usd=float(usd[large & (trades.taker_is_buyer == 1.0)].sum()),
        sell_usd=float(usd[large & (trades.taker_is_buyer == 0.0)].sum()),
        unknown_usd=float(usd[large & np.isnan(trades.taker_is_buyer)].sum()),
        median_usd=median_usd,
        median_threshold_usd=threshold,
        largest=tuple(
            LargePrint(
                ts_ms=int(trades.ts_ms[place]),
                price=float(trades.price[place]),
                size_base=float(trades.size_base[place]),
                usd=float(usd[place]),
                taker=_taker(float(trades.taker_is_buyer[place])),
                large_by=LargeBy.USD if by_usd[place] else LargeBy.MEDIAN,
            )
            for place in largest_first[:PRINTS_SHOWN].tolist()
        ),
    )


def _taker(is_buyer: float) -> Taker:
    if is_buyer == 1.0:
        return Taker.BUY
    return Taker.SELL if is_buyer == 0.0 else Taker.UNKNOWN
