"""Query parameters of ``/analytics``: the names of the first release, with bounds."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework import serializers

from analytics.filters import DEFAULT_HORIZON_H, Bucket, Origin, OutcomeFilters
from signals.api.history_params import InstantField
from signals.history_pages import Cursor, InvalidCursor

MOST_DAYS = 365
MOST_LATEST = 1_000
MOST_LISTED = 500
MOST_OFFSET = 10_000
_LONGEST_NAME = 40


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


class DateRangeParams(serializers.Serializer[Any]):
    start_date = InstantField(help_text="From then on: an ISO date or instant, UTC.")
    end_date = InstantField(
        whole_day=True, help_text="Before then; of a date alone the whole day is included."
    )
    symbol = _symbol()
    limit = _limit(50, MOST_LISTED)
    cursor = serializers.CharField(
        required=False, max_length=40, help_text="`next_cursor` of the page before."
    )

    def validate_cursor(self, value: str) -> Cursor:
        try:
            return Cursor.parse(value)
        except InvalidCursor as e:
            raise serializers.ValidationError("Not a cursor that was given out.") from e

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["start_date"] >= attrs["end_date"]:
            raise serializers.ValidationError({"end_date": "Lies before start_date."})
        return attrs


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
        min_value=1,
        max_value=168,  # the longest that OUTCOME_HORIZONS_H may name
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
