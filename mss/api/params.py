"""Query parameters of ``/mss``: the names of the first release, with bounds."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from config.api.fields import page_limit, page_offset
from mss.candidates import Filters
from mss.engine.types import Tier
from mss.selectors import ScoreFilters

# Rows of one answer: as many as an assistant can take.
MOST_LISTED = 50
MOST_DISCOVERED = 100
MOST_HOURS = 720


def _score(help_text: str, **options: Any) -> serializers.FloatField:
    return serializers.FloatField(min_value=0, max_value=100, help_text=help_text, **options)


class CandidateParams(serializers.Serializer[Any]):
    """Which new coins are looked at."""

    max_fdv = serializers.FloatField(
        default=50e6,
        min_value=1e6,
        max_value=500e6,
        help_text="USD. Largest fully diluted valuation, or market cap where that is unknown.",
    )
    max_age_hours = serializers.IntegerField(
        default=72,
        min_value=1,
        max_value=MOST_HOURS,
        help_text="Oldest age; coins of unknown age are left out.",
    )
    min_volume = serializers.FloatField(
        default=100e3, min_value=10e3, max_value=1e13, help_text="USD. Least volume of 24 h."
    )
    category = serializers.RegexField(
        r"^[a-z0-9][a-z0-9.-]*$",
        default="",
        max_length=80,
        help_text="A category of CoinGecko by its id, such as layer-1 or meme-token: its largest "
        "coins instead of the newest ones.",
    )


def filters_of(query: dict[str, Any]) -> Filters:
    return Filters(
        max_valuation_usd=query["max_fdv"],
        max_age_hours=float(query["max_age_hours"]),
        min_volume_usd=query["min_volume"],
        category=query["category"],
    )


class DiscoverParams(CandidateParams):
    limit = page_limit(20, MOST_DISCOVERED, "Coins at most.")


class AnalyzeParams(serializers.Serializer[Any]):
    include_raw = serializers.BooleanField(
        default=False, help_text="Add what each phase was read from, with its source and time."
    )


class ScanParams(CandidateParams):
    min_mss_score = _score("Least score of a coin listed.", default=65.0)
    limit = page_limit(10, MOST_LISTED, "Coins at most.")


class RunParams(serializers.Serializer[Any]):
    min_mss_score = _score("Least score of a coin listed.", default=0.0)
    limit = page_limit(20, MOST_LISTED, "Scores at most.")
    offset = page_offset("Scores to pass over.")


class WatchlistParams(serializers.Serializer[Any]):
    limit = page_limit(20, MOST_LISTED, "Coins at most.")
    offset = page_offset("Coins to pass over.")


class WatchedParams(serializers.Serializer[Any]):
    interval_minutes = serializers.IntegerField(
        default=15,
        min_value=5,
        max_value=60,
        help_text="For older clients: what to answer with for a coin that is not watched. "
        "A watched coin has the interval it was added with.",
    )


class HistoryParams(serializers.Serializer[Any]):
    min_score = _score("Least score.", required=False)
    max_score = _score("Largest score.", required=False)
    signal = serializers.ChoiceField(
        choices=[tier.value for tier in Tier], required=False, help_text="One tier only."
    )
    since = serializers.DateTimeField(required=False, help_text="ISO 8601; UTC without a zone.")
    until = serializers.DateTimeField(
        required=False, help_text="ISO 8601, itself excluded; UTC without a zone."
    )
    limit = page_limit(20, MOST_LISTED, "Scores at most.")
    offset = page_offset("Scores to pass over.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for least, most in (("min_score", "max_score"), ("since", "until")):
            if least in attrs and most in attrs and attrs[least] > attrs[most]:
                raise serializers.ValidationError({most: f"Lies before {least}."})
        return attrs


def score_filters_of(query: dict[str, Any]) -> ScoreFilters:
    return ScoreFilters(
        min_score=query.get("min_score"),
        max_score=query.get("max_score"),
        tier=query.get("signal", ""),
        since=query.get("since"),
        until=query.get("until"),
    )


class TopScoresParams(serializers.Serializer[Any]):
    hours = serializers.IntegerField(
        default=24, min_value=1, max_value=MOST_HOURS, help_text="Scores of the last so many hours."
    )
    min_score = _score("Least score.", default=0.0)
    limit = page_limit(10, MOST_LISTED, "Coins at most.")
    offset = page_offset("Coins to pass over.")
