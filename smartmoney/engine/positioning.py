"""Snapshot → what is known of a coin's positioning, and its score. Pure: nothing is fetched here.

The same snapshot gives the same score in a scan and alone. Structure is read from the snapshot's
own bars, which are fewer than the analyzer's endpoint reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from market.figures import figures_of
from market.order_book import IMBALANCE_RANGES_PCT
from market.snapshot import MarketSnapshot, ReadingName
from market.types import HOUR_MS, Interval
from smartmoney.engine.accumulation import AccumulationScore, Positioning, score_accumulation
from smartmoney.smc import Alignment, SmcAnalysis, analyze_timeframes

# Liquidations of less watched time say nothing of a day.
MIN_WATCHED_MS = HOUR_MS

# Bars that a snapshot holds.
TIMEFRAMES = (Interval.M15, Interval.H1, Interval.H4, Interval.D1)


@dataclass(frozen=True, slots=True)
class CoinScore:
    """One coin's score at one instant; None is unknown.

    Parameters
    ----------
    symbol : str
    at_ms : int
        Of the snapshot, Unix milliseconds.
    environment : str
    price_usd : float or None
    score : AccumulationScore
    alignment : Alignment
        Of market structure, by the snapshot's bars.
    funding_rate_8h_pct, open_interest_usd, volume_24h_usd : float or None
    change_4h_pct, change_24h_pct : float or None
    book_venue : str or None
        Whose order book was read; None when none was.
    """

    symbol: str
    at_ms: int
    environment: str
    price_usd: float | None
    score: AccumulationScore
    alignment: Alignment
    funding_rate_8h_pct: float | None
    open_interest_usd: float | None
    volume_24h_usd: float | None
    change_4h_pct: float | None
    change_24h_pct: float | None
    book_venue: str | None

    @property
    def is_known(self) -> bool:
        """Tell whether any evidence was there to score."""
        return self.score.known_points > 0


def score_snapshot(snapshot: MarketSnapshot) -> CoinScore:
    """Score one coin by one snapshot."""
    figures = figures_of(snapshot)
    alignment = structure_of(snapshot).alignment
    positioning = positioning_of(snapshot, figures, alignment)
    return CoinScore(
        symbol=snapshot.symbol.base,
        at_ms=snapshot.at_ms,
        environment=snapshot.environment,
        price_usd=_value(snapshot, ReadingName.PRICE),
        score=score_accumulation(positioning),
        alignment=alignment,
        funding_rate_8h_pct=positioning.funding_rate_8h_pct,
        open_interest_usd=_value(snapshot, ReadingName.OPEN_INTEREST),
        volume_24h_usd=figures["volume_24h_usd"],
        change_4h_pct=positioning.change_4h_pct,
        change_24h_pct=positioning.change_24h_pct,
        book_venue=snapshot.shown.get("book", {}).get("venue"),
    )


def structure_of(snapshot: MarketSnapshot) -> SmcAnalysis:
    """Return the market structure that the snapshot's own bars tell."""
    return analyze_timeframes(snapshot.history.candles, TIMEFRAMES)


def positioning_of(
    snapshot: MarketSnapshot, figures: Mapping[str, float | None], alignment: Alignment
) -> Positioning:
    """Return the evidence of a snapshot. ``figures`` and ``alignment`` are of the same one."""
    liquidated = _liquidated_usd(snapshot)
    book = snapshot.shown.get("book", {}).get("orderbook") or {}
    trades = snapshot.shown.get("book", {}).get("trades") or {}
    prints = trades.get("largePrints") or {}
    return Positioning(
        taker_buy_pct=_value(snapshot, ReadingName.TAKER_BUY),
        funding_rate_8h_pct=_value(snapshot, ReadingName.FUNDING),
        change_4h_pct=figures["change_4h_pct"],
        change_24h_pct=figures["change_24h_pct"],
        social_momentum=_value(snapshot, ReadingName.SOCIAL_MOMENTUM),
        top_trader_long_pct=_value(snapshot, ReadingName.TOP_TRADERS),
        long_account_pct=_value(snapshot, ReadingName.LONG_ACCOUNTS),
        liquidations_long_usd=None if liquidated is None else liquidated[0],
        liquidations_short_usd=None if liquidated is None else liquidated[1],
        open_interest_usd=_value(snapshot, ReadingName.LIQUIDATION_VENUE_OI),
        structure_score=alignment.score,
        wall_imbalance_pct=book.get("wallImbalance"),
        book_imbalance_pct=_book_imbalance_pct(book),
        large_buys_usd=prints.get("buyUsd"),
        large_sells_usd=prints.get("sellUsd"),
    )


def _value(snapshot: MarketSnapshot, name: ReadingName) -> float | None:
    reading = snapshot.readings.get(name)
    return None if reading is None else reading.value


def _liquidated_usd(snapshot: MarketSnapshot) -> tuple[float, float] | None:
    """Return long and short USD of the watched buckets; None when too few were, or they are old."""
    buckets = snapshot.history.liquidations
    if buckets is None or ReadingName.LIQUIDATIONS not in snapshot.readings:
        return None
    watched = np.isfinite(buckets.long_usd) & np.isfinite(buckets.short_usd)
    if int(np.count_nonzero(watched)) * buckets.bucket_ms < MIN_WATCHED_MS:
        return None
    return float(buckets.long_usd[watched].sum()), float(buckets.short_usd[watched].sum())


def _book_imbalance_pct(book: Mapping[str, Any]) -> float | None:
    """Return the imbalance to judge by: of the widest range near the price, else of the book."""
    within = book.get("imbalanceWithin") or {}
    for reach_pct in reversed(IMBALANCE_RANGES_PCT):
        imbalance: float | None = within.get(f"{reach_pct:g}%")
        if imbalance is not None:
            return imbalance
    whole: float | None = book.get("imbalance")
    return whole
