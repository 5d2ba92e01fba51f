"""What came of a position that a signal opened: returns, excursions and the first level touched.

Pure. The rules, told for people in ``docs/analytics.md``:

- Entry is the signal's stored price. The window holds the 5m candles that open at or after the
  signal and end at or before signal + horizon. A candle that was already running when the signal
  was made is never read (its high may lie before the signal), nor is one that ends too late.
- Exit is the close of the window's last candle.
- Percentages are of the entry and signed by the side: positive is a gain.
- A hit is a net return above zero: after fees both ways and funding.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import numpy as np

from market.types import HOUR_MS, Candles, Direction, FloatArray, Int64Array, Interval

CANDLE = Interval.M5
FUNDING_PERIOD_MS = 8 * HOUR_MS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Levels around the entry, in average true ranges of 14 hourly bars. A target further away than the
# stop: a coin toss touches the stop first in six of ten.
TARGET_ATR = 1.5
STOP_ATR = 1.0


class Touch(StrEnum):
    TARGET = "target"
    STOP = "stop"
    NEITHER = "neither"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Window:
    """Consecutive 5m candles: the first one's opening and the last one's end."""

    first_open_ms: int
    end_ms: int

    @property
    def candles(self) -> int:
        return (self.end_ms - self.first_open_ms) // CANDLE.ms


@dataclass(frozen=True, slots=True)
class Levels:
    target_price: float
    stop_price: float


@dataclass(frozen=True, slots=True)
class Position:
    """What a signal said: a side, at a price, at an instant; levels where an ATR was known."""

    direction: Direction
    entry_price: float
    at_ms: int
    levels: Levels | None = None


@dataclass(frozen=True, slots=True)
class Costs:
    """Percent of the entry's value. Funding is what the side paid, negative when it received."""

    fees_pct: float
    funding_pct: float


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a position; percent of the entry, a gain positive.

    ``favourable_pct`` ≥ 0 and ``adverse_pct`` ≤ 0 are the furthest the price went either way
    inside the window, costs left out.
    """

    exit_price: float
    return_pct: float
    net_return_pct: float
    favourable_pct: float
    adverse_pct: float
    is_hit: bool
    first_touch: Touch


def instant_ms(at: datetime) -> int:
    """Return an instant as Unix milliseconds; between two of them the later one, so that no candle
    that was already open counts as opened after it."""
    return -(-((at - _EPOCH) // timedelta(microseconds=1)) // 1000)


def window_of(signal_at_ms: int, horizon_h: int) -> Window:
    """Return the candles that lie wholly between a signal and its horizon.

    Parameters
    ----------
    signal_at_ms : int
        The instant that was evaluated, Unix milliseconds.
    horizon_h : int
        Hours, at least 1.

    Returns
    -------
    Window
        12 candles per hour; one fewer unless the signal falls on a boundary of five minutes.
    """
    first_open_ms = -(-signal_at_ms // CANDLE.ms) * CANDLE.ms
    end_ms = (signal_at_ms + horizon_h * HOUR_MS) // CANDLE.ms * CANDLE.ms
    return Window(first_open_ms, end_ms)


def cut(candles: Candles, window: Window) -> Candles | None:
    """Return a window's candles, or None when one is missing or holds an unknown price.

    Parameters
    ----------
    candles : Candles
        Closed 5m bars, ascending and unique; more than the window, and gaps, are allowed.
    window : Window

    Returns
    -------
    Candles or None
        Exactly ``window.candles`` consecutive bars.
    """
    rows = slice(
        int(np.searchsorted(candles.open_time_ms, window.first_open_ms)),
        int(np.searchsorted(candles.open_time_ms, window.end_ms)),
    )
    opens = candles.open_time_ms[rows]
    # Unique times on the grid within the window: as many as there can be are all there are.
    if len(opens) != window.candles or np.any(opens % CANDLE.ms):
        return None
    columns = [
        getattr(candles, name)[rows]
        for name in (
            "open", "high", "low", "close", "volume_base", "quote_volume_usd", "taker_buy_base",
        )
    ]  # fmt: skip
    if not all(np.isfinite(column).all() for column in columns[:4]):
        return None
    return Candles(candles.interval, opens, *columns)


def missing_candles(candles: Candles, window: Window) -> int:
    """Return how many of a window's candles are not there."""
    first, last = np.searchsorted(candles.open_time_ms, (window.first_open_ms, window.end_ms))
    return window.candles - int(last - first)


def levels_of(direction: Direction, entry_price: float, atr: float) -> Levels:
    """Return where a position meets its target and its stop.

    Parameters
    ----------
    direction : Direction
        LONG or SHORT.
    entry_price : float
        USD per coin.
    atr : float
        Average true range of 14 hourly bars, USD per coin.
    """
    sign = _sign(direction)
    return Levels(entry_price + sign * TARGET_ATR * atr, entry_price - sign * STOP_ATR * atr)


def fees_pct(fee_bps_per_side: float) -> float:
    """Return what opening and closing cost, in percent of the entry's value."""
    return 2.0 * fee_bps_per_side / 100.0


def settled_funding_pct(
    position: Position, window: Window, settled_ms: Int64Array, paid_pct: FloatArray
) -> float:
    """Return the funding that a side paid between a signal and the end of its window.

    A settlement counts when it comes after the signal and before the last candle's end: a position
    closed at that instant no longer pays.

    Parameters
    ----------
    position : Position
    window : Window
    settled_ms : ndarray of int64, shape (n,)
        When funding was settled, ascending.
    paid_pct : ndarray of float64, shape (n,)
        What longs paid to shorts at each settlement, percent of the position.
    """
    inside = (settled_ms > position.at_ms) & (settled_ms < window.end_ms)
    return _sign(position.direction) * float(np.sum(paid_pct[inside]))


def estimated_funding_pct(position: Position, window: Window, funding_rate_8h_pct: float) -> float:
    """Return the funding that a side would have paid at one rate all the time, pro rata.

    Parameters
    ----------
    position : Position
    window : Window
    funding_rate_8h_pct : float
        Percent of the position per 8 hours; longs pay when positive.
    """
    share = (window.end_ms - position.at_ms) / FUNDING_PERIOD_MS
    return _sign(position.direction) * funding_rate_8h_pct * share


def measure(position: Position, candles: Candles, costs: Costs) -> Result:
    """Return what came of a position.

    Parameters
    ----------
    position : Position
        Its entry price is above zero.
    candles : Candles
        The window's candles, all of them (:func:`cut`).
    costs : Costs

    Returns
    -------
    Result
        Net return = return − fees − funding; a hit when that is above zero.
    """
    entry = position.entry_price
    exit_price = float(candles.close[-1])
    highest = 100.0 * (float(candles.high.max()) - entry) / entry
    lowest = 100.0 * (float(candles.low.min()) - entry) / entry
    change = 100.0 * (exit_price - entry) / entry
    if position.direction is Direction.LONG:
        return_pct, best, worst = change, highest, lowest
    else:
        return_pct, best, worst = -change, -lowest, -highest
    net_return_pct = return_pct - costs.fees_pct - costs.funding_pct
    return Result(
        exit_price=exit_price,
        return_pct=return_pct,
        net_return_pct=net_return_pct,
        favourable_pct=max(0.0, best),
        adverse_pct=min(0.0, worst),
        is_hit=net_return_pct > 0.0,
        first_touch=first_touch(position, candles),
    )


def first_touch(position: Position, candles: Candles) -> Touch:
    """Return which level the price reached first.

    A candle reaches a level when its high or low is there or beyond. What came first within one
    candle is not known, so both in one is unknown, as are levels without an ATR.
    """
    levels = position.levels
    if levels is None:
        return Touch.UNKNOWN
    if position.direction is Direction.LONG:
        at_target = candles.high >= levels.target_price
        at_stop = candles.low <= levels.stop_price
    else:
        at_target = candles.low <= levels.target_price
        at_stop = candles.high >= levels.stop_price
    touched = np.flatnonzero(at_target | at_stop)
    if not len(touched):
        return Touch.NEITHER
    first = touched[0]
    if at_target[first] and at_stop[first]:
        return Touch.UNKNOWN
    return Touch.TARGET if at_target[first] else Touch.STOP


def _sign(direction: Direction) -> float:
    return 1.0 if direction is Direction.LONG else -1.0
