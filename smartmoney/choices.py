"""Which coins a scan is over: those named, a watchlist's, or an automatic choice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from market.discovery import Contract, Wanted, discover
from market.instruments import UnknownSymbol
from market.selectors import tradable_symbols
from market.services import resolve_symbol
from market.snapshot import Problem
from market.types import Instrument
from market.universe import instrument_registry
from market.watchlists import bases_of, watched_bases, watchlists
from smartmoney.discovery import SMALL_CAP_USD, SMALL_CAP_VOLUME_USD, Filters, Source, find_coins
from smartmoney.exceptions import BadChoice

# What an automatic choice must trade in a day, and how far it must have moved.
MIN_VOLUME_USD = 1_000_000.0
MOVED_PCT = 5.0


class Criteria(StrEnum):
    VOLUME = "volume"
    GAINERS = "gainers"
    LOSERS = "losers"
    SMALL_CAP = "small_cap"


@dataclass(slots=True)
class Choice:
    """Coins to scan, what they are called together, and why (by name) others are not among them."""

    name: str
    instruments: list[Instrument]
    failed: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def named_coins(names: Sequence[str]) -> Choice:
    """Return the coins of some names, each once. Raises BadChoice when nothing is called so."""
    found: dict[str, Instrument] = {}
    failed: dict[str, str] = {}
    for name in names:
        try:
            instrument = resolve_symbol(name)
        except UnknownSymbol as unknown:
            failed[unknown.text] = _unknown(unknown)
        else:
            found.setdefault(instrument.symbol.base, instrument)
    if not found:
        raise BadChoice("coins", " ".join(failed.values()) or "Name at least one coin.")
    return Choice(_joined(list(found)), list(found.values()), failed)


def watchlist_coins(name: str | None, limit: int) -> Choice:
    """Return the coins of a list; without a name those of all that are scanned, else the largest.

    Raises BadChoice when there is no such list.
    """
    if name is None:
        bases = watched_bases()[:limit]
        if bases:
            return _listed("watchlists", bases)
        largest = tradable_symbols().values_list("base", flat=True)[:limit]
        return _listed("largest coins", list(largest))
    watchlist = watchlists().filter(name__iexact=name).first()
    if watchlist is None:
        known = ", ".join(watchlists().order_by("name").values_list("name", flat=True)[:20])
        raise BadChoice("watchlist", f"There is no such watchlist; there are {known or 'none'}.")
    return _listed(watchlist.name, bases_of(watchlist)[:limit])


def chosen_coins(criteria: Criteria, limit: int) -> Choice:
    """Return the coins that fit best now. Raises MarketUnavailable."""
    if criteria is Criteria.SMALL_CAP:
        filters = Filters(SMALL_CAP_USD, SMALL_CAP_VOLUME_USD, Source.COINGECKO, limit, "")
        page = find_coins(filters, only_with_futures=True)
        small = [coin.instrument for coin in page.coins if coin.instrument is not None]
        return Choice(criteria.value, small, problems=page.problems)
    discovery = discover(Wanted(contracts=True))
    fits, order = _FITS[criteria]
    traded = [
        contract
        for contract in discovery.contracts
        if (contract.volume_24h_usd or 0.0) >= MIN_VOLUME_USD and fits(contract)
    ]
    best = sorted(traded, key=order)[:limit]
    return Choice(
        criteria.value, [contract.instrument for contract in best], problems=discovery.problems
    )


def _change(contract: Contract) -> float:
    return contract.change_24h_pct or 0.0


_FITS: MappingProxyType[
    Criteria, tuple[Callable[[Contract], bool], Callable[[Contract], float]]
] = MappingProxyType(
    {
        Criteria.VOLUME: (lambda _: True, lambda contract: -(contract.volume_24h_usd or 0.0)),
        Criteria.GAINERS: (
            lambda contract: _change(contract) >= MOVED_PCT,
            lambda contract: -_change(contract),
        ),
        Criteria.LOSERS: (lambda contract: _change(contract) <= -MOVED_PCT, _change),
    }
)


def _listed(name: str, bases: Sequence[str]) -> Choice:
    registry = instrument_registry()
    found: dict[str, Instrument] = {}
    failed: dict[str, str] = {}
    for base in bases:
        try:
            instrument = registry.resolve(base)
        except UnknownSymbol:
            failed[base] = "Nothing tradable goes by this name now."
        else:
            found.setdefault(instrument.symbol.base, instrument)
    return Choice(name, list(found.values()), failed)


def _unknown(unknown: UnknownSymbol) -> str:
    closest = ", ".join(unknown.suggestions)
    hint = f" Did you mean {closest}?" if closest else ""
    return f"Nothing tradable is called {unknown.text}.{hint}"


def _joined(bases: Sequence[str]) -> str:
    name = ", ".join(bases)
    return name if len(name) <= 60 else f"{len(bases)} coins, {bases[0]} first"
