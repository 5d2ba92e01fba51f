"""The documented shapes of ``/lunarcrush/…``."""

# ruff: noqa: N815 - public keys

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from market.api.vendor_answers import VendorAnswerSerializer, VendorParams
from market.vendor_data.lunarcrush import TIMEFRAMES_H

GONE = "Null: the vendor no longer tells it"


class LunarCrushTimeSeriesParams(VendorParams):
    interval = serializers.ChoiceField(
        choices=["1h", "1d", "1w"], default="1d", help_text="Distance of the points."
    )
    days_back = serializers.IntegerField(
        default=30, min_value=1, max_value=365, help_text="So many days back."
    )
    limit = serializers.IntegerField(
        default=400, min_value=1, max_value=750, help_text="Newest points at most."
    )


class LunarCrushChangeParams(VendorParams):
    timeframe = serializers.ChoiceField(
        choices=list(TIMEFRAMES_H), default="24h", help_text="Compared with the time before it."
    )


class LunarCrushCoinSerializer(VendorAnswerSerializer):
    symbol = serializers.CharField()
    name = serializers.CharField()
    galaxyScore = serializers.FloatField(allow_null=True, help_text="0–100")
    altRank = serializers.IntegerField(allow_null=True, help_text="1 is the best")
    socialVolume = serializers.FloatField(allow_null=True, help_text="Posts within 24 h")
    socialEngagement = serializers.FloatField(allow_null=True, help_text="Interactions, 24 h")
    socialDominance = serializers.FloatField(allow_null=True, help_text="Percent")
    socialContributors = serializers.FloatField(allow_null=True)
    averageSentiment = serializers.FloatField(allow_null=True, help_text="0–100, 50 even")
    tweetVolume = serializers.FloatField(allow_null=True, help_text="Posts within 24 h")
    redditVolume = serializers.FloatField(allow_null=True, help_text="Posts within 24 h")
    newsVolume = serializers.FloatField(allow_null=True, help_text="Items within 24 h")
    sentimentAbsolute = serializers.FloatField(allow_null=True, help_text=GONE)
    urlShares = serializers.FloatField(allow_null=True, help_text=GONE)
    correlationRank = serializers.FloatField(allow_null=True, help_text=GONE)
    spamDetected = serializers.FloatField(allow_null=True, help_text=GONE)
    price = serializers.FloatField(allow_null=True, help_text="USD")
    priceUsd = serializers.FloatField(allow_null=True, help_text="USD, the same")
    volume24h = serializers.FloatField(allow_null=True, help_text="USD")
    marketCap = serializers.FloatField(allow_null=True, help_text="USD")
    percentChange24h = serializers.FloatField(allow_null=True)
    percentChange7d = serializers.FloatField(allow_null=True)
    volatility = serializers.FloatField(allow_null=True)
    categories = serializers.ListField(child=serializers.CharField())
    timeFetched = serializers.DateTimeField(help_text="When the vendor wrote it")


class LunarCrushColumnsSerializer(serializers.Serializer[Any]):
    timestamps = serializers.ListField(child=serializers.IntegerField(), help_text="Unix seconds")
    prices = serializers.ListField(child=serializers.FloatField(allow_null=True))
    socialVolumes = serializers.ListField(child=serializers.FloatField(allow_null=True))
    sentiments = serializers.ListField(child=serializers.FloatField(allow_null=True))
    galaxyScores = serializers.ListField(child=serializers.FloatField(allow_null=True))


class LunarCrushTimeSeriesSerializer(VendorAnswerSerializer):
    symbol = serializers.CharField()
    interval = serializers.CharField()
    dataPoints = serializers.IntegerField(help_text="Points in this answer")
    totalPoints = serializers.IntegerField(help_text="Points there are in that time")
    startTime = serializers.DateTimeField(allow_null=True)
    endTime = serializers.DateTimeField(allow_null=True, help_text="Its bucket may still count")
    timeSeries = LunarCrushColumnsSerializer(help_text="Parallel columns, oldest first")


class LunarCrushChangesSerializer(serializers.Serializer[Any]):
    socialVolumeChange = serializers.FloatField(allow_null=True, help_text="Percent")
    socialEngagementChange = serializers.FloatField(allow_null=True, help_text="Percent")
    sentimentChange = serializers.FloatField(allow_null=True, help_text="Points of 100")
    galaxyScoreChange = serializers.FloatField(allow_null=True, help_text="Points of 100")
    priceChange = serializers.FloatField(allow_null=True, help_text="Percent")
    spikeLevel = serializers.ChoiceField(
        choices=["extreme", "high", "moderate", "normal"],
        allow_null=True,
        help_text="Of the engagement: over 300, 100, 50 percent",
    )
    isSpiking = serializers.BooleanField(allow_null=True)


class LunarCrushChangeSerializer(VendorAnswerSerializer, LunarCrushChangesSerializer):
    symbol = serializers.CharField()
    timeframe = serializers.CharField()


class LunarCrushCurrentSerializer(serializers.Serializer[Any]):
    galaxyScore = serializers.FloatField(allow_null=True)
    socialVolume = serializers.FloatField(allow_null=True)
    sentiment = serializers.FloatField(allow_null=True)
    socialDominance = serializers.FloatField(allow_null=True)


class LunarCrushTrendSerializer(serializers.Serializer[Any]):
    available = serializers.BooleanField()
    dataPoints = serializers.IntegerField()


class LunarCrushMomentumSerializer(VendorAnswerSerializer):
    symbol = serializers.CharField()
    momentumScore = serializers.FloatField(allow_null=True, help_text="0–100, 50 unchanged")
    momentumLevel = serializers.ChoiceField(
        choices=["very_strong", "strong", "neutral", "weak", "very_weak"], allow_null=True
    )
    currentMetrics = LunarCrushCurrentSerializer()
    change24h = LunarCrushChangesSerializer(allow_null=True)
    trend7d = LunarCrushTrendSerializer()


class LunarCrushNetworkSerializer(serializers.Serializer[Any]):
    posts = serializers.FloatField(allow_null=True)
    interactions = serializers.FloatField(allow_null=True)
    sentiment = serializers.FloatField(allow_null=True, help_text="0–100")


class LunarCrushTopicSerializer(VendorAnswerSerializer):
    topic = serializers.CharField()
    title = serializers.CharField()
    topicRank = serializers.IntegerField(allow_null=True)
    sentiment = serializers.FloatField(
        allow_null=True, help_text="0–100, mean of the networks weighted by interactions"
    )
    interactions24h = serializers.FloatField(allow_null=True)
    contributors = serializers.FloatField(allow_null=True)
    posts = serializers.FloatField(allow_null=True)
    trend = serializers.ChoiceField(choices=["up", "down", "flat"], allow_null=True)
    networks = serializers.DictField(child=LunarCrushNetworkSerializer())
