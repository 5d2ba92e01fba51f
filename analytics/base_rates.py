"""Base rates per coin and day, from the 1h bars and the funding that the series store holds.

They cost no call: what was collected for scoring is enough. A day is written once all its windows
have ended and their bars have come, for each horizon by itself, and then stands.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from analytics.engine.base_rates import DayRate, day_rates
from analytics.engine.funding import paid_at_settlements
from analytics.engine.outcomes import fees_pct
from analytics.models import BaseRateDay, OutcomeDay
from analytics.rollups import BASE_RATE_DAYS, mark_due
from config.shift import Shift
from market.chains import EXCHANGES, SETTLED
from market.clock import datetime_at
from market.models import HEAD_AT, Series, SeriesKind
from market.series import SeriesKey, load_all
from market.tables import Table, table_candles, table_series
from market.types import DAY_MS, HOUR_MS, Interval

logger = logging.getLogger(__name__)

_EPOCH = date(1970, 1, 1)
_DAY = timedelta(days=1)


def measure_base_rates(*, for_s: float = math.inf) -> int:
    """Write the days that have become complete; return how many rows."""
    shift, written = Shift(for_s), 0
    newest = _newest_days()
    for (base, venue), last_ended_at in _coins_with_bars().items():
        if shift.is_over:
            break
        ready = {
            horizon_h: complete_before(last_ended_at, horizon_h)
            for horizon_h in settings.OUTCOME_HORIZONS_H
        }
        due = {
            horizon_h: (newest.get((base, horizon_h)), before)
            for horizon_h, before in ready.items()
            if _is_due(newest.get((base, horizon_h)), before)
        }
        if due:
            written += _measure_coin(base, venue, due)
    return written


def complete_before(last_ended_at: datetime, horizon_h: int) -> date:
    """Return the first day whose windows have not all ended with the bars that there are.

    A day's last window begins at 23:00.
    """
    return (last_ended_at - timedelta(hours=horizon_h - 1)).date()


def _is_due(newest: date | None, before: date) -> bool:
    return newest is None or newest + _DAY < before


def _newest_days() -> dict[tuple[str, int], date]:
    rows = (
        BaseRateDay.objects.filter(environment=settings.ENVIRONMENT)
        .values("symbol", "horizon_h")
        .order_by()
        .annotate(newest=Max("day"))
        .values_list("symbol", "horizon_h", "newest")
    )
    return {(symbol, horizon_h): newest for symbol, horizon_h, newest in rows}


def _coins_with_bars() -> dict[tuple[str, str], datetime]:
    """Return when the newest 1h bar of each coin ended, by coin and the first venue of the chain
    that has bars of it."""
    heads = Series.objects.filter(
        environment=settings.ENVIRONMENT,
        kind=SeriesKind.CANDLES,
        resolution=Interval.H1.value,
        chunk_start_at=HEAD_AT,
        rows__gt=0,
        source__in=[venue.value for venue in EXCHANGES],
    ).values_list("base", "source", "last_at")
    order = [venue.value for venue in EXCHANGES]
    found: dict[str, tuple[int, str, datetime]] = {}
    for base, source, last_at in heads:
        if last_at is None:
            continue  # no rows, which the query leaves out
        rank = (order.index(source), source, last_at + timedelta(milliseconds=HOUR_MS))
        found[base] = min(found.get(base, rank), rank)
    return {(base, source): ended_at for base, (_, source, ended_at) in sorted(found.items())}


def _measure_coin(base: str, venue: str, due: dict[int, tuple[date | None, date]]) -> int:
    bars = table_candles(_whole(base, SeriesKind.CANDLES, venue, Interval.H1.value), Interval.H1)
    funding = table_series(_whole(base, SeriesKind.FUNDING, venue, SETTLED), 0)
    first_price_day = datetime_at(int(bars.open_time_ms[0]) + HOUR_MS).date()
    rows: list[BaseRateDay] = []
    for horizon_h, (newest, before) in due.items():
        first = first_price_day if newest is None else newest + _DAY
        if first >= before:
            continue
        rates = day_rates(
            bars,
            horizon_h,
            first_day_ms=_ms(first),
            before_ms=_ms(before),
            fees_pct=fees_pct(settings.OUTCOME_FEE_BPS),
            settled_ms=funding.ts_ms,
            paid_pct=paid_at_settlements(funding),
        )
        rows += [_row(base, venue, horizon_h, rate) for rate in rates]
    with transaction.atomic():
        BaseRateDay.objects.bulk_create(rows, ignore_conflicts=True)
        mark_due(_days_that_read(base, [row.day for row in rows]))
    return len(rows)


def _whole(base: str, kind: SeriesKind, venue: str, resolution: str) -> Table:
    return load_all(SeriesKey(base, kind, venue, resolution))


def _row(base: str, venue: str, horizon_h: int, rate: DayRate) -> BaseRateDay:
    return BaseRateDay(
        environment=settings.ENVIRONMENT,
        symbol=base,
        venue=venue,
        day=datetime_at(rate.day_start_ms).date(),
        horizon_h=horizon_h,
        windows=rate.windows,
        long_hits=rate.long_hits,
        short_hits=rate.short_hits,
    )


def _days_that_read(base: str, days: Iterable[date]) -> set[tuple[str, date]]:
    """Return the days with outcomes whose base rate rests on some days."""
    written = sorted(days)
    if not written:
        return set()
    reading = OutcomeDay.objects.filter(
        environment=settings.ENVIRONMENT,
        symbol=base,
        day__gt=written[0],
        day__lte=written[-1] + BASE_RATE_DAYS * _DAY,
    )
    return {(base, day) for day in reading.values_list("day", flat=True)}


def _ms(day: date) -> int:
    return (day - _EPOCH).days * DAY_MS
