"""Where price stands: premium or discount of the dealing range, and the last whole period. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

import numpy as np

from market.types import DAY_MS, HOUR_MS, FloatArray, Interval
from smartmoney.smc.frame import DOWN, UP, Frame
from smartmoney.smc.types import DealingRange, PreviousLevels, RangePart, SwingKind, SwingPoint

# Percent of the range: at most a tenth of it around the middle is neither dear nor cheap.
DISCOUNT_BELOW_PCT, PREMIUM_ABOVE_PCT = 45.0, 55.0

WEEK_MS = 7 * DAY_MS
# The Unix epoch was a Thursday; weeks begin on Monday.
_MONDAY_MS = 4 * DAY_MS
# Whole periods that a window of 500 candles holds whatever the hour.
PERIODS_MS = MappingProxyType(
    {
        Interval.M5: 4 * HOUR_MS,
        Interval.M15: DAY_MS,
        Interval.H1: DAY_MS,
        Interval.H4: WEEK_MS,
        Interval.D1: WEEK_MS,
    }
)


def dealing_range(swings: Iterable[SwingPoint], close: float) -> DealingRange | None:
    """Return the range between the outermost swings and where ``close`` stands in it.

    None without a high above a low. The range changes when a swing further out becomes known and
    when the outermost one is no longer told.
    """
    highs = [swing for swing in swings if swing.kind is SwingKind.HIGH]
    lows = [swing for swing in swings if swing.kind is SwingKind.LOW]
    if not (highs and lows):
        return None
    high = max(highs, key=lambda swing: swing.price)
    low = min(lows, key=lambda swing: swing.price)
    if high.price <= low.price:
        return None
    position_pct = 100.0 * (close - low.price) / (high.price - low.price)
    return DealingRange(
        high=high.price,
        low=low.price,
        position_pct=position_pct,
        part=range_part(position_pct),
        high_at_ms=high.occurred_at_ms,
        low_at_ms=low.occurred_at_ms,
        known_at_ms=max(high.known_at_ms, low.known_at_ms),
    )


def range_part(position_pct: float) -> RangePart:
    """Return the part of the range at a position; the edges belong to the middle."""
    if position_pct > PREMIUM_ABOVE_PCT:
        return RangePart.PREMIUM
    return RangePart.DISCOUNT if position_pct < DISCOUNT_BELOW_PCT else RangePart.EQUILIBRIUM


def previous_levels(frame: Frame) -> PreviousLevels | None:
    """Return high and low of the last period that has ended; None when a bar of it is missing."""
    period_ms = PERIODS_MS[frame.interval]
    offset_ms = _MONDAY_MS if period_ms == WEEK_MS else 0
    times = frame.open_time_ms
    as_of_ms = int(times[-1]) + frame.interval.ms
    end_ms = (as_of_ms - offset_ms) // period_ms * period_ms + offset_ms
    first, last = np.searchsorted(times, (end_ms - period_ms, end_ms)).tolist()
    if last - first != period_ms // frame.interval.ms:
        return None
    high, low = float(frame.high[UP, first:last].max()), float(frame.low[UP, first:last].min())
    return PreviousLevels(
        period_ms=period_ms,
        high=high,
        low=low,
        occurred_at_ms=end_ms - period_ms,
        known_at_ms=end_ms,
        high_swept_at_ms=_swept_at_ms(frame, frame.high[UP], last, high),
        low_swept_at_ms=_swept_at_ms(frame, frame.high[DOWN], last, -low),
    )


def _swept_at_ms(frame: Frame, reach: FloatArray, first: int, level: float) -> int | None:
    beyond = (reach[first:] > level).nonzero()[0]
    return int(frame.open_time_ms[first + beyond[0]]) + frame.interval.ms if len(beyond) else None
