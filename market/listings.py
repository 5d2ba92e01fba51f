"""What the venues list, asked for in one wave, and the rows it is kept as.

Below ``market.universe``, which knows when.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import DatabaseError, transaction

from market import clock
from market.instruments import InstrumentRegistry
from market.models import ListedSymbol
from market.providers.coingecko_payloads import CoinMarket
from market.providers.contracts import BinanceContract, OkxInstrument
from market.providers.deadline import deadline_within
from market.providers.errors import ProviderError
from market.providers.registry import Providers
from market.selectors import listed_rows, rows_of_coin
from market.types import Instrument, Symbol, Venue

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Lists:
    """What was answered; ``coins`` is one page of CoinGecko's markets."""

    binance: tuple[BinanceContract, ...] = ()
    okx: tuple[OkxInstrument, ...] = ()
    coins: tuple[CoinMarket, ...] = ()
    unit_prices: dict[str, float] = field(default_factory=dict)
    answered: set[Venue] = field(default_factory=set)
    failures: list[ProviderError] = field(default_factory=list)


async def fetch_lists(providers: Providers, page: int | None, deadline_s: float) -> Lists:
    """Ask for everything at once; what has not answered by the deadline is missing."""
    lists = Lists()

    async def ask_binance() -> None:
        lists.binance = (await providers.binance.fetch_exchange_info()).value.contracts
        lists.answered.add(Venue.BINANCE)

    async def ask_okx() -> None:
        lists.okx = (await providers.okx.fetch_instruments()).value
        lists.answered.add(Venue.OKX)

    async def ask_prices(tickers: Awaitable[Any]) -> None:
        rows: Mapping[str, Any] = (await tickers).value
        for venue_symbol, ticker in rows.items():
            lists.unit_prices[venue_symbol] = ticker.last_price_per_unit

    async def ask_page(number: int) -> None:
        lists.coins = (await providers.coingecko.fetch_markets(page=number)).value
        lists.answered.add(Venue.COINGECKO)

    with deadline_within(deadline_s):
        calls = {
            "binance contracts": ask_binance(),
            "okx contracts": ask_okx(),
            "binance prices": ask_prices(providers.binance.fetch_tickers()),
            "okx prices": ask_prices(providers.okx.fetch_tickers()),
        }
        if page is not None:
            calls["coingecko page"] = ask_page(page)
        tasks = {asyncio.create_task(call): name for name, call in calls.items()}
    done, late = await asyncio.wait(tasks, timeout=deadline_s)
    for task in late:
        task.cancel()
        logger.warning("universe: no answer in time", extra={"asked": tasks[task]})
    await asyncio.gather(*late, return_exceptions=True)
    for task, error in [(task, task.exception()) for task in done]:
        if isinstance(error, ProviderError):
            lists.failures.append(error)
            logger.warning(
                "universe: not answered", extra={"asked": tasks[task], "detail": error.detail}
            )
        elif error is not None:
            raise error
    return lists


def joined(
    fresh: InstrumentRegistry, stored: InstrumentRegistry, answered: set[Venue]
) -> InstrumentRegistry:
    """Return the fresh registry with what the venues that did not answer had listed before."""
    instruments: list[Instrument] = []
    names = {instrument.symbol for registry in (fresh, stored) for instrument in registry}
    for symbol in sorted(names):
        new, old = fresh.get(symbol), stored.get(symbol)
        nothing = Instrument(symbol)
        new, old = new or nothing, old or nothing
        # Of two pages that name a coin the better rank is the coin, as within one page.
        known = min((new, old), key=_rank)
        joint = Instrument(
            symbol=symbol,
            binance=new.binance if Venue.BINANCE in answered else old.binance,
            okx=new.okx if Venue.OKX in answered else old.okx,
            coingecko_id=known.coingecko_id or new.coingecko_id or old.coingecko_id,
            market_cap_rank=known.market_cap_rank,
        )
        if joint.binance is not None or joint.okx is not None:
            instruments.append(joint)
    return InstrumentRegistry(instruments)


def _rank(instrument: Instrument) -> float:
    rank = instrument.market_cap_rank
    return float("inf") if rank is None else rank


_STORED_AS_TIME = ("binance_listed_at", "okx_listed_at")


def stored_registry() -> InstrumentRegistry | None:
    """Return the registry of the rows, empty without any; None when the database is away."""
    try:
        rows = listed_rows()
    except DatabaseError:
        logger.exception("universe not read, the database is away")
        return None
    return _registry_of(rows)


def last_listed(base: str) -> Instrument | None:
    """Return a coin as it was listed last, also when it is delisted now; None if it never was."""
    return _registry_of(rows_of_coin(base)).get(Symbol(base))


def _registry_of(rows: list[dict[str, Any]]) -> InstrumentRegistry:
    for row in rows:
        for name in _STORED_AS_TIME:
            at = row[name]
            row[f"{name}_ms"] = None if at is None else round(at.timestamp() * 1000)
    return InstrumentRegistry.from_rows(rows)


def keep_registry(registry: InstrumentRegistry) -> None:
    """Write the rows; a coin that is no longer listed keeps its row, marked as delisted."""
    now = clock.now()
    rows = []
    for row in registry.to_rows():
        for name in _STORED_AS_TIME:
            ms = row.pop(f"{name}_ms")
            row[name] = None if ms is None else clock.datetime_at(ms)
        rows.append(
            ListedSymbol(
                environment=settings.ENVIRONMENT,
                first_seen_at=now,
                last_seen_at=now,
                delisted_at=None,
                **row,
            )
        )
    try:
        with transaction.atomic():
            ListedSymbol.objects.bulk_create(
                rows,
                update_conflicts=True,
                unique_fields=["environment", "base"],
                update_fields=_UPDATED,
            )
            ListedSymbol.objects.filter(
                environment=settings.ENVIRONMENT, delisted_at=None, last_seen_at__lt=now
            ).update(delisted_at=now)
    except DatabaseError:
        logger.exception("universe not kept, the database is away")


_UPDATED = [
    column.name
    for column in ListedSymbol._meta.concrete_fields
    if column.name not in ("id", "environment", "base", "first_seen_at")
]
