"""The documented shapes of ``/history``. Answers are plain values; these describe them.

``tests/signals/test_history_api.py`` holds real answers against them.
"""

# ruff: noqa: N815 - public keys, those of the first release among them

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from config.api.fields import moment, number, text, whole
from signals.engine.types import Confidence
from signals.history_pages import COUNTED_TO


def _group(help_text: str, **options: Any) -> serializers.DictField:
    return serializers.DictField(help_text=help_text, **options)


def _count(help_text: str) -> serializers.IntegerField:
    return whole(f"{help_text}; null above {COUNTED_TO:,}", allow_null=True)


# --- Signals --------------------------------------------------------------------------------------


class HistoryItemSerializer(serializers.Serializer[Any]):
    """A stored signal as lists show it."""

    id = whole("Of the row")
    symbol = text("Canonical coin name")
    signal = serializers.ChoiceField(choices=["LONG", "SHORT"])
    score = number("0 to 100")
    confidence = serializers.ChoiceField(choices=[band.value for band in Confidence])
    price = number("USD per coin")
    timestamp = moment("When it was evaluated")
    reasons = serializers.ListField(child=serializers.CharField())
    metrics = _group("Funding, open interest, social score, trend")
    comprehensiveMetrics = _group("Price changes and ratios", allow_null=True)
    lunarCrushMetrics = _group("Social metrics", allow_null=True)
    coinAPIMetrics = _group("Order book and trades", allow_null=True)
    smcAnalysis = _group("Market structure", allow_null=True)
    ai_validation = _group("A second opinion, when there was one", allow_null=True)
    created_at = moment("When it was stored; of an imported one, when its source had stored it")
    seq = whole("Place in its chain, from 1; null: imported, in no chain", allow_null=True)
    profile = text("Scoring profile; `imported` when the source names none")
    coveragePct = number("Percent of the weight that was known", allow_null=True)
    contentHash = text("SHA-256 of its columns; null: imported", allow_null=True)
    origin = serializers.ChoiceField(choices=["own", "imported"])


class HistorySerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    total = whole("Listed signals, whatever the filters")
    filtered = _count("Those that pass the filters; without any, total")
    signals = HistoryItemSerializer(many=True)
    nextCursor = text("`cursor` of the next page; null: this is the last", allow_null=True)
    storage = serializers.ChoiceField(choices=["postgresql", "sqlite"])


class WholeSignalSerializer(HistoryItemSerializer):
    """A stored signal with all its evidence."""

    factors = _group("Each factor with score, weight, contribution and reason; {}: imported")
    provenance = _group("Each reading with value, unit, source and times; {}: imported")
    problems = serializers.ListField(child=serializers.DictField())
    confidenceScore = number("0 to 1", allow_null=True)
    environment = text("live, sandbox or test")
    engineVersion = text("Version of the scoring engine; empty when the source names none")
    profileVersion = whole("0: not known")
    profileSettings = _group("The profile as it was")
    inputHash = text("SHA-256 of exactly what was scored", allow_null=True)
    prevHash = text("contentHash of the link before", allow_null=True)
    importedAt = moment("When it was imported", allow_null=True)
    sourceReference = text("What the source called it", allow_null=True)
    sourceExtra = _group("What else the source's record held", allow_null=True)
    listed = serializers.BooleanField(help_text="False: a clear hides it from the lists")


# --- Figures --------------------------------------------------------------------------------------


class HistoryRangeSerializer(serializers.Serializer[Any]):
    first = moment("Of the oldest signal", allow_null=True)
    last = moment("Of the newest", allow_null=True)


class HistoryEvaluationsSerializer(serializers.Serializer[Any]):
    """How often coins were evaluated for publishing: what the signals are out of."""

    evaluated = whole("The sum of the four")
    long = whole("LONG, published or not")
    short = whole("SHORT, published or not")
    neutral = whole("NEUTRAL with enough data")
    insufficient = whole("NEUTRAL for lack of data")
    firstDay = serializers.DateField(allow_null=True)
    lastDay = serializers.DateField(allow_null=True)


class HistoryStatisticsSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    symbol = text("The coin; null: all", allow_null=True)
    total = whole("Listed signals, exactly")
    signals = _group("LONG and SHORT; NEUTRAL is never stored", child=serializers.IntegerField())
    percentages = _group(
        "Of total; null when it is 0", child=serializers.FloatField(allow_null=True)
    )
    averageScore = number("Null without signals", allow_null=True)
    symbolDistribution = _group("Signals by coin, most first", child=serializers.IntegerField())
    dateRange = HistoryRangeSerializer()
    evaluations = HistoryEvaluationsSerializer()
    storage = serializers.ChoiceField(choices=["postgresql", "sqlite"])


# --- Chains ---------------------------------------------------------------------------------------


class StreamHeadSerializer(serializers.Serializer[Any]):
    symbol = text("Coin")
    profile = text("Scoring profile")
    length = whole("Links: the newest one's seq")
    headHash = text("contentHash of the newest link")
    headAt = moment("When that was evaluated")


class HistoryAlgorithmSerializer(serializers.Serializer[Any]):
    hash = text("The hash")
    content = text("What is hashed")
    canonicalForm = text("How it is spelled")
    stream = text("What one chain holds")
    link = text("How links follow")
    genesis = text("prev_hash of the first link")
    columns = serializers.ListField(child=serializers.CharField())


class HistoryCountsSerializer(serializers.Serializer[Any]):
    streams = whole("Chains")
    own = whole("Links of all chains, hidden ones included")
    imported = whole("Imported signals, in no chain, hidden ones included")


class HistoryCutSerializer(serializers.Serializer[Any]):
    hiddenUntil = moment("Signals evaluated at or before are not listed")
    madeAt = moment("When it was asked for")


class HistoryInfoSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    description = serializers.CharField()
    environment = text("live, sandbox or test")
    storage = serializers.ChoiceField(choices=["postgresql", "sqlite"])
    retention = serializers.CharField()
    counts = HistoryCountsSerializer()
    newestCut = HistoryCutSerializer(allow_null=True)
    algorithm = HistoryAlgorithmSerializer()
    verification = serializers.CharField()
    streams = StreamHeadSerializer(many=True)
    nextCursor = text("`cursor` of the next page; null: this is the last", allow_null=True)
    endpoints = _group("What there is", child=serializers.CharField())


class HistoryClearedSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    message = serializers.CharField()
    hiddenUntil = moment("Signals evaluated at or before are not listed any more")
    newlyHidden = _count("Signals that were listed until now")
    deleted = whole("Always 0")
