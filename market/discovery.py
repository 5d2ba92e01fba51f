"""What there is to trade, in bulk: every contract's last day, pages of coins, trends, searches.

One wave under one deadline. A source that does not answer is named and the others serve; pages of
CoinGecko are kept (``market.coin_pages``), for its calls are few.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from django.conf import settings

from market import clock
from market.chains import HEDGE_SHARE
from market.coin_pages import keep_pages, kept_pages
from market.instruments import InstrumentRegistry
from market.providers.coingecko import MAX_IDS
from market.providers.coingecko_payloads import (
    Category,
    CoinDetail,
    CoinMarket,
    FoundCoin,
    ListedCoin,
    TrendingCoin,
)
from market.providers.deadline import deadline_within
from market.providers.errors import ProviderError, ProviderUnavailable
from market.providers.observations import Ticker
from market.providers.payload import Parsed
from market.providers.registry import Providers
from market.providers.runtime import provider_runtime
from market.snapshot import Problem
from market.types import HOUR_MS, MINUTE_MS, Instrument, Venue
from market.universe import MarketUnavailable, instrument_registry

T = TypeVar("T")

# Rows of contracts that stopped trading stay in the lists with an old time.
TICKER_MAX_AGE_MS = HOUR_MS
_RUNTIME_GRACE_S = 0.3


@dataclass(frozen=True, slots=True)
class Contract:
    """The last day of a coin's perpetual on one venue, per coin, in USD. None is unknown."""

    instrument: Instrument
    venue: Venue
    price_usd: float
    volume_24h_usd: float | None
    change_24h_pct: float | None
    high_24h_usd: float | None
    low_24h_usd: float | None


@dataclass(slots=True)
class Discovery:
    """What was found; what was not asked for or not answered is empty, the latter named."""

    registry: InstrumentRegistry
    contracts: list[Contract] = field(default_factory=list)
    coins: list[CoinMarket] = field(default_factory=list)
    trending: list[TrendingCoin] = field(default_factory=list)
    found: list[FoundCoin] = field(default_factory=list)
    categories: list[Category] = field(default_factory=list)
    listed: list[ListedCoin] = field(default_factory=list)
    details: list[CoinDetail] = field(default_factory=list)
    answered: set[Venue] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    failures: list[ProviderError] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to ask for. ``pages`` are CoinGecko's, by market cap, of a category if one is named.

    ``ids`` are rows of those coins, 250 to a call; ``detail`` is one coin's page; ``whole_list``
    names every coin.
    """

    contracts: bool = False
    pages: Sequence[int] = ()
    ids: Sequence[str] = ()
    detail: str = ""
    whole_list: bool = False
    category: str = ""
    categories: bool = False
    trending: bool = False
    search: str = ""


def discover(wanted: Wanted) -> Discovery:
    """Ask for it all at once. Raises MarketUnavailable when nothing at all was answered."""
    discovery = Discovery(instrument_registry())
    budget_s = settings.SIGNAL_DEADLINE_S
    kept = kept_pages(wanted.pages, wanted.category)
    due = [page for page in wanted.pages if page not in kept or not kept[page].is_fresh]
    read: dict[int, list[CoinMarket]] = {}
    try:
        provider_runtime().run(
            lambda providers: _ask(providers, wanted, due, discovery, read, budget_s),
            timeout_s=budget_s + _RUNTIME_GRACE_S,
        )
    except TimeoutError:
        raise MarketUnavailable from None
    keep_pages(read, wanted.category)
    for page in wanted.pages:
        if page in read:
            discovery.coins += read[page]
        elif page in kept:
            discovery.answered.add(Venue.COINGECKO)
            discovery.coins += kept[page].coins
            if not kept[page].is_fresh:
                age = f"of {kept[page].age_ms // MINUTE_MS} min ago"
                discovery.problems.append(Problem(_page_name(page), Venue.COINGECKO.value, age))
    if not discovery.answered:
        raise MarketUnavailable(discovery.failures)
    return discovery


def _page_name(page: int) -> str:
    return f"page {page} of coins"


async def _ask(
    providers: Providers,
    wanted: Wanted,
    pages: Sequence[int],
    discovery: Discovery,
    read: dict[int, list[CoinMarket]],
    deadline_s: float,
) -> None:
    coingecko = providers.coingecko

    async def ask_coingecko(
        what: str, call: Callable[[], Awaitable[Parsed[tuple[T, ...]]]], into: list[T]
    ) -> None:
        rows = await _answer(discovery, Venue.COINGECKO, what, call, deadline_s)
        into.extend(() if rows is None else rows)

    async def ask_page(page: int) -> None:
        coins = await _answer(
            discovery,
            Venue.COINGECKO,
            _page_name(page),
            lambda: coingecko.fetch_markets(page=page, category=wanted.category),
            deadline_s,
        )
        if coins is not None:
            read[page] = list(coins)

    with deadline_within(deadline_s):
        asked: list[Awaitable[None]] = []
        if wanted.contracts:
            asked.append(_ask_contracts(providers, discovery, deadline_s))
        asked += [ask_page(page) for page in pages]
        for first in range(0, len(wanted.ids), MAX_IDS):

            def fetch_some(first: int = first) -> Awaitable[Parsed[tuple[CoinMarket, ...]]]:
                return coingecko.fetch_markets(ids=wanted.ids[first : first + MAX_IDS])

            asked.append(ask_coingecko("coins by id", fetch_some, discovery.coins))
        if wanted.detail:
            asked.append(_ask_detail(providers, wanted.detail, discovery, deadline_s))
        if wanted.whole_list:
            asked.append(
                ask_coingecko("the list of coins", coingecko.fetch_coins_list, discovery.listed)
            )
        if wanted.categories:
            asked.append(
                ask_coingecko("categories", coingecko.fetch_categories, discovery.categories)
            )
        if wanted.trending:
            asked.append(
                ask_coingecko("trending coins", coingecko.fetch_trending, discovery.trending)
            )
        if wanted.search:
            asked.append(
                ask_coingecko(
                    "search", lambda: coingecko.fetch_search(wanted.search), discovery.found
                )
            )
        await asyncio.gather(*asked)


async def _ask_detail(
    providers: Providers, coin_id: str, discovery: Discovery, deadline_s: float
) -> None:
    detail = await _answer(
        discovery,
        Venue.COINGECKO,
        "the coin's page",
        lambda: providers.coingecko.fetch_coin_detail(coin_id),
        deadline_s,
    )
    if detail is not None:
        discovery.details.append(detail)


async def _ask_contracts(providers: Providers, discovery: Discovery, deadline_s: float) -> None:
    """Read Binance's contracts, or OKX's when Binance does not answer."""
    tickers = await _answer(
        discovery,
        Venue.BINANCE,
        "contracts",
        providers.binance.fetch_tickers,
        deadline_s * HEDGE_SHARE,
    )
    venue = Venue.BINANCE
    if tickers is None:
        venue = Venue.OKX
        tickers = await _answer(
            discovery,
            Venue.OKX,
            "contracts",
            providers.okx.fetch_tickers,
            deadline_s * (1.0 - HEDGE_SHARE),
        )
    at_ms = clock.now_ms()
    for ticker in (tickers or {}).values():
        contract = _contract(discovery.registry, venue, ticker, at_ms)
        if contract is not None:
            discovery.contracts.append(contract)


def _contract(
    registry: InstrumentRegistry, venue: Venue, ticker: Ticker, at_ms: int
) -> Contract | None:
    """Return the coin's contract; None for what is no live perpetual of the registry."""
    instrument = registry.of_venue(ticker.venue_symbol)
    if instrument is None or at_ms - ticker.observed_at_ms > TICKER_MAX_AGE_MS:
        return None
    listing = instrument.binance if venue is Venue.BINANCE else instrument.okx
    if listing is None or listing.venue_symbol.upper() != ticker.venue_symbol.upper():
        return None

    def per_coin(price: float | None) -> float | None:
        return None if price is None else price / listing.multiplier

    return Contract(
        instrument=instrument,
        venue=venue,
        price_usd=ticker.last_price_per_unit / listing.multiplier,
        volume_24h_usd=ticker.quote_volume_usd,
        change_24h_pct=ticker.price_change_24h_pct,
        high_24h_usd=per_coin(ticker.high_24h_per_unit),
        low_24h_usd=per_coin(ticker.low_24h_per_unit),
    )


async def _answer(
    discovery: Discovery,
    source: Venue,
    what: str,
    call: Callable[[], Awaitable[Parsed[T]]],
    patience_s: float,
) -> T | None:
    """Return what a source says, or None and note why it did not."""
    try:
        async with asyncio.timeout(patience_s):
            parsed = await call()
    except ProviderError as error:
        failure = error
    except TimeoutError:
        failure = ProviderUnavailable(source.value, f"no answer within {patience_s:.1f} s")
    else:
        discovery.answered.add(source)
        return parsed.value
    discovery.failures.append(failure)
    discovery.problems.append(Problem(what, source.value, failure.detail))
    return None
