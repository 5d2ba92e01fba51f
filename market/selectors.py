"""Reads of the market app's tables, as the rest of the product asks for them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, Max, Min, Q, QuerySet

from market.models import HEAD_AT, ListedSymbol, Series, SeriesKind
from market.types import Interval


def tradable_symbols() -> QuerySet[ListedSymbol]:
    """Return the coins with a live perpetual, largest market cap first, unranked ones last."""
    return ListedSymbol.objects.filter(environment=settings.ENVIRONMENT, delisted_at=None).order_by(
        F("market_cap_rank").asc(nulls_last=True), "base"
    )


def newly_listed(since: datetime) -> QuerySet[ListedSymbol]:
    """Return the coins that a venue lists since then.

    By the venue's own word where it gives one; else by the coin's first appearance in the lists,
    unless that was when the lists were read for the very first time.
    """
    first_reading = ListedSymbol.objects.filter(environment=settings.ENVIRONMENT).aggregate(
        at=Min("first_seen_at")
    )["at"]
    told = Q(binance_listed_at__gte=since) | Q(okx_listed_at__gte=since)
    appeared = Q(
        binance_listed_at=None,
        okx_listed_at=None,
        first_seen_at__gte=since,
        first_seen_at__gt=first_reading,
    )
    return tradable_symbols().filter(told if first_reading is None else told | appeared)


def listed_rows() -> list[dict[str, Any]]:
    """Return the live coins' columns, for the registry."""
    return [dict(row) for row in tradable_symbols().values()]


def rows_of_coin(base: str) -> list[dict[str, Any]]:
    """Return one coin's columns for the registry, delisted or not; none when never listed."""
    listed = ListedSymbol.objects.filter(environment=settings.ENVIRONMENT, base=base)
    return [dict(row) for row in listed.values()]


def newest_candle_end() -> datetime | None:
    """Return when the newest stored 15m bar ended, of any coin; None when none is stored."""
    newest = Series.objects.filter(
        environment=settings.ENVIRONMENT,
        kind=SeriesKind.CANDLES,
        resolution=Interval.M15.value,
        chunk_start_at=HEAD_AT,
    ).aggregate(newest=Max("last_at"))["newest"]
    return None if newest is None else newest + timedelta(milliseconds=Interval.M15.ms)


def coins_with_candles() -> int:
    """Return how many coins have stored 15m bars."""
    return (
        Series.objects.filter(
            environment=settings.ENVIRONMENT,
            kind=SeriesKind.CANDLES,
            resolution=Interval.M15.value,
            chunk_start_at=HEAD_AT,
        )
        .values("base")
        .distinct()
        .count()
    )
