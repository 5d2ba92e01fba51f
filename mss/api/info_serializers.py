"""The documented shape of ``/mss/info``."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from config.api.fields import number, text
from mss.api.serializers import MssProfileSerializer


class MssEdgeSerializer(serializers.Serializer[Any]):
    above = serializers.FloatField(required=False, help_text="Beyond this value")
    points = number("Earned from there on")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `from` is no name that a class may have.
        least = serializers.FloatField(required=False, help_text="From this value on")
        return {"from": least, **super().get_fields()}


class MssBandsSerializer(serializers.Serializer[Any]):
    input = text("The figure that is read")
    start = number("Points below the first edge")
    edges = MssEdgeSerializer(many=True)


class MssPhaseInfoSerializer(serializers.Serializer[Any]):
    weight = number("Percent of the score")
    max_score = number("Points")
    pass_mark = number("Passed from so many points on")
    focus = text("What it asks")
    thresholds = serializers.DictField(
        child=MssBandsSerializer(many=True), help_text="Points by line; a line's parts add up"
    )


class MssMethodologySerializer(serializers.Serializer[Any]):
    phase1_discovery = MssPhaseInfoSerializer()
    phase2_confirmation = MssPhaseInfoSerializer()
    phase3_validation = MssPhaseInfoSerializer()


class MssScaleSerializer(serializers.Serializer[Any]):
    least = serializers.FloatField()
    most = serializers.FloatField()


class MssScoringSerializer(serializers.Serializer[Any]):
    formula = serializers.CharField()
    scale = MssScaleSerializer()
    signal_thresholds = serializers.DictField(
        child=serializers.FloatField(), help_text="Least score of each tier"
    )


class MssInfoSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    system = text("What this is")
    engine_version = text("Version of the scoring engine")
    profile = MssProfileSerializer(help_text="The points table in force")
    methodology = MssMethodologySerializer()
    scoring = MssScoringSerializer()
    data_sources = serializers.DictField(child=serializers.CharField())
    endpoints = serializers.DictField(child=serializers.CharField())
    gpt_compatible = serializers.BooleanField()
    telegram_alerts = text("When an alert goes out")
