"""Reads of stored scans, and of what venues have listed lately."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Greatest

from market.clock import now
from market.models import ListedSymbol
from market.selectors import newly_listed
from market.types import Venue
from smartmoney.engine.accumulation import Pattern
from smartmoney.models import ScanResult, SmartMoneyScan


def scans() -> QuerySet[SmartMoneyScan]:
    return SmartMoneyScan.objects.filter(environment=settings.ENVIRONMENT)


def results() -> QuerySet[ScanResult]:
    return ScanResult.objects.filter(scan__environment=settings.ENVIRONMENT)


def scan_by_id(scan_id: UUID) -> SmartMoneyScan | None:
    return scans().filter(pk=scan_id).first()


def results_of(scan: SmartMoneyScan, side: Pattern | None, min_score: int) -> QuerySet[ScanResult]:
    """Return a scan's results, best first: of one side, or of the better one of each coin."""
    found = scan.results.all()
    if side is Pattern.ACCUMULATION:
        return found.filter(pattern=side, accumulation__gte=min_score).order_by(
            "-accumulation", "symbol"
        )
    if side is Pattern.DISTRIBUTION:
        return found.filter(pattern=side, distribution__gte=min_score).order_by(
            "-distribution", "symbol"
        )
    if side is Pattern.NEUTRAL:
        found = found.filter(pattern=side)
    return (
        found.annotate(better=Greatest("accumulation", "distribution"))
        .filter(better__gte=min_score)
        .order_by("-better", "symbol")
    )


@dataclass(frozen=True, slots=True)
class NewListing:
    """A coin that is new somewhere. ``evidence`` is the venue's own time, or a list difference."""

    row: ListedSymbol
    listed_at: datetime
    new_on: tuple[Venue, ...]
    evidence: str


def new_listings(days: int, limit: int) -> tuple[int, Sequence[NewListing]]:
    """Return how many coins a venue lists since so many days, and the newest of them."""
    since = now() - timedelta(days=days)
    found = sorted(
        (_new_listing(row, since) for row in newly_listed(since)),
        key=lambda each: (-each.listed_at.timestamp(), each.row.base),
    )
    return len(found), found[:limit]


def _new_listing(row: ListedSymbol, since: datetime) -> NewListing:
    told = {Venue.BINANCE: row.binance_listed_at, Venue.OKX: row.okx_listed_at}
    new = {venue: at for venue, at in told.items() if at is not None and at >= since}
    if new:
        return NewListing(row, max(new.values()), tuple(new), "listing_time")
    venues = {Venue.BINANCE: row.binance_symbol, Venue.OKX: row.okx_symbol}
    listed = tuple(venue for venue, symbol in venues.items() if symbol is not None)
    return NewListing(row, row.first_seen_at, listed, "list_difference")
