"""The documented shapes of ``/smart-money``. Answers are plain values; these describe them.

``tests/smartmoney/test_api.py`` holds real answers against them.
"""

# ruff: noqa: N815 - public keys

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from config.api.fields import number_or_null, text, texts
from market.api.serializers import MarketProblemSerializer
from smartmoney.choices import Criteria
from smartmoney.engine.accumulation import Pattern

PATTERNS = [pattern.value for pattern in Pattern]
DIRECTIONS = ["LONG", "SHORT", "NEUTRAL"]


class SmartMoneyFailedSerializer(serializers.Serializer[Any]):
    symbol = text("As it was asked for")
    reason = text("Why it has no score")


class SmartMoneyCoinSerializer(serializers.Serializer[Any]):
    symbol = text("Canonical coin name")
    timestamp = serializers.DateTimeField(help_text="When its data was read")
    price = number_or_null("USD per coin")
    signalType = serializers.ChoiceField(
        choices=DIRECTIONS, allow_null=True, help_text="What /signals says of the same data"
    )
    compositeScore = number_or_null("Score of /signals, 0 to 100")
    accumulationScore = serializers.IntegerField(help_text="0 to 10")
    distributionScore = serializers.IntegerField(help_text="0 to 10")
    dominantPattern = serializers.ChoiceField(choices=PATTERNS)
    interpretation = text("0-3 weak, 4-6 moderate, 7-8 strong, 9-10 very strong")
    reasons = texts("One per scoring row of the dominant side, of both when neutral")
    knownPoints = serializers.IntegerField(help_text="Points that the known evidence could give")
    missing = texts("Evidence that could not be read: it gives no points")
    priceChange24h = number_or_null("Percent")


class _ScannedSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    timestamp = serializers.DateTimeField()
    coins = text("What the coins are called together")
    coinsScanned = serializers.IntegerField()
    coinsSuccessful = serializers.IntegerField()
    coinsFailed = serializers.IntegerField()
    partial = serializers.BooleanField(  # type: ignore[assignment]
        help_text="True: time was up before all coins were read"
    )
    coinsLeft = serializers.IntegerField(help_text="Coins not reached in time")
    scanId = serializers.UUIDField(
        allow_null=True, help_text="The scan that goes on: GET /smart-money/scans/{id}"
    )
    problems = MarketProblemSerializer(many=True)


class SmartMoneySummarySerializer(serializers.Serializer[Any]):
    accumulationSignals = serializers.IntegerField()
    distributionSignals = serializers.IntegerField()
    neutralCoins = serializers.IntegerField()


class SmartMoneyScanSerializer(_ScannedSerializer):
    summary = SmartMoneySummarySerializer()
    accumulation = SmartMoneyCoinSerializer(many=True, help_text="Best first")
    distribution = SmartMoneyCoinSerializer(many=True, help_text="Best first")
    neutral = SmartMoneyCoinSerializer(many=True, help_text="The five nearest to a side")
    failed = SmartMoneyFailedSerializer(many=True)


class SmartMoneyAutoScanSerializer(SmartMoneyScanSerializer):
    criteria = serializers.ChoiceField(choices=[each.value for each in Criteria])
    coinsSelected = serializers.IntegerField()


class SmartMoneySideSerializer(_ScannedSerializer):
    signalsFound = serializers.IntegerField()
    signals = SmartMoneyCoinSerializer(many=True, help_text="Best first")
    failed = SmartMoneyFailedSerializer(many=True)


class SmartMoneyFinderSerializer(SmartMoneySideSerializer):
    excludedOverbought = serializers.IntegerField(help_text="Coins left out as overbought")


class StructureAlignmentSerializer(serializers.Serializer[Any]):
    score = number_or_null("-100 to 100, positive bullish")
    coveragePct = serializers.FloatField(help_text="Share of the asked-for weight that is known")
    trend = serializers.ChoiceField(choices=["bullish", "bearish", "neutral"])
    recommendation = serializers.ChoiceField(choices=DIRECTIONS)
    reasons = texts("A sentence per timeframe")
    missing = texts("Timeframes that could not be read")


class SmartMoneyPointsSerializer(serializers.Serializer[Any]):
    price = number_or_null("USD per coin")
    signal = serializers.ChoiceField(
        choices=DIRECTIONS, allow_null=True, help_text="What /signals says of the same data"
    )
    compositeScore = number_or_null("Score of /signals, 0 to 100")
    accumulationScore = serializers.IntegerField(help_text="0 to 10")
    distributionScore = serializers.IntegerField(help_text="0 to 10")
    dominantPattern = serializers.ChoiceField(choices=PATTERNS)
    patternScore = serializers.IntegerField(help_text="The larger of the two")
    reasons = texts("Of the dominant side, of both when neutral")
    accumulationReasons = texts("One per row that gave points")
    distributionReasons = texts("One per row that gave points")
    interpretation = text("0-3 weak, 4-6 moderate, 7-8 strong, 9-10 very strong")
    maxScore = serializers.IntegerField()
    knownPoints = serializers.IntegerField(help_text="Points that the known evidence could give")
    missing = texts("Evidence that could not be read: it gives no points")


class SmartMoneyMetricsSerializer(serializers.Serializer[Any]):
    fundingRate = number_or_null("Percent per 8 hours; positive: longs pay")
    openInterest = number_or_null("USD")
    volume24h = number_or_null("USD, by our own bars")
    priceChange4h = number_or_null("Percent")
    priceChange24h = number_or_null("Percent")
    orderBook = text("Whose book was read; null: none", allow_null=True)


class SmartMoneyAnalysisSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    symbol = text("Canonical coin name, whatever spelling was asked for")
    timestamp = serializers.DateTimeField(help_text="When its data was read")
    analysis = SmartMoneyPointsSerializer()
    structure = StructureAlignmentSerializer(help_text="Market structure by the signal's bars")
    metrics = SmartMoneyMetricsSerializer()
    environment = text("live, sandbox or test")


class StartScanSerializer(serializers.Serializer[Any]):
    """What to scan: exactly one of ``coins``, ``watchlist`` and ``criteria``."""

    coins = serializers.ListField(
        child=serializers.CharField(max_length=40),
        min_length=1,
        max_length=500,
        required=False,
        help_text="Names of coins.",
    )
    watchlist = serializers.CharField(
        required=False, max_length=60, help_text="All coins of a watchlist."
    )
    criteria = serializers.ChoiceField(
        choices=[each.value for each in Criteria],
        required=False,
        help_text="An automatic choice, as /smart-money/scan/auto makes it.",
    )
    limit = serializers.IntegerField(
        default=100, min_value=1, max_value=500, help_text="Coins of an automatic choice."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if sum(name in attrs for name in ("coins", "watchlist", "criteria")) != 1:
            raise serializers.ValidationError("Give exactly one of coins, watchlist and criteria.")
        return attrs


class BackgroundScanSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    id = serializers.UUIDField()
    name = text("What the coins are called together")
    state = serializers.ChoiceField(
        choices=["running", "complete", "partial"],
        help_text="partial: its time was up before all coins were read",
    )
    coinsRequested = serializers.IntegerField()
    coinsAnswered = serializers.IntegerField()
    coinsFailed = serializers.IntegerField()
    progressPct = serializers.FloatField()
    startedAt = serializers.DateTimeField()
    finishedAt = serializers.DateTimeField(allow_null=True)


class ScanResultsSerializer(BackgroundScanSerializer):
    total = serializers.IntegerField(help_text="Results so far that fit the filters")
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()
    results = SmartMoneyCoinSerializer(many=True, help_text="Best first")
    failed = SmartMoneyFailedSerializer(many=True, help_text="The first hundred")


class SmartMoneyInfoSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    version = serializers.CharField()
    defaultCoins = texts("What a scan without coins is over")
    totalCoins = serializers.IntegerField()
    scoringSystem = serializers.DictField(
        child=serializers.JSONField(), help_text="Points, factors and levels of both sides"
    )
    endpoints = serializers.DictField(child=serializers.CharField())
    useCases = texts("What people ask for")
