"""The documented shapes of ``/mss``. Answers are plain values; these describe them.

``tests/mss/test_api.py`` holds real answers against them.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from config.api.fields import number, number_or_null, text, texts, whole
from market.api.serializers import MarketProblemSerializer
from mss.engine.types import PhaseStatus, Tier, TierConfidence, Warned

# --- One score ------------------------------------------------------------------------------------


class MssFailedSerializer(serializers.Serializer[Any]):
    coin = text("Its symbol, or CoinGecko's id; empty: the whole scan")
    reason = text("Why it has no score")


class MssPartsSerializer(serializers.Serializer[Any]):
    """A figure per phase."""

    phase1_discovery = number("Of 30 points: how early it is")
    phase2_confirmation = number("Of 35 points: how it is talked about")
    phase3_validation = number("Of 35 points: what positions say")


class MssBreakdownSerializer(serializers.Serializer[Any]):
    components = MssPartsSerializer(help_text="What each phase adds; their sum is the score")
    raw_scores = MssPartsSerializer(help_text="Points, of 30, 35 and 35")
    normalized_scores = MssPartsSerializer(help_text="Percent of each phase's points")


class MssRuleSerializer(serializers.Serializer[Any]):
    """One line of a phase's table."""

    points = number("Earned")
    max = number("Points there are")
    missing = texts("Of its inputs, those that are not known")


class MssInputSerializer(serializers.Serializer[Any]):
    value = number("In the unit beside it")
    unit = text("Unit of the value")
    source = text("Who said so")  # type: ignore[assignment]
    observed_at = serializers.DateTimeField(help_text="When it was so")
    fallback = serializers.BooleanField(help_text="A second choice stands in")
    note = text("Restrictions, such as a stand-in", allow_null=True)


class MssPhaseSerializer(serializers.Serializer[Any]):
    score = number("Points")
    max = number("Points there are")
    pass_mark = number("Passed from so many points on")
    status = serializers.ChoiceField(
        choices=[each.value for each in PhaseStatus],
        help_text="INSUFFICIENT_DATA: not passed, but what is not known could make it so",
    )
    coverage_pct = number("Percent of its points that known inputs decide")
    breakdown = serializers.DictField(
        child=MssRuleSerializer(), help_text="Points by line of the table"
    )
    inputs = serializers.DictField(
        child=MssInputSerializer(), required=False, help_text="Only with include_raw=true"
    )
    missing = texts("Inputs that are not known: they earn nothing")


class MssPhasesSerializer(serializers.Serializer[Any]):
    phase1_discovery = MssPhaseSerializer()
    phase2_confirmation = MssPhaseSerializer()
    phase3_validation = MssPhaseSerializer()


class MssWarningSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=[each.value for each in Warned])
    detail = text("The same in words, with its number")


class MssVerdictSerializer(serializers.Serializer[Any]):
    """Which coin, and what is said of it: the same in lists and alone."""

    symbol = text("Canonical coin name where it has futures, else CoinGecko's")
    name = text("As CoinGecko writes it", allow_null=True)
    coingecko_id = text("Symbols are not unique, this is", allow_null=True)
    timestamp = serializers.DateTimeField(help_text="When its data was read")
    mss_score = number("0 to 100: the sum of the phases")
    signal = serializers.ChoiceField(
        choices=[each.value for each in Tier], help_text="From 75, 65, 50, 35 and 0 points on"
    )
    confidence = serializers.ChoiceField(
        choices=[each.value for each in TierConfidence],
        help_text="By the tier; capped where much is not known",
    )
    coverage_pct = number("Percent of the 100 points that known inputs decide")
    has_futures = serializers.BooleanField(help_text="A live USDT perpetual on Binance or OKX")
    whale = serializers.BooleanField(
        help_text="Open interest, top traders and buying all say that somebody large is in"
    )
    missing = texts("Inputs that are not known: they earn nothing")


class MssScoreSerializer(MssVerdictSerializer):
    """A coin's score as lists show it."""

    raw_scores = MssPartsSerializer(help_text="Points of each phase, of 30, 35 and 35")
    fdv_usd = number_or_null("Fully diluted valuation")
    age_hours = number_or_null("Since the earliest sign of it")
    warnings = texts("What speaks for caution, by kind")


class MssFiguresSerializer(serializers.Serializer[Any]):
    """Figures that are shown; most of them earn nothing. Null is unknown."""

    price_usd = number_or_null("USD per coin")
    fdv_usd = number_or_null("Fully diluted valuation")
    market_cap_usd = number_or_null("USD")
    volume_24h_usd = number_or_null("USD, of all markets by CoinGecko")
    price_change_24h_pct = number_or_null("Percent")
    open_interest_usd = number_or_null("USD")
    futures_volume_24h_usd = number_or_null("USD, by our own bars")
    social_momentum = number_or_null("0 to 100, by LunarCrush")
    social_volume_change_24h_pct = number_or_null("Percent, by LunarCrush")
    trending_rank = number_or_null("Place among CoinGecko's searches; 0 is first")
    age_hours = number_or_null("Since the earliest sign of it")
    age_source = text("Who tells of that", allow_null=True)
    age_note = text("Which sign it is", allow_null=True)


class MssProfileSerializer(serializers.Serializer[Any]):
    name = text("Points table used")
    version = serializers.IntegerField()


class MssAnalysisSerializer(MssVerdictSerializer):
    success = serializers.BooleanField()
    breakdown = MssBreakdownSerializer()
    phases = MssPhasesSerializer()
    warnings = MssWarningSerializer(many=True)
    figures = MssFiguresSerializer()
    problems = MarketProblemSerializer(many=True)
    engine_version = text("Version of the scoring engine")
    profile = MssProfileSerializer()
    environment = text("live, sandbox or test")


# --- Lists ----------------------------------------------------------------------------------------


class MssFiltersSerializer(serializers.Serializer[Any]):
    max_fdv = number("USD")
    max_age_hours = serializers.IntegerField()
    min_volume = number("USD")
    category = text("CoinGecko's id", allow_null=True)
    limit = serializers.IntegerField()


class MssScanParametersSerializer(MssFiltersSerializer):
    min_mss_score = serializers.FloatField()


class MssCandidateSerializer(serializers.Serializer[Any]):
    symbol = text("Canonical coin name where it has futures")
    name = text("As CoinGecko writes it", allow_null=True)
    coingecko_id = text("CoinGecko's id", allow_null=True)
    fdv_usd = number_or_null("Fully diluted valuation")
    market_cap_usd = number_or_null("USD")
    volume_24h_usd = number_or_null("USD")
    age_hours = number_or_null("Since it is known to exist")
    age_source = text("Who told the age", allow_null=True)
    discovery_score = number("Points of phase 1, of 30")
    discovery_breakdown = serializers.DictField(
        child=serializers.FloatField(), help_text="Points by line of the table"
    )
    missing = texts("Of phase 1, inputs that are not known")
    has_futures = serializers.BooleanField(help_text="A live USDT perpetual on Binance or OKX")
    source = text(  # type: ignore[assignment]
        "Who told the valuation", allow_null=True
    )


class MssDiscoverSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    timestamp = serializers.DateTimeField()
    filters = MssFiltersSerializer()
    coins_looked_at = whole("New coins, or the category's")
    total_discovered = whole("Coins that fit; the best are listed")
    left_out = serializers.DictField(
        child=serializers.IntegerField(), help_text="How many others, by the reason"
    )
    coins = MssCandidateSerializer(many=True, help_text="Most points first")
    problems = MarketProblemSerializer(many=True)


class MssPassedSerializer(serializers.Serializer[Any]):
    filters = whole("Small, new and traded enough")
    phase1_discovery = whole("Not failed there; unknown figures fail nothing")
    phase2_confirmation = whole("Of those, not failed there")
    phase3_validation = whole("Of those, not failed there")


class MssSummarySerializer(serializers.Serializer[Any]):
    avg_mss_score = number_or_null("Of those coins; null without any")
    strong_signals = whole("Of those, from 75 points on")
    long_signals = whole("Of those, from 65 to 75 points")


class MssScanSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    timestamp = serializers.DateTimeField()
    scan_parameters = MssScanParametersSerializer()
    coins_looked_at = whole("New coins, or the category's")
    passed = MssPassedSerializer(help_text="How many coins came how far")
    total_high_potential = whole("Coins with min_mss_score that failed neither phase 1 nor 2")
    partial = serializers.BooleanField(  # type: ignore[assignment]
        help_text="True: time was up before all coins were read"
    )
    coins_left = whole("Coins not reached in time")
    run_id = serializers.UUIDField(
        allow_null=True, help_text="The scan that goes on: GET /mss/scans/{id}"
    )
    summary = MssSummarySerializer()
    coins = MssScoreSerializer(many=True, help_text="Highest score first")
    failed = MssFailedSerializer(many=True, help_text="The first fifty")
    problems = MarketProblemSerializer(many=True)


class _ScorePageSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    total = whole("Scores that fit the filters")
    count = whole("Scores in this answer")
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()
    has_more = serializers.BooleanField()


class MssHistorySerializer(_ScorePageSerializer):
    symbol = text("The coin asked for; null: all", allow_null=True)
    scores = MssScoreSerializer(many=True, help_text="Newest first")


class MssTopScoresSerializer(_ScorePageSerializer):
    timestamp = serializers.DateTimeField()
    hours = serializers.IntegerField()
    scores = MssScoreSerializer(many=True, help_text="Each coin's newest score, highest first")
