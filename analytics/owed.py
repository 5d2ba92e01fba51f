"""Outcomes owed: every stored signal gets its rows, one per horizon, however late it came.

A row holds all that measuring needs of the signal, so that filling reads no signal again: entry,
side, venue, and the levels from the ATR that the signal itself was scored by. What each factor
said of the side stands in it too: counting by factor opens no signal's evidence.
"""

from __future__ import annotations

import logging
import math
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from analytics.engine.outcomes import Levels, instant_ms, levels_of, window_of
from analytics.engine.sums import stances_of
from analytics.models import Outcome
from config.shift import Shift
from market.clock import datetime_at
from market.snapshot import MarketSnapshot, decompress_snapshot
from market.types import Direction, Interval, Venue
from market.windows import INDICATOR_ROWS, MAX_BAR_AGE_BARS
from signals.engine.indicators import average_true_range
from signals.models import Signal
from signals.rendering import price_decimal

logger = logging.getLogger(__name__)

# Signals at a time: each brings some 40 KB of inputs.
_BATCH = 100
# Transactions commit in another order than their ids were given: what lies so far behind the
# newest signal that has its rows is looked at again.
_LOOK_BACK = 5_000
_EXCHANGES = frozenset({Venue.BINANCE.value, Venue.OKX.value})

_COLUMNS = (
    "pk", "environment", "symbol", "signal", "confidence", "profile_name", "timestamp", "price",
    "factors", "inputs", "imported_at", "provenance__price__source",
)  # fmt: skip


def owe_outcomes(*, of_all: bool = False, for_s: float = math.inf) -> int:
    """Create the rows that stored signals lack; return of how many signals.

    Looks at the newest signals; ``of_all`` at every one, as after a change of the horizons. Begins
    no further batch when ``for_s`` have passed.
    """
    owed, shift = 0, Shift(for_s)
    for signals in _lacking(after_pk=0 if of_all else _seen_up_to()):
        rows = [row for signal in signals for row in _rows_of(signal)]
        Outcome.objects.bulk_create(rows, ignore_conflicts=True)  # another worker may be at it
        owed += len(signals)
        if shift.is_over:
            break
    return owed


def _seen_up_to() -> int:
    newest = (
        Outcome.objects.filter(environment=settings.ENVIRONMENT)
        .order_by("-signal_id")
        .values_list("signal_id", flat=True)
        .first()
    )
    return 0 if newest is None else newest - _LOOK_BACK


def _lacking(after_pk: int) -> Iterator[list[dict[str, Any]]]:
    while True:
        signals = list(_without_rows().filter(pk__gt=after_pk).values(*_COLUMNS)[:_BATCH])
        if not signals:
            return
        yield signals
        after_pk = signals[-1]["pk"]


def _without_rows() -> QuerySet[Signal]:
    lacks = Q()
    for horizon_h in settings.OUTCOME_HORIZONS_H:
        has = Exists(Outcome.objects.filter(signal=OuterRef("pk"), horizon_h=horizon_h))
        lacks |= Q(~has)
    return Signal.objects.filter(lacks, environment=settings.ENVIRONMENT).order_by("pk")


def _rows_of(signal: dict[str, Any]) -> Sequence[Outcome]:
    direction, entry = Direction(signal["signal"]), float(signal["price"])
    levels = _levels(direction, entry, signal["inputs"])
    at_ms = instant_ms(signal["timestamp"])
    source = signal["provenance__price__source"]
    stances = stances_of(direction, signal["factors"])
    return [
        Outcome(
            signal_id=signal["pk"],
            horizon_h=horizon_h,
            due_at=datetime_at(window_of(at_ms, horizon_h).end_ms),
            environment=signal["environment"],
            symbol=signal["symbol"],
            direction=direction.value,
            confidence=signal["confidence"],
            profile_name=signal["profile_name"],
            is_imported=signal["imported_at"] is not None,
            signal_at=signal["timestamp"],
            factor_stances=stances,
            venue=source if source in _EXCHANGES else "",
            entry_price=signal["price"],
            target_price=None if levels is None else price_decimal(levels.target_price),
            stop_price=None if levels is None else price_decimal(levels.stop_price),
        )
        for horizon_h in settings.OUTCOME_HORIZONS_H
    ]


def _levels(direction: Direction, entry: float, inputs: bytes | None) -> Levels | None:
    """Return a signal's levels; None when it brought no ATR."""
    if inputs is None:
        return None
    try:
        snapshot = decompress_snapshot(bytes(inputs))
    except (zlib.error, ValueError, LookupError, TypeError):
        # What replay says of such inputs is another matter; the price and the time are still known.
        logger.exception("a signal's inputs cannot be read, its outcomes have no levels")
        return None
    atr = hourly_atr(snapshot)
    return None if atr is None else levels_of(direction, entry, atr)


def hourly_atr(snapshot: MarketSnapshot) -> float | None:
    """Return the ATR of 14 hourly bars that a snapshot holds; None without a current window."""
    candles = snapshot.history.candles.get(Interval.H1)
    if candles is None or len(candles) < INDICATOR_ROWS:
        return None
    ended_ms = int(candles.open_time_ms[-1]) + Interval.H1.ms
    if snapshot.at_ms - ended_ms > MAX_BAR_AGE_BARS * Interval.H1.ms:
        return None
    high, low, close = (
        column[-INDICATOR_ROWS:][::-1, np.newaxis]
        for column in (candles.high, candles.low, candles.close)
    )
    atr = float(average_true_range(high, low, close)[0])
    return atr if np.isfinite(atr) and atr > 0.0 else None
