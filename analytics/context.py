"""Everything that is known of one coin: its signal now, structure, last signals, their outcomes.

Each part is what its own endpoint reads, so the figures are the same there and here. The signal
must be had; structure is left out, and said to be, when the time does not reach for it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import orjson

from analytics.filters import DEFAULT_HORIZON_H, OutcomeFilters
from analytics.interpretation import (
    Alignment,
    alignment_of,
    record_sentence,
    signal_sentence,
    summary,
)
from analytics.performance import Performance, performance
from analytics.rates import rate_of
from market.background_runs import TooManyScans
from market.services import MarketUnavailable
from market.types import Direction, Interval
from signals.freshest import freshest_evaluation
from signals.history import NEWEST_FIRST, listed_signals
from signals.profiles import active_profile
from smartmoney.services import StructureReport, analyze_structure

# All parts together; an assistant's program gives up soon after ten seconds.
DEADLINE_S = 9.0
# With less left structure is not begun.
_LEAST_STRUCTURE_S = 0.5

NOT_ASKED_FOR = "not asked for"

RECENT = 5
# The period whose outcomes are told: as /analytics/performance has it by default.
DAYS = 30

# Of a stored signal what an assistant needs to compare; the whole of it is at /history.
_RECENT_COLUMNS = (
    "id", "symbol", "signal", "score", "confidence", "price", "timestamp", "reasons"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SignalContext:
    """``signal_json`` is the answer of /signals as bytes, ``signal`` the same, read."""

    signal_json: bytes
    signal: dict[str, Any]
    structure: StructureReport | None
    structure_missing: str | None
    recent: list[dict[str, Any]] | None
    outcomes: Performance | None

    @property
    def direction(self) -> Direction:
        return Direction(self.signal["signal"])

    @property
    def alignment(self) -> Alignment:
        if self.structure is None:
            return alignment_of(self.direction, None)
        return alignment_of(self.direction, self.structure.analysis.alignment.recommendation)

    @property
    def summary(self) -> str:
        said = signal_sentence(
            self.signal["symbol"],
            self.direction,
            self.signal["score"],
            self.signal["neutralReason"],
        )
        return summary(said, self.alignment, self._record())

    def _record(self) -> str | None:
        if self.outcomes is None:
            return None
        rates = {each.horizon_h: rate_of(each.both) for each in self.outcomes.horizons}
        # People may measure other horizons: the one nearest to a day is told.
        horizon_h = min(rates, key=lambda each: (abs(each - DEFAULT_HORIZON_H), each))
        return record_sentence(rates[horizon_h], horizon_h, DAYS)


def signal_with_context(
    text: str, timeframe: Interval, *, include_structure: bool, include_history: bool
) -> SignalContext:
    """Read all parts. Stores nothing.

    Raises what the signal alone would: UnknownSymbol, MarketUnavailable, TooManyColdRequests.
    """
    ends_at = time.monotonic() + DEADLINE_S
    body = freshest_evaluation(text, active_profile(None)).body
    signal = orjson.loads(body)
    structure, missing = None, NOT_ASKED_FOR
    if include_structure:
        structure, missing = _structure(text, timeframe, ends_at - time.monotonic())
    symbol = signal["symbol"]
    return SignalContext(
        signal_json=body,
        signal=signal,
        structure=structure,
        structure_missing=None if structure else missing,
        recent=_recent(symbol) if include_history else None,
        outcomes=performance(OutcomeFilters(days=DAYS, symbol=symbol)) if include_history else None,
    )


def _structure(text: str, timeframe: Interval, left_s: float) -> tuple[StructureReport | None, str]:
    if left_s < _LEAST_STRUCTURE_S:
        return None, "the signal took all the time there was"
    try:
        return analyze_structure(text, [timeframe], deadline_s=left_s), ""
    except MarketUnavailable:
        return None, "no current bars could be read"
    except TooManyScans:
        return None, "many scans are running; ask again in a few seconds"


def _recent(symbol: str) -> list[dict[str, Any]]:
    found = listed_signals().filter(symbol=symbol).order_by(*NEWEST_FIRST)
    return [
        {**row, "score": float(row["score"]), "price": float(row["price"])}
        for row in found.values(*_RECENT_COLUMNS)[:RECENT]
    ]
