"""Reads of stored scores, runs and watched coins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery

from mss import watch
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


def newest_score(entry: WatchlistEntry) -> MssScore | None:
    """Return the newest score of a watched coin."""
    return scores().filter(coin_key=entry.coin_key).order_by("-observed_at", "-pk").first()


def watchlist(owner: str) -> QuerySet[WatchlistEntry]:
    """Return an owner's watched coins, expired ones among them."""
    return watch.entries().filter(owner=owner).order_by("symbol")


def watch_entry(owner: str, symbol: str) -> WatchlistEntry | None:
    return watchlist(owner).filter(symbol=symbol.upper()).first()


def runs() -> QuerySet[MssRun]:
    """Return this environment's runs, newest first."""
    return MssRun.objects.filter(environment=settings.ENVIRONMENT).order_by("-started_at")


def run_by_id(run_id: UUID) -> MssRun | None:
    return runs().filter(pk=run_id).first()


def results_of(run: MssRun, min_score: float = 0.0) -> QuerySet[MssScore]:
    """Return a run's scores, best first."""
    return scores().filter(run=run, total__gte=min_score).order_by("-total", "symbol")
