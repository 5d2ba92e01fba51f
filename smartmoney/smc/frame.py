"""The candles as every rule reads them, and how far a rule may look. Pure.

Row 0 is the market, row 1 its mirror image with all prices negated, so that each rule is written
once, for rising prices: a swing low is a swing high of the mirror.

Every rule has a bounded memory. What is found at a candle depends on a fixed number of candles
before it, and what is found is watched for a fixed number of candles after it is known. So the
answer does not depend on where the history begins, as long as it holds ``CANDLES_NEEDED`` candles.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from market.types import Candles, FloatArray, Int64Array, Interval

BoolArray = NDArray[np.bool_]

# Candles that an object is watched for after it is known, and that the structure it set lasts. At
# 15m a day and a half, at 1h six days: older levels show on the next longer timeframe.
MEMORY_CANDLES = 150
# Candles on each side that a swing must exceed.
SWING_CANDLES = 5
# Every size is measured in average true ranges of so many candles.
ATR_CANDLES = 14
# A break shown now is up to MEMORY old, its label rests on a break up to MEMORY before it, and that
# one on a swing known up to MEMORY before; what makes a swing adds the rest.
CANDLES_NEEDED = 3 * MEMORY_CANDLES + 2 * SWING_CANDLES + ATR_CANDLES + 1
# What live calls read; longer histories give the same answer.
WINDOW_CANDLES = 500

UP, DOWN = 0, 1
NEVER = -1  # a candle that has not come yet

# The longest look ahead: a zone is told for the memory after a touch up to the memory after its
# first swing.
LOOK_CANDLES = 2 * MEMORY_CANDLES
# Looking over the whole span at once is fastest for few levels. Of many, most are reached within
# so many candles, and the far ones are looked at only for the rest.
_FEW = 512
_SHORT_LOOKS = (8, 40)


@dataclass(frozen=True, slots=True)
class Frame:
    """Closed candles of one interval, the market and its mirror.

    Prices have shape (2, n), ``atr`` shape (n,), NaN for the first 14 candles. ``high_ahead`` and
    ``close_ahead`` of shape (2, n + 1, LOOK) hold at [side, i] the candles from i on, −inf after
    the last: views, no copies.
    """

    interval: Interval
    open_time_ms: Int64Array
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    atr: FloatArray
    high_ahead: FloatArray
    close_ahead: FloatArray

    def __len__(self) -> int:
        return len(self.open_time_ms)


def frame_of(candles: Candles) -> Frame:
    """Check the candles and lay them beside their mirror image.

    Parameters
    ----------
    candles : Candles
        Closed bars, ascending and unique by open time, any number; USD. Missing bars are allowed.

    Raises
    ------
    ValueError
        When times do not ascend, a price is not finite and positive, or a bar's high or low does
        not enclose its open and close.
    """
    times = candles.open_time_ms
    if (times[1:] <= times[:-1]).any():
        raise ValueError("candles must ascend in time, each time once")
    count = len(times)
    prices = np.full((4, 2, count + LOOK_CANDLES), -np.inf)
    for row, column in enumerate((candles.high, candles.close, candles.open, candles.low)):
        prices[row, UP, :count] = column
    both = prices[:, :, :count]
    high, close, opened, low = both[:, UP]
    # Written so that NaN fails too.
    if not (
        (low > 0.0).all()
        and (high < np.inf).all()
        and (low <= np.minimum(opened, close)).all()
        and (high >= np.maximum(opened, close)).all()
    ):
        raise ValueError("prices must be finite, positive and within the high and low of their bar")
    for row, column in enumerate((low, close, opened, high)):
        np.negative(column, out=both[row, DOWN])
    ahead = sliding_window_view(prices[:2], LOOK_CANDLES, axis=2)
    return Frame(
        interval=candles.interval,
        open_time_ms=times,
        open=both[2],
        high=both[0],
        low=both[3],
        close=both[1],
        atr=average_true_range(high, low, close),
        high_ahead=ahead[0],
        close_ahead=ahead[1],
    )


def average_true_range(high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    """Return the mean of the last 14 true ranges at every candle, shape (n,), in units of price.

    Added in one order from a fixed window (2 + 4 + 8), so a candle's bits never depend on what lies
    before the window. NaN for the first 14 candles.
    """
    average = np.full(len(close), np.nan)
    known = len(close) - ATR_CANDLES
    if known <= 0:
        return average
    ranges = np.maximum(high[1:], close[:-1]) - np.minimum(low[1:], close[:-1])
    two = ranges[:-1] + ranges[1:]
    four = two[:-2] + two[2:]
    eight = four[:-4] + four[4:]
    average[ATR_CANDLES:] = (two[:known] + four[2 : 2 + known] + eight[6:]) / ATR_CANDLES
    return average


def first_above(
    ahead: FloatArray,
    row: Int64Array,
    start: Int64Array,
    level: FloatArray,
    *,
    or_at: bool = False,
    span: int = MEMORY_CANDLES,
) -> Int64Array:
    """Return for each level the first candle beyond it among ``span`` candles from ``start`` on.

    Parameters
    ----------
    ahead : ndarray of float64, shape (2, n + 1, LOOK)
        ``Frame.high_ahead`` or ``Frame.close_ahead``.
    row, start : ndarray of int64, shape (q,)
        Side, and first candle to look at, at most n.
    level : ndarray of float64, shape (q,)
        In the side's own sign: negated on the mirror.
    or_at : bool
        Whether reaching the level is enough.
    span : int
        Candles to look at, more than 40 and at most LOOK.

    Returns
    -------
    ndarray of int64, shape (q,)
        Candle in [start, start + span), or ``NEVER``.
    """
    if len(start) <= _FEW:
        return _first_in(ahead[row, start, :span], start, level, or_at)
    found = np.full(len(start), NEVER)
    pending = np.arange(len(start))
    for first, last in pairwise((0, *_SHORT_LOOKS, span)):
        look = ahead[row[pending], start[pending], first:last]
        found[pending] = _first_in(look, start[pending] + first, level[pending], or_at)
        pending = pending[found[pending] == NEVER]
    return found


def _first_in(look: FloatArray, start: Int64Array, level: FloatArray, or_at: bool) -> Int64Array:
    bound = level[:, np.newaxis]
    beyond = look >= bound if or_at else look > bound
    hit = beyond.argmax(axis=1)
    return np.where(beyond[np.arange(len(hit)), hit], start + hit, NEVER)


def group_starts(ordered: Int64Array) -> Int64Array:
    """Return the position where each run of equal values begins, in a column that is in order."""
    starts = np.empty(len(ordered), dtype=np.bool_)
    starts[:1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=starts[1:])
    return starts.nonzero()[0]
