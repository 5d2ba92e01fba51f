"""Coinglass: funding weighted over exchanges, open interest of all, ratios, liquidations.

What a plan cannot say up to the present is left to the exchanges, kind by kind: on Hobbyist (bars
of 4 h) that is open interest and the ratios, whose changes within the day need finer bars. Funding
takes the 4 h bars of any plan, whose open one ends with the present rate. Liquidations are in
``coinglass_liquidations``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from market.chains import DAILY, FINE, GRID, LAYOUTS, MAX_AGE_MS, READING_OF_STATISTIC
from market.due import due_grid_rows, grid_rows, is_due, rows_since
from market.models import MARKET_WIDE, SeriesKind
from market.providers.coinglass import Coinglass, Span
from market.providers.coinglass_payloads import CoinglassInterval, LongShare
from market.snapshot import ReadingName
from market.sources.asking import Asking, require_present, series_key
from market.sources.coinglass_liquidations import liquidation_reads, venue_open_interest_read
from market.sources.coinglass_names import name_of
from market.sources.planned import PlannedRead, Standing, unless_unknown, urgency_of
from market.tables import Table, observation, series_table
from market.types import DAY_MS, HOUR_MS, MINUTE_MS, Instrument, Venue

VENUE = Venue.COINGLASS
# Coarser bars say too little of changes within the day.
COARSEST_FINE = CoinglassInterval.M30
REFRESH_MS = 15 * MINUTE_MS
# A rate asked for this long ago is the most pressing: half of what it may stand for, and a little.
FUNDING_PRESSING_MS = 6 * HOUR_MS
# 30 days in 4 h bars, and the one before.
_COLD_GRID_ROWS = 181
_FINE_SPAN_MS = 26 * HOUR_MS

# As refusals name them; histories with their interval.
_FUNDING_ENDPOINT = "futures/funding-rate/oi-weight-history 4h"

_LONG_SHARES = {
    SeriesKind.LONG_ACCOUNTS: LongShare.ALL_ACCOUNTS,
    SeriesKind.TOP_TRADERS: LongShare.TOP_TRADER_POSITIONS,
}

_STATISTIC_ENDPOINTS = {
    SeriesKind.OPEN_INTEREST: "futures/open-interest/aggregated-history",
    **{kind: share.value for kind, share in _LONG_SHARES.items()},
}


def preferred_readings(api: Coinglass) -> set[ReadingName]:
    """Return what the plan can say up to the present, and so is asked first."""
    preferred = {ReadingName.FUNDING, ReadingName.LIQUIDATIONS, ReadingName.LIQUIDATION_VENUE_OI}
    if api.plan.offers(COARSEST_FINE):
        preferred |= set(READING_OF_STATISTIC.values())
    return preferred


def planned_reads(asking: Asking, api: Coinglass, standing: Standing) -> Iterator[PlannedRead]:
    """Yield what is due of every coin of the wave."""
    yield from liquidation_reads(asking, api, standing)
    kinds = [
        kind for kind, reading in READING_OF_STATISTIC.items() if reading in preferred_readings(api)
    ]
    for instrument in asking.instruments:
        yield from _funding_read(asking, api, instrument)
        yield from venue_open_interest_read(asking, api, instrument)
        for kind in kinds:
            yield from _statistic_read(asking, api, instrument, kind)


# --- Funding --------------------------------------------------------------------------------------


def _funding_read(asking: Asking, api: Coinglass, coin: Instrument) -> Iterator[PlannedRead]:
    base = coin.symbol.base
    samples = series_key(base, SeriesKind.FUNDING, VENUE, FINE.value)
    urgency = urgency_of(
        asking.held(samples),
        asking.at_ms,
        refresh_ms=REFRESH_MS,
        max_age_ms=FUNDING_PRESSING_MS,
    )
    if urgency is not None:
        ask = partial(_ask_funding, asking, api, coin)
        yield PlannedRead(VENUE, (base,), ReadingName.FUNDING, _FUNDING_ENDPOINT, 1, urgency, ask)


async def _ask_funding(asking: Asking, api: Coinglass, coin: Instrument) -> None:
    samples = series_key(coin.symbol.base, SeriesKind.FUNDING, VENUE, FINE.value)
    await unless_unknown(asking, samples, _ask_funding_bars(asking, api, coin))


async def _ask_funding_bars(asking: Asking, api: Coinglass, coin: Instrument) -> None:
    base = coin.symbol.base
    grid = series_key(base, SeriesKind.FUNDING, VENUE, GRID.value)
    held = asking.held(grid)
    rows = (
        _COLD_GRID_ROWS
        if held is None or not len(held.table)
        else 1 + rows_since(held.table.last_ms, GRID.ms, asking.at_ms, most=_COLD_GRID_ROWS - 1)
    )
    reply = await asking.ask(
        base,
        ReadingName.FUNDING,
        VENUE,
        api.fetch_funding_history(await name_of(api, coin), Span(CoinglassInterval.H4, rows)),
    )
    latest = reply.value.latest()
    newest_ms = None if latest is None else min(latest[1], asking.at_ms)
    asking.keep(grid, series_table(reply.value.closes()))
    asking.keep(
        series_key(base, SeriesKind.FUNDING, VENUE, FINE.value),
        Table.empty(1)
        if latest is None or newest_ms is None
        else observation(newest_ms, latest[0]),
    )
    require_present(asking, VENUE, newest_ms, MAX_AGE_MS[ReadingName.FUNDING])


# --- Open interest and ratios ---------------------------------------------------------------------


def _statistic_read(
    asking: Asking, api: Coinglass, coin: Instrument, kind: SeriesKind
) -> Iterator[PlannedRead]:
    if kind in _LONG_SHARES and (coin.binance or coin.okx) is None:
        return
    base, reading = coin.symbol.base, READING_OF_STATISTIC[kind]
    held = asking.held(series_key(base, kind, VENUE, FINE.value))
    interval = api.plan.nearest(CoinglassInterval.M15)
    layout = replace(LAYOUTS[kind, FINE.value], step_ms=interval.ms)
    urgency = urgency_of(
        held, asking.at_ms, refresh_ms=layout.retry_ms, max_age_ms=MAX_AGE_MS[reading]
    )
    expected_ms = asking.at_ms // interval.ms * interval.ms
    if urgency is None or not is_due(held, layout, expected_ms, asking.at_ms):
        return
    grid = asking.held(series_key(base, kind, VENUE, GRID.value))
    cost = 2 if due_grid_rows(grid, asking.at_ms, most=_COLD_GRID_ROWS) else 1
    ask = partial(_ask_statistic, asking, api, coin, kind, interval)
    endpoint = f"{_STATISTIC_ENDPOINTS[kind]} {interval.value}"
    yield PlannedRead(VENUE, (base,), reading, endpoint, cost, urgency, ask)


async def _ask_statistic(
    asking: Asking, api: Coinglass, coin: Instrument, kind: SeriesKind, interval: CoinglassInterval
) -> None:
    base, reading = coin.symbol.base, READING_OF_STATISTIC[kind]
    fine_key = series_key(base, kind, VENUE, FINE.value)
    grid_key = series_key(base, kind, VENUE, GRID.value)
    coarse_rows = due_grid_rows(asking.held(grid_key), asking.at_ms, most=_COLD_GRID_ROWS)
    if coarse_rows:
        table, _ = await _statistic_rows(
            asking, api, coin, kind, Span(CoinglassInterval.H4, coarse_rows)
        )
        asking.keep(grid_key, table)
    held = asking.held(fine_key)
    most = _FINE_SPAN_MS // interval.ms
    rows = (
        most
        if held is None or not len(held.table)
        else 1 + rows_since(held.table.last_ms, interval.ms, asking.at_ms, most=most - 1)
    )

    async def ask_fine() -> None:
        table, latest = await _statistic_rows(asking, api, coin, kind, Span(interval, rows))
        asking.keep(fine_key, table)
        if latest is not None:
            asking.keep(fine_key, latest)

    await unless_unknown(asking, fine_key, ask_fine())
    fine = asking.held(fine_key)
    if fine is not None and not coarse_rows:
        added = grid_rows(fine.table, asking.held(grid_key))
        if len(added):
            asking.keep(grid_key, added)
    newest_ms = fine.table.last_ms if fine is not None and len(fine.table) else None
    require_present(asking, VENUE, newest_ms, MAX_AGE_MS[reading])


async def _statistic_rows(
    asking: Asking, api: Coinglass, coin: Instrument, kind: SeriesKind, span: Span
) -> tuple[Table, Table | None]:
    """Return the rows known by now, and for open interest what it is this minute."""
    base, reading = coin.symbol.base, READING_OF_STATISTIC[kind]
    if kind in _LONG_SHARES:
        listing = coin.binance or coin.okx
        if listing is None:
            raise LookupError(f"{coin.symbol} is not listed")
        shares = await asking.ask(
            base, reading, VENUE, api.fetch_long_share(_LONG_SHARES[kind], listing, span)
        )
        return series_table(shares.value), None
    name = await name_of(api, coin)
    bars = await asking.ask(base, reading, VENUE, api.fetch_open_interest_history(name, span))
    latest = bars.value.latest()
    return (
        series_table(bars.value.closes()),
        None if latest is None else observation(min(latest[1], asking.at_ms), latest[0]),
    )


# --- Fear and greed -------------------------------------------------------------------------------


async def ask_fear_greed(asking: Asking, api: Coinglass) -> None:
    """Bring the index up to date, should its publisher not answer; all years come at once."""
    key = series_key(MARKET_WIDE, SeriesKind.FEAR_GREED, VENUE, DAILY)
    held = asking.held(key)
    today_ms = asking.at_ms // DAY_MS * DAY_MS
    if not is_due(held, LAYOUTS[SeriesKind.FEAR_GREED, DAILY], today_ms, asking.at_ms):
        return
    reply = await asking.ask(MARKET_WIDE, ReadingName.FEAR_GREED, VENUE, api.fetch_fear_greed())
    index = series_table(reply.value)
    asking.keep(key, index.since(asking.at_ms - 60 * DAY_MS))
