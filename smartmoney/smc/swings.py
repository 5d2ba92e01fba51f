"""Swing highs and lows, confirmed by the candles after them.

A high is a swing when it exceeds the highs of the 5 candles before it, no high of the 5 candles
after it exceeds it (of equal highs the first counts), and price came up to it and left it by at
least one ATR. It is known at the close of the fifth candle after it and never withdrawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market.types import FloatArray, Int64Array
from smartmoney.smc.frame import SWING_CANDLES, Frame, first_above

# Height over the nearer of the lowest lows on both sides, in ATR at the swing's candle.
MIN_SWING_ATR = 1.0


@dataclass(frozen=True, slots=True)
class Swings:
    """Columns of shape (m,), by side, then time. Candles are positions in the frame.

    ``side`` is UP for highs and DOWN for lows, ``price`` in the side's own sign. Forward events:
    ``swept`` is the first candle with a wick strictly beyond, ``broken`` the first with a close
    strictly beyond, both NEVER until they happen and watched for MEMORY candles after ``known``.
    """

    side: Int64Array
    candle: Int64Array
    known: Int64Array
    price: FloatArray
    atr: FloatArray
    size_atr: FloatArray
    swept: Int64Array
    broken: Int64Array

    def __len__(self) -> int:
        return len(self.candle)


def find_swings(frame: Frame) -> Swings:
    """Return every confirmed swing of the frame and what became of it.

    Parameters
    ----------
    frame : Frame
        n candles; fewer than 15 + 5 hold no swing, for their size cannot be told.

    Returns
    -------
    Swings
        Source: the fractal of the seed (strictly beyond its neighbours) with 5 candles per side.
    """
    k, core = SWING_CANDLES, len(frame) - 2 * SWING_CANDLES
    if core < 1:
        side = candle = np.empty(0, dtype=np.int64)
        highest = frame.high
    else:
        highest = _highest_of(frame.high, k)
        middle = frame.high[:, k : k + core]
        is_swing = (middle > highest[:, :core]) & (middle >= highest[:, k + 1 :])
        side, candle = np.nonzero(is_swing)
        candle = candle + k
    price = frame.high[side, candle]
    # The highest of the other side is the negated lowest low of this one.
    valley = -np.minimum(highest[1 - side, candle - k], highest[1 - side, candle + 1])
    atr = frame.atr[candle]
    kept = ((atr > 0.0) & (price - valley >= MIN_SWING_ATR * atr)).nonzero()[0]
    side, candle, price, atr = side[kept], candle[kept], price[kept], atr[kept]
    known = candle + k
    return Swings(
        side=side,
        candle=candle,
        known=known,
        price=price,
        atr=atr,
        size_atr=(price - valley[kept]) / atr,
        swept=first_above(frame.high_ahead, side, known + 1, price),
        broken=first_above(frame.close_ahead, side, known + 1, price),
    )


def _highest_of(high: FloatArray, width: int) -> FloatArray:
    """Return the highest of ``width`` candles from each on, shape (2, n − width + 1)."""
    count = high.shape[1] - width + 1
    highest = high[:, :count].copy()
    for ahead in range(1, width):
        np.maximum(highest, high[:, ahead : ahead + count], out=highest)
    return highest
