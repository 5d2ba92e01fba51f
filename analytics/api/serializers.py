"""The documented shapes of ``/analytics``: what was said, and how often.

``outcome_serializers`` has what came of it. ``tests/analytics`` holds real answers against both.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from config.api.fields import number_or_null, text, whole
from signals.api.history_serializers import HistoryItemSerializer

# --- Counts ---------------------------------------------------------------------------------------


class DirectionCountsSerializer(serializers.Serializer[Any]):
    LONG = whole("Published signals")
    SHORT = whole("Published signals")
    NEUTRAL = whole(
        "Evaluations that came out NEUTRAL, for lack of data included: none is a signal"
    )


class EvaluationCountsSerializer(serializers.Serializer[Any]):
    """The denominator: every evaluation of a scan, published or not."""

    evaluated = whole("All of them: the sum of the four below")
    long = whole("Came out LONG; the publishing rule lets fewer become signals")
    short = whole("Came out SHORT")
    neutral = whole("NEUTRAL between the thresholds")
    insufficient = whole("NEUTRAL for lack of data")


class ScoreStatsSerializer(serializers.Serializer[Any]):
    average = number_or_null("Of the published signals; 0 to 100")
    min = number_or_null("The least score")
    max = number_or_null("The largest score")


class ConfidenceCountsSerializer(serializers.Serializer[Any]):
    high = whole("Published signals")
    medium = whole("Published signals")
    low = whole("Published signals")


class SignalSummarySerializer(serializers.Serializer[Any]):
    period_days = whole("Whole UTC days back; today is added")
    since = serializers.DateTimeField(help_text="Start of the period")
    symbol = text("The coin; null: all coins", allow_null=True)
    total_signals = whole("Published signals, LONG and SHORT")
    signal_distribution = DirectionCountsSerializer()
    evaluations = EvaluationCountsSerializer()
    score_stats = ScoreStatsSerializer()
    confidence_distribution = ConfidenceCountsSerializer()


class SymbolCountSerializer(serializers.Serializer[Any]):
    symbol = text("Canonical coin name")
    count = whole("Its signals among those analysed")


class StatsOverviewSerializer(serializers.Serializer[Any]):
    total_signals = whole("Published signals that are listed, of all time")
    recent_signals_analyzed = whole("The newest signals that the top symbols are counted in")
    top_symbols = SymbolCountSerializer(many=True, help_text="Ten at most")
    last_7_days = SignalSummarySerializer()
    database = serializers.ChoiceField(choices=["postgresql", "sqlite"])
    status = text("`ok`: the database answered")


# --- Lists ----------------------------------------------------------------------------------------


class _ListSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField(help_text="Always true; faults are problem answers")
    count = whole("Signals in this answer")
    signals = HistoryItemSerializer(many=True, help_text="Newest first")


class LatestSignalsSerializer(_ListSerializer):
    pass


class SignalsInRangeSerializer(_ListSerializer):
    since = serializers.DateTimeField(help_text="Start of the range")
    until = serializers.DateTimeField(help_text="End of the range, itself excluded")
    symbol = text("The coin; null: all coins", allow_null=True)
    limit = whole("Signals at most")
    has_more = serializers.BooleanField(help_text="There are older ones in the range")
    next_cursor = text("Give it back as `cursor`; null on the last page", allow_null=True)


class SymbolHistorySerializer(_ListSerializer):
    symbol = text("Canonical coin name")
    total = whole("Its listed signals")
    offset = whole("Signals passed over")
    limit = whole("Signals at most")
    has_more = serializers.BooleanField(help_text="There are older ones")
