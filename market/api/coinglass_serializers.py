"""The documented shapes of ``/coinglass/…``."""

# ruff: noqa: N815 - public keys

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from market.api.vendor_answers import VendorAnswerSerializer, VendorParams
from market.providers.coinglass import FundingWeight
from market.providers.coinglass_list_payloads import WINDOWS
from market.providers.coinglass_payloads import CoinglassInterval

USD = "USD; null when unknown"
QUANTITY = "In coins; null where the vendor lists them by the thousand"


class CoinglassMarketsParams(VendorParams):
    symbol = serializers.CharField(
        required=False, max_length=40, help_text="One coin; its keys then stand at the top too."
    )
    limit = serializers.IntegerField(default=50, min_value=1, max_value=100, help_text="Coins.")
    page = serializers.IntegerField(
        default=1, min_value=1, max_value=50, help_text="The vendor's page, from 1."
    )


class CoinglassLiquidationsParams(VendorParams):
    include_orders = serializers.BooleanField(
        default=False, help_text="Add single forced orders (from the Standard plan on)."
    )
    include_map = serializers.BooleanField(
        default=False, help_text="Add where forced orders crowded (from the Standard plan on)."
    )
    limit = serializers.IntegerField(
        default=20, min_value=1, max_value=100, help_text="Exchanges, orders and clusters at most."
    )


class CoinglassRowsParams(VendorParams):
    limit = serializers.IntegerField(
        default=50, min_value=1, max_value=100, help_text="Rows at most."
    )


class CoinglassCoinsParams(VendorParams):
    limit = serializers.IntegerField(
        default=2000, min_value=1, max_value=3000, help_text="Coins at most."
    )


class CoinglassExchangesParams(VendorParams):
    exchange = serializers.CharField(required=False, max_length=40, help_text="Only this one.")
    limit = serializers.IntegerField(
        default=20, min_value=1, max_value=1000, help_text="Contracts per exchange at most."
    )


class CoinglassHistoryParams(VendorParams):
    interval = serializers.ChoiceField(
        choices=[interval.value for interval in CoinglassInterval],
        default=CoinglassInterval.H4.value,
        help_text="Length of the bars; plans have a smallest one.",
    )
    limit = serializers.IntegerField(
        default=100, min_value=1, max_value=300, help_text="Newest bars at most."
    )


class CoinglassFundingParams(CoinglassHistoryParams):
    weight = serializers.ChoiceField(
        choices=[weight.value for weight in FundingWeight],
        default=FundingWeight.OPEN_INTEREST.value,
        help_text="What exchanges are weighted by: open interest or volume.",
    )


class WindowsField(serializers.DictField):
    """Percent by window; a window that is absent is unknown."""

    def __init__(self) -> None:
        super().__init__(
            child=serializers.FloatField(), help_text=f"Percent by window: {', '.join(WINDOWS)}"
        )


class CoinglassMarketRowSerializer(serializers.Serializer[Any]):
    symbol = serializers.CharField()
    price = serializers.FloatField(allow_null=True, help_text="USD per coin")
    marketCap = serializers.FloatField(allow_null=True, help_text=USD)
    openInterestUsd = serializers.FloatField(allow_null=True, help_text="Over all exchanges")
    openInterestQty = serializers.FloatField(allow_null=True, help_text=QUANTITY)
    fundingRateByOI = serializers.FloatField(allow_null=True, help_text="Percent")
    fundingRateByVol = serializers.FloatField(allow_null=True, help_text="Percent")
    oiMarketCapRatio = serializers.FloatField(allow_null=True)
    oiVolumeRatio = serializers.FloatField(allow_null=True)
    priceChange = WindowsField()


class CoinglassMarketSerializer(VendorAnswerSerializer, CoinglassMarketRowSerializer):
    """One coin over all exchanges."""


class CoinglassMarketsSerializer(VendorAnswerSerializer):
    data = CoinglassMarketRowSerializer(many=True)  # type: ignore[assignment]
    count = serializers.IntegerField()
    page = serializers.IntegerField(required=False)
    # With ``symbol``, as older clients read it.
    symbol = serializers.CharField(required=False)
    price = serializers.FloatField(required=False, allow_null=True)
    marketCap = serializers.FloatField(required=False, allow_null=True)
    openInterestUsd = serializers.FloatField(required=False, allow_null=True)
    openInterestQty = serializers.FloatField(required=False, allow_null=True)
    fundingRateByOI = serializers.FloatField(required=False, allow_null=True)
    fundingRateByVol = serializers.FloatField(required=False, allow_null=True)
    oiMarketCapRatio = serializers.FloatField(required=False, allow_null=True)
    oiVolumeRatio = serializers.FloatField(required=False, allow_null=True)
    priceChange = serializers.DictField(required=False, child=serializers.FloatField())


class CoinglassLiquidationRowSerializer(serializers.Serializer[Any]):
    exchange = serializers.CharField(help_text="All: the vendor's own total")
    liquidation1h = serializers.FloatField(allow_null=True, help_text=USD)
    longLiq1h = serializers.FloatField(allow_null=True, help_text="Longs closed by force")
    shortLiq1h = serializers.FloatField(allow_null=True, help_text="Shorts closed by force")
    liquidation4h = serializers.FloatField(allow_null=True)
    longLiq4h = serializers.FloatField(allow_null=True)
    shortLiq4h = serializers.FloatField(allow_null=True)
    liquidation12h = serializers.FloatField(allow_null=True)
    longLiq12h = serializers.FloatField(allow_null=True)
    shortLiq12h = serializers.FloatField(allow_null=True)
    liquidation24h = serializers.FloatField(allow_null=True)
    longLiq24h = serializers.FloatField(allow_null=True)
    shortLiq24h = serializers.FloatField(allow_null=True)


class CoinglassOrderSerializer(serializers.Serializer[Any]):
    exchange = serializers.CharField()
    pair = serializers.CharField()
    price = serializers.FloatField()
    usd = serializers.FloatField()
    side = serializers.IntegerField(help_text="As the vendor sends it; documented in two ways")
    time = serializers.DateTimeField()


class CoinglassOrdersSerializer(serializers.Serializer[Any]):
    orders = CoinglassOrderSerializer(many=True, help_text="Newest first")
    longLiquidations = serializers.FloatField(allow_null=True, help_text="Null: sides are unclear")
    shortLiquidations = serializers.FloatField(allow_null=True)
    totalLiquidations = serializers.FloatField(help_text="USD of all orders")
    orderCount = serializers.IntegerField()


class CoinglassClusterSerializer(serializers.Serializer[Any]):
    price = serializers.FloatField(help_text="Mean, weighted by USD")
    volume = serializers.FloatField(help_text="USD")
    leverage = serializers.FloatField(allow_null=True, help_text="Null: not published")
    orders = serializers.IntegerField()


class CoinglassHeatmapBasisSerializer(serializers.Serializer[Any]):
    endpoint = serializers.CharField(help_text="The vendor's list that the map is summed from")
    exchange = serializers.CharField(help_text="Whose orders")
    pairs = serializers.ListField(child=serializers.CharField(), help_text="Prices are of these")
    leastUsd = serializers.IntegerField(help_text="Smaller orders are not in it")
    orders = serializers.IntegerField(help_text="At most 200, of the last 7 days")
    usd = serializers.FloatField(help_text="All of them together")
    firstAt = serializers.DateTimeField(allow_null=True)
    lastAt = serializers.DateTimeField(allow_null=True)


class CoinglassHeatmapGroupSerializer(serializers.Serializer[Any]):
    clusterCount = serializers.IntegerField()
    largestCluster = CoinglassClusterSerializer(allow_null=True)
    mapData = CoinglassClusterSerializer(many=True, help_text="The largest, by price")
    builtFrom = CoinglassHeatmapBasisSerializer()
    note = serializers.CharField(help_text="What the map is made of")


class CoinglassHeatmapSerializer(VendorAnswerSerializer, CoinglassHeatmapGroupSerializer):
    symbol = serializers.CharField()


class CoinglassLiquidationsGroupSerializer(serializers.Serializer[Any]):
    coinList = CoinglassLiquidationRowSerializer(help_text="Over all exchanges")
    exchanges = CoinglassLiquidationRowSerializer(many=True, help_text="Largest first")


class CoinglassLiquidationsSerializer(VendorAnswerSerializer, CoinglassLiquidationsGroupSerializer):
    symbol = serializers.CharField()
    orders = CoinglassOrdersSerializer(allow_null=True)
    heatmap = CoinglassHeatmapGroupSerializer(allow_null=True)


class CoinglassPairSerializer(serializers.Serializer[Any]):
    exchange = serializers.CharField()
    pair = serializers.CharField(help_text="The exchange's own name")
    price = serializers.FloatField(allow_null=True)
    indexPrice = serializers.FloatField(allow_null=True)
    priceChange24h = serializers.FloatField(allow_null=True, help_text="Percent")
    volume24h = serializers.FloatField(allow_null=True, help_text=USD)
    openInterestUsd = serializers.FloatField(allow_null=True)
    openInterestChange24h = serializers.FloatField(allow_null=True, help_text="Percent")
    longLiq24h = serializers.FloatField(allow_null=True, help_text=USD)
    shortLiq24h = serializers.FloatField(allow_null=True, help_text=USD)
    fundingRate = serializers.FloatField(allow_null=True, help_text="Percent per own interval")
    nextFundingAt = serializers.DateTimeField(allow_null=True)


class CoinglassPerpetualMarketSerializer(VendorAnswerSerializer):
    symbol = serializers.CharField()
    data = CoinglassPairSerializer(many=True)  # type: ignore[assignment]
    count = serializers.IntegerField(help_text="Contracts in this answer")
    total = serializers.IntegerField(help_text="Contracts there are")


class CoinglassCoinsSerializer(VendorAnswerSerializer):
    coins = serializers.ListField(child=serializers.CharField())
    count = serializers.IntegerField()
    total = serializers.IntegerField()


class CoinglassExchangesSerializer(VendorAnswerSerializer):
    data = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()),
        help_text="Contracts by exchange, at most limit of each",
    )
    pairCounts = serializers.DictField(child=serializers.IntegerField())
    exchangeCount = serializers.IntegerField()
    totalPairs = serializers.IntegerField()


class CoinglassExchangeInterestSerializer(serializers.Serializer[Any]):
    exchange = serializers.CharField()
    openInterestUsd = serializers.FloatField()
    change24h = serializers.FloatField(allow_null=True, help_text="Percent")


class CoinglassOpenInterestGroupSerializer(serializers.Serializer[Any]):
    openInterestUsd = serializers.FloatField(allow_null=True, help_text="Over all exchanges")
    openInterestQty = serializers.FloatField(allow_null=True, help_text=QUANTITY)
    change = WindowsField()
    exchanges = CoinglassExchangeInterestSerializer(many=True)


class CoinglassStatusSerializer(serializers.Serializer[Any]):
    workingEndpoints = serializers.IntegerField()
    note = serializers.CharField()
    unavailable = serializers.DictField(child=serializers.CharField())


class CoinglassDashboardSerializer(VendorAnswerSerializer):
    symbol = serializers.CharField()
    timestamp = serializers.DateTimeField()
    market = CoinglassMarketRowSerializer(allow_null=True)
    liquidations = CoinglassLiquidationsGroupSerializer(allow_null=True)
    openInterest = CoinglassOpenInterestGroupSerializer(allow_null=True)
    status = CoinglassStatusSerializer()


class CoinglassBarSerializer(serializers.Serializer[Any]):
    time = serializers.IntegerField(help_text="Start of the bar, Unix milliseconds")
    open = serializers.FloatField()
    high = serializers.FloatField()
    low = serializers.FloatField()
    close = serializers.FloatField()
    closed = serializers.BooleanField(help_text="False while the bar still changes")


class CoinglassHistorySerializer(VendorAnswerSerializer):
    symbol = serializers.CharField()
    interval = serializers.CharField()
    exchange = serializers.CharField()
    unit = serializers.CharField()
    count = serializers.IntegerField()
    latest = CoinglassBarSerializer(allow_null=True)
    history = CoinglassBarSerializer(many=True, help_text="Oldest first")


class CoinglassLongShareSerializer(serializers.Serializer[Any]):
    time = serializers.IntegerField(help_text="When it was so, Unix milliseconds")
    longPercent = serializers.FloatField()
    shortPercent = serializers.FloatField()
    longShortRatio = serializers.FloatField(allow_null=True, help_text="Longs ÷ shorts")


class CoinglassLongShareHistorySerializer(VendorAnswerSerializer):
    symbol = serializers.CharField()
    interval = serializers.CharField()
    exchange = serializers.CharField()
    unit = serializers.CharField()
    count = serializers.IntegerField()
    latest = CoinglassLongShareSerializer(allow_null=True)
    history = CoinglassLongShareSerializer(many=True, help_text="Oldest first")
