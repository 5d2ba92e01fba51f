"""Which signals and outcomes are meant: values that the API parses and selectors read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from market.clock import now

# What a caller who names no horizon is told of.
DEFAULT_HORIZON_H = 24


class Origin(StrEnum):
    """Whose signals: made here, or brought in from an older service."""

    OWN = "own"
    IMPORTED = "imported"
    ALL = "all"


class Bucket(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class OutcomeFilters:
    """``days`` whole UTC days back, and today. None asks for all coins, profiles or horizons."""

    days: int = 30
    symbol: str | None = None
    profile: str | None = None
    origin: Origin = Origin.OWN
    horizon_h: int | None = None

    @property
    def first_day(self) -> date:
        return first_day(self.days)


@dataclass(frozen=True, slots=True)
class Span:
    """From an instant up to another, which is excluded."""

    since: datetime
    until: datetime


def first_day(days: int) -> date:
    """Return the UTC day that a period of so many days begins with."""
    return now().date() - timedelta(days=days)


def start_of(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)
