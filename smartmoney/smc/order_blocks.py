"""Order blocks: the last candle against the move that went on to break structure.

For a break upwards the move began at the lowest low since the latest swing it broke. The block is
the last candle that closed down at or before that low (the candle of the low when none did), its
range the zone where the move's buyers came in. Known with the break; blocks lower than a quarter of
an ATR are noise, and a candle is a block of one side once, by the first break that names it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market.types import FloatArray, Int64Array
from smartmoney.smc.frame import MEMORY_CANDLES, SWING_CANDLES, Frame, first_above, group_starts
from smartmoney.smc.structure import Breaks

MIN_BLOCK_ATR = 0.25
# A swing is broken within the memory after it is known.
_LONGEST_MOVE = MEMORY_CANDLES + SWING_CANDLES


@dataclass(frozen=True, slots=True)
class Blocks:
    """Columns of shape (m,), by the time of their break; prices in the side's own sign.

    ``near`` is the edge that price left and comes back to first, ``far`` the other one. Forward
    events: ``mitigated`` is the first candle whose wick came back to ``near``, ``broken`` the first
    that closed beyond ``far``.
    """

    side: Int64Array
    candle: Int64Array
    known: Int64Array
    near: FloatArray
    far: FloatArray
    size_atr: FloatArray
    mitigated: Int64Array
    broken: Int64Array

    def __len__(self) -> int:
        return len(self.candle)


def find_blocks(frame: Frame, breaks: Breaks) -> Blocks:
    """Return the order block of every break that has one."""
    side, known = breaks.side, breaks.candle
    began = _lowest_since(frame, side, breaks.leg_start + 1, known)
    candle = _last_against(frame, side, began)
    candle = np.where(candle > breaks.leg_start, candle, began)
    named = np.lexsort((known, candle, side))
    first = named[group_starts((side * len(frame) + candle)[named])]
    first.sort()
    side, known, candle = side[first], known[first], candle[first]
    near, far = frame.high[side, candle], frame.low[side, candle]
    atr = frame.atr[candle]
    kept = ((atr > 0.0) & (near - far >= MIN_BLOCK_ATR * atr)).nonzero()[0]
    side, known, candle, near, far = side[kept], known[kept], candle[kept], near[kept], far[kept]
    return Blocks(
        side=side,
        candle=candle,
        known=known,
        near=near,
        far=far,
        size_atr=(near - far) / atr[kept],
        mitigated=first_above(frame.high_ahead, 1 - side, known + 1, -near, or_at=True),
        broken=first_above(frame.close_ahead, 1 - side, known + 1, -far),
    )


def _lowest_since(frame: Frame, side: Int64Array, start: Int64Array, end: Int64Array) -> Int64Array:
    """Return the candle of the lowest low in [start, end); of equal lows the last."""
    # The lowest low is the highest high of the mirror.
    seen = frame.high_ahead[1 - side, start, :_LONGEST_MOVE]
    seen[np.arange(_LONGEST_MOVE) >= (end - start)[:, np.newaxis]] = -np.inf
    lowest: Int64Array = start + (_LONGEST_MOVE - 1) - seen[:, ::-1].argmax(axis=1)
    return lowest


def _last_against(frame: Frame, side: Int64Array, until: Int64Array) -> Int64Array:
    """Return the last candle up to ``until`` that closed against the side; −1 when none did."""
    candles = np.where(frame.close < frame.open, np.arange(len(frame)), -1)
    last: Int64Array = np.maximum.accumulate(candles, axis=1)[side, until]
    return last
