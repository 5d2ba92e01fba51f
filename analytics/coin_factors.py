"""One coin's outcomes by what each factor had said: read as they are, for there are few of them.

Of all coins the sweep keeps sums per day; per coin those would be more rows than the outcomes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import cache
from itertools import accumulate
from typing import Any

from django.db.models import QuerySet

from analytics.engine.sums import OutcomeKey, Told, factor_sums
from analytics.models import BaseRateDay, Outcome
from analytics.rates import Tally
from analytics.rollups import BASE_RATE_DAYS, LEAST_BASE_WINDOWS
from signals.engine.types import Direction

# (day, side) → 0 to 1, or None while too little is known
BaseRateOn = Callable[[date, str], float | None]


def sums_by_factor(
    outcomes: QuerySet[Outcome], base_days: QuerySet[BaseRateDay]
) -> dict[tuple[str, str], Tally]:
    """Add up a coin's filled outcomes of one horizon by factor and stance.

    ``base_days`` are the coin's, at the same horizon.
    """
    base_rate_on = base_rates_by_day(
        base_days.order_by("day").values_list("day", "windows", "long_hits", "short_hits")
    )
    rows = outcomes.values_list(
        *OutcomeKey._fields, "signal_at", "is_hit", "net_return_pct", "factor_stances"
    )
    told = (
        Told(
            key=OutcomeKey(*key),
            is_hit=is_hit,
            net_return_pct=net_return_pct,
            base_rate=base_rate_on(signal_at.date(), key[1]),
            stances=stances,
        )
        for *key, signal_at, is_hit, net_return_pct, stances in rows
    )
    sums: dict[tuple[str, str], Tally] = defaultdict(Tally)
    for group, columns in factor_sums(told).items():
        columns.pop("base_hits")
        sums[group.factor, group.stance] += Tally(**columns)
    return dict(sums)


def base_rates_by_day(rows: Sequence[Any] | QuerySet[Any, Any]) -> BaseRateOn:
    """Return what tells the base rate of a day: that of the 30 days before it.

    ``rows`` are (day, windows, long hits, short hits), ascending. The same as
    ``rollups.base_rates_before``, for every day of a period at once.
    """
    days: list[date] = []
    counts: list[tuple[int, int, int]] = []
    for day, *counted in rows:
        days.append(day)
        counts.append(tuple(counted))
    nothing = (0, 0, 0)
    before = list(accumulate(counts, _added, initial=nothing))

    @cache
    def rate_on(day: date, side: str) -> float | None:
        first = bisect_left(days, day - timedelta(days=BASE_RATE_DAYS))
        last = bisect_left(days, day)
        windows, longs, shorts = (
            until - since for until, since in zip(before[last], before[first], strict=True)
        )
        if windows < LEAST_BASE_WINDOWS:
            return None
        return (longs if side == Direction.LONG else shorts) / windows

    return rate_on


def _added(one: tuple[int, int, int], other: tuple[int, int, int]) -> tuple[int, int, int]:
    return (one[0] + other[0], one[1] + other[1], one[2] + other[2])
