"""Watched coins: who adds and removes them, and which are due. Each owner has own entries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from market.clock import wall_now
from mss.coins import Coin
from mss.exceptions import WatchLimitReached
from mss.models import DEFAULT_INTERVAL_MIN, DEFAULT_MIN_SCORE, WatchlistEntry

# Of one owner: at five minutes each these are what one run of coins costs.
MOST_WATCHED = 100


def environment() -> str:
    return str(settings.ENVIRONMENT)


def entries() -> QuerySet[WatchlistEntry]:
    return WatchlistEntry.objects.filter(environment=environment())


def add(
    owner: str,
    coin: Coin,
    *,
    interval_minutes: int = DEFAULT_INTERVAL_MIN,
    min_score: float = DEFAULT_MIN_SCORE,
    note: str = "",
    expires_at: datetime | None = None,
) -> tuple[WatchlistEntry, bool]:
    """Watch a coin, or change how it is watched; return the entry and whether it is new.

    It is due at once. Raises WatchLimitReached, and ValidationError for values out of range.
    """
    wanted = {
        "coingecko_id": coin.coingecko_id or "",
        "interval_minutes": interval_minutes,
        "min_score": min_score,
        "note": note,
        "expires_at": expires_at,
        "next_at": wall_now(),
    }
    with transaction.atomic():
        mine = entries().filter(owner=owner)
        entry = mine.filter(symbol=coin.symbol.upper()).first()
        is_new = entry is None
        if entry is None:
            if active(mine).count() >= MOST_WATCHED:
                raise WatchLimitReached(MOST_WATCHED)
            entry = WatchlistEntry(
                environment=environment(),
                owner=owner,
                symbol=coin.symbol.upper(),
                created_at=wall_now(),
            )
        for name, value in wanted.items():
            setattr(entry, name, value)
        entry.full_clean(validate_unique=False, validate_constraints=False)
        entry.save()
    return entry, is_new


def remove(owner: str, symbol: str) -> bool:
    """Watch a coin no longer; return whether it was."""
    deleted, _ = entries().filter(owner=owner, symbol=symbol.upper()).delete()
    return deleted > 0


def active(watched: QuerySet[WatchlistEntry]) -> QuerySet[WatchlistEntry]:
    return watched.filter(Q(expires_at=None) | Q(expires_at__gt=wall_now()))


def claim_due(most: int) -> list[WatchlistEntry]:
    """Take entries whose time has come, moving their next time on; call it in a transaction.

    The conditional UPDATE gives each to one caller; what it is claimed for is stored with it.
    """
    now = wall_now()
    claimed = []
    for entry in active(entries()).filter(next_at__lte=now).order_by("next_at", "pk")[:most]:
        next_at = now + timedelta(minutes=entry.interval_minutes)
        if entries().filter(pk=entry.pk, next_at=entry.next_at).update(next_at=next_at):
            claimed.append(entry)
    return claimed


def learn_ids(coins: Iterable[Coin]) -> None:
    """Give entries CoinGecko's ids that were not known when they were added: scores go by them."""
    for coin in coins:
        if coin.coingecko_id is not None and coin.instrument is not None:
            without = entries().filter(symbol=coin.symbol.upper(), coingecko_id="")
            without.update(coingecko_id=coin.coingecko_id)


def alert_from(keys: Sequence[str]) -> dict[str, float]:
    """Return the least total that any owner wants to hear of, by coin key."""
    least: dict[str, float] = {}
    for entry in active(entries()).filter(Q(coingecko_id__in=keys) | Q(symbol__in=keys)):
        key = entry.coin_key
        least[key] = min(entry.min_score, least.get(key, entry.min_score))
    return least


def forget_expired(before: datetime) -> int:
    """Delete entries that expired before then; return how many."""
    deleted, _ = entries().filter(expires_at__lt=before).delete()
    return deleted
