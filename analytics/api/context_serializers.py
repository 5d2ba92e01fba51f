"""The documented shape of a signal with its context."""

# ruff: noqa: N815 - public keys

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from analytics.api.outcome_serializers import PerformanceSerializer
from analytics.interpretation import Alignment
from market.types import Direction, Interval
from signals.api.serializers import SignalSerializer
from signals.engine.types import Confidence
from smartmoney.api.params import DEFAULT_TIMEFRAME, TIMEFRAMES
from smartmoney.api.smc_serializers import StructureSerializer


class ContextParams(serializers.Serializer[Any]):
    include_smc = serializers.BooleanField(
        default=True, help_text="Add the structure of the chart as /smc/analyze tells it."
    )
    include_history = serializers.BooleanField(
        default=True, help_text="Add the last five stored signals, and what came of those before."
    )
    timeframe = serializers.ChoiceField(
        choices=list(TIMEFRAMES),
        default=DEFAULT_TIMEFRAME.value,
        help_text="Bar length of the structure.",
    )


def timeframe_of(query: dict[str, Any]) -> Interval:
    return TIMEFRAMES[query["timeframe"]]


class RecentSignalSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    symbol = serializers.CharField()
    signal = serializers.ChoiceField(choices=[Direction.LONG.value, Direction.SHORT.value])
    score = serializers.FloatField(help_text="0 to 100")
    confidence = serializers.ChoiceField(choices=[each.value for each in Confidence])
    price = serializers.FloatField(help_text="USD per coin at that time")
    timestamp = serializers.DateTimeField()
    reasons = serializers.ListField(child=serializers.CharField())


class RecentHistorySerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="Signals listed here, five at most")
    signals = RecentSignalSerializer(many=True, help_text="Newest first")


class InterpretationSerializer(serializers.Serializer[Any]):
    primarySignal = serializers.ChoiceField(choices=[each.value for each in Direction])
    confidence = serializers.ChoiceField(choices=[each.value for each in Confidence])
    smcAlignment = serializers.ChoiceField(
        choices=[each.value for each in Alignment],
        help_text="Whether the structure agrees with the signal; neutral: one takes no side",
    )
    summary = serializers.CharField(help_text="All of it in a few sentences")


class SignalContextSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField(help_text="Always true; faults are problem answers")
    symbol = serializers.CharField(help_text="Canonical coin name, whatever spelling was given")
    mainSignal = SignalSerializer(help_text="The answer of /signals/{symbol}")
    smcAnalysis = StructureSerializer(
        allow_null=True, help_text="The answer of /smc/analyze/{symbol} at this timeframe"
    )
    recentHistory = RecentHistorySerializer(allow_null=True)
    outcomes = PerformanceSerializer(
        allow_null=True, help_text="What came of the coin's signals of the last 30 days"
    )
    interpretation = InterpretationSerializer()
    unavailable = serializers.DictField(
        child=serializers.CharField(), help_text="Why a part is null"
    )
