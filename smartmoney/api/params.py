"""Query parameters of ``/smart-money`` and ``/smc``: bounds, choices, and which coins they mean."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from config.api.fields import page_limit, page_offset
from market.types import Interval
from market.watchlists import split_names
from smartmoney.choices import Choice, Criteria, named_coins, watchlist_coins
from smartmoney.discovery import Source

# Coins of one answer; a background scan takes hundreds.
MOST_COINS = 50
DEFAULT_COINS = 40
MOST_NAMES_LENGTH = 1200
MOST_TIMEFRAMES = len(Interval)

# Spellings of the first release beside our own.
TIMEFRAMES = {
    **{interval.value: interval for interval in Interval},
    "5MIN": Interval.M5, "15MIN": Interval.M15, "1HRS": Interval.H1, "4HRS": Interval.H4,
    "1DAY": Interval.D1,
}  # fmt: skip
DEFAULT_TIMEFRAME = Interval.H1


def _score(default: int, help_text: str) -> serializers.IntegerField:
    return serializers.IntegerField(default=default, min_value=0, max_value=10, help_text=help_text)


def _usd(default: float, most: float, help_text: str) -> serializers.FloatField:
    return serializers.FloatField(
        default=default, min_value=0, max_value=most, help_text=f"USD. {help_text}"
    )


class ChoiceParams(serializers.Serializer[Any]):
    """Which coins: named, of a watchlist, or those that are scanned anyway."""

    coins = serializers.CharField(
        required=False,
        max_length=MOST_NAMES_LENGTH,
        help_text=f"Names separated by commas, {MOST_COINS} at most. Without: a watchlist's coins.",
    )
    watchlist = serializers.CharField(
        required=False,
        max_length=60,
        help_text=f"A watchlist; its first {MOST_COINS} coins. Without: all lists' coins.",
    )

    def validate_coins(self, value: str) -> str:
        names = split_names(value)
        if not names:
            raise serializers.ValidationError("Name at least one coin.")
        if len(names) > MOST_COINS:
            raise serializers.ValidationError(
                f"{len(names)} coins; {MOST_COINS} at most. POST /smart-money/scans takes more."
            )
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "coins" in attrs and "watchlist" in attrs:
            raise serializers.ValidationError({"watchlist": "Give either coins or a watchlist."})
        return attrs


def choice_of(query: dict[str, Any]) -> Choice:
    """Return the coins that a query means. Raises BadChoice."""
    if "coins" in query:
        return named_coins(split_names(query["coins"]))
    name = query.get("watchlist")
    return watchlist_coins(name, DEFAULT_COINS if name is None else MOST_COINS)


class ScanParams(ChoiceParams):
    min_accumulation_score = _score(5, "Least score of a coin listed under accumulation.")
    min_distribution_score = _score(5, "Least score of a coin listed under distribution.")


class SideParams(ChoiceParams):
    min_score = _score(5, "Least score of a coin listed.")
    limit = page_limit(10, MOST_COINS, "Coins listed at most.")


class FinderParams(SideParams):
    min_score = _score(8, "Least accumulation score.")
    exclude_overbought = serializers.BooleanField(
        default=True, help_text="Leave out coins that rose more than 8 % in 24 h."
    )


class AutoParams(serializers.Serializer[Any]):
    criteria = serializers.ChoiceField(
        choices=[each.value for each in Criteria],
        default=Criteria.VOLUME.value,
        help_text="volume: most traded; gainers, losers: moved 5 % or more in 24 h; small_cap: "
        "market cap up to 100 M USD.",
    )
    limit = page_limit(20, MOST_COINS, "Coins to scan.", least=5)
    min_accumulation_score = _score(5, "Least score of a coin listed under accumulation.")
    min_distribution_score = _score(5, "Least score of a coin listed under distribution.")


class DiscoverParams(serializers.Serializer[Any]):
    max_market_cap = _usd(100e6, 1e14, "Largest market cap; unknown ones are left out.")
    min_volume = _usd(500e3, 1e13, "Least volume of 24 h.")
    source = serializers.ChoiceField(  # type: ignore[assignment]
        choices=[each.value for each in Source],
        default=Source.ALL.value,
        help_text="binance: coins with a perpetual there, or on OKX while Binance is away.",
    )
    category = serializers.RegexField(
        r"^[a-z0-9][a-z0-9.-]*$",
        default="",
        max_length=80,
        help_text="A category of CoinGecko by its id, such as layer-1 or meme-token.",
    )
    limit = page_limit(30, 100, "Coins at most.")


class FuturesListParams(serializers.Serializer[Any]):
    min_volume = _usd(1e6, 1e13, "Least volume of 24 h.")
    limit = page_limit(100, 200, "Coins at most.")
    offset = page_offset("Coins to pass over.")


class NewListingsParams(serializers.Serializer[Any]):
    days = page_limit(14, 90, "Listed since so many days.")
    limit = page_limit(30, 100, "Coins at most.")


class SearchParams(serializers.Serializer[Any]):
    query = serializers.CharField(
        min_length=1, max_length=40, help_text="Part of a coin's name or symbol."
    )
    limit = page_limit(10, 25, "Coins of each kind at most.")


class ScanResultsParams(serializers.Serializer[Any]):
    side = serializers.ChoiceField(
        choices=["all", "accumulation", "distribution", "neutral"],
        default="all",
        help_text="Which side of the results.",
    )
    min_score = _score(0, "Least score of the side, or of either.")
    limit = page_limit(50, 60, "Results at most.")
    offset = page_offset("Results to pass over.")


class StructureParams(serializers.Serializer[Any]):
    timeframe = serializers.ChoiceField(
        choices=list(TIMEFRAMES), required=False, help_text="One bar length; 1h when absent."
    )
    timeframes = serializers.CharField(
        required=False,
        max_length=60,
        help_text="Several bar lengths separated by commas: 5m, 15m, 1h, 4h, 1d.",
    )

    def validate_timeframes(self, value: str) -> list[Interval]:
        names = split_names(value)
        unknown = [name for name in names if name not in TIMEFRAMES]
        if unknown or not names:
            known = ", ".join(interval.value for interval in Interval)
            raise serializers.ValidationError(f"Bar lengths are {known}.")
        return list(dict.fromkeys(TIMEFRAMES[name] for name in names))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "timeframe" in attrs and "timeframes" in attrs:
            raise serializers.ValidationError(
                {"timeframes": "Give either one timeframe or several."}
            )
        return attrs


def timeframes_of(query: dict[str, Any]) -> list[Interval]:
    if "timeframes" in query:
        several: list[Interval] = query["timeframes"]
        return several
    return [TIMEFRAMES[query["timeframe"]] if "timeframe" in query else DEFAULT_TIMEFRAME]
