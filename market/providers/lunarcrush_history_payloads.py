"""Parser of LunarCrush v4 time series: a coin's or a topic's hours and days, read by the column.

Pure, strict, total. The withdrawn ``change`` call is not needed: changes are taken from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from market.providers.columns import BoolArray, RowChecks, column, number_column
from market.providers.lunarcrush_payloads import NAME, seconds_ms, topic_of
from market.providers.payload import REASONS_KEPT, Parsed, mapping, parses, read, rows_of
from market.types import DAY_MS, HOUR_MS, FloatArray, Int64Array, Series

# Counting goes on while a bucket lasts, and the vendor is up to a minute behind.
SETTLE_MS = 60_000
# The crowd's mood changes over days: a value may stand for one.
MAX_AGE_MS = DAY_MS


class Bucket(StrEnum):
    HOUR = "hour"
    DAY = "day"

    @property
    def ms(self) -> int:
        return HOUR_MS if self is Bucket.HOUR else DAY_MS


@dataclass(frozen=True, slots=True)
class SocialHistory:
    """What was said and paid, by hour or day, ascending; NaN is unknown.

    ``topic`` is the word the coin is asked by. The last bucket is usually still counting at
    ``observed_at_ms``.
    """

    bucket: Bucket
    topic: str | None
    start_ms: Int64Array
    sentiment_pct: FloatArray
    interactions: FloatArray
    posts_active: FloatArray
    posts_created: FloatArray
    contributors_active: FloatArray
    contributors_created: FloatArray
    spam: FloatArray
    social_dominance_pct: FloatArray
    galaxy_score: FloatArray
    alt_rank: FloatArray
    close_usd: FloatArray
    market_cap_usd: FloatArray
    market_dominance_pct: FloatArray
    volume_24h_usd: FloatArray
    observed_at_ms: int

    def __len__(self) -> int:
        return len(self.start_ms)

    @property
    def closed(self) -> BoolArray:
        return self.start_ms + (self.bucket.ms + SETTLE_MS) <= self.observed_at_ms

    def series(self, values: FloatArray) -> Series:
        """Return one of the columns: its known values of closed buckets, each from its end on."""
        rows = self.closed & np.isfinite(values)
        return Series(self.start_ms[rows] + self.bucket.ms, values[rows], MAX_AGE_MS)


def parse_time_series(payload: Any, *, bucket: Bucket, fetched_at_ms: int) -> Parsed[SocialHistory]:
    """Parse the hours or days of a coin or of a topic; a topic without a coin has no prices."""
    with parses(NAME, "time-series"):
        document = mapping(payload)
        rows = read(document, "data", rows_of)
        checks = RowChecks(len(rows))
        start_ms = np.array([seconds_ms(value) for value in column(rows, "time")], dtype=np.int64)
        checks.require(start_ms > 0, "time is not plausible")
        checks.require(start_ms <= fetched_at_ms, "begins in the future")
        kept = checks.ascending(start_ms, newest_first=False)
        odd = _OddValues()

        def values(key: str, most: float = np.inf, least: float = 0.0) -> FloatArray:
            return odd.left_out(column(rows, key), key, least, most)[kept]

        history = SocialHistory(
            bucket=bucket,
            topic=topic_of(document.get("config")),
            start_ms=start_ms[kept],
            sentiment_pct=values("sentiment", 100.0),
            interactions=values("interactions"),
            posts_active=values("posts_active"),
            posts_created=values("posts_created"),
            contributors_active=values("contributors_active"),
            contributors_created=values("contributors_created"),
            spam=values("spam"),
            social_dominance_pct=values("social_dominance", 100.0),
            galaxy_score=values("galaxy_score", 100.0),
            alt_rank=values("alt_rank", least=1.0),
            close_usd=values("close", least=np.nextafter(0.0, 1.0)),
            market_cap_usd=values("market_cap"),
            market_dominance_pct=values("market_dominance", 100.0),
            volume_24h_usd=values("volume_24h"),
            observed_at_ms=fetched_at_ms,
        )
        parsed = checks.parsed(history)
        return Parsed(
            history,
            parsed.refused + odd.count,
            (*parsed.reasons, *odd.reasons)[:REASONS_KEPT],
        )


class _OddValues:
    """Reads columns in which a value may be missing; one that cannot be is unknown and told."""

    def __init__(self) -> None:
        self.count = 0
        self.reasons: list[str] = []

    def left_out(self, raw: list[Any], key: str, least: float, most: float) -> FloatArray:
        values = number_column(raw)
        with np.errstate(invalid="ignore"):
            possible = (values >= least) & (values <= most)
        missing = np.array([value is None or value == "" for value in raw], dtype=np.bool_)
        odd = ~possible & ~missing
        if odd.any():
            self.count += int(np.count_nonzero(odd))
            self.reasons.append(f"{key}: not a possible number")
        return np.where(possible, values, np.nan)
