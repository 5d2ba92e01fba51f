"""The documented shapes of ``/smc``, and of ``smcAnalysis`` beside a signal."""

# ruff: noqa: N815 - public keys

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from config.api.fields import moment, number_or_null, text, texts
from market.api.serializers import MarketProblemSerializer
from smartmoney.api.serializers import StructureAlignmentSerializer

TRENDS = ["bullish", "bearish", "neutral"]
STRENGTHS = ["strong", "moderate", "weak"]


class TrendSerializer(serializers.Serializer[Any]):
    trend = serializers.ChoiceField(choices=TRENDS)
    strength = serializers.ChoiceField(choices=STRENGTHS)
    since = moment("When the last break became known", allow_null=True)


class SwingPointSerializer(serializers.Serializer[Any]):
    price = number_or_null("USD")
    time = moment("Opening of its candle")
    knownAt = moment("Close of the candle that confirmed it; not told before")
    sizeAtr = number_or_null("Height in ATR")
    sweptAt = moment("First wick beyond it", allow_null=True)
    brokenAt = moment("First close beyond it", allow_null=True)


class SwingPointsSerializer(serializers.Serializer[Any]):
    highs = SwingPointSerializer(many=True)
    lows = SwingPointSerializer(many=True)


class StructureBreakSerializer(serializers.Serializer[Any]):
    type = serializers.ChoiceField(
        choices=["BOS", "CHoCH"], help_text="With the structure before it, or against it"
    )
    direction = serializers.ChoiceField(choices=TRENDS)
    price = number_or_null("USD: the swing that was broken")
    breakPrice = number_or_null("USD: the close that broke it")
    time = moment("Opening of the breaking candle")
    knownAt = moment("Its close")
    swingsBroken = serializers.IntegerField()


class FairValueGapSerializer(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=TRENDS)
    top = number_or_null("USD")
    bottom = number_or_null("USD")
    size = number_or_null("USD")
    sizeAtr = number_or_null("Size in ATR")
    time = moment("Opening of the middle candle")
    knownAt = moment("Close of the third candle")
    state = serializers.ChoiceField(choices=["open", "partly_filled", "filled"])
    filledPct = number_or_null("How deep wicks came back, 0 to 100")
    touchedAt = moment("First wick back into it", allow_null=True)
    filledAt = moment("First wick through it", allow_null=True)


class OrderBlockSerializer(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=TRENDS)
    top = number_or_null("USD")
    bottom = number_or_null("USD")
    sizeAtr = number_or_null("Size in ATR")
    time = moment("Opening of its candle")
    knownAt = moment("The break that made it one")
    state = serializers.ChoiceField(choices=["fresh", "mitigated", "broken"])
    mitigatedAt = moment("First wick back into it", allow_null=True)
    brokenAt = moment("First close through it", allow_null=True)


class LiquidityZoneSerializer(serializers.Serializer[Any]):
    price = number_or_null("USD")
    top = number_or_null("USD")
    bottom = number_or_null("USD")
    strength = serializers.ChoiceField(choices=STRENGTHS, help_text="By touches and age")
    touches = serializers.IntegerField()
    time = moment("Opening of its first swing's candle")
    knownAt = moment("When the second swing was confirmed")
    state = serializers.ChoiceField(choices=["resting", "swept"])
    touchedAt = moment("When its last swing so far was confirmed")
    sweptAt = moment("When price took it", allow_null=True)


class LiquidityZonesSerializer(serializers.Serializer[Any]):
    buyLiquidity = LiquidityZoneSerializer(many=True, help_text="Stops above equal highs")
    sellLiquidity = LiquidityZoneSerializer(many=True, help_text="Stops below equal lows")


class DealingRangeSerializer(serializers.Serializer[Any]):
    high = number_or_null("USD")
    low = number_or_null("USD")
    positionPct = number_or_null("Where price stands: 0 at the low, 100 at the high")
    part = serializers.ChoiceField(choices=["premium", "equilibrium", "discount"])
    highAt = moment("Opening of the high's candle")
    lowAt = moment("Opening of the low's candle")
    knownAt = moment("When both swings were known")


class PreviousLevelsSerializer(serializers.Serializer[Any]):
    periodHours = serializers.IntegerField()
    high = number_or_null("USD")
    low = number_or_null("USD")
    time = moment("Start of the period")
    knownAt = moment("Its end")
    highSweptAt = moment("First wick beyond the high", allow_null=True)
    lowSweptAt = moment("First wick beyond the low", allow_null=True)


class StructureVerdictSerializer(TrendSerializer):
    recommendation = serializers.ChoiceField(choices=["LONG", "SHORT", "NEUTRAL"])
    reasons = texts("Why")


class TimeframeStructureSerializer(serializers.Serializer[Any]):
    timeframe = serializers.ChoiceField(choices=["5m", "15m", "1h", "4h", "1d"])
    timestamp = moment("Close of the newest candle")
    price = number_or_null("That close, USD")
    candles = serializers.IntegerField(help_text="Closed candles that were read")
    complete = serializers.BooleanField(
        help_text="False: labels of the oldest objects rest on a short history"
    )
    marketStructure = TrendSerializer()
    swingPoints = SwingPointsSerializer()
    structureBreaks = StructureBreakSerializer(many=True, help_text="The last three")
    fairValueGaps = FairValueGapSerializer(many=True, help_text="The last five")
    orderBlocks = OrderBlockSerializer(many=True, help_text="The last five")
    liquidityZones = LiquidityZonesSerializer()
    dealingRange = DealingRangeSerializer(allow_null=True)
    previousLevels = PreviousLevelsSerializer(allow_null=True)
    analysis = StructureVerdictSerializer()
    source = text("Whose candles these are")  # type: ignore[assignment]


class StructureSerializer(TimeframeStructureSerializer):
    success = serializers.BooleanField()
    symbol = text("Canonical coin name, whatever spelling was asked for")
    alignment = StructureAlignmentSerializer(help_text="All asked-for timeframes together")
    timeframes = serializers.DictField(
        child=TimeframeStructureSerializer(),
        help_text="Every timeframe, when several were asked for; the first also stands at the top",
    )
    problems = MarketProblemSerializer(many=True)


class SignalStructureSerializer(serializers.Serializer[Any]):
    """Market structure beside a signal, from the bars it was computed from; never in its score."""

    alignment = StructureAlignmentSerializer()
    timeframes = serializers.DictField(child=TrendSerializer())
    timeframe = text("The one that the rest is of", allow_null=True)
    structureBreaks = StructureBreakSerializer(many=True)
    fairValueGaps = FairValueGapSerializer(many=True, help_text="Not filled yet")
    orderBlocks = OrderBlockSerializer(many=True, help_text="Not broken yet")
    liquidityZones = LiquidityZonesSerializer(help_text="Not swept yet")


class StructureInfoSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    description = serializers.CharField()
    concepts = serializers.DictField(child=serializers.CharField())
    interpretation = serializers.DictField(child=serializers.CharField())
    timeframes = texts("Bar lengths")
