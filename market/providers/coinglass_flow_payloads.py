"""Parsers of Coinglass v4 flows: liquidations, taker volume, resting depth, bar by bar.

Pure, strict, total. Bars are stamped with their start, and the last one may still be filling.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from market.providers.coinglass_payloads import (
    MAX_AGE_BARS,
    NAME,
    CoinglassInterval,
    closed_bars,
    data_of,
    starts_of,
    usd_column,
)
from market.providers.columns import RowChecks
from market.providers.payload import Parsed, parses, rows_of
from market.types import FloatArray, Int64Array, LiquidationBuckets, Series


@dataclass(frozen=True, slots=True)
class LiquidationHistory:
    """Liquidated USD by bar, as it stood at ``observed_at_ms``; the last bar may be filling."""

    interval: CoinglassInterval
    buckets: LiquidationBuckets
    observed_at_ms: int

    def closed(self) -> LiquidationBuckets:
        rows = closed_bars(self.buckets.start_ms, self.interval, self.observed_at_ms)
        return LiquidationBuckets(
            self.buckets.bucket_ms,
            self.buckets.start_ms[rows],
            self.buckets.long_usd[rows],
            self.buckets.short_usd[rows],
        )


@dataclass(frozen=True, slots=True)
class TakerVolumes:
    """USD that takers bought and sold, by bar; the last bar may be filling."""

    interval: CoinglassInterval
    start_ms: Int64Array
    bought_usd: FloatArray
    sold_usd: FloatArray
    observed_at_ms: int

    def buy_share(self) -> Series:
        """Return the takers' buy share in percent of closed bars that traded."""
        total = self.bought_usd + self.sold_usd
        rows = closed_bars(self.start_ms, self.interval, self.observed_at_ms) & (total > 0.0)
        return Series(
            self.start_ms[rows] + self.interval.ms,
            self.bought_usd[rows] / total[rows] * 100.0,
            MAX_AGE_BARS * self.interval.ms,
        )


@dataclass(frozen=True, slots=True)
class DepthHistory:
    """What rested within a distance of the price, by bar; at the present price in the last."""

    interval: CoinglassInterval
    start_ms: Int64Array
    bids_usd: FloatArray
    asks_usd: FloatArray
    bids_base: FloatArray
    asks_base: FloatArray
    observed_at_ms: int


def parse_liquidations(
    payload: Any, *, interval: CoinglassInterval, observed_at_ms: int, aggregated: bool
) -> Parsed[LiquidationHistory]:
    """Parse liquidated USD: of one pair, or of one coin over the exchanges asked for."""
    with parses(NAME, "liquidation/history"):
        prefix = "aggregated_" if aggregated else ""
        rows = rows_of(data_of(payload))
        checks = RowChecks(len(rows))
        start_ms = starts_of(checks, rows, observed_at_ms)
        long_usd = usd_column(checks, rows, f"{prefix}long_liquidation_usd")
        short_usd = usd_column(checks, rows, f"{prefix}short_liquidation_usd")
        kept = checks.ascending(start_ms, newest_first=False)
        buckets = LiquidationBuckets(interval.ms, start_ms[kept], long_usd[kept], short_usd[kept])
        return checks.parsed(LiquidationHistory(interval, buckets, observed_at_ms))


def parse_taker_volumes(
    payload: Any, *, interval: CoinglassInterval, observed_at_ms: int, aggregated: bool
) -> Parsed[TakerVolumes]:
    """Parse what takers bought and sold: of one pair, or of one coin over exchanges."""
    with parses(NAME, "taker-buy-sell-volume/history"):
        prefix, suffix = ("aggregated_", "") if aggregated else ("", "taker_")
        rows = rows_of(data_of(payload))
        checks = RowChecks(len(rows))
        start_ms = starts_of(checks, rows, observed_at_ms)
        bought = usd_column(checks, rows, f"{prefix}{suffix}buy_volume_usd")
        sold = usd_column(checks, rows, f"{prefix}{suffix}sell_volume_usd")
        kept = checks.ascending(start_ms, newest_first=False)
        return checks.parsed(
            TakerVolumes(interval, start_ms[kept], bought[kept], sold[kept], observed_at_ms)
        )


def parse_depth(
    payload: Any, *, interval: CoinglassInterval, observed_at_ms: int, aggregated: bool
) -> Parsed[DepthHistory]:
    """Parse what rested near the price: of one pair, or of one coin over exchanges."""
    with parses(NAME, "orderbook/ask-bids-history"):
        prefix = "aggregated_" if aggregated else ""
        rows = rows_of(data_of(payload))
        checks = RowChecks(len(rows))
        start_ms = starts_of(checks, rows, observed_at_ms)
        bids_usd, asks_usd, bids_base, asks_base = (
            usd_column(checks, rows, f"{prefix}{name}")
            for name in ("bids_usd", "asks_usd", "bids_quantity", "asks_quantity")
        )
        kept = checks.ascending(start_ms, newest_first=False)
        return checks.parsed(
            DepthHistory(
                interval,
                start_ms[kept],
                bids_usd[kept],
                asks_usd[kept],
                bids_base[kept],
                asks_base[kept],
                observed_at_ms,
            )
        )
