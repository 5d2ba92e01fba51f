"""Sums per day, recomputed from the outcomes themselves: replaced, never added to.

Whoever changes an outcome marks its day in the same transaction (``mark_due``). Recomputing takes
the mark away, reads the outcomes and replaces the sums, all in one transaction, so a process that
is killed anywhere leaves the mark or the new sums. The marking row's lock makes the two wait for
each other: a change that the reading did not see has marked the day again.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Case, IntegerField, QuerySet, Sum, Value, When

from analytics.engine.sums import (
    OutcomeKey,
    Told,
    factor_sums,
    outcome_sums,
    stances_of,
    together,
)
from analytics.models import BaseRateDay, FactorDay, Outcome, OutcomeDay, RollupDue
from analytics.rollup_models import ALL_COINS
from market.clock import wall_now
from market.types import Direction
from signals.models import Signal

ADD_UP = "analytics.tasks.add_up"

# An outcome is held against so many days before its own …
BASE_RATE_DAYS = 30
# … unless fewer windows than five days of full hours are known of them.
LEAST_BASE_WINDOWS = 120

_DAY = timedelta(days=1)
_KEY = OutcomeKey._fields
_SUMMED = tuple(
    field.name
    for field in OutcomeDay._meta.concrete_fields
    if field.name not in {"id", "environment", "day", "symbol", *_KEY}
)
_COLUMNS = (
    "profile_name", "direction", "confidence", "horizon_h", "is_imported", "is_hit", "return_pct",
    "net_return_pct", "favourable_pct", "adverse_pct", "first_touch",
)  # fmt: skip
_DECIDED = (Outcome.Result.FILLED, Outcome.Result.UNAVAILABLE)

# (symbol, horizon in hours, direction) → 0 to 1
BaseRates = dict[tuple[str, int, str], float]


def mark_due(days: Collection[tuple[str, date]]) -> None:
    """Note that the sums of some (symbol, day) are out of date; part of the caller's transaction.

    An existing mark is written again, not left alone: that waits for whoever is taking it away.
    """
    RollupDue.objects.bulk_create(
        [
            RollupDue(
                environment=settings.ENVIRONMENT, symbol=symbol, day=day, marked_at=wall_now()
            )
            for symbol, day in sorted(days)  # all lock in the same order
        ],
        update_conflicts=True,
        unique_fields=["environment", "symbol", "day"],
        update_fields=["marked_at"],
    )


def mark_all_due() -> None:
    """Have every sum recomputed, as after outcomes were written by something else."""
    days = Outcome.objects.filter(
        environment=settings.ENVIRONMENT, result__in=_DECIDED
    ).values_list("symbol", "signal_at__date")
    mark_due(set(days.distinct()))


def recompute_due(*, for_s: float = math.inf) -> int:
    """Recompute the days that are marked, coins before all coins; return how many."""
    began, count = time.monotonic(), 0
    while time.monotonic() - began < for_s and (due := _marked().first()) is not None:
        count += recompute(due)
    return count


def recompute(due: RollupDue) -> bool:
    """Replace the sums of a marked day; False when another worker took the mark."""
    with transaction.atomic():
        if not RollupDue.objects.filter(pk=due.pk).delete()[0]:
            return False
        if due.symbol == ALL_COINS:
            _replace_all_coins(due.day)
            _replace_factors(due.day)
        else:
            _replace_coin(due.symbol, due.day)
            mark_due({(ALL_COINS, due.day)})
    return True


def _marked() -> QuerySet[RollupDue]:
    return RollupDue.objects.filter(environment=settings.ENVIRONMENT).order_by(
        Case(When(symbol=ALL_COINS, then=Value(1)), default=Value(0), output_field=IntegerField()),
        "marked_at",
        "pk",
    )


# --- Replacing ------------------------------------------------------------------------------------


def _replace_coin(symbol: str, day: date) -> None:
    rates = base_rates_before(day, symbol)
    outcomes = Outcome.objects.filter(
        environment=settings.ENVIRONMENT,
        symbol=symbol,
        result__in=_DECIDED,
        signal_at__gte=_midnight(day),
        signal_at__lt=_midnight(day) + _DAY,
    ).values("symbol", *_COLUMNS, "signal__confidence_score")
    told = (_told(row, rates, confidence=row["signal__confidence_score"]) for row in outcomes)
    _replace_outcome_days(symbol, day, outcome_sums(told))


def _replace_all_coins(day: date) -> None:
    groups: dict[OutcomeKey, list[dict[str, Any]]] = defaultdict(list)
    coins = OutcomeDay.objects.filter(environment=settings.ENVIRONMENT, day=day).exclude(
        symbol=ALL_COINS
    )
    for row in coins.values(*_KEY, *_SUMMED):
        groups[OutcomeKey(*(row[name] for name in _KEY))].append(row)
    sums = {key: together(rows, _SUMMED) for key, rows in groups.items()}
    _replace_outcome_days(ALL_COINS, day, sums)


def _replace_outcome_days(symbol: str, day: date, sums: dict[OutcomeKey, dict[str, Any]]) -> None:
    place = {"environment": settings.ENVIRONMENT, "symbol": symbol, "day": day}
    OutcomeDay.objects.filter(**place).delete()
    OutcomeDay.objects.bulk_create(
        OutcomeDay(**place, **key._asdict(), **columns) for key, columns in sums.items()
    )


def _replace_factors(day: date) -> None:
    stances = {
        pk: stances_of(direction, factors)
        for pk, direction, factors in Signal.objects.filter(
            environment=settings.ENVIRONMENT,
            timestamp__gte=_midnight(day),
            timestamp__lt=_midnight(day) + _DAY,
        ).values_list("pk", "signal", "factors")
    }
    rates = base_rates_before(day)
    told = (
        _told(row, rates, stances=stances[row["signal_id"]])
        for ids in _portions(sorted(stances))
        for row in Outcome.objects.filter(signal__in=ids, result=Outcome.Result.FILLED).values(
            "symbol", "signal_id", *_COLUMNS
        )
    )
    place = {"environment": settings.ENVIRONMENT, "day": day}
    sums = factor_sums(told)
    FactorDay.objects.filter(**place).delete()
    FactorDay.objects.bulk_create(
        FactorDay(**place, **key._asdict(), **columns) for key, columns in sums.items()
    )


def _told(
    row: dict[str, Any],
    rates: BaseRates,
    *,
    confidence: float | None = None,
    stances: Any = None,
) -> Told:
    return Told(
        key=OutcomeKey(*(row[name] for name in _KEY)),
        is_hit=row["is_hit"],
        return_pct=row["return_pct"],
        net_return_pct=row["net_return_pct"],
        favourable_pct=row["favourable_pct"],
        adverse_pct=row["adverse_pct"],
        first_touch=row["first_touch"],
        confidence_score=confidence,
        base_rate=rates.get((row["symbol"], row["horizon_h"], row["direction"])),
        stances=stances,
    )


def _portions(ids: list[int], size: int = 500) -> Iterable[list[int]]:
    """Part ids, as SQLite takes only so many parameters."""
    return (ids[start : start + size] for start in range(0, len(ids), size))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


# --- The base rate --------------------------------------------------------------------------------


def base_rates_before(day: date, symbol: str | None = None) -> BaseRates:
    """Return how often each side was right in the 30 days before a day, by coin and horizon.

    Coins of which fewer than 120 windows are known are left out.
    """
    days = BaseRateDay.objects.filter(
        environment=settings.ENVIRONMENT, day__gte=day - BASE_RATE_DAYS * _DAY, day__lt=day
    )
    if symbol is not None:
        days = days.filter(symbol=symbol)
    rates: BaseRates = {}
    for base, horizon_h, windows, long_hits, short_hits in (
        days.values("symbol", "horizon_h")
        .order_by()
        .annotate(Sum("windows"), Sum("long_hits"), Sum("short_hits"))
        .values_list("symbol", "horizon_h", "windows__sum", "long_hits__sum", "short_hits__sum")
    ):
        if windows >= LEAST_BASE_WINDOWS:
            rates[base, horizon_h, Direction.LONG] = long_hits / windows
            rates[base, horizon_h, Direction.SHORT] = short_hits / windows
    return rates
