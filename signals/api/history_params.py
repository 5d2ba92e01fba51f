"""Query parameters of ``/history``: the names of the first release, with bounds."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from rest_framework import serializers

from market.clock import now
from signals.engine.types import Confidence
from signals.history_filters import ORIGINS
from signals.history_pages import Cursor, InvalidCursor

MOST_ITEMS = 500
MOST_STREAMS = 1000

_A_DAY = timedelta(days=1)
_STREAM_CURSOR = r"^[^\W_]{1,24}:[-a-zA-Z0-9_]{1,40}$"


class InstantField(serializers.DateTimeField):
    """An ISO 8601 instant, UTC without a zone; a date alone is its midnight, or the next one."""

    def __init__(self, *, whole_day: bool = False, **options: Any) -> None:
        super().__init__(default_timezone=UTC, **options)
        self._whole_day = whole_day

    def to_internal_value(self, value: Any) -> datetime:
        try:
            day = date.fromisoformat(value) if len(value) == len("2026-01-02") else None
        except ValueError:
            day = None
        if day is None:
            return super().to_internal_value(value)
        try:
            return datetime.combine(day + _A_DAY if self._whole_day else day, time(), UTC)
        except OverflowError:
            self.fail("overflow")


class FilterParams(serializers.Serializer[Any]):
    """Which signals are wanted; what is absent asks for all."""

    symbol = serializers.RegexField(
        r"^[^\W_][\w/-]*$",
        required=False,
        max_length=40,
        help_text="One coin: BTC, btc, BTCUSDT, BTC-USDT-SWAP.",
    )
    signal_type = serializers.ChoiceField(
        choices=["LONG", "SHORT"], required=False, help_text="One side only."
    )
    confidence = serializers.ChoiceField(
        choices=[band.value for band in Confidence], required=False, help_text="One band only."
    )
    min_score = serializers.FloatField(
        required=False, min_value=0, max_value=100, help_text="Least score."
    )
    max_score = serializers.FloatField(
        required=False, min_value=0, max_value=100, help_text="Largest score."
    )
    profile = serializers.SlugField(
        required=False, max_length=40, help_text="One scoring profile only."
    )
    start_date = InstantField(
        required=False, help_text="Evaluated from then on: a date or an instant, UTC."
    )
    end_date = InstantField(
        required=False,
        whole_day=True,
        help_text="Evaluated before then; a date alone includes the whole day.",
    )
    origin = serializers.ChoiceField(
        choices=ORIGINS,
        required=False,
        help_text="`own`: published here, links of a chain; `imported`: brought in from files.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for least, most in (("min_score", "max_score"), ("start_date", "end_date")):
            if least in attrs and most in attrs and attrs[least] > attrs[most]:
                raise serializers.ValidationError({most: f"Lies before {least}."})
        return attrs


FILTERS = frozenset(FilterParams().fields)


class HistoryParams(FilterParams):
    limit = serializers.IntegerField(
        default=50, min_value=1, max_value=MOST_ITEMS, help_text="Signals at most."
    )
    cursor = serializers.CharField(
        required=False, max_length=40, help_text="`nextCursor` of the page before."
    )

    def validate_cursor(self, value: str) -> Cursor:
        try:
            return Cursor.parse(value)
        except InvalidCursor as e:
            raise serializers.ValidationError("Not a cursor that was given out.") from e


class ExportParams(FilterParams):
    format = serializers.ChoiceField(
        choices=["jsonl", "csv"],
        default="jsonl",
        help_text="`jsonl` carries the hash chain and everything stored; `csv` the main figures.",
    )
    inputs = serializers.BooleanField(
        default=False,
        help_text="`jsonl` only: add what each signal was computed from, some 100 KB each.",
    )
    include_cleared = serializers.BooleanField(
        default=False, help_text="Also what a clear hid: a chain is whole only with it."
    )


class StatisticsParams(serializers.Serializer[Any]):
    symbol = serializers.RegexField(
        r"^[^\W_][\w/-]*$", required=False, max_length=40, help_text="One coin; all when absent."
    )


class InfoParams(serializers.Serializer[Any]):
    limit = serializers.IntegerField(
        default=100, min_value=1, max_value=MOST_STREAMS, help_text="Streams at most."
    )
    cursor = serializers.RegexField(
        _STREAM_CURSOR, required=False, help_text="`nextCursor` of the page before."
    )


class ClearParams(serializers.Serializer[Any]):
    confirm = serializers.BooleanField(
        default=False, help_text="Must be true; nothing is done without it."
    )
    before = InstantField(
        required=False,
        help_text="Hide what was evaluated up to this instant; now when absent. Not in the future.",
    )

    def validate_before(self, value: datetime) -> datetime:
        if value > now():
            raise serializers.ValidationError("Lies in the future.")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs["confirm"]:
            raise serializers.ValidationError({"confirm": "Must be true: this hides the history."})
        return attrs
