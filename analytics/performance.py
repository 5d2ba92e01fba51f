"""What came of the signals: reads of the sums that the sweep keeps per day.

Nothing here counts single outcomes of all coins: the sums of a day are rows of their own, one set
per coin and one of all coins, so that a year of a million signals is a few thousand rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.db.models import Count, QuerySet, Sum

from analytics.coin_factors import sums_by_factor
from analytics.engine.calibration import Band, ForecastSums, Scores, scores
from analytics.filters import Bucket, Origin, OutcomeFilters, start_of
from analytics.models import BaseRateDay, FactorDay, Outcome, OutcomeDay
from analytics.rates import Tally
from analytics.rollup_models import ALL_COINS
from analytics.rollups import BASE_RATE_DAYS
from market.clock import now
from signals.engine.types import Confidence, Direction, Factor

SIDES = (Direction.LONG.value, Direction.SHORT.value)
BANDS = tuple(band.value for band in Confidence)

AnyTally = TypeVar("AnyTally", bound=Tally)


@dataclass(frozen=True, slots=True)
class FullTally(Tally):
    """Sums with excursions and first touches; of touches the rest of ``n`` is unknown."""

    sum_return_pct: float = 0.0
    sum_favourable_pct: float = 0.0
    sum_adverse_pct: float = 0.0
    targets: int = 0
    stops: int = 0
    neithers: int = 0
    unavailable: int = 0


@dataclass(frozen=True, slots=True)
class ForecastTally(Tally):
    """Sums of what was stated and of the base rate, both over the outcomes that have one."""

    base_hits: int = 0
    sum_base_rate_sq: float = 0.0
    sum_base_rate_of_hits: float = 0.0
    sum_stated: float = 0.0
    sum_stated_sq: float = 0.0
    sum_stated_of_hits: float = 0.0


@dataclass(frozen=True, slots=True)
class Horizon:
    """Outcomes so many hours after the signal. ``pending`` ones are not due or not filled yet."""

    horizon_h: int
    by_side: Mapping[str, FullTally]
    pending_by_side: Mapping[str, int]

    @property
    def both(self) -> FullTally:
        return sum(self.by_side.values(), FullTally())

    @property
    def pending(self) -> int:
        return sum(self.pending_by_side.values())


@dataclass(frozen=True, slots=True)
class Performance:
    filters: OutcomeFilters
    horizons: tuple[Horizon, ...]


@dataclass(frozen=True, slots=True)
class Calibration:
    horizon_h: int
    tallies: Mapping[str, ForecastTally]
    scores: Scores


def performance(filters: OutcomeFilters) -> Performance:
    """Return what came of the signals after each horizon, by side."""
    sums = _sums(_days(filters), FullTally, "horizon_h", "direction")
    pending = _pending(filters)
    horizons = {horizon_h for horizon_h, _ in (*sums, *pending)} | set(settings.OUTCOME_HORIZONS_H)
    return Performance(
        filters,
        tuple(
            Horizon(
                horizon_h,
                {side: sums.get((horizon_h, side), FullTally()) for side in SIDES},
                {side: pending.get((horizon_h, side), 0) for side in SIDES},
            )
            for horizon_h in sorted(horizons)
        ),
    )


def by_confidence(filters: OutcomeFilters) -> dict[str, FullTally]:
    """Return the sums of each confidence band at one horizon."""
    sums = _sums(_days(filters), FullTally, "confidence")
    return {band: sums.get((band,), FullTally()) for band in BANDS}


def calibration(filters: OutcomeFilters) -> list[Calibration]:
    """Return at each horizon what each band stated, and how that scores against the base rate."""
    sums = _sums(_days(filters), ForecastTally, "horizon_h", "confidence")
    calibrations = []
    for horizon_h in sorted(
        {horizon_h for horizon_h, _ in sums} | set(settings.OUTCOME_HORIZONS_H)
    ):
        tallies = {band: sums.get((horizon_h, band), ForecastTally()) for band in BANDS}
        bands = [_band(tally) for tally in tallies.values()]
        calibrations.append(Calibration(horizon_h, tallies, scores(bands)))
    return calibrations


def trends(filters: OutcomeFilters, bucket: Bucket) -> list[tuple[date, Tally]]:
    """Return the sums of each bucket of the period, by its first day; also of empty ones."""
    sums = _sums(_days(filters), Tally, "day")
    today = now().date()
    day = filters.first_day
    tallies: defaultdict[date, Tally] = defaultdict(Tally)
    while day <= today:
        tallies[_first_of(bucket, day)] += sums.get((day,), Tally())
        day += timedelta(days=1)
    return sorted(tallies.items())


def by_factor(filters: OutcomeFilters) -> dict[tuple[str, str], Tally]:
    """Return the sums by factor and what it said of the side that was taken."""
    if filters.symbol is None:
        found = _narrowed(FactorDay.objects.filter(environment=settings.ENVIRONMENT), filters)
        if filters.horizon_h is not None:
            found = found.filter(horizon_h=filters.horizon_h)
        sums = _sums(found, Tally, "factor", "stance")
    else:
        sums = _of_single_outcomes(filters, filters.symbol)
    return {
        (factor.value, stance): sums.get((factor.value, stance), Tally())
        for factor in Factor
        for stance in FactorDay.Stance.values
    }


def _days(filters: OutcomeFilters) -> QuerySet[OutcomeDay]:
    found = OutcomeDay.objects.filter(
        environment=settings.ENVIRONMENT, symbol=filters.symbol or ALL_COINS
    )
    if filters.horizon_h is not None:
        found = found.filter(horizon_h=filters.horizon_h)
    return _narrowed(found, filters)


def _of_single_outcomes(filters: OutcomeFilters, symbol: str) -> dict[tuple[str, str], Tally]:
    of_coin = {
        "environment": settings.ENVIRONMENT,
        "symbol": symbol,
        "horizon_h": filters.horizon_h,
    }
    outcomes = Outcome.objects.filter(
        **of_coin,
        **_chosen(filters),
        signal_at__gte=start_of(filters.first_day),
        result=Outcome.Result.FILLED,
    )
    base_days = BaseRateDay.objects.filter(
        **of_coin, day__gte=filters.first_day - timedelta(days=BASE_RATE_DAYS)
    )
    return sums_by_factor(outcomes, base_days)


Days = TypeVar("Days", OutcomeDay, FactorDay)


def _narrowed(days: QuerySet[Days], filters: OutcomeFilters) -> QuerySet[Days]:
    return days.filter(day__gte=filters.first_day, **_chosen(filters))


def _chosen(filters: OutcomeFilters) -> dict[str, Any]:
    """Return the conditions on profile and origin, which all tables of outcomes have."""
    chosen: dict[str, Any] = {}
    if filters.profile is not None:
        chosen["profile_name"] = filters.profile
    if filters.origin is not Origin.ALL:
        chosen["is_imported"] = filters.origin is Origin.IMPORTED
    return chosen


def _sums(
    rows: QuerySet[Any], tally: type[AnyTally], *keys: str
) -> dict[tuple[Any, ...], AnyTally]:
    names = [each.name for each in fields(tally)]
    grouped = rows.order_by().values_list(*keys).annotate(*(Sum(name) for name in names))
    return {
        row[: len(keys)]: tally(**dict(zip(names, row[len(keys) :], strict=True)))
        for row in grouped
    }


def _pending(filters: OutcomeFilters) -> dict[tuple[int, str], int]:
    found = Outcome.objects.filter(
        environment=settings.ENVIRONMENT,
        result=Outcome.Result.PENDING,
        signal_at__gte=start_of(filters.first_day),
        **_chosen(filters),
    )
    if filters.symbol is not None:
        found = found.filter(symbol=filters.symbol)
    counted = found.order_by().values_list("horizon_h", "direction").annotate(Count("pk"))
    return {(horizon_h, side): n for horizon_h, side, n in counted}


def _band(tally: ForecastTally) -> Band:
    common = {"n": tally.base_n, "hits": tally.base_hits}
    return Band(
        n=tally.n,
        hits=tally.hits,
        stated=ForecastSums(
            **common,
            total=tally.sum_stated,
            squares=tally.sum_stated_sq,
            of_hits=tally.sum_stated_of_hits,
        ),
        base=ForecastSums(
            **common,
            total=tally.sum_base_rate,
            squares=tally.sum_base_rate_sq,
            of_hits=tally.sum_base_rate_of_hits,
        ),
    )


def _first_of(bucket: Bucket, day: date) -> date:
    if bucket is Bucket.MONTH:
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if bucket is Bucket.WEEK else day
