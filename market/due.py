"""What is due: given what is stored, which rows a source must be asked for, and how many. Pure.

Here lies what makes a steady scan cheap: bars arrive as closed 15m bars and longer ones are
resampled, statistics arrive in 15 min steps and their 4 h grid is taken from them; whole windows
are fetched only when a series is new or its gap is wider than an incremental fetch.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from market.chains import (
    BUCKET_MS,
    CANDLE_INTERVALS,
    COLD_BARS,
    FINE,
    GRID,
    LAYOUTS,
    SETTLED,
    SeriesLayout,
)
from market.models import SeriesKind
from market.resample import resample
from market.series import Held
from market.tables import Table, candles_table, table_candles
from market.types import HOUR_MS, MINUTE_MS, Int64Array, Interval

# Fine statistics of a first fetch: the last day, an hour of tolerance, and the newest.
COLD_FINE_ROWS = 104
# Binance keeps 30 days of statistics.
COLD_GRID_ROWS = 181
# With a newest grid row older than this the fine rows no longer reach back to it.
_GRID_RENEWED_AFTER_MS = 24 * HOUR_MS

# Longer bars that are made of 15m bars; days are fetched.
RESAMPLED = (Interval.H1, Interval.H4)

# Settlements come a little late and are stamped on the minute.
_SETTLEMENT_DELAY_MS = 2 * MINUTE_MS
# Of a settlement interval nothing is known from a single row.
_USUAL_SETTLEMENT_MS = 8 * HOUR_MS


def known_at(held: Held | None, at_ms: int) -> Held | None:
    """Return what was known at an instant: nothing when the source was only asked later."""
    if held is None or held.fetched_at_ms > at_ms:
        return None
    return Held(held.table.until(at_ms), held.fetched_at_ms)


def is_due(held: Held | None, layout: SeriesLayout, expected_ms: int, at_ms: int) -> bool:
    """Tell whether the row stamped ``expected_ms`` is missing and worth asking for."""
    if held is None:
        return True
    if len(held.table) and held.table.last_ms >= expected_ms:
        return False
    waited = at_ms - held.fetched_at_ms >= layout.retry_ms
    return waited or held.fetched_at_ms // layout.step_ms != at_ms // layout.step_ms


def newest_closed_open_ms(interval: Interval, at_ms: int) -> int:
    return at_ms // interval.ms * interval.ms - interval.ms


def due_bars(held: Mapping[Interval, Held | None], at_ms: int) -> dict[Interval, int]:
    """Return how many rows to fetch per interval, the forming bar included; none where absent.

    Intervals made of 15m bars are absent as long as those reach back to their newest bar.
    """
    due: dict[Interval, int] = {}
    for interval in CANDLE_INTERVALS:
        stored = held[interval]
        expected_ms = newest_closed_open_ms(interval, at_ms)
        layout = LAYOUTS[SeriesKind.CANDLES, interval.value]
        if not is_due(stored, layout, expected_ms, at_ms):
            continue
        if stored is None or not len(stored.table):
            due[interval] = COLD_BARS
            continue
        next_ms = stored.table.last_ms + interval.ms
        if interval in RESAMPLED and _reach_back_ms(held[Interval.M15], at_ms) <= next_ms:
            continue
        due[interval] = rows_since(stored.table.last_ms, interval.ms, at_ms, most=COLD_BARS)
    return due


def rows_since(last_ms: int, step_ms: int, at_ms: int, *, most: int) -> int:
    """Return how many rows bring a series up to date: the missing ones, the newest known one again
    (its successor may come while the answer travels) and the unfinished one."""
    return min(most, max(2, (at_ms - last_ms) // step_ms + 1))


def _reach_back_ms(stored: Held | None, at_ms: int) -> int:
    """Return from when on the 15m bars will be without a gap once they are up to date."""
    step_ms = Interval.M15.ms
    if stored is None or not len(stored.table):
        return at_ms // step_ms * step_ms - (COLD_BARS - 1) * step_ms
    if (at_ms - stored.table.last_ms) // step_ms + 1 > COLD_BARS:
        return at_ms // step_ms * step_ms - (COLD_BARS - 1) * step_ms
    return int(stored.table.times_ms[_unbroken_from(stored.table.times_ms, step_ms)])


def _unbroken_from(times_ms: Int64Array, step_ms: int) -> int:
    gaps = np.flatnonzero(np.diff(times_ms) != step_ms)
    return int(gaps[-1]) + 1 if len(gaps) else 0


def longer_bars(fine: Table, stored: Held | None, to: Interval) -> Table:
    """Return the bars that 15m bars add to a stored longer interval."""
    if stored is None or not len(stored.table):
        return Table.empty(fine.width)
    parts = fine.since(stored.table.last_ms + to.ms)
    return candles_table(resample(table_candles(parts, Interval.M15), to))


def due_fine_rows(stored: Held | None, at_ms: int, *, most: int) -> int:
    """Return how many 15 min rows of a statistic to fetch; 0 when up to date."""
    layout = LAYOUTS[SeriesKind.OPEN_INTEREST, FINE.value]
    if not is_due(stored, layout, at_ms // FINE.ms * FINE.ms, at_ms):
        return 0
    if stored is None or not len(stored.table):
        return min(most, COLD_FINE_ROWS)
    return rows_since(stored.table.last_ms, FINE.ms, at_ms, most=min(most, COLD_FINE_ROWS))


def due_grid_rows(stored: Held | None, at_ms: int, *, most: int) -> int:
    """Return how many 4 h rows of a statistic to fetch; 0 while fine rows continue them."""
    if stored is not None:
        newest_ms = stored.table.last_ms if len(stored.table) else 0
        if at_ms - max(newest_ms, stored.fetched_at_ms) < _GRID_RENEWED_AFTER_MS:
            return 0
    return min(most, COLD_GRID_ROWS)


def grid_rows(fine: Table, stored: Held | None) -> Table:
    """Return the rows of the 4 h grid that fine rows add to it."""
    if stored is None or not len(stored.table):
        return Table.empty(fine.width)
    newer = fine.since(stored.table.last_ms + 1)
    on_grid = newer.times_ms % GRID.ms == 0
    return Table(newer.times_ms[on_grid], newer.values[:, on_grid])


def settlement_due(stored: Held | None, at_ms: int) -> bool:
    """Tell whether a funding settlement should have come that is not stored."""
    if stored is None or not len(stored.table):
        return is_due(stored, LAYOUTS[SeriesKind.FUNDING, SETTLED], at_ms, at_ms)
    times_ms = stored.table.times_ms
    interval_ms = int(times_ms[-1] - times_ms[-2]) if len(times_ms) > 1 else _USUAL_SETTLEMENT_MS
    expected_ms = (at_ms - _SETTLEMENT_DELAY_MS) // interval_ms * interval_ms
    return is_due(stored, LAYOUTS[SeriesKind.FUNDING, SETTLED], expected_ms, at_ms)


def newest_ended_bucket_ms(at_ms: int) -> int:
    return at_ms // BUCKET_MS * BUCKET_MS - BUCKET_MS
