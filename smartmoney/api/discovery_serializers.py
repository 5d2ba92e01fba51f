"""The documented shapes of discovery: coins by size, contracts, trends, new listings, searches."""

# ruff: noqa: N815 - public keys

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from config.api.fields import number_or_null, text, texts
from market.api.serializers import MarketProblemSerializer


class DiscoverFiltersSerializer(serializers.Serializer[Any]):
    maxMarketCap = serializers.FloatField(help_text="USD")
    minVolume = serializers.FloatField(help_text="USD")
    source = text("all, binance or coingecko")  # type: ignore[assignment]
    category = text("CoinGecko's id", allow_null=True)
    limit = serializers.IntegerField()


class DiscoveredCoinSerializer(serializers.Serializer[Any]):
    symbol = text("Canonical coin name where it has futures")
    name = text("As CoinGecko writes it", allow_null=True)
    price = number_or_null("USD per coin")
    marketCap = number_or_null("USD")
    volume24h = number_or_null("USD: of the futures where there are some, else of all markets")
    priceChange24h = number_or_null("Percent")
    source = text("Who knows it; both: an exchange and CoinGecko")  # type: ignore[assignment]
    hasFutures = serializers.BooleanField(help_text="A live USDT perpetual on Binance or OKX")


class DiscoverSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    timestamp = serializers.DateTimeField()
    totalFound = serializers.IntegerField(help_text="Coins that fit; the largest are listed")
    filters = DiscoverFiltersSerializer()
    coins = DiscoveredCoinSerializer(many=True)
    problems = MarketProblemSerializer(many=True)


class FuturesCoinSerializer(serializers.Serializer[Any]):
    symbol = text("Canonical coin name")
    venueSymbol = text("The venue's own name", allow_null=True)
    price = number_or_null("USD per coin, last trade")
    volume24h = number_or_null("USD")
    priceChange24h = number_or_null("Percent")
    high24h = number_or_null("USD per coin")
    low24h = number_or_null("USD per coin")
    source = text("binance or okx")  # type: ignore[assignment]


class FuturesListSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    timestamp = serializers.DateTimeField()
    totalSymbols = serializers.IntegerField(help_text="Live USDT perpetuals of the venue")
    filteredCount = serializers.IntegerField(help_text="Of these, traded enough")
    minVolume = serializers.FloatField(help_text="USD")
    coins = FuturesCoinSerializer(many=True)
    problems = MarketProblemSerializer(many=True)


class TrendingCoinSerializer(serializers.Serializer[Any]):
    rank = serializers.IntegerField(help_text="1 is first")
    symbol = text("Canonical coin name where it has futures")
    name = text("As CoinGecko writes it")
    coingeckoId = text("CoinGecko's id")
    marketCapRank = serializers.IntegerField(allow_null=True)
    price = number_or_null("USD per coin")
    priceChange24h = number_or_null("Percent")
    hasFutures = serializers.BooleanField(help_text="A live USDT perpetual on Binance or OKX")


class TrendingSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    timestamp = serializers.DateTimeField()
    source = text("Who says so")  # type: ignore[assignment]
    coins = TrendingCoinSerializer(many=True)


class NewListingSerializer(serializers.Serializer[Any]):
    symbol = text("Canonical coin name")
    listedAt = serializers.DateTimeField()
    newOn = texts("Venues that list it since then")
    evidence = serializers.ChoiceField(
        choices=["listing_time", "list_difference"],
        help_text="The venue's own time, or that the coin was not in the list before",
    )
    binance = text("Contract", allow_null=True)
    okx = text("Contract", allow_null=True)
    marketCapRank = serializers.IntegerField(allow_null=True)


class NewListingsSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    timestamp = serializers.DateTimeField()
    days = serializers.IntegerField()
    totalFound = serializers.IntegerField()
    coins = NewListingSerializer(many=True, help_text="Newest first")


class FoundInstrumentSerializer(serializers.Serializer[Any]):
    symbol = text("Canonical coin name")
    hasFutures = serializers.BooleanField()
    binance = text("Contract", allow_null=True)
    okx = text("Contract", allow_null=True)
    coingeckoId = text("CoinGecko's id", allow_null=True)
    marketCapRank = serializers.IntegerField(allow_null=True)


class FoundCoinSerializer(serializers.Serializer[Any]):
    symbol = text("As CoinGecko writes it; not unique")
    name = text("As CoinGecko writes it")
    hasFutures = serializers.BooleanField()
    coingeckoId = text("CoinGecko's id")
    marketCapRank = serializers.IntegerField(allow_null=True)


class CoinSearchSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    query = text("What was asked for")
    coins = FoundInstrumentSerializer(many=True, help_text="With futures, nearest name first")
    others = FoundCoinSerializer(many=True, help_text="Known to CoinGecko, without futures")
    problems = MarketProblemSerializer(many=True)
