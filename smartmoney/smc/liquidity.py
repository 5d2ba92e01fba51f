"""Liquidity zones: equal highs and equal lows, where stops rest until a wick takes them.

The first swing of a group anchors the zone and fixes its edges, a fifth of an ATR either side. A
later swing within them, confirmed before any wick went beyond, is a touch; the zone is known with
its second touch. A swing joins the oldest zone that holds it and may anchor one of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market.types import FloatArray, Int64Array
from smartmoney.smc.frame import (
    LOOK_CANDLES,
    MEMORY_CANDLES,
    NEVER,
    Frame,
    first_above,
    group_starts,
)
from smartmoney.smc.swings import Swings

EQUAL_ATR = 0.2


@dataclass(frozen=True, slots=True)
class Zones:
    """Columns of shape (m,), by side, then time of the anchor; prices in the side's own sign.

    Parameters
    ----------
    side : ndarray of int64
        UP for equal highs: stops of shorts rest above them.
    candle, known : ndarray of int64
        The anchor's candle, and the candle at whose close the second touch was confirmed.
    price, half_width : ndarray of float64
        The anchor's price and the distance of both edges from it.
    swept : ndarray of int64
        Forward event: the first candle with a wick strictly beyond the outer edge.
    touch_zone, touch_candle, touch_known : ndarray of int64, shape (t,)
        Forward events: every touch after the anchor, by zone (position in these columns), its
        swing's candle and when that swing was known.
    """

    side: Int64Array
    candle: Int64Array
    known: Int64Array
    price: FloatArray
    half_width: FloatArray
    swept: Int64Array
    touch_zone: Int64Array
    touch_candle: Int64Array
    touch_known: Int64Array

    def __len__(self) -> int:
        return len(self.candle)


def find_zones(frame: Frame, swings: Swings) -> Zones:
    """Return every group of equal swings, its touches and when it was swept."""
    half_width = EQUAL_ATR * swings.atr
    edge = swings.price + half_width
    # An anchor's first touch may come the memory later, and is told for another.
    swept = first_above(frame.high_ahead, swings.side, swings.known + 1, edge, span=LOOK_CANDLES)
    joined = _oldest_holder(swings, half_width, swept)
    touch = (joined != NEVER).nonzero()[0]
    touch = touch[np.argsort(joined[touch], kind="stable")]
    first = group_starts(joined[touch])
    anchor = joined[touch[first]]
    touches = np.diff(np.append(first, len(touch)))
    return Zones(
        side=swings.side[anchor],
        candle=swings.candle[anchor],
        known=swings.known[touch[first]],
        price=swings.price[anchor],
        half_width=half_width[anchor],
        swept=swept[anchor],
        touch_zone=np.repeat(np.arange(len(anchor)), touches),
        touch_candle=swings.candle[touch],
        touch_known=swings.known[touch],
    )


def _oldest_holder(swings: Swings, half_width: FloatArray, swept: Int64Array) -> Int64Array:
    """Return for each swing the oldest earlier one of its side that holds it and is not swept."""
    holder = [NEVER] * len(swings)
    sides, candles, prices = swings.side.tolist(), swings.candle.tolist(), swings.price.tolist()
    widths, sweeps = half_width.tolist(), swept.tolist()
    oldest = 0
    for swing, (side, candle, price) in enumerate(zip(sides, candles, prices, strict=True)):
        while sides[oldest] != side or candles[oldest] < candle - MEMORY_CANDLES:
            oldest += 1
        for earlier in range(oldest, swing):
            if abs(price - prices[earlier]) <= widths[earlier] and not (
                NEVER < sweeps[earlier] <= candle
            ):
                holder[swing] = earlier
                break
    return np.array(holder, dtype=np.int64)
