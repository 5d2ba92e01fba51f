"""What providers observe, in one form for all venues. Pure and frozen.

``market.collect`` turns these into readings. A "unit" is what the venue prices: one coin, or 1000
of them (``Listing.multiplier``); what has ``per_unit`` in its name must be divided by it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from market.providers.payload import Parsed, parse_rows
from market.types import LiquidationOrder

FUNDING_PERIOD_H = 8.0  # the period every funding rate is compared in


def per_8h(funding_rate_pct: float, interval_h: float) -> float:
    """Scale a rate per interval to 8 h, so that coins can be compared."""
    return funding_rate_pct * FUNDING_PERIOD_H / interval_h


@dataclass(frozen=True, slots=True)
class FundingRate:
    """The rate expected for the next settlement, in percent of the position per interval."""

    venue_symbol: str
    funding_rate_pct: float
    funding_interval_h: float | None
    settles_at_ms: int | None
    observed_at_ms: int

    @property
    def funding_rate_8h_pct(self) -> float | None:
        if self.funding_interval_h is None:
            return None
        return per_8h(self.funding_rate_pct, self.funding_interval_h)


@dataclass(frozen=True, slots=True)
class MarkPrice:
    venue_symbol: str
    mark_price_per_unit: float
    observed_at_ms: int


@dataclass(frozen=True, slots=True)
class OpenInterest:
    """Coins in open positions (one side). USD only where the venue says it itself."""

    venue_symbol: str
    open_interest_base: float
    open_interest_usd: float | None
    observed_at_ms: int


@dataclass(frozen=True, slots=True)
class Ticker:
    """The last 24 hours of one contract."""

    venue_symbol: str
    last_price_per_unit: float
    quote_volume_usd: float | None
    price_change_24h_pct: float | None
    observed_at_ms: int
    high_24h_per_unit: float | None = None
    low_24h_per_unit: float | None = None


@dataclass(frozen=True, slots=True)
class LiquidationPage:
    """Forced orders of one contract, ascending.

    With ``older_may_exist`` they cover the time since ``oldest_at_ms`` only. Without, they are all
    that the venue keeps (24 h), and no order at all is a true zero.
    """

    orders: tuple[LiquidationOrder, ...]
    oldest_at_ms: int | None
    older_may_exist: bool


class Observed(Protocol):
    @property
    def venue_symbol(self) -> str: ...

    @property
    def observed_at_ms(self) -> int: ...


ObservedT = TypeVar("ObservedT", bound=Observed)


def parse_by_symbol(
    rows: list[Any], parse: Callable[[Any], ObservedT | None]
) -> Parsed[dict[str, ObservedT]]:
    """Parse a bulk answer; should a symbol stand there twice, the newest observation counts."""
    parsed = parse_rows(rows, parse)
    newest = {row.venue_symbol: row for row in sorted(parsed.value, key=_observed_at_ms)}
    return Parsed(newest, parsed.refused, parsed.reasons)


def _observed_at_ms(row: Observed) -> int:
    return row.observed_at_ms
