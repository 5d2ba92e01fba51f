"""The documented shapes of ``/smc``, and of ``smcAnalysis`` beside a signal."""

# ruff: noqa: N815 - public keys

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from smartmoney.api.serializers import (
    SmartMoneyProblemSerializer,
    StructureAlignmentSerializer,
    number,
    text,
    texts,
)

TRENDS = ["bullish", "bearish", "neutral"]
STRENGTHS = ["strong", "moderate", "weak"]


def _time(help_text: str, *, nullable: bool = False) -> serializers.DateTimeField:
    return serializers.DateTimeField(help_text=help_text, allow_null=nullable)


class TrendSerializer(serializers.Serializer[Any]):
    trend = serializers.ChoiceField(choices=TRENDS)
    strength = serializers.ChoiceField(choices=STRENGTHS)
    since = _time("When the last break became known", nullable=True)


class SwingPointSerializer(serializers.Serializer[Any]):
    price = number("USD")
    time = _time("Opening of its candle")
    knownAt = _time("Close of the candle that confirmed it; not told before")
    sizeAtr = number("Height in ATR")
    sweptAt = _time("First wick beyond it", nullable=True)
    brokenAt = _time("First close beyond it", nullable=True)


class SwingPointsSerializer(serializers.Serializer[Any]):
    highs = SwingPointSerializer(many=True)
    lows = SwingPointSerializer(many=True)


class StructureBreakSerializer(serializers.Serializer[Any]):
    type = serializers.ChoiceField(
        choices=["BOS", "CHoCH"], help_text="With the structure before it, or against it"
    )
    direction = serializers.ChoiceField(choices=TRENDS)
    price = number("USD: the swing that was broken")
    breakPrice = number("USD: the close that broke it")
    time = _time("Opening of the breaking candle")
    knownAt = _time("Its close")
    swingsBroken = serializers.IntegerField()


class FairValueGapSerializer(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=TRENDS)
    top = number("USD")
    bottom = number("USD")
    size = number("USD")
    sizeAtr = number("Size in ATR")
    time = _time("Opening of the middle candle")
    knownAt = _time("Close of the third candle")
    state = serializers.ChoiceField(choices=["open", "partly_filled", "filled"])
    filledPct = number("How deep wicks came back, 0 to 100")
    touchedAt = _time("First wick back into it", nullable=True)
    filledAt = _time("First wick through it", nullable=True)


class OrderBlockSerializer(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=TRENDS)
    top = number("USD")
    bottom = number("USD")
    sizeAtr = number("Size in ATR")
    time = _time("Opening of its candle")
    knownAt = _time("The break that made it one")
    state = serializers.ChoiceField(choices=["fresh", "mitigated", "broken"])
    mitigatedAt = _time("First wick back into it", nullable=True)
    brokenAt = _time("First close through it", nullable=True)


class LiquidityZoneSerializer(serializers.Serializer[Any]):
    price = number("USD")
    top = number("USD")
    bottom = number("USD")
    strength = serializers.ChoiceField(choices=STRENGTHS, help_text="By touches and age")
    touches = serializers.IntegerField()
    time = _time("Opening of its first swing's candle")
    knownAt = _time("When the second swing was confirmed")
    state = serializers.ChoiceField(choices=["resting", "swept"])
    touchedAt = _time("When its last swing so far was confirmed")
    sweptAt = _time("When price took it", nullable=True)


class LiquidityZonesSerializer(serializers.Serializer[Any]):
    buyLiquidity = LiquidityZoneSerializer(many=True, help_text="Stops above equal highs")
    sellLiquidity = LiquidityZoneSerializer(many=True, help_text="Stops below equal lows")


class DealingRangeSerializer(serializers.Serializer[Any]):
    high = number("USD")
    low = number("USD")
    positionPct = number("Where price stands: 0 at the low, 100 at the high")
    part = serializers.ChoiceField(choices=["premium", "equilibrium", "discount"])
    highAt = _time("Opening of the high's candle")
    lowAt = _time("Opening of the low's candle")
    knownAt = _time("When both swings were known")


class PreviousLevelsSerializer(serializers.Serializer[Any]):
    periodHours = serializers.IntegerField()
    high = number("USD")
    low = number("USD")
    time = _time("Start of the period")
    knownAt = _time("Its end")
    highSweptAt = _time("First wick beyond the high", nullable=True)
    lowSweptAt = _time("First wick beyond the low", nullable=True)


class StructureVerdictSerializer(TrendSerializer):
    recommendation = serializers.ChoiceField(choices=["LONG", "SHORT", "NEUTRAL"])
    reasons = texts("Why")


class TimeframeStructureSerializer(serializers.Serializer[Any]):
    timeframe = serializers.ChoiceField(choices=["5m", "15m", "1h", "4h", "1d"])
    timestamp = _time("Close of the newest candle")
    price = number("That close, USD")
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
    problems = SmartMoneyProblemSerializer(many=True)


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
