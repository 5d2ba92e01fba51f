"""The documented shapes of ``/coinapi/…``."""

# ruff: noqa: N815 - public keys

from __future__ import annotations

import re
from typing import Any

from rest_framework import serializers

from market.api.vendor_answers import VendorAnswerSerializer, VendorParams
from market.providers.coinapi_candle_payloads import Period

_EXCHANGE = re.compile(r"[A-Z0-9]{2,20}")
MOST_EXCHANGES = 10


class ExchangeField(serializers.CharField):
    """One exchange in CoinAPI's spelling, upper case."""

    def to_internal_value(self, data: Any) -> str:
        return exchange_name(super().to_internal_value(data))


def exchange_name(text: str) -> str:
    name = text.strip().upper()
    if not _EXCHANGE.fullmatch(name):
        raise serializers.ValidationError("Not an exchange: letters and digits, such as BINANCE.")
    return name


class CoinApiParams(VendorParams):
    exchange = ExchangeField(
        default="BINANCE",
        max_length=20,
        help_text="Spot exchange in CoinAPI's spelling; BINANCEFTS is Binance's perpetual.",
    )


class CoinApiLatestParams(CoinApiParams):
    period = serializers.ChoiceField(
        choices=[period.value for period in Period], default=Period.M1.value
    )
    limit = serializers.IntegerField(default=100, min_value=1, max_value=100, help_text="Bars.")


class CoinApiHistoricalParams(CoinApiParams):
    period = serializers.ChoiceField(
        choices=[period.value for period in Period], default=Period.H1.value
    )
    days_back = serializers.IntegerField(
        default=7, min_value=1, max_value=30, help_text="So many days back."
    )
    limit = serializers.IntegerField(
        default=300,
        min_value=1,
        max_value=700,
        help_text="Newest bars at most; each 100 cost a credit.",
    )


class CoinApiBookParams(CoinApiParams):
    limit = serializers.IntegerField(
        default=10, min_value=1, max_value=100, help_text="Levels of each side to list."
    )


class CoinApiTradesParams(CoinApiParams):
    limit = serializers.IntegerField(
        default=100, min_value=1, max_value=1000, help_text="Trades to read: a credit per 100."
    )


class CoinApiExchangesParams(VendorParams):
    exchanges = serializers.CharField(
        default="BINANCE,COINBASE,KRAKEN",
        max_length=220,
        help_text=f"Spot exchanges, comma-separated, at most {MOST_EXCHANGES}.",
    )

    def validate_exchanges(self, text: str) -> list[str]:
        names = list(dict.fromkeys(exchange_name(name) for name in text.split(",")))
        if len(names) > MOST_EXCHANGES:
            raise serializers.ValidationError(f"At most {MOST_EXCHANGES} exchanges.")
        return names


class CoinApiAnswerSerializer(VendorAnswerSerializer):
    symbol = serializers.CharField()
    exchange = serializers.CharField()


class CoinApiBarSerializer(serializers.Serializer[Any]):
    timeStart = serializers.DateTimeField()
    timeEnd = serializers.DateTimeField()
    open = serializers.FloatField()
    high = serializers.FloatField()
    low = serializers.FloatField()
    close = serializers.FloatField()
    volume = serializers.FloatField(help_text="In coins")
    tradesCount = serializers.IntegerField()
    closed = serializers.BooleanField(help_text="False while the bar still changes")


class CoinApiBarsGroupSerializer(serializers.Serializer[Any]):
    period = serializers.CharField()
    dataPoints = serializers.IntegerField()
    latest = CoinApiBarSerializer(allow_null=True)
    candles = CoinApiBarSerializer(many=True, help_text="Oldest first")


class CoinApiLatestSerializer(CoinApiAnswerSerializer, CoinApiBarsGroupSerializer):
    """The newest bars."""


class CoinApiTimeRangeSerializer(serializers.Serializer[Any]):
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    daysBack = serializers.IntegerField()
    shortened = serializers.BooleanField(help_text="True when limit left older bars out")


class CoinApiAnalysisSerializer(serializers.Serializer[Any]):
    priceChange = serializers.FloatField(help_text="Percent, first open to last close")
    currentPrice = serializers.FloatField()
    highPrice = serializers.FloatField()
    lowPrice = serializers.FloatField()
    averageVolume = serializers.FloatField(help_text="Coins per bar")
    volatility = serializers.FloatField(help_text="(highest − lowest) ÷ lowest, percent")


class CoinApiColumnsSerializer(serializers.Serializer[Any]):
    timestamps = serializers.ListField(child=serializers.IntegerField(), help_text="Unix seconds")
    closes = serializers.ListField(child=serializers.FloatField())
    highs = serializers.ListField(child=serializers.FloatField())
    lows = serializers.ListField(child=serializers.FloatField())
    volumes = serializers.ListField(child=serializers.FloatField())


class CoinApiHistoricalSerializer(CoinApiAnswerSerializer):
    period = serializers.CharField()
    timeRange = CoinApiTimeRangeSerializer()
    dataPoints = serializers.IntegerField()
    analysis = CoinApiAnalysisSerializer(allow_null=True)
    timeSeries = CoinApiColumnsSerializer(help_text="Parallel columns, oldest first")


class CoinApiSpreadSerializer(serializers.Serializer[Any]):
    bestBid = serializers.FloatField()
    bestAsk = serializers.FloatField()
    spread = serializers.FloatField(help_text="USD")
    spreadPercent = serializers.FloatField(help_text="Of the middle")


class CoinApiBookMetricsSerializer(serializers.Serializer[Any]):
    totalBidSize = serializers.FloatField(allow_null=True, help_text="Coins in the levels read")
    totalAskSize = serializers.FloatField(allow_null=True)
    imbalance = serializers.FloatField(
        allow_null=True, help_text="−100 to 100, positive when bids are heavier"
    )
    bidLevels = serializers.IntegerField()
    askLevels = serializers.IntegerField()


class CoinApiWallSerializer(serializers.Serializer[Any]):
    price = serializers.FloatField()
    size = serializers.FloatField(help_text="Coins")
    usd = serializers.FloatField()
    ratio = serializers.FloatField(help_text="Size ÷ mean of the other levels of its side")
    distanceBps = serializers.FloatField(allow_null=True, help_text="From the middle")
    weight = serializers.FloatField(
        allow_null=True, help_text="0–1, grows while it stands; null further than 2 % away"
    )
    stoodS = serializers.FloatField(allow_null=True, help_text="At least so many seconds")


class CoinApiWallsSerializer(serializers.Serializer[Any]):
    largeBids = serializers.IntegerField(allow_null=True)
    largeAsks = serializers.IntegerField(allow_null=True)
    topBidWall = CoinApiWallSerializer(allow_null=True, help_text="The one nearest the price")
    topAskWall = CoinApiWallSerializer(allow_null=True)
    bidWalls = CoinApiWallSerializer(many=True)
    askWalls = CoinApiWallSerializer(many=True)


class CoinApiPulledWallSerializer(serializers.Serializer[Any]):
    side = serializers.ChoiceField(choices=["bid", "ask"])
    price = serializers.FloatField()
    usd = serializers.FloatField()
    weight = serializers.FloatField()


class CoinApiPrintSerializer(serializers.Serializer[Any]):
    time = serializers.DateTimeField()
    price = serializers.FloatField()
    usd = serializers.FloatField()
    side = serializers.ChoiceField(choices=["buy", "sell", "unknown"], help_text="Of the taker")


class CoinApiPrintsSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    buyUsd = serializers.FloatField()
    sellUsd = serializers.FloatField()
    unknownUsd = serializers.FloatField()
    largest = CoinApiPrintSerializer(many=True)


class CoinApiEvidenceSerializer(serializers.Serializer[Any]):
    """What large orders and prints say. Never part of a signal's score."""

    wallImbalance = serializers.FloatField(
        allow_null=True, help_text="−100 to 100: walls near the price, weighted by their standing"
    )
    imbalanceWithin = serializers.DictField(
        child=serializers.FloatField(allow_null=True), help_text="By distance in percent"
    )
    pulledWalls = CoinApiPulledWallSerializer(many=True)
    books = serializers.IntegerField(help_text="Successive books behind the weights")
    watchedS = serializers.FloatField()
    persistence = serializers.CharField()
    buyPressure = serializers.FloatField(allow_null=True, help_text="Percent of the volume")
    sellPressure = serializers.FloatField(allow_null=True)
    largePrints = CoinApiPrintsSerializer(allow_null=True)
    reasons = serializers.ListField(child=serializers.CharField())


class CoinApiLevelSerializer(serializers.Serializer[Any]):
    price = serializers.FloatField()
    size = serializers.FloatField(help_text="Coins")


class CoinApiBookGroupSerializer(serializers.Serializer[Any]):
    timestamp = serializers.DateTimeField(help_text="Of the book")
    spread = CoinApiSpreadSerializer(allow_null=True)
    metrics = CoinApiBookMetricsSerializer()
    whaleWalls = CoinApiWallsSerializer()
    evidence = CoinApiEvidenceSerializer()
    bids = CoinApiLevelSerializer(many=True, help_text="Best first")
    asks = CoinApiLevelSerializer(many=True, help_text="Best first")


class CoinApiBookSerializer(CoinApiAnswerSerializer, CoinApiBookGroupSerializer):
    """A book and what it says."""


class CoinApiVolumeSerializer(serializers.Serializer[Any]):
    total = serializers.FloatField(allow_null=True, help_text="Coins")
    buyVolume = serializers.FloatField(allow_null=True)
    sellVolume = serializers.FloatField(allow_null=True)
    buyPressure = serializers.FloatField(allow_null=True, help_text="Percent of known takers")
    sellPressure = serializers.FloatField(allow_null=True)
    avgTradeSize = serializers.FloatField(allow_null=True, help_text="Coins")


class CoinApiTradeSerializer(serializers.Serializer[Any]):
    price = serializers.FloatField()
    size = serializers.FloatField(help_text="Coins")
    side = serializers.ChoiceField(choices=["BUY", "SELL", "UNKNOWN"], help_text="Of the taker")
    time = serializers.DateTimeField()


class CoinApiTradesGroupSerializer(serializers.Serializer[Any]):
    tradesCount = serializers.IntegerField()
    volume = CoinApiVolumeSerializer()
    latestTrade = CoinApiTradeSerializer(allow_null=True)
    recentTrades = CoinApiTradeSerializer(many=True, help_text="Newest first")


class CoinApiTradesSerializer(CoinApiAnswerSerializer, CoinApiTradesGroupSerializer):
    """Prints of about the last minute."""


class CoinApiQuoteValuesSerializer(serializers.Serializer[Any]):
    bidPrice = serializers.FloatField(allow_null=True)
    askPrice = serializers.FloatField(allow_null=True)
    bidSize = serializers.FloatField(allow_null=True, help_text="Coins")
    askSize = serializers.FloatField(allow_null=True)
    spread = serializers.FloatField(allow_null=True, help_text="USD")
    spreadPercent = serializers.FloatField(allow_null=True, help_text="Of the middle")
    price = serializers.FloatField(allow_null=True, help_text="The middle")


class CoinApiQuoteGroupSerializer(serializers.Serializer[Any]):
    timestamp = serializers.DateTimeField()
    quote = CoinApiQuoteValuesSerializer()


class CoinApiQuoteSerializer(CoinApiAnswerSerializer, CoinApiQuoteGroupSerializer):
    """The best bid and ask."""


class CoinApiPriceAnalysisSerializer(serializers.Serializer[Any]):
    averagePrice = serializers.FloatField()
    highestPrice = serializers.FloatField()
    lowestPrice = serializers.FloatField()
    priceVariance = serializers.FloatField(help_text="(highest − lowest) ÷ lowest, percent")
    arbitrageOpportunity = serializers.BooleanField(
        allow_null=True, help_text="Over 0.5 percent; null with one exchange. Costs not counted"
    )


class CoinApiExchangePriceSerializer(CoinApiQuoteValuesSerializer):
    exchange = serializers.CharField()
    market = serializers.CharField(help_text="The vendor's name of the market")
    timestamp = serializers.DateTimeField()


class CoinApiMultiExchangeSerializer(VendorAnswerSerializer):
    symbol = serializers.CharField()
    exchangesQueried = serializers.IntegerField()
    exchangesSuccessful = serializers.IntegerField()
    notAnswering = serializers.ListField(child=serializers.CharField())
    priceAnalysis = CoinApiPriceAnalysisSerializer(allow_null=True)
    exchangePrices = CoinApiExchangePriceSerializer(many=True)


class CoinApiDashboardSerializer(CoinApiAnswerSerializer):
    timestamp = serializers.DateTimeField()
    status = serializers.DictField(child=serializers.BooleanField(), help_text="By part")
    unavailable = serializers.DictField(child=serializers.CharField())
    ohlcv = CoinApiBarsGroupSerializer(allow_null=True)
    orderbook = CoinApiBookGroupSerializer(allow_null=True)
    trades = CoinApiTradesGroupSerializer(allow_null=True)
    quote = CoinApiQuoteGroupSerializer(allow_null=True)
