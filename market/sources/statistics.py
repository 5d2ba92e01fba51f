"""Open interest, and the long share of all accounts and of the top traders' positions."""

from __future__ import annotations

from collections.abc import Awaitable

from market.chains import FINE, GRID, MAX_AGE_MS, READING_OF_STATISTIC
from market.due import due_fine_rows, due_grid_rows, grid_rows
from market.models import SeriesKind
from market.providers import binance, okx
from market.providers.payload import Parsed
from market.sources.asking import Asking, listing_of, require_present, series_key, together
from market.tables import series_table
from market.types import Instrument, Interval, Series, Venue


async def ask_statistic(
    asking: Asking, instrument: Instrument, kind: SeriesKind, venue: Venue
) -> None:
    """Bring one statistic of one venue up to date, on both of its resolutions."""
    base = instrument.symbol.base
    reading = READING_OF_STATISTIC[kind]
    fine_key = series_key(base, kind, venue, FINE.value)
    grid_key = series_key(base, kind, venue, GRID.value)
    most = binance.MAX_STATISTICS if venue is Venue.BINANCE else okx.MAX_STATISTICS

    async def ask_rows(period: Interval, limit: int) -> None:
        call = _fetch_statistic(asking, instrument, kind, venue, period, limit)
        parsed = await asking.ask(base, reading, venue, call)
        asking.keep(fine_key if period is FINE else grid_key, series_table(parsed.value))

    fine_rows = due_fine_rows(asking.held(fine_key), asking.at_ms, most=most)
    coarse_rows = due_grid_rows(asking.held(grid_key), asking.at_ms, most=most)
    calls = [
        ask_rows(period, limit)
        for period, limit in ((FINE, fine_rows), (GRID, coarse_rows))
        if limit
    ]
    try:
        await together(*calls)
    finally:
        fine = asking.held(fine_key)
        if fine is not None and not coarse_rows:
            added = grid_rows(fine.table, asking.held(grid_key))
            if len(added):
                asking.keep(grid_key, added)
    newest_ms = fine.table.last_ms if fine is not None and len(fine.table) else None
    require_present(asking, venue, newest_ms, MAX_AGE_MS[reading])


def _fetch_statistic(
    asking: Asking,
    instrument: Instrument,
    kind: SeriesKind,
    venue: Venue,
    period: Interval,
    limit: int,
) -> Awaitable[Parsed[Series]]:
    listing = listing_of(instrument, venue)
    if venue is Venue.BINANCE:
        api = asking.providers.binance
        if kind == SeriesKind.OPEN_INTEREST:
            return api.fetch_open_interest_history(listing, period, limit=limit)
        of = (
            binance.LongShare.ALL_ACCOUNTS
            if kind == SeriesKind.LONG_ACCOUNTS
            else binance.LongShare.TOP_TRADER_POSITIONS
        )
        return api.fetch_long_share(of, listing, period, limit=limit)
    if kind == SeriesKind.OPEN_INTEREST:
        return asking.providers.okx.fetch_open_interest_history(listing, period, limit=limit)
    return asking.providers.okx.fetch_long_share(
        okx.LongShare.ALL_ACCOUNTS
        if kind == SeriesKind.LONG_ACCOUNTS
        else okx.LongShare.TOP_TRADER_POSITIONS,
        listing,
        period,
        limit=limit,
    )
