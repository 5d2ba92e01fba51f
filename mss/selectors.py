"""Reads of stored scores, runs and watched coins."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery

from market.services import MarketUnavailable
from mss import watch
from mss.coins import resolve_coin
from mss.exceptions import UnknownCoin
from mss.models import MssRun, MssScore, WatchlistEntry


@dataclass(frozen=True, slots=True)
class ScoreFilters:
    """Which stored scores are wanted; None and empty ask for all."""

    min_score: float | None = None
    max_score: float | None = None
    tier: str = ""
    since: datetime | None = None
    until: datetime | None = None


def scores() -> QuerySet[MssScore]:
    """Return this environment's scores without the bytes that only a replay reads."""
    return MssScore.objects.filter(environment=settings.ENVIRONMENT).defer("inputs", "profile")


def history(symbol: str | None = None, filters: ScoreFilters | None = None) -> QuerySet[MssScore]:
    """Return scores, newest first, of one symbol or of all coins."""
    wanted = filters or ScoreFilters()
    found = scores()
    if symbol is not None:
        found = found.filter(symbol=symbol.upper())
    if wanted.min_score is not None:
        found = found.filter(total__gte=wanted.min_score)
    if wanted.max_score is not None:
        found = found.filter(total__lte=wanted.max_score)
    if wanted.tier:
        found = found.filter(tier=wanted.tier)
    if wanted.since is not None:
        found = found.filter(observed_at__gte=wanted.since)
    if wanted.until is not None:
        found = found.filter(observed_at__lt=wanted.until)
    return found.order_by("-observed_at", "-pk")


def top_scores(since: datetime, min_score: float = 0.0) -> QuerySet[MssScore]:
    """Return the newest score of each coin since then, best first."""
    of_coin = MssScore.objects.filter(
        environment=settings.ENVIRONMENT, coin_key=OuterRef("coin_key"), observed_at__gte=since
    ).order_by("-observed_at", "-pk")
    return (
        scores()
        .filter(observed_at__gte=since, total__gte=min_score)
        .filter(pk=Subquery(of_coin.values("pk")[:1]))
        .order_by("-total", "symbol", "-pk")
    )


def newest_scores(coin_keys: Collection[str]) -> dict[str, MssScore]:
    """Return the newest score of each of some coins, by coin key, in one query."""
    newest = MssScore.objects.filter(
        environment=settings.ENVIRONMENT, coin_key=OuterRef("coin_key")
    ).order_by("-observed_at", "-pk")
    found = scores().filter(coin_key__in=coin_keys, pk=Subquery(newest.values("pk")[:1]))
    return {score.coin_key: score for score in found}


def watchlist(owner: str | None) -> QuerySet[WatchlistEntry]:
    """Return an owner's watched coins, or everybody's; expired ones are among them."""
    entries = watch.entries()
    if owner is not None:
        entries = entries.filter(owner=owner)
    return entries.order_by("symbol", "owner")


def symbol_meant(text: str) -> str:
    """Return the symbol that scores of a coin are stored under, whatever spelling is given.

    Raises UnknownCoin when no coin is called so and nothing is stored under that name.
    """
    symbol = text.strip().upper()
    if not symbol.isprintable():  # PostgreSQL takes no "\0" in a text
        raise UnknownCoin(text)
    try:
        return resolve_coin(text).symbol.upper()
    except MarketUnavailable:
        return symbol  # what is stored can be told without any venue
    except UnknownCoin:
        if not history(symbol).exists() and not watchlist(None).filter(symbol=symbol).exists():
            raise
        return symbol  # its contract is gone, its scores are not


def watch_entry(owner: str | None, symbol: str) -> WatchlistEntry | None:
    return watchlist(owner).filter(symbol=symbol.upper()).first()


def runs() -> QuerySet[MssRun]:
    """Return this environment's runs, newest first."""
    return MssRun.objects.filter(environment=settings.ENVIRONMENT).order_by("-started_at")


def run_by_id(run_id: UUID) -> MssRun | None:
    return runs().filter(pk=run_id).first()


def results_of(run: MssRun, min_score: float = 0.0) -> QuerySet[MssScore]:
    """Return a run's scores, best first."""
    return scores().filter(run=run, total__gte=min_score).order_by("-total", "symbol")
