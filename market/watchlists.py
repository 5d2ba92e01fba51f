"""Watchlists: which names may stand in one, what stands there, and when it is due.

A coin gets into a list by its canonical name, after the instrument registry knew it. What is in
stays in, though the market be away or the coin no longer listed: a scan says so of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from market.clock import datetime_at
from market.instruments import RENAMED, InstrumentRegistry, UnknownSymbol
from market.models import Watchlist, WatchlistCoin
from market.types import MINUTE_MS
from market.universe import MarketUnavailable, instrument_registry

# Twice as many as there are perpetuals on the venues read here.
MOST_COINS = 1000

_profile_names: Callable[[], Collection[str]] = tuple


def register_profile_names(names: Callable[[], Collection[str]]) -> None:
    """Say which scoring profiles a list may name; they belong to an app above this one."""
    global _profile_names
    _profile_names = names


def profile_names() -> list[str]:
    return sorted(_profile_names())


# --- Coins ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CheckedCoins:
    """Names as they will stand in a list. ``remarks`` say what is not as it was typed."""

    bases: tuple[str, ...]
    remarks: tuple[str, ...]


def split_names(text: str) -> list[str]:
    """Return the names in a text, whatever separates them."""
    return [name for name in re.split(r"[\s,;]+", text) if name]


def check_coins(names: Sequence[str], known: Collection[str] = ()) -> CheckedCoins:
    """Resolve names to coins; ``known`` are in the list already. Raises ValidationError.

    Every name that cannot stand is told, with the closest ones that could.
    """
    registry = _registry()
    bases: dict[str, None] = {}
    remarks: list[str] = []
    faults: list[str] = []
    for name in names:
        base = RENAMED.get(name.upper(), name.upper())
        if registry is None and base not in known:
            faults.append(
                f"{name[:40]} cannot be looked up now: no market data provider answers. What is in "
                "the list already can stay."
            )
            continue
        if registry is not None:
            try:
                base = registry.resolve(name).symbol.base
            except UnknownSymbol as unknown:
                if base not in known:
                    faults.append(_unknown(unknown))
                    continue
                remarks.append(f"{base} is not listed any more; it stays in the list.")
        if base != name.upper() and name.upper() in RENAMED:
            remarks.append(f"{name.upper()} is called {base} now.")
        bases[base] = None
    if len(bases) > MOST_COINS:
        faults.append(f"{len(bases)} coins; a list has {MOST_COINS} at most.")
    if not names:
        faults.append("A list has at least one coin.")
    if faults:
        raise ValidationError(faults)
    return CheckedCoins(tuple(bases), tuple(remarks))


def _registry() -> InstrumentRegistry | None:
    try:
        return instrument_registry()
    except MarketUnavailable:
        return None


def _unknown(unknown: UnknownSymbol) -> str:
    closest = ", ".join(unknown.suggestions)
    hint = f" Did you mean {closest}?" if closest else ""
    return f"Nothing tradable is called {unknown.text}.{hint}"


def bases_of(watchlist: Watchlist) -> list[str]:
    """Return a list's coins in their order."""
    return list(watchlist.coins.values_list("base", flat=True))


def set_coins(watchlist: Watchlist, bases: Iterable[str]) -> None:
    """Let these, and no others, be the coins of a stored list, in this order."""
    with transaction.atomic():
        watchlist.coins.all().delete()
        WatchlistCoin.objects.bulk_create(
            WatchlistCoin(watchlist=watchlist, base=base, position=position)
            for position, base in enumerate(bases)
        )


def watchlists() -> QuerySet[Watchlist]:
    return Watchlist.objects.filter(environment=settings.ENVIRONMENT)


def watched_bases() -> list[str]:
    """Return the coins of all lists that are scanned, each once."""
    rows = WatchlistCoin.objects.filter(
        watchlist__environment=settings.ENVIRONMENT, watchlist__enabled=True
    ).order_by("watchlist_id", "position")
    return list(dict.fromkeys(rows.values_list("base", flat=True)))


# --- When -----------------------------------------------------------------------------------------


def period_began_at(period_min: int, at: datetime) -> datetime:
    """Return when the period that holds an instant began: a multiple of it since 1970."""
    at_ms, period_ms = round(at.timestamp() * 1000), period_min * MINUTE_MS
    return datetime_at(at_ms - at_ms % period_ms)


def is_due(watchlist: Watchlist, at: datetime) -> bool:
    """Tell whether the present period has had no scan. Periods that passed by are not made up."""
    last = watchlist.last_started_at
    return last is None or last < period_began_at(watchlist.period_min, at)


def next_due_at(watchlist: Watchlist, at: datetime) -> datetime:
    """Return when the list is scanned next, should it be enabled."""
    began_at = period_began_at(watchlist.period_min, at)
    if is_due(watchlist, at):
        return at
    return began_at + timedelta(minutes=watchlist.period_min)
