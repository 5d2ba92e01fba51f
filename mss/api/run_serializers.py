"""The documented shapes of ``/mss/scans``."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from mss.api.params import CandidateParams
from mss.api.serializers import MssFailedSerializer, MssScoreSerializer


class StartMssScanSerializer(CandidateParams):
    """Which coins to scan; an empty body is the regular scan."""


class MssRunSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    id = serializers.UUIDField()
    state = serializers.ChoiceField(
        choices=["running", "complete", "partial"],
        help_text="partial: its time was up before all coins were read",
    )
    coins_requested = serializers.IntegerField(
        allow_null=True, help_text="Null until the bulk lists are read"
    )
    coins_answered = serializers.IntegerField()
    coins_failed = serializers.IntegerField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class MssRunResultsSerializer(MssRunSerializer):
    total = serializers.IntegerField(help_text="Scores so far that fit the filter")
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()
    scores = MssScoreSerializer(many=True, help_text="Highest score first")
    failed = MssFailedSerializer(many=True, help_text="The first fifty")
