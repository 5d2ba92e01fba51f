"""The documented shapes of what came of the signals. Every rate has the same members."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from analytics.api.serializers import SignalSummarySerializer
from analytics.filters import Bucket, Origin
from config.api.fields import number_or_null, text, whole
from signals.engine.hit_rates import Edge
from signals.engine.types import Confidence, Factor


class HitRateSerializer(serializers.Serializer[Any]):
    """How often signals were right, how sure that is, and what chance would have given."""

    n = whole("Filled outcomes")
    hits = whole("Of these, with a gain after fees and funding")
    few = serializers.BooleanField(help_text="Fewer than 30 outcomes: says next to nothing")
    hit_rate_pct = number_or_null("Null without outcomes")
    interval_low_pct = number_or_null("95 % Wilson interval of the hit rate")
    interval_high_pct = number_or_null("95 % Wilson interval of the hit rate")
    base_rate_pct = number_or_null(
        "How often the same sides would have been right at any hour of the same coins' last 30 "
        "days; null when known for too few"
    )
    edge_pct = number_or_null("Hit rate less base rate, percentage points")
    edge = serializers.ChoiceField(
        choices=[each.value for each in Edge],
        help_text="Shown only when the whole interval lies above the base rate",
    )
    mean_net_return_pct = number_or_null("After fees and funding; positive is a gain")


class FirstTouchSerializer(serializers.Serializer[Any]):
    """Percent of the outcomes."""

    target = number_or_null("Touched the target first")
    stop = number_or_null("Touched the stop first")
    neither = number_or_null("Touched neither")
    unknown = number_or_null("Both in one candle, or none could be set")


class OutcomesSerializer(HitRateSerializer):
    mean_return_pct = number_or_null("Before costs")
    mean_favourable_pct = number_or_null("Mean of the largest gains on the way")
    mean_adverse_pct = number_or_null("Mean of the largest losses on the way")
    first_touch_pct = FirstTouchSerializer()
    unavailable = whole("Outcomes that can never be filled, for lack of candles: in no rate")


class SideOutcomesSerializer(OutcomesSerializer):
    pending = whole("Outcomes that are not due or not filled yet: in no rate")


class BySideSerializer(serializers.Serializer[Any]):
    LONG = SideOutcomesSerializer()
    SHORT = SideOutcomesSerializer()


class OutcomeHorizonSerializer(SideOutcomesSerializer):
    horizon_h = whole("Hours after the signal")
    by_direction = BySideSerializer()


class OutcomePeriodSerializer(serializers.Serializer[Any]):
    """Which signals an answer is about."""

    period_days = whole("Whole UTC days back; today is added")
    since = serializers.DateTimeField(help_text="Signals from here on")
    symbol = text("The coin; null: all coins", allow_null=True)
    profile = text("The scoring profile; null: all", allow_null=True)
    origin = serializers.ChoiceField(choices=[each.value for each in Origin])


class PerformanceSerializer(OutcomePeriodSerializer):
    horizons = OutcomeHorizonSerializer(many=True)


class RecentScoresSerializer(serializers.Serializer[Any]):
    """Where the scores go; no performance."""

    last_10_avg_score = number_or_null("Of the newest ten signals, or as many as there are")
    trend = serializers.ChoiceField(
        choices=["rising", "steady", "falling"],
        allow_null=True,
        help_text="Against the ten before, by a point; null with fewer than twenty",
    )
    total_recent_signals = whole("Signals of the period")


class SymbolPerformanceSerializer(SignalSummarySerializer, PerformanceSerializer):
    recent_scores = RecentScoresSerializer()


class FactorOutcomesSerializer(serializers.Serializer[Any]):
    factor = serializers.ChoiceField(choices=[each.value for each in Factor])
    supports = HitRateSerializer(help_text="Signals whose side it contributed to")
    opposes = HitRateSerializer(help_text="Signals made against it")
    neutral = HitRateSerializer(help_text="Signals to which it contributed nothing")


class ByFactorSerializer(OutcomePeriodSerializer):
    horizon_h = whole("Hours after the signal")
    factors = FactorOutcomesSerializer(many=True)


class OutcomeBandSerializer(OutcomesSerializer):
    confidence = serializers.ChoiceField(choices=[each.value for each in Confidence])


class ByConfidenceSerializer(OutcomePeriodSerializer):
    horizon_h = whole("Hours after the signal")
    bands = OutcomeBandSerializer(many=True)


class BandReliabilitySerializer(HitRateSerializer):
    confidence = serializers.ChoiceField(choices=[each.value for each in Confidence])
    stated_pct = number_or_null("Mean probability that the signals' confidence claims")


class HorizonCalibrationSerializer(serializers.Serializer[Any]):
    horizon_h = whole("Hours after the signal")
    n = whole("Outcomes that are scored: those whose base rate is known")
    brier = number_or_null("Mean squared error of the stated probabilities; 0 is perfect")
    brier_base = number_or_null("The same of the base rate")
    skill = number_or_null("1 − brier ÷ brier_base; 0 or less: no better than the base rate")
    calibration_error_pct = number_or_null("Expected calibration error over the bands")
    calibration_error_base_pct = number_or_null("The same of the base rate")
    bands = BandReliabilitySerializer(many=True)


class CalibrationSerializer(OutcomePeriodSerializer):
    horizons = HorizonCalibrationSerializer(many=True)


class OutcomeTrendSerializer(HitRateSerializer):
    start = serializers.DateField(help_text="First UTC day of the bucket")


class TrendsSerializer(OutcomePeriodSerializer):
    horizon_h = whole("Hours after the signal")
    bucket = serializers.ChoiceField(choices=[each.value for each in Bucket])
    count = whole("Buckets, empty ones included")
    trends = OutcomeTrendSerializer(many=True, help_text="Oldest first, by the day of the signal")
