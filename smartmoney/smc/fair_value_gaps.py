"""Fair value gaps: prices that three candles in a row jumped over, and when they were filled.

Bullish: the high of the first candle lies below the low of the third, and the second closed up.
Known at the close of the third. Gaps under a quarter of an ATR are noise; three candles with a
missing one among them are no gap of the market.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market.types import FloatArray, Int64Array
from smartmoney.smc.frame import Frame, first_above

MIN_GAP_ATR = 0.25


@dataclass(frozen=True, slots=True)
class Gaps:
    """Columns of shape (m,), by side, then time; prices in the side's own sign.

    ``candle`` is the middle one, ``far`` the edge that price left from and ``near`` the one it
    jumped to. Forward events: ``touched`` is the first candle whose wick came back to ``near``,
    ``filled`` the first that went through to ``far``.
    """

    side: Int64Array
    candle: Int64Array
    known: Int64Array
    near: FloatArray
    far: FloatArray
    size_atr: FloatArray
    touched: Int64Array
    filled: Int64Array

    def __len__(self) -> int:
        return len(self.candle)


def find_gaps(frame: Frame) -> Gaps:
    """Return every gap of at least ``MIN_GAP_ATR`` and how far price has come back into it."""
    if len(frame) < 3:
        side = candle = np.empty(0, dtype=np.int64)
    else:
        times = frame.open_time_ms
        in_a_row = times[2:] - times[:-2] == 2 * frame.interval.ms
        is_gap = frame.high[:, :-2] < frame.low[:, 2:]
        is_gap &= frame.close[:, 1:-1] > frame.open[:, 1:-1]
        is_gap &= in_a_row
        side, candle = np.nonzero(is_gap)
        candle = candle + 1
    near, far = frame.low[side, candle + 1], frame.high[side, candle - 1]
    atr = frame.atr[candle]
    kept = ((atr > 0.0) & (near - far >= MIN_GAP_ATR * atr)).nonzero()[0]
    side, candle, near, far = side[kept], candle[kept], near[kept], far[kept]
    # Coming back is a rise of the mirror.
    return Gaps(
        side=side,
        candle=candle,
        known=candle + 1,
        near=near,
        far=far,
        size_atr=(near - far) / atr[kept],
        touched=first_above(frame.high_ahead, 1 - side, candle + 2, -near, or_at=True),
        filled=first_above(frame.high_ahead, 1 - side, candle + 2, -far, or_at=True),
    )
