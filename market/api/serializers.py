"""The documented shape of ``/market/{symbol}``, and the plain values that fill it.

Key names follow what users of the service already depend on (camelCase, ``okx.candles``).
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from market.chains import CANDLE_INTERVALS
from market.clock import datetime_at
from market.providers.registry import provider_availability
from market.services import MarketReport
from market.snapshot import MarketSnapshot, Reading, ReadingName
from market.types import Candles, Interval, Listing, Venue

DEFAULT_CANDLES = 50
MOST_CANDLES = 300

# Groups of the reference that need a provider with a key.
KEYED_GROUPS = {
    "coinapi": "needs a CoinAPI key, which is not configured",
    "coinglass": "needs a Coinglass key, which is not configured",
    "lunarcrush": "needs a LunarCrush key, which is not configured",
}


class MarketParams(serializers.Serializer[Any]):
    interval = serializers.ChoiceField(
        choices=[interval.value for interval in CANDLE_INTERVALS],
        default=Interval.M15.value,
        help_text="Length of the bars.",
    )
    limit = serializers.IntegerField(
        default=DEFAULT_CANDLES, min_value=1, max_value=MOST_CANDLES, help_text="Bars at most."
    )


class MarketReadingSerializer(serializers.Serializer[Any]):
    value = serializers.FloatField(help_text="In the unit beside it")
    unit = serializers.CharField()
    source = serializers.CharField(help_text="Who said so")  # type: ignore[assignment]
    observedAt = serializers.DateTimeField()  # noqa: N815 - public key
    fetchedAt = serializers.DateTimeField()  # noqa: N815
    ageS = serializers.FloatField(help_text="Seconds before the timestamp")  # noqa: N815
    fallback = serializers.BooleanField(help_text="True when a preferred source did not answer")
    note = serializers.CharField(
        allow_null=True, help_text="Restrictions, such as a proxy or a partly covered window"
    )


class MarketProblemSerializer(serializers.Serializer[Any]):
    reading = serializers.CharField(help_text="What is missing or second best")
    source = serializers.CharField(help_text="Who failed")  # type: ignore[assignment]
    detail = serializers.CharField(help_text="Why")


class MarketCandleSerializer(serializers.Serializer[Any]):
    timestamp = serializers.IntegerField(help_text="Opening, Unix milliseconds")
    open = serializers.FloatField()
    high = serializers.FloatField()
    low = serializers.FloatField()
    close = serializers.FloatField()
    volume = serializers.FloatField(allow_null=True, help_text="In coins")


class MarketCandlesSerializer(serializers.Serializer[Any]):
    symbol = serializers.CharField(help_text="The venue's own name")
    timeframe = serializers.ChoiceField(choices=[interval.value for interval in CANDLE_INTERVALS])
    candles = MarketCandleSerializer(many=True, help_text="Closed bars, oldest first")
    count = serializers.IntegerField()
    source = serializers.CharField()  # type: ignore[assignment]
    success = serializers.BooleanField(help_text="True: a group without data is null")


class MarketListingsSerializer(serializers.Serializer[Any]):
    binance = serializers.CharField(allow_null=True)
    okx = serializers.CharField(allow_null=True)
    coingecko = serializers.CharField(allow_null=True)


class MarketSerializer(serializers.Serializer[Any]):
    symbol = serializers.CharField(help_text="Canonical coin name, whatever spelling was asked for")
    timestamp = serializers.DateTimeField(help_text="When it was collected; ages count from here")
    price = serializers.FloatField(
        allow_null=True, help_text="USD per coin, last trade; null when unknown"
    )
    fundingRate = serializers.FloatField(  # noqa: N815
        allow_null=True, help_text="Percent per 8 hours; positive: longs pay"
    )
    openInterest = serializers.FloatField(allow_null=True, help_text="USD")  # noqa: N815
    readings = serializers.DictField(
        child=MarketReadingSerializer(), help_text="Every reading with value, unit, source and age"
    )
    candles = MarketCandlesSerializer(allow_null=True)
    okx = MarketCandlesSerializer(allow_null=True, help_text="The same, when OKX is the source")
    coinapi = serializers.DictField(allow_null=True)
    coinglass = serializers.DictField(allow_null=True)
    lunarcrush = serializers.DictField(allow_null=True)
    unavailable = serializers.DictField(
        child=serializers.CharField(), help_text="Why a group is null"
    )
    problems = MarketProblemSerializer(many=True)
    listings = MarketListingsSerializer()
    marketCapRank = serializers.IntegerField(allow_null=True)  # noqa: N815
    environment = serializers.CharField(help_text="live, sandbox or test")


def market_document(report: MarketReport) -> dict[str, Any]:
    """Return the plain values of a report, every number finite."""
    snapshot, instrument = report.snapshot, report.instrument
    candles = _candles(report)
    from_okx = candles if report.candles_source == Venue.OKX else None
    paid = {name: _of_source(snapshot, name) for name in KEYED_GROUPS}
    unavailable = {
        name: "none of these readings is its own now; see readings and problems"
        if _is_on(name)
        else reason
        for name, reason in KEYED_GROUPS.items()
        if paid[name] is None
    }
    if candles is None:
        unavailable["candles"] = "no venue has current bars of this coin; see problems"
    if from_okx is None:
        unavailable["okx"] = "OKX was not needed; see candles"
        if candles is None:
            unavailable["okx"] = "no current bars; see problems"
    return {
        "symbol": snapshot.symbol.base,
        "timestamp": datetime_at(snapshot.at_ms),
        "price": _value(snapshot, ReadingName.PRICE),
        "fundingRate": _value(snapshot, ReadingName.FUNDING),
        "openInterest": _value(snapshot, ReadingName.OPEN_INTEREST),
        "readings": {
            name.value: _reading(reading, snapshot.at_ms)
            for name, reading in snapshot.readings.items()
        },
        "candles": candles,
        "okx": from_okx,
        **paid,
        "unavailable": unavailable,
        "problems": [problem.plain() for problem in snapshot.problems],
        "listings": {
            "binance": _name(instrument.binance),
            "okx": _name(instrument.okx),
            "coingecko": instrument.coingecko_id,
        },
        "marketCapRank": instrument.market_cap_rank,
        "environment": snapshot.environment,
    }


def _of_source(snapshot: MarketSnapshot, source: str) -> dict[str, float] | None:
    """Return the readings that a paid source gave, by name; None when it gave none."""
    found = {
        name.value: reading.value
        for name, reading in snapshot.readings.items()
        if reading.source == source
    }
    return found or None


def _is_on(source: str) -> bool:
    return any(known.name == source and known.enabled for known in provider_availability())


def _candles(report: MarketReport) -> dict[str, Any] | None:
    if report.candles_source is None:
        return None
    on_okx = report.candles_source == Venue.OKX
    listing = report.instrument.okx if on_okx else report.instrument.binance
    rows = _rows(report.candles)
    return {
        "symbol": _name(listing),
        "timeframe": report.candles.interval.value,
        "candles": rows,
        "count": len(rows),
        "source": report.candles_source,
        "success": True,
    }


def _rows(candles: Candles) -> list[dict[str, Any]]:
    return [
        {
            "timestamp": opened_ms,
            "open": opened,
            "high": high,
            "low": low,
            "close": close,
            "volume": volume if volume == volume else None,
        }
        for opened_ms, opened, high, low, close, volume in zip(
            candles.open_time_ms.tolist(),
            candles.open.tolist(),
            candles.high.tolist(),
            candles.low.tolist(),
            candles.close.tolist(),
            candles.volume_base.tolist(),
            strict=True,
        )
    ]


def _reading(reading: Reading, at_ms: int) -> dict[str, Any]:
    return {
        "value": reading.value,
        "unit": reading.unit,
        "source": reading.source,
        "observedAt": datetime_at(reading.observed_at_ms),
        "fetchedAt": datetime_at(reading.fetched_at_ms),
        "ageS": round((at_ms - reading.observed_at_ms) / 1000, 1),
        "fallback": reading.fallback,
        "note": reading.note,
    }


def _value(snapshot: MarketSnapshot, name: ReadingName) -> float | None:
    reading = snapshot.readings.get(name)
    return None if reading is None else reading.value


def _name(listing: Listing | None) -> str | None:
    return None if listing is None else listing.venue_symbol
