"""The documented shape of a signal. Answers are sent as ready JSON; this is their schema.

``tests/signals/test_api.py`` holds real answers against it.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from config.api.fields import number, text
from market.api.serializers import MarketProblemSerializer
from signals.engine.types import Confidence, Direction, Factor
from smartmoney.api.smc_serializers import SignalStructureSerializer


class SignalParams(serializers.Serializer[Any]):
    debug = serializers.BooleanField(default=False, help_text="Add the raw metrics.")
    profile = serializers.CharField(
        required=False, max_length=40, help_text="Scoring profile; the default one when absent."
    )
    include_ai_validation = serializers.BooleanField(
        default=False, help_text="Accepted for older clients; `unavailable` says why it is null."
    )


class SignalFactorSerializer(serializers.Serializer[Any]):
    score = number("0 to 100; 50 is neutral, above favours LONG", allow_null=True)
    weight = serializers.IntegerField(help_text="Percent points; all eight sum to 100")
    contribution = number("Signed score points; all of them and 50 are the score", allow_null=True)
    reason = text("What was seen, or why it is missing")
    source = text("Who said so", allow_null=True)  # type: ignore[assignment]
    observedAt = serializers.DateTimeField(allow_null=True)  # noqa: N815 - public key
    ageS = number("Seconds before the signal's timestamp", allow_null=True)  # noqa: N815
    fallback = serializers.BooleanField(
        allow_null=True, help_text="True when a preferred source did not answer"
    )


class SignalReadingSerializer(serializers.Serializer[Any]):
    value = number("In the unit beside it")
    unit = text("Unit of the value")
    source = text("Who said so")  # type: ignore[assignment]
    observedAt = serializers.DateTimeField()  # noqa: N815
    fetchedAt = serializers.DateTimeField()  # noqa: N815
    ageS = number("Seconds before the signal's timestamp")  # noqa: N815
    fallback = serializers.BooleanField(help_text="True when a preferred source did not answer")
    note = text("Restrictions, such as a proxy or a partly covered window", allow_null=True)


class SignalMetricsSerializer(serializers.Serializer[Any]):
    fundingRate = number("Percent per 8 hours; positive: longs pay", allow_null=True)  # noqa: N815
    openInterest = number("USD", allow_null=True)  # noqa: N815
    socialScore = number("0 to 100", allow_null=True)  # noqa: N815
    priceTrend = serializers.ChoiceField(  # noqa: N815
        choices=["bullish", "bearish", "neutral"], allow_null=True
    )


class SignalFactorBreakdownSerializer(serializers.Serializer[Any]):
    score = number("0 to 100", allow_null=True)
    weight = serializers.IntegerField()
    weighted = number("Signed score points", allow_null=True)


class SignalDebugSerializer(serializers.Serializer[Any]):
    scoreBreakdown = serializers.DictField(child=SignalFactorBreakdownSerializer())  # noqa: N815
    allMetrics = serializers.DictField(  # noqa: N815
        child=serializers.JSONField(), help_text="Raw figures the engine read"
    )


def _per_factor(child: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    fields: dict[str, Any] = {factor.value: child() for factor in Factor}
    return type("SignalFactorsSerializer", (serializers.Serializer,), fields)


SignalFactorsSerializer = _per_factor(SignalFactorSerializer)


class SignalSerializer(serializers.Serializer[Any]):
    symbol = text("Canonical coin name, whatever spelling was asked for")
    timestamp = serializers.DateTimeField(help_text="When it was evaluated; ages count from here")
    signal = serializers.ChoiceField(choices=[direction.value for direction in Direction])
    score = number("0 to 100; null when no factor is known", allow_null=True)
    confidence = serializers.ChoiceField(choices=[band.value for band in Confidence])
    confidenceScore = number("0 to 1: agreement × coverage × distance from 50")  # noqa: N815
    calibration = text(
        "Measured hit rate of the confidence band after 24 h, net of costs, against its base rate; "
        "'uncalibrated' below 200 outcomes"
    )
    coveragePct = number("Percent of the weight that was known")  # noqa: N815
    neutralReason = serializers.ChoiceField(  # noqa: N815
        choices=["insufficient_data", "between_thresholds"],
        allow_null=True,
        help_text="Why NEUTRAL; null for LONG and SHORT",
    )
    insufficient = serializers.ListField(
        child=serializers.CharField(), help_text="What was lacking for a LONG or SHORT"
    )
    price = number("USD per coin, last trade; null when unknown", allow_null=True)
    reasons = serializers.ListField(
        child=serializers.CharField(), help_text="Up to three, the largest contribution first"
    )
    missing = serializers.ListField(
        child=serializers.ChoiceField(choices=[factor.value for factor in Factor]),
        help_text="Factors without data: they contribute nothing",
    )
    contributions = serializers.DictField(
        child=serializers.FloatField(), help_text="Signed score points of every known factor"
    )
    factors = SignalFactorsSerializer()
    provenance = serializers.DictField(
        child=SignalReadingSerializer(), help_text="Every reading with value, unit, source and age"
    )
    problems = MarketProblemSerializer(many=True)
    metrics = SignalMetricsSerializer()
    comprehensiveMetrics = serializers.DictField(allow_null=True)  # noqa: N815
    lunarCrushMetrics = serializers.DictField(allow_null=True)  # noqa: N815
    coinAPIMetrics = serializers.DictField(allow_null=True)  # noqa: N815
    premiumMetrics = serializers.DictField(allow_null=True)  # noqa: N815
    smcAnalysis = SignalStructureSerializer(allow_null=True)  # noqa: N815
    ai_validation = serializers.DictField(allow_null=True)
    unavailable = serializers.DictField(
        child=serializers.CharField(), help_text="Why a group is null"
    )
    environment = text("live, sandbox or test")
    engineVersion = text("Version of the scoring engine")  # noqa: N815
    profile = text("Scoring profile used")
    profileVersion = serializers.IntegerField()  # noqa: N815
    inputHash = text("SHA-256 of exactly what was scored")  # noqa: N815
    debug = SignalDebugSerializer(required=False, help_text="Only with debug=true")
