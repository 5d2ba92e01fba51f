"""What one venue says of a stretch of the past: its closed bars and its settled funding.

For whoever needs just that venue and just those hours; nothing is kept, and no other venue stands
in. Calls go through the providers' budgets like any other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from market import clock
from market.providers import okx
from market.providers.deadline import deadline_within
from market.providers.registry import Providers
from market.providers.runtime import provider_runtime
from market.tables import Table, candles_table, join, series_table, table_candles, table_series
from market.types import HOUR_MS, MINUTE_MS, Candles, Interval, Listing, Series, Venue

# The most that Binance gives for a weight of 2.
_BINANCE_PAGE = 499
# What OKX's quicker endpoint has, less a few for the time until it is asked.
_OKX_RECENT_BARS = 1400
_OKX_OLD_PAGE = 100
# Of a settlement interval nothing is known from a single row.
_USUAL_SETTLEMENT_H = 8.0
# For the runtime to notice its own deadline.
_RUNTIME_GRACE_S = 1.0
# Bars and funding of a coin come in a few pages; more would be a venue that goes in circles.
_MOST_PAGES = 200


@dataclass(frozen=True, slots=True)
class Stretch:
    """From the first moment to before the last one."""

    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Past:
    """Bars may have gaps; ``funding`` is None when it was not asked for."""

    candles: Candles
    funding: Series | None


def read_past(
    listing: Listing,
    interval: Interval,
    stretches: Sequence[Stretch],
    *,
    funding: Stretch | None = None,
    deadline_s: float,
) -> Past:
    """Return the closed bars that open inside some stretches, and the funding settled in one.

    Raises ProviderError or TimeoutError when the venue did not answer all of it.
    """
    return provider_runtime().run(
        lambda providers: _read(providers, listing, interval, stretches, funding, deadline_s),
        timeout_s=deadline_s + _RUNTIME_GRACE_S,
    )


async def _read(
    providers: Providers,
    listing: Listing,
    interval: Interval,
    stretches: Sequence[Stretch],
    funding: Stretch | None,
    deadline_s: float,
) -> Past:
    with deadline_within(deadline_s):
        settled = asyncio.create_task(_settled(providers, listing, funding))
        try:
            bars = Table.empty(7)
            for stretch in stretches:  # one after the other: a backlog must not crowd out a scan
                bars = join(bars, await _bars(providers, listing, interval, stretch)).table
            return Past(table_candles(bars, interval), await settled)
        finally:
            settled.cancel()
            await asyncio.gather(settled, return_exceptions=True)


async def _bars(
    providers: Providers, listing: Listing, interval: Interval, stretch: Stretch
) -> Table:
    pages = _binance_bars if listing.venue is Venue.BINANCE else _okx_bars
    bars = await pages(providers, listing, interval, stretch)
    return bars.since(stretch.start_ms).until(stretch.end_ms - 1)


async def _binance_bars(
    providers: Providers, listing: Listing, interval: Interval, stretch: Stretch
) -> Table:
    bars, next_ms = Table.empty(7), stretch.start_ms
    for _ in range(_MOST_PAGES):
        wanted = -(-(stretch.end_ms - next_ms) // interval.ms)
        if wanted < 1:
            break
        limit = min(wanted, _BINANCE_PAGE)
        answer = await providers.binance.fetch_klines(
            listing, interval, limit=limit, start_ms=next_ms, end_ms=stretch.end_ms - 1
        )
        page = candles_table(answer.value.closed)
        bars = join(bars, page).table
        if len(page) < limit:
            break
        next_ms = page.last_ms + interval.ms
    return bars


async def _okx_bars(
    providers: Providers, listing: Listing, interval: Interval, stretch: Stretch
) -> Table:
    is_old = clock.now_ms() - stretch.start_ms > _OKX_RECENT_BARS * interval.ms
    most = _OKX_OLD_PAGE if is_old else okx.MAX_CANDLES
    bars, older_than_ms = Table.empty(7), stretch.end_ms
    for _ in range(_MOST_PAGES):
        wanted = -(-(older_than_ms - stretch.start_ms) // interval.ms)
        if wanted < 1:
            break
        answer = await providers.okx.fetch_candles(
            listing,
            interval,
            limit=min(wanted, most),
            older_than_ms=older_than_ms,
            history=is_old,
        )
        page = candles_table(answer.value.closed)
        if not len(page):
            break
        bars = join(page, bars).table
        older_than_ms = page.first_ms
    return bars


async def _settled(
    providers: Providers, listing: Listing, stretch: Stretch | None
) -> Series | None:
    if stretch is None:
        return None
    pages = _binance_funding if listing.venue is Venue.BINANCE else _okx_funding
    return await pages(providers, listing, stretch)


async def _binance_funding(providers: Providers, listing: Listing, stretch: Stretch) -> Series:
    answer = await providers.binance.fetch_funding_history(
        listing,
        interval_h=_USUAL_SETTLEMENT_H,
        limit=min(1000, (stretch.end_ms - stretch.start_ms) // HOUR_MS + 2),
        start_ms=stretch.start_ms,
        end_ms=stretch.end_ms,
    )
    return answer.value


async def _okx_funding(providers: Providers, listing: Listing, stretch: Stretch) -> Series:
    rates, older_than_ms, max_age_ms = Table.empty(1), stretch.end_ms, 0
    for _ in range(_MOST_PAGES):
        answer = await providers.okx.fetch_funding_history(
            listing, interval_h=_USUAL_SETTLEMENT_H, older_than_ms=older_than_ms
        )
        page, max_age_ms = series_table(answer.value), answer.value.max_age_ms
        if not len(page) or (len(rates) and page.first_ms >= rates.first_ms):
            break
        # A page's first row is scaled by a guess: the next page has it again, and what was before.
        rates = join(rates, page).table
        if page.first_ms <= stretch.start_ms:
            break
        older_than_ms = page.first_ms + MINUTE_MS
    return table_series(rates.since(stretch.start_ms), max_age_ms)
