"""Time-ordered answers read by the column: candles and series for all venues. Pure.

Five hundred bars of eight values are converted column by column and checked with whole-array
comparisons; a row that fails a check is dropped with its reason, the others remain.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from market.providers.observations import FUNDING_PERIOD_H
from market.providers.payload import (
    EARLIEST_MS,
    LARGEST_NUMBER,
    LATEST_MS,
    REASONS_KEPT,
    Parsed,
    Refused,
    epoch_ms,
    finite,
)
from market.types import (
    HOUR_MS,
    MINUTE_MS,
    CandlePage,
    Candles,
    FloatArray,
    FormingCandle,
    Int64Array,
    Interval,
    Series,
)

T = TypeVar("T")
BoolArray = NDArray[np.bool_]

_NUMBER_CHARACTERS = re.compile(r"[0-9.+\-eE,]*")
# Settlements lie this many hours apart; any other gap in a history is a missing row.
FUNDING_INTERVALS_H = (1.0, 2.0, 4.0, 6.0, 8.0)


def column(rows: Sequence[Any], key: str | int) -> list[Any]:
    """Return one column of row objects or row lists; None where a row has no such value."""
    if isinstance(key, str):
        return [row.get(key) if type(row) is dict else None for row in rows]
    return [row[key] if type(row) is list and len(row) > key else None for row in rows]


def number_column(values: list[Any]) -> FloatArray:
    """Return numbers as :func:`finite` reads them, NaN where it refuses."""
    try:
        # Decimal text throughout, as venues send it, converts at once: 20 times faster.
        if _NUMBER_CHARACTERS.fullmatch(",".join(values)):
            numbers = np.array(values, dtype=np.float64)
            numbers[~(np.abs(numbers) <= LARGEST_NUMBER)] = np.nan
            return numbers
    except (TypeError, ValueError):
        pass  # something else among them: one by one
    return np.array([_or(np.nan, finite, value) for value in values], dtype=np.float64)


def time_column(values: list[Any]) -> Int64Array:
    """Return times as :func:`epoch_ms` reads them, 0 where it refuses."""
    if set(map(type, values)) == {int}:
        try:
            times = np.array(values, dtype=np.int64)
        except OverflowError:
            pass  # one of them is absurd: one by one
        else:
            times[(times < EARLIEST_MS) | (times >= LATEST_MS)] = 0
            return times
    return np.array([_or(0, epoch_ms, value) for value in values], dtype=np.int64)


def _or(fallback: T, reader: Callable[[Any], T], value: Any) -> T:
    try:
        return reader(value)
    except Refused:
        return fallback


class RowChecks:
    """Which rows of one time-ordered answer survive, and the reasons for those that do not."""

    def __init__(self, count: int) -> None:
        self._good: BoolArray = np.ones(count, dtype=np.bool_)
        self._wanted: BoolArray = np.ones(count, dtype=np.bool_)
        self._reasons: list[str] = []

    @property
    def keep(self) -> BoolArray:
        return self._good & self._wanted

    def require(self, good: BoolArray, reason: str) -> None:
        """Refuse the rows where ``good`` is False; only a row's first reason is told."""
        bad = np.flatnonzero(self._good & ~good)
        for index in bad[: max(0, REASONS_KEPT - len(self._reasons))]:
            self._reasons.append(f"row {index}: {reason}")
        self._good &= good

    def leave_out(self, unwanted: BoolArray) -> None:
        """Drop rows that are in order but not for us."""
        self._wanted &= ~unwanted

    def ascending(self, times: Int64Array, *, newest_first: bool) -> NDArray[np.intp]:
        """Return the indices of the kept rows, by time; of equal times the later word only."""
        if len(self._good) and not self._good.any():
            raise Refused(f"no usable row: {self._reasons[0]}")
        kept = np.flatnonzero(self.keep)
        if newest_first:
            kept = kept[::-1]
        kept = kept[np.argsort(times[kept], kind="stable")]
        ordered = times[kept]
        last_of_its_time = np.ones(len(kept), dtype=np.bool_)
        last_of_its_time[:-1] = ordered[1:] != ordered[:-1]
        return kept[last_of_its_time]

    def parsed(self, value: T) -> Parsed[T]:
        return Parsed(value, int(np.count_nonzero(~self._good)), tuple(self._reasons))


def series_of(
    checks: RowChecks,
    times: Int64Array,
    values: FloatArray,
    *,
    max_age_ms: int,
    newest_first: bool,
) -> Parsed[Series]:
    """Build a series from columns: bad rows refused, ascending, unique in time."""
    checks.require(times > 0, "time is not plausible")
    checks.require(np.isfinite(values), "value cannot be read")
    rows = checks.ascending(times, newest_first=newest_first)
    return checks.parsed(Series(times[rows], values[rows], max_age_ms))


def taker_buy_series(
    times: Int64Array,
    bought: FloatArray,
    sold: FloatArray,
    *,
    period: Interval,
    now_ms: int,
    max_age_ms: int,
    newest_first: bool,
) -> Parsed[Series]:
    """Build the taker buy share in percent from bars stamped with their start.

    A bar's share is known from its end on, so that is its time here; the bar still forming at
    ``now_ms`` is left out.
    """
    checks = RowChecks(len(times))
    with np.errstate(invalid="ignore", divide="ignore"):
        checks.require((bought >= 0.0) & (sold >= 0.0), "volume is not a number of 0 or more")
        checks.require(bought + sold > 0.0, "nothing was traded")
        shares = bought / (bought + sold) * 100.0
    known_from = times + period.ms
    checks.require(times > 0, "time is not plausible")
    checks.leave_out(known_from > now_ms)
    return series_of(checks, known_from, shares, max_age_ms=max_age_ms, newest_first=newest_first)


def funding_series(
    times: Int64Array,
    rates: FloatArray,
    *,
    interval_h: float,
    max_age_ms: int,
    newest_first: bool,
) -> Parsed[Series]:
    """Build settled funding in percent per 8 h from rates (fractions) per interval.

    A rate covers the time since the settlement before it, so the gap between two rows is its
    interval, also across a change of 8 h to 4 h; ``interval_h`` serves where a gap is none (a
    missing row, a single row).
    """
    checks = RowChecks(len(times))
    with np.errstate(invalid="ignore"):
        checks.require(np.abs(rates) <= 1.0, "not a funding rate")
    # Stamps come a few milliseconds late (…005); settlements are on the minute.
    minutes = (times + MINUTE_MS // 2) // MINUTE_MS * MINUTE_MS
    parsed = series_of(
        checks, minutes, rates * 100.0, max_age_ms=max_age_ms, newest_first=newest_first
    )
    settled = parsed.value
    intervals_h = np.full(len(settled), float(interval_h))
    if len(settled) > 1:
        gaps_h = np.diff(settled.ts_ms) / HOUR_MS
        intervals_h[1:] = np.where(np.isin(gaps_h, FUNDING_INTERVALS_H), gaps_h, interval_h)
        intervals_h[0] = intervals_h[1]
    rates_8h_pct = settled.values * (FUNDING_PERIOD_H / intervals_h)
    return Parsed(Series(settled.ts_ms, rates_8h_pct, max_age_ms), parsed.refused, parsed.reasons)


def candle_page_of(
    checks: RowChecks,
    *,
    interval: Interval,
    multiplier: int,
    now_ms: int,
    newest_first: bool,
    closed: BoolArray,
    open_time_ms: Int64Array,
    prices: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    volume_units: FloatArray,
    quote_volume_usd: FloatArray,
    taker_buy_units: FloatArray | None,
) -> Parsed[CandlePage]:
    """Build closed and forming bars, per coin, from a venue's columns (o, h, l, c per unit)."""
    opened, high, low, close = prices
    with np.errstate(invalid="ignore"):
        checks.require(open_time_ms > 0, "open time is not plausible")
        checks.require(open_time_ms % interval.ms == 0, "open time is off the interval's grid")
        checks.require(open_time_ms <= now_ms, "opens in the future")
        for name, price in zip(("open", "high", "low", "close"), prices, strict=True):
            checks.require(price > 0.0, f"{name} is not a positive number")
        checks.require(high >= np.maximum(opened, close), "high is below open or close")
        checks.require(low <= np.minimum(opened, close), "low is above open or close")
        checks.require(volume_units >= 0.0, "volume is not a number of 0 or more")
        # What a bar lacks beside price and volume is unknown, and no reason to lose the bar.
        checks.require(~(quote_volume_usd < 0.0), "quote volume is negative")
        if taker_buy_units is not None:
            checks.require(~(taker_buy_units < 0.0), "taker volume is negative")
            # Venues round the two apart; more than rounding would be a false column.
            checks.require(
                ~(taker_buy_units > volume_units * (1.0 + 1e-6)), "taker volume exceeds volume"
            )
    if checks.keep.any():
        newest = open_time_ms == open_time_ms[checks.keep].max()
        checks.require(closed | newest, "unfinished, but not the newest")
    rows = checks.ascending(open_time_ms, newest_first=newest_first)
    forming_rows = rows[~closed[rows]]
    rows = rows[closed[rows]]
    page = CandlePage(
        closed=Candles(
            interval=interval,
            open_time_ms=open_time_ms[rows],
            open=opened[rows] / multiplier,
            high=high[rows] / multiplier,
            low=low[rows] / multiplier,
            close=close[rows] / multiplier,
            volume_base=volume_units[rows] * multiplier,
            quote_volume_usd=quote_volume_usd[rows],
            taker_buy_base=np.full(len(rows), np.nan)
            if taker_buy_units is None
            else np.minimum(taker_buy_units, volume_units)[rows] * multiplier,
        ),
        forming=None
        if not len(forming_rows)
        else FormingCandle(
            open_time_ms=int(open_time_ms[forming_rows[-1]]),
            open=float(opened[forming_rows[-1]]) / multiplier,
            high=float(high[forming_rows[-1]]) / multiplier,
            low=float(low[forming_rows[-1]]) / multiplier,
            close=float(close[forming_rows[-1]]) / multiplier,
            volume_base=float(volume_units[forming_rows[-1]]) * multiplier,
        ),
    )
    return checks.parsed(page)
