"""The documented shapes of ``/mss/watch``: what is asked for, and what is answered."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from config.api.fields import number_or_null, text
from mss.api.serializers import MssScoreSerializer


class WatchSerializer(serializers.Serializer[Any]):
    """A coin to watch."""

    symbol = serializers.CharField(
        max_length=100, help_text="Any usual spelling, or CoinGecko's id."
    )
    interval_minutes = serializers.IntegerField(
        default=15, min_value=5, max_value=60, help_text="How often it is scored."
    )
    score_threshold = serializers.FloatField(
        default=75.0, min_value=0, max_value=100, help_text="Score from which on it alerts."
    )
    expires_in_hours = serializers.IntegerField(
        required=False, min_value=1, max_value=2160, help_text="Watched so long; absent: for good."
    )
    note = serializers.CharField(
        default="", allow_blank=True, max_length=200, help_text="For whoever reads the list."
    )


class MssMonitoringSerializer(serializers.Serializer[Any]):
    active = serializers.BooleanField()
    interval_minutes = serializers.IntegerField()
    next_update_in_minutes = number_or_null("0: due now; null: not watched")
    expires_at = serializers.DateTimeField(allow_null=True)


class MssAlertsSerializer(serializers.Serializer[Any]):
    score_threshold = number_or_null("Score from which on it alerts; null: not watched")


class MssWatchedCoinSerializer(serializers.Serializer[Any]):
    symbol = text("Canonical coin name where it has futures, else CoinGecko's")
    coingecko_id = text("Symbols are not unique, this is", allow_null=True)
    monitoring = MssMonitoringSerializer()
    current_state = MssScoreSerializer(allow_null=True, help_text="Newest stored score, or null")
    alerts = MssAlertsSerializer()
    note = text("Of whoever added it")


class MssWatchedSerializer(MssWatchedCoinSerializer):
    success = serializers.BooleanField()


class MssWatchlistSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    total = serializers.IntegerField()
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()
    watching = MssWatchedCoinSerializer(many=True, help_text="By name")
