"""The documented shapes of ``POST /batch/signals``."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from config.api.schema import ProblemDetailsSerializer
from market.instruments import LONGEST_QUERY
from signals.api.serializers import SignalSerializer

MOST_SYMBOLS = 50


class BatchSignalsParams(serializers.Serializer[Any]):
    """Which coins, and by which profile."""

    symbols = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_QUERY),
        min_length=1,
        max_length=MOST_SYMBOLS,
        help_text="Coins in any usual spelling; one that is named twice is answered once.",
    )
    profile = serializers.CharField(
        required=False, max_length=40, help_text="Scoring profile; the default one when absent."
    )


class BatchSignalsSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="Signals in this answer")
    partial = serializers.BooleanField(  # type: ignore[assignment] # hides Serializer.partial
        help_text="True when a coin that exists has no answer, or one from too little data for a "
        "direction: asked for again, it may be complete"
    )
    signals = SignalSerializer(
        many=True, help_text="In the order asked for, each as /signals/{symbol} answers it"
    )
    errors = serializers.DictField(  # type: ignore[assignment] # hides Serializer.errors
        child=ProblemDetailsSerializer(),
        help_text="The coins without an answer, as they were asked for, and why",
    )
