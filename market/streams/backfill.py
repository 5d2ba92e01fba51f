"""What OKX's stream missed, read from its pages of 24 hours. Binance has nothing of the kind.

Blocking; a few coins at a time, so that signals asked for meanwhile get their share of the calls.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from django.db import DatabaseError

from market import clock, series
from market.chains import BUCKET_MS, BUCKETS
from market.liquidations import unwatched_since_ms
from market.models import SeriesKind
from market.providers.errors import ProviderError
from market.providers.registry import Providers
from market.providers.runtime import provider_runtime
from market.sources.asking import Asking, Harvest, series_key
from market.sources.liquidations import ask_orders_since
from market.tables import Table, table_buckets
from market.types import DAY_MS, Instrument, Venue

logger = logging.getLogger(__name__)

COINS_AT_ONCE = 4
# Coins whose series are held in memory together.
COINS_PER_LOOK = 50
# A busy day of BTC has 29 pages.
MOST_PAGES = 40
# Of one portion; a page waits for the budget of the endpoint, 16 calls in 2 s.
PORTION_DEADLINE_S = 30.0
# The bucket in which the venue's 24 h begin is known in part at best.
REACH_MS = DAY_MS - 2 * BUCKET_MS


def coins_with_gaps(instruments: Sequence[Instrument]) -> list[tuple[Instrument, int]]:
    """Return the coins that have unwatched buckets within the venue's reach, and since when."""
    at_ms = clock.now_ms()
    listed = [instrument for instrument in instruments if instrument.okx is not None]
    found = []
    for start in range(0, len(listed), COINS_PER_LOOK):
        some = listed[start : start + COINS_PER_LOOK]
        bases = [instrument.symbol.base for instrument in some]
        held = series.load_kind(bases, SeriesKind.LIQUIDATIONS, Venue.OKX.value, BUCKETS)
        for instrument in some:
            key = series_key(instrument.symbol.base, SeriesKind.LIQUIDATIONS, Venue.OKX, BUCKETS)
            table = held[key].table if key in held else Table.empty(2)
            since_ms = unwatched_since_ms(table_buckets(table, BUCKET_MS), at_ms - REACH_MS, at_ms)
            if since_ms is not None:
                found.append((instrument, since_ms))
    return found


def fill_portion(gaps: Sequence[tuple[Instrument, int]]) -> bool:
    """Read and keep what some coins lack; return whether the venue answered for all of them.

    If not, more questions would only keep others from asking: its breaker counts failures.
    """
    at_ms = clock.now_ms()
    harvest = Harvest()
    failed: list[str] = []

    async def ask(providers: Providers) -> None:
        asking = Asking(providers, harvest, [instrument for instrument, _ in gaps], at_ms)
        answers = await asyncio.gather(
            *(ask_orders_since(asking, coin, since_ms, MOST_PAGES) for coin, since_ms in gaps),
            return_exceptions=True,
        )
        for (coin, _), answer in zip(gaps, answers, strict=True):
            if isinstance(answer, ProviderError):
                failed.append(coin.symbol.base)
                logger.warning(
                    "liquidations not read back",
                    extra={"base": coin.symbol.base, "detail": answer.detail},
                )
            elif isinstance(answer, BaseException):
                raise answer

    try:
        provider_runtime().run(ask, timeout_s=PORTION_DEADLINE_S)
    except TimeoutError:
        failed.extend(coin.symbol.base for coin, _ in gaps)
        logger.warning("liquidations not read back in time", extra={"coins": len(gaps)})
    try:
        series.append(harvest.updates)
    except DatabaseError:
        failed.extend(coin.symbol.base for coin, _ in gaps)
        logger.exception("liquidations read back, but the database is away")
    return not failed
