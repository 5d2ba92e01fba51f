"""Sums per day, recomputed from the outcomes themselves: replaced, never added to.

Whoever changes an outcome marks its coin's day in the same transaction (``mark_due``). Recomputing
takes the marks of a day away, reads its outcomes and writes the sums that came out otherwise, all
in one transaction, so a process that is killed anywhere leaves the marks or the new sums. The
marks' locks make the two wait for each other: a change that the reading did not see has marked the
day again.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import Manager, Sum

from analytics.engine.sums import (
    FactorKey,
    OutcomeKey,
    Told,
    factor_sums,
    outcome_sums,
)
from analytics.models import BaseRateDay, FactorDay, Outcome, OutcomeDay, RollupDue
from analytics.rollup_models import ALL_COINS
from config.shift import Shift
from market.clock import wall_now
from market.types import Direction
from signals.models import Signal

# An outcome is held against so many days before its own …
BASE_RATE_DAYS = 30
# … unless fewer windows than five days of full hours are known of them.
LEAST_BASE_WINDOWS = 120

_DAY = timedelta(days=1)
_KEY = OutcomeKey._fields
_COLUMNS = (
    "profile_name", "direction", "confidence", "horizon_h", "is_imported", "is_hit", "return_pct",
    "net_return_pct", "favourable_pct", "adverse_pct", "first_touch", "factor_stances",
)  # fmt: skip
_DECIDED = (Outcome.Result.FILLED, Outcome.Result.UNAVAILABLE)

_PORTION = 500

# (symbol, horizon in hours, direction) → 0 to 1
BaseRates = dict[tuple[str, int, str], float]
# The fields of a row's key → its other columns
_Sums = Mapping[Any, dict[str, Any]]
Item = TypeVar("Item")


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
    """Recompute the days that are marked, the newest first; return how many.

    Begins none when ``for_s`` have passed.
    """
    shift, count = Shift(for_s), 0
    marked = RollupDue.objects.filter(environment=settings.ENVIRONMENT).order_by("-day")
    for day in marked.values_list("day", flat=True).distinct():
        if shift.is_over:
            break
        count += recompute(day)
    return count


def recompute(day: date) -> bool:
    """Replace the sums of a marked day; False when another worker has done it."""
    marks = RollupDue.objects.filter(environment=settings.ENVIRONMENT, day=day)
    with transaction.atomic():
        # One worker at a time: the day's own mark, which only lives inside this transaction.
        mark_due({(ALL_COINS, day)})
        coins = list(
            marks.exclude(symbol=ALL_COINS)
            .order_by("symbol")
            .select_for_update()
            .values_list("pk", flat=True)
        )
        if coins:
            outcome_days, factor_days = _sums_of(day)
            _replace(OutcomeDay, day, ("symbol", *_KEY), outcome_days)
            _replace(FactorDay, day, FactorKey._fields, factor_days)
        for ids in _portions(coins):
            marks.filter(pk__in=ids).delete()
        marks.filter(symbol=ALL_COINS).delete()
    return bool(coins)


def _sums_of(day: date) -> tuple[_Sums, _Sums]:
    """Return the columns of a day's rows by key: of every coin, of all coins, and of factors."""
    by_coin: dict[str, list[Told]] = defaultdict(list)
    rates = base_rates_before(day)
    for confidences in _confidences_of(day):
        outcomes = Outcome.objects.filter(signal__in=list(confidences), result__in=_DECIDED)
        for row in outcomes.values("symbol", "signal_id", *_COLUMNS):
            by_coin[row["symbol"]].append(_told(row, rates, confidences[row["signal_id"]]))
    everything = [told for coin in by_coin.values() for told in coin]
    return {
        (symbol, *key): columns
        for symbol, outcomes in [*by_coin.items(), (ALL_COINS, everything)]
        for key, columns in outcome_sums(outcomes).items()
    }, dict(factor_sums(everything))


def _confidences_of(day: date) -> Iterator[dict[int, float | None]]:
    """Return the confidence of each signal of a day, some hundred signals at a time."""
    signals = (
        Signal.objects.filter(
            environment=settings.ENVIRONMENT,
            timestamp__gte=_midnight(day),
            timestamp__lt=_midnight(day) + _DAY,
        )
        .order_by("timestamp")
        .values_list("pk", "confidence_score")
    )
    for portion in _portions(list(signals)):
        yield dict(portion)


def _replace(
    table: type[OutcomeDay | FactorDay], day: date, names: Sequence[str], sums: _Sums
) -> None:
    """Make a day's rows what they should be; those that are it already are left alone."""
    rows: Manager[Any] = table._default_manager
    place = {"environment": settings.ENVIRONMENT, "day": day}
    stored = {tuple(row[name] for name in names): row for row in rows.filter(**place).values()}
    for ids in _portions([row["id"] for key, row in stored.items() if key not in sums]):
        rows.filter(pk__in=ids).delete()
    changed = [
        table(**place, **dict(zip(names, key, strict=True)), **columns)
        for key, columns in sums.items()
        if key not in stored or any(stored[key][name] != columns[name] for name in columns)
    ]
    if changed:
        rows.bulk_create(
            changed,
            batch_size=_PORTION,
            update_conflicts=True,
            unique_fields=["environment", "day", *names],
            update_fields=list(next(iter(sums.values()))),
        )


def _told(row: dict[str, Any], rates: BaseRates, confidence_score: float | None) -> Told:
    return Told(
        key=OutcomeKey(*(row[name] for name in _KEY)),
        is_hit=row["is_hit"],
        return_pct=row["return_pct"],
        net_return_pct=row["net_return_pct"],
        favourable_pct=row["favourable_pct"],
        adverse_pct=row["adverse_pct"],
        first_touch=row["first_touch"],
        confidence_score=confidence_score,
        base_rate=rates.get((row["symbol"], row["horizon_h"], row["direction"])),
        stances=row["factor_stances"],
    )


def _portions(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Part a list: a statement takes only so many parameters."""
    return (items[start : start + _PORTION] for start in range(0, len(items), _PORTION))


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
