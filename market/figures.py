"""Figures of a snapshot that stand beside the score and are no part of it. Pure.

Price changes are of the last trade against our own closed bars; a change whose bar is missing is
None, never zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from market.snapshot import MarketSnapshot, ReadingName
from market.types import DAY_MS, HOUR_MS, MINUTE_MS, Interval

CHANGE_SPANS_MS = MappingProxyType(
    {"15m": 15 * MINUTE_MS, "1h": HOUR_MS, "4h": 4 * HOUR_MS, "24h": DAY_MS}
)
_BARS_OF_A_DAY = DAY_MS // Interval.M15.ms
_WEEK_DAYS = 7


def figures_of(snapshot: MarketSnapshot) -> Mapping[str, float | None]:
    """Return price changes in percent by span, 24 h volume in USD and the week's range in percent.

    The bar that stands for a span's start is the last one that had closed by then, so a change
    covers its span and up to a quarter of an hour more.
    """
    figures: dict[str, float | None] = {f"change_{span}_pct": None for span in CHANGE_SPANS_MS}
    price = snapshot.readings.get(ReadingName.PRICE)
    bars = snapshot.history.candles.get(Interval.M15)
    five_minutes_ago = snapshot.shown.get("close_5m_ago")
    figures["change_5m_pct"] = (
        None
        if price is None or five_minutes_ago is None
        else 100.0 * (price.value / five_minutes_ago - 1.0)
    )
    figures["volume_24h_usd"] = None
    if bars is not None and len(bars):
        ends_ms = bars.open_time_ms + Interval.M15.ms
        for span, span_ms in CHANGE_SPANS_MS.items():
            start_ms = snapshot.at_ms - span_ms
            row = int(np.searchsorted(ends_ms, start_ms, side="right")) - 1
            current = row >= 0 and start_ms - int(ends_ms[row]) < Interval.M15.ms
            if price is not None and current:
                figures[f"change_{span}_pct"] = 100.0 * (price.value / float(bars.close[row]) - 1.0)
        day = ends_ms > int(ends_ms[-1]) - DAY_MS
        if int(np.count_nonzero(day)) == _BARS_OF_A_DAY:
            volume_usd = float(bars.quote_volume_usd[day].sum())
            figures["volume_24h_usd"] = volume_usd if volume_usd > 0.0 else None
    figures["volatility_7d_pct"] = _week_range_pct(snapshot)
    return {
        name: value if value is not None and np.isfinite(value) else None
        for name, value in figures.items()
    }


def _week_range_pct(snapshot: MarketSnapshot) -> float | None:
    """Return (highest − lowest) ÷ lowest of the last seven closed days."""
    days = snapshot.history.candles.get(Interval.D1)
    if days is None or len(days) < _WEEK_DAYS:
        return None
    lowest = float(days.low[-_WEEK_DAYS:].min())
    return 100.0 * (float(days.high[-_WEEK_DAYS:].max()) - lowest) / lowest
