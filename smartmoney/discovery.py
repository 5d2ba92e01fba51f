"""Coins by market cap, volume and category, what trends, what is new, what a name may mean.

Contracts come from Binance, or OKX when Binance is away, market caps from CoinGecko. Whether a coin
has futures is the instrument registry's word, which knows multipliers and namesakes. A coin whose
market cap nobody tells is not called small.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from market.discovery import Contract, Discovery, Wanted, discover
from market.providers.coingecko_payloads import CoinMarket, FoundCoin, TrendingCoin
from market.snapshot import Problem
from market.types import Instrument, Venue
from market.universe import MarketUnavailable, instrument_registry
from smartmoney.exceptions import BadChoice, DiscoveryUnavailable

# CoinGecko's pages of 250 by market cap that are read: perpetuals exist for hardly any smaller.
PAGES = (1, 2, 3, 4)
# A category's coins fit into one.
CATEGORY_PAGES = (1,)
SMALL_CAP_USD = 100_000_000.0
SMALL_CAP_VOLUME_USD = 100_000.0
# Below that a price says nothing: dust, and coins that nobody quotes any more.
LEAST_PRICE_USD = 1e-9


class Source(StrEnum):
    ALL = "all"
    BINANCE = "binance"
    COINGECKO = "coingecko"


@dataclass(frozen=True, slots=True)
class Filters:
    max_market_cap_usd: float
    min_volume_usd: float
    source: Source
    limit: int
    category: str


@dataclass(frozen=True, slots=True)
class DiscoveredCoin:
    """None is unknown. ``sources`` are who knows it; ``instrument`` is None without futures."""

    symbol: str
    name: str | None
    price_usd: float | None
    market_cap_usd: float | None
    volume_24h_usd: float | None
    change_24h_pct: float | None
    sources: tuple[Venue, ...]
    instrument: Instrument | None
    coingecko_id: str | None


@dataclass(slots=True)
class FoundCoins:
    """``total`` fit the filters; ``coins`` are the first of them by volume."""

    total: int
    coins: list[DiscoveredCoin]
    problems: list[Problem] = field(default_factory=list)


def find_coins(filters: Filters, *, only_with_futures: bool = False) -> FoundCoins:
    """Return coins that fit, largest volume first.

    Raises BadChoice when the category is unknown, MarketUnavailable when nobody answers.
    """
    discovery = discover(
        Wanted(
            contracts=filters.source is not Source.COINGECKO,
            # Binance's coins need a market cap, too.
            pages=CATEGORY_PAGES if filters.category else PAGES,
            category=filters.category,
            categories=bool(filters.category),
        )
    )
    if filters.category:
        require_category(discovery, filters.category)
    coins = _joined(discovery, with_coingecko_alone=filters.source is not Source.BINANCE)
    if filters.category:
        # Of a category are only those that CoinGecko put there.
        coins = [coin for coin in coins if coin.coingecko_id is not None]
    fitting = [
        coin
        for coin in coins
        if _fits(coin, filters) and not (only_with_futures and coin.instrument is None)
    ]
    fitting.sort(key=lambda coin: (-(coin.volume_24h_usd or 0.0), coin.symbol))
    return FoundCoins(len(fitting), fitting[: filters.limit], discovery.problems)


def list_contracts(min_volume_usd: float) -> tuple[list[Contract], int, list[Problem]]:
    """Return the contracts that trade so much, largest first, how many there are, and problems."""
    discovery = discover(Wanted(contracts=True))
    traded = [
        contract
        for contract in discovery.contracts
        if (contract.volume_24h_usd or 0.0) >= min_volume_usd
    ]
    traded.sort(
        key=lambda contract: (-(contract.volume_24h_usd or 0.0), contract.instrument.symbol.base)
    )
    return traded, len(discovery.contracts), discovery.problems


@dataclass(frozen=True, slots=True)
class Trending:
    coin: TrendingCoin
    instrument: Instrument | None


def trending_coins() -> list[Trending]:
    """Return what CoinGecko's visitors search most, first one first.

    Raises DiscoveryUnavailable.
    """
    try:
        discovery = discover(Wanted(trending=True))
    except MarketUnavailable as unavailable:
        raise DiscoveryUnavailable("what trends", unavailable) from None
    registry = discovery.registry
    return [Trending(coin, registry.of_coingecko(coin.id)) for coin in discovery.trending]


@dataclass(slots=True)
class SearchResult:
    instruments: list[Instrument]
    others: list[FoundCoin]
    problems: list[Problem]


def search_coins(query: str, limit: int) -> SearchResult:
    """Return tradable coins whose names hold the text, and other coins CoinGecko finds by it."""
    registry = instrument_registry()
    wanted = query.strip().upper()
    found = {each.symbol.base: each for each in registry if wanted in each.symbol.base}
    others: list[FoundCoin] = []
    try:
        discovery = discover(Wanted(search=query.strip()))
        problems = discovery.problems
    except MarketUnavailable as unavailable:
        discovery = Discovery(registry)
        problems = [Problem("search", Venue.COINGECKO.value, unavailable.reason)]
    for coin in discovery.found:
        instrument = registry.of_coingecko(coin.id)
        if instrument is None:
            others.append(coin)
        else:
            found.setdefault(instrument.symbol.base, instrument)

    def nearness(instrument: Instrument) -> tuple[bool, bool, int, str]:
        base = instrument.symbol.base
        return (
            base != wanted,
            not base.startswith(wanted),
            instrument.market_cap_rank or 1_000_000,
            base,
        )

    return SearchResult(sorted(found.values(), key=nearness)[:limit], others[:limit], problems)


def require_category(discovery: Discovery, category: str) -> None:
    """Raise BadChoice for a category that CoinGecko does not have, as far as it told of them."""
    known = {each.id for each in discovery.categories}
    if known and category not in known:
        close = sorted(each for each in known if category in each or each in category)[:5]
        hint = f" Did you mean {', '.join(close)}?" if close else ""
        raise BadChoice("category", f"CoinGecko has no such category.{hint}")


def _joined(discovery: Discovery, *, with_coingecko_alone: bool) -> list[DiscoveredCoin]:
    """Return one row per coin; a coin of both lists has its market cap from one, the rest from two.

    Joined by the registry, which has checked the prices: equal names may be different coins.
    """
    registry = discovery.registry
    by_base: Mapping[str, Contract] = {
        contract.instrument.symbol.base: contract for contract in discovery.contracts
    }
    coins: list[DiscoveredCoin] = []
    seen: set[str] = set()
    for row in discovery.coins:
        instrument = registry.of_coingecko(row.id)
        contract = None if instrument is None else by_base.get(instrument.symbol.base)
        if instrument is not None:
            seen.add(instrument.symbol.base)
        if contract is not None or with_coingecko_alone:
            coins.append(_coin(row, instrument, contract))
    coins += [_coin_of(contract) for base, contract in by_base.items() if base not in seen]
    return coins


def _coin(
    row: CoinMarket, instrument: Instrument | None, contract: Contract | None
) -> DiscoveredCoin:
    return DiscoveredCoin(
        symbol=row.symbol if instrument is None else instrument.symbol.base,
        name=row.name,
        price_usd=row.price_usd if contract is None else contract.price_usd,
        market_cap_usd=row.market_cap_usd,
        volume_24h_usd=row.volume_24h_usd if contract is None else contract.volume_24h_usd,
        change_24h_pct=row.price_change_24h_pct if contract is None else contract.change_24h_pct,
        sources=(Venue.COINGECKO,) if contract is None else (contract.venue, Venue.COINGECKO),
        instrument=instrument,
        coingecko_id=row.id,
    )


def _coin_of(contract: Contract) -> DiscoveredCoin:
    return DiscoveredCoin(
        symbol=contract.instrument.symbol.base,
        name=None,
        price_usd=contract.price_usd,
        market_cap_usd=None,
        volume_24h_usd=contract.volume_24h_usd,
        change_24h_pct=contract.change_24h_pct,
        sources=(contract.venue,),
        instrument=contract.instrument,
        coingecko_id=None,
    )


def _fits(coin: DiscoveredCoin, filters: Filters) -> bool:
    return (
        coin.market_cap_usd is not None
        and coin.market_cap_usd <= filters.max_market_cap_usd
        and coin.volume_24h_usd is not None
        and coin.volume_24h_usd >= filters.min_volume_usd
        and coin.price_usd is not None
        and coin.price_usd >= LEAST_PRICE_USD
    )
