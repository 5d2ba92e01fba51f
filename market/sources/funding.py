"""The running funding rate and the settled ones before it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from market.chains import MAX_AGE_MS, SETTLED
from market.due import settlement_due
from market.models import SeriesKind
from market.providers import binance
from market.providers.binance_payloads import PremiumIndex
from market.providers.observations import FundingRate
from market.providers.payload import Parsed
from market.series import Held, SeriesKey
from market.snapshot import ReadingName
from market.sources.asking import (
    Asking,
    StaleAnswer,
    listing_of,
    require_present,
    series_key,
    together,
)
from market.tables import series_table
from market.types import DAY_MS, HOUR_MS, Instrument, Series, Venue

# From so many coins on, one call for all is asked for: Binance's weighs 10, one coin's 1; OKX
# meters calls.
BINANCE_FOR_ALL_FROM = 10
OKX_FOR_ALL_FROM = 5

# 30 days of settled rates, and the one before them.
_WINDOW_MS = 31 * DAY_MS


async def ask_funding(asking: Asking, instrument: Instrument, venue: Venue) -> None:
    """Bring the running estimate and the settled history of one venue up to date."""
    calls = [_ask_settled(asking, instrument, venue)]
    if not asking.is_observed(instrument.symbol.base, ReadingName.FUNDING, venue):
        running = _ask_binance_funding if venue is Venue.BINANCE else _ask_okx_funding
        calls.append(running(asking, instrument))
    await together(*calls)


async def _ask_binance_funding(asking: Asking, instrument: Instrument) -> None:
    listing = listing_of(instrument, Venue.BINANCE)
    premium, hours = await asyncio.gather(
        _binance_premium(asking, instrument), _binance_interval_h(asking, instrument)
    )
    if premium is None or premium.funding_rate_pct is None:
        raise StaleAnswer(Venue.BINANCE, "no running funding rate for this coin")
    rate = FundingRate(
        listing.venue_symbol,
        premium.funding_rate_pct,
        hours,
        premium.settles_at_ms,
        premium.observed_at_ms,
    )
    _observe(asking, instrument.symbol.base, Venue.BINANCE, rate)


async def _binance_premium(asking: Asking, instrument: Instrument) -> PremiumIndex | None:
    api = asking.providers.binance
    listing = listing_of(instrument, Venue.BINANCE)
    base = instrument.symbol.base
    if len(asking.instruments) < BINANCE_FOR_ALL_FROM:
        return await asking.ask(
            base, ReadingName.FUNDING, Venue.BINANCE, api.fetch_premium_index(listing)
        )
    everyone = await asking.once(
        "binance premium",
        lambda: asking.ask(base, ReadingName.FUNDING, Venue.BINANCE, api.fetch_premium_indices()),
    )
    return everyone.value.get(listing.venue_symbol)


async def _binance_interval_h(asking: Asking, instrument: Instrument) -> float:
    intervals = await asking.once(
        "binance funding intervals",
        lambda: asking.ask(
            instrument.symbol.base,
            ReadingName.FUNDING,
            Venue.BINANCE,
            asking.providers.binance.fetch_funding_intervals(),
        ),
    )
    return float(intervals.value.of(listing_of(instrument, Venue.BINANCE).venue_symbol))


async def _ask_okx_funding(asking: Asking, instrument: Instrument) -> None:
    rate = await _okx_funding_rate(asking, instrument)
    _observe(asking, instrument.symbol.base, Venue.OKX, rate)


async def _okx_funding_rate(asking: Asking, instrument: Instrument) -> FundingRate:
    api = asking.providers.okx
    listing = listing_of(instrument, Venue.OKX)
    base = instrument.symbol.base
    for_all = len(asking.instruments) >= OKX_FOR_ALL_FROM
    rates = await asking.once(
        "okx funding" if for_all else f"okx funding {base}",
        lambda: asking.ask(
            base,
            ReadingName.FUNDING,
            Venue.OKX,
            api.fetch_funding_rates(None if for_all else listing),
        ),
    )
    rate = rates.value.get(listing.venue_symbol)
    if rate is None:
        raise StaleAnswer(Venue.OKX, "no running funding rate for this coin")
    return rate


def _observe(asking: Asking, base: str, venue: Venue, rate: FundingRate) -> None:
    if rate.funding_rate_8h_pct is None:
        raise StaleAnswer(venue, "the funding interval is not known")
    require_present(asking, venue, rate.observed_at_ms, MAX_AGE_MS[ReadingName.FUNDING])
    asking.observe(base, ReadingName.FUNDING, venue, rate.funding_rate_8h_pct, rate.observed_at_ms)


async def _ask_settled(asking: Asking, instrument: Instrument, venue: Venue) -> None:
    key = series_key(instrument.symbol.base, SeriesKind.FUNDING, venue, SETTLED)
    held = asking.held(key)
    if settlement_due(held, asking.at_ms):
        await _ask_settlements(asking, instrument, venue, key, held)
    known = asking.held(key)
    if known is None or not len(known.table):
        raise StaleAnswer(venue, "no settled funding rates of this coin")


async def _ask_settlements(
    asking: Asking, instrument: Instrument, venue: Venue, key: SeriesKey, held: Held | None
) -> None:
    base = instrument.symbol.base
    listing = listing_of(instrument, venue)
    since_ms = asking.at_ms // HOUR_MS * HOUR_MS - _WINDOW_MS
    known_ms = held.table.last_ms if held is not None and len(held.table) else 0
    if known_ms > since_ms:
        since_ms = known_ms  # that row again: the next one's interval is the gap to it
    call: Awaitable[Parsed[Series]]
    if venue is Venue.BINANCE:
        call = asking.providers.binance.fetch_funding_history(
            listing,
            interval_h=await _binance_interval_h(asking, instrument),
            limit=binance.MAX_FUNDING_ROWS,
            start_ms=since_ms,
        )
    else:
        running = await _okx_funding_rate(asking, instrument)
        if running.funding_interval_h is None:
            raise StaleAnswer(venue, "the funding interval is not known")
        call = asking.providers.okx.fetch_funding_history(
            listing, interval_h=running.funding_interval_h, newer_than_ms=since_ms - 1
        )
    parsed = await asking.ask(base, ReadingName.FUNDING, venue, call)
    asking.keep(key, series_table(parsed.value).since(known_ms + 1))
