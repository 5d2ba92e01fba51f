"""Query parameters of ``/analytics``: the names of the first release, with bounds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from analytics.filters import DEFAULT_HORIZON_H, Bucket, Origin, OutcomeFilters, Span, start_of
from analytics.lists import Cursor

MOST_DAYS = 365
MOST_LATEST = 1_000
MOST_LISTED = 500
MOST_OFFSET = 10_000
_LONGEST_NAME = 40

_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)  # the least that the databases tell apart
_YEARS = range(2000, 2101)  # outside, arithmetic with dates may overflow


def _days(default: int) -> serializers.IntegerField:
    return serializers.IntegerField(
        default=default,
        min_value=1,
        max_value=MOST_DAYS,
        help_text="So many whole UTC days back, and today.",
    )


def _limit(default: int, most: int) -> serializers.IntegerField:
    return serializers.IntegerField(
        default=default, min_value=1, max_value=most, help_text="Signals at most."
    )


def _symbol() -> serializers.CharField:
    return serializers.CharField(
        required=False,
        max_length=_LONGEST_NAME,
        help_text="One coin, in any usual spelling; all coins when absent.",
    )


def _profile() -> serializers.CharField:
    return serializers.CharField(
        required=False, max_length=_LONGEST_NAME, help_text="One scoring profile; all when absent."
    )


class SummaryParams(serializers.Serializer[Any]):
    symbol = _symbol()
    days = _days(7)


class LatestParams(serializers.Serializer[Any]):
    limit = _limit(50, MOST_LATEST)


class SymbolHistoryParams(serializers.Serializer[Any]):
    limit = _limit(50, MOST_LISTED)
    offset = serializers.IntegerField(
        default=0, min_value=0, max_value=MOST_OFFSET, help_text="Signals to pass over."
    )


@extend_schema_field(str)
class DayOrInstantField(serializers.Field[Any, Any, Any, Any]):
    """An ISO date, or an ISO instant, which is UTC when it names no zone."""

    default_error_messages = {
        "invalid": "Neither an ISO date nor an ISO instant.",
        "range": f"Outside the years {_YEARS[0]} to {_YEARS[-1]}.",
    }

    def to_internal_value(self, data: Any) -> date | datetime:
        try:
            read = date.fromisoformat(data)
        except ValueError:
            read = self._instant(data)
        if read.year not in _YEARS:
            self.fail("range")
        return read

    def _instant(self, data: str) -> datetime:
        try:
            instant = datetime.fromisoformat(data)
            return instant.replace(tzinfo=instant.tzinfo or UTC).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail("invalid")


@extend_schema_field(str)
class CursorField(serializers.Field[Any, Any, Any, Any]):
    default_error_messages = {"invalid": "No cursor that a page ended with."}

    def to_internal_value(self, data: Any) -> Cursor:
        try:
            return Cursor.parse(data)
        except ValueError:
            self.fail("invalid")


class DateRangeParams(serializers.Serializer[Any]):
    start_date = DayOrInstantField(
        help_text="ISO date or instant; UTC without a zone. Itself included."
    )
    end_date = DayOrInstantField(
        help_text="ISO date, whose whole day is included, or instant, itself included."
    )
    symbol = _symbol()
    limit = _limit(50, MOST_LISTED)
    cursor = CursorField(required=False, help_text="`next_cursor` of the page before.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        span = span_of(attrs)
        if span.since >= span.until:
            raise serializers.ValidationError({"end_date": "Lies before start_date."})
        return attrs


def span_of(query: dict[str, Any]) -> Span:
    """Return the range between the two dates: the whole last day, or the last instant, included."""
    first, last = query["start_date"], query["end_date"]
    since = first if isinstance(first, datetime) else start_of(first)
    until = last + _INSTANT if isinstance(last, datetime) else start_of(last) + _DAY
    return Span(since, until)


class PerformanceParams(serializers.Serializer[Any]):
    """What every count of outcomes can be narrowed by."""

    days = _days(30)
    profile = _profile()
    origin = serializers.ChoiceField(
        choices=[each.value for each in Origin],
        default=Origin.OWN.value,
        help_text="Signals made here, or imported ones.",
    )


class OutcomeParams(PerformanceParams):
    """Of all coins or one, at one horizon."""

    symbol = _symbol()
    horizon_h = serializers.IntegerField(
        default=DEFAULT_HORIZON_H,
        help_text="Hours after the signal: one of those that outcomes are filled for.",
    )

    def validate_horizon_h(self, value: int) -> int:
        known = settings.OUTCOME_HORIZONS_H
        if value not in known:
            hours = ", ".join(str(each) for each in known)
            raise serializers.ValidationError(f"No outcomes are filled for it; known are {hours}.")
        return value


class CalibrationParams(serializers.Serializer[Any]):
    """Of own signals alone: imported ones state no probability."""

    symbol = _symbol()
    days = _days(90)
    profile = _profile()


class TrendsParams(OutcomeParams):
    bucket = serializers.ChoiceField(
        choices=[each.value for each in Bucket],
        default=Bucket.WEEK.value,
        help_text="UTC days, weeks from Monday, or months.",
    )


def filters_of(query: dict[str, Any], symbol: str | None = None) -> OutcomeFilters:
    return OutcomeFilters(
        days=query["days"],
        symbol=symbol,
        profile=query.get("profile"),
        origin=Origin(query.get("origin", Origin.OWN)),
        horizon_h=query.get("horizon_h"),
    )
