"""Long runs of closed bars of one coin, for readers of price structure.

Longer than what a signal reads and for any bar length, so they are no part of a snapshot and not
kept as series: an answer serves every process until the next bar closes.
"""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.conf import settings

from market import clock
from market.chains import HEDGE_SHARE, bar_max_age_ms, exchanges_of
from market.providers import okx
from market.providers.deadline import deadline_within
from market.providers.errors import ProviderError, ProviderUnavailable
from market.providers.registry import Providers
from market.providers.runtime import provider_runtime
from market.snapshot import Problem, ReadingName
from market.sources.asking import listing_of
from market.store import StoreUnavailable, get_store
from market.tables import Table, candles_table, join, pack, table_candles, unpack
from market.types import Candles, Instrument, Interval, Venue
from market.universe import MarketUnavailable

logger = logging.getLogger(__name__)

# The most that Binance gives for a weight of 2; OKX has pages of 300.
BARS = 499
_OKX_PAGES = 2
# Bars of a day do not change for a day, but a store need not remember them for so long.
_LONGEST_KEPT_S = 3600.0
_RUNTIME_GRACE_S = 0.3
# Stored value: rows, then the source's name padded to 16 bytes, then the packed table.
_HEADER = struct.Struct(">I16s")


@dataclass(slots=True)
class RecentBars:
    """Closed bars by length, each of one source; ``problems`` name what could not be read."""

    candles: dict[Interval, Candles] = field(default_factory=dict)
    sources: dict[Interval, Venue] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    failures: list[ProviderError] = field(default_factory=list)


def recent_bars(
    instrument: Instrument, intervals: Sequence[Interval], *, deadline_s: float | None = None
) -> RecentBars:
    """Return up to 499 closed bars of each length. Raises MarketUnavailable when there are none."""
    at_ms = clock.now_ms()
    found = RecentBars()
    _take_kept(found, instrument, intervals, at_ms)
    wanted = [interval for interval in intervals if interval not in found.candles]
    if wanted:
        budget_s = settings.SIGNAL_DEADLINE_S if deadline_s is None else deadline_s
        try:
            read = provider_runtime().run(
                lambda providers: _read(providers, instrument, wanted, at_ms, budget_s),
                timeout_s=budget_s + _RUNTIME_GRACE_S,
            )
        except TimeoutError:
            raise MarketUnavailable from None
        _keep(read, instrument, at_ms)
        found.candles |= read.candles
        found.sources |= read.sources
        found.problems += read.problems
        found.failures += read.failures
    if not found.candles:
        raise MarketUnavailable(found.failures)
    return found


async def _read(
    providers: Providers,
    instrument: Instrument,
    intervals: Sequence[Interval],
    at_ms: int,
    deadline_s: float,
) -> RecentBars:
    found = RecentBars()
    with deadline_within(deadline_s):
        await asyncio.gather(
            *(
                _read_interval(providers, instrument, interval, at_ms, deadline_s, found)
                for interval in intervals
            )
        )
    return found


async def _read_interval(
    providers: Providers,
    instrument: Instrument,
    interval: Interval,
    at_ms: int,
    deadline_s: float,
    found: RecentBars,
) -> None:
    """Ask one venue after the other; the last one may take what is left of the deadline."""
    venues = exchanges_of(instrument)
    for position, venue in enumerate(venues, start=1):
        is_last = position == len(venues)
        patience_s = deadline_s * (1.0 - HEDGE_SHARE if is_last else HEDGE_SHARE)
        try:
            async with asyncio.timeout(patience_s):
                candles = await _fetch(providers, instrument, venue, interval)
        except ProviderError as error:
            failure = error
        except TimeoutError:
            failure = ProviderUnavailable(
                venue.value, f"no {interval} bars within {patience_s:.1f} s"
            )
        else:
            if _is_current(candles, at_ms):
                found.candles[interval], found.sources[interval] = candles, venue
                return
            failure = ProviderUnavailable(venue.value, f"no current {interval} bars")
        found.failures.append(failure)
        found.problems.append(Problem(ReadingName.CANDLES.value, venue.value, failure.detail))


async def _fetch(
    providers: Providers, instrument: Instrument, venue: Venue, interval: Interval
) -> Candles:
    listing = listing_of(instrument, venue)
    if venue is Venue.BINANCE:
        page = await providers.binance.fetch_klines(listing, interval, limit=BARS)
        return page.value.closed
    table: Table | None = None
    for _ in range(_OKX_PAGES):
        older_than_ms = None if table is None else int(table.times_ms[0])
        page = await providers.okx.fetch_candles(listing, interval, older_than_ms=older_than_ms)
        older = candles_table(page.value.closed)
        table = older if table is None else join(older, table).table
        if len(older) < okx.MAX_CANDLES - 1 or len(table) >= BARS:
            break
    return Candles.empty(interval) if table is None else table_candles(table, interval)


def _is_current(candles: Candles, at_ms: int) -> bool:
    if not len(candles):
        return False
    ended_ms = int(candles.open_time_ms[-1]) + candles.interval.ms
    return at_ms - ended_ms <= bar_max_age_ms(candles.interval)


# --- What is known already ------------------------------------------------------------------------


def _key(instrument: Instrument, interval: Interval, at_ms: int) -> str:
    """Return a key that changes when a bar closes: nothing kept outlives its bar."""
    bar = at_ms // interval.ms
    return f"bars:{settings.ENVIRONMENT}:{instrument.symbol.base}:{interval.value}:{bar}"


def _take_kept(
    found: RecentBars, instrument: Instrument, intervals: Sequence[Interval], at_ms: int
) -> None:
    try:
        kept = get_store().get_many([_key(instrument, each, at_ms) for each in intervals])
    except StoreUnavailable:
        logger.exception("bars not shared, the store is away")
        return
    for interval, value in zip(intervals, kept, strict=True):
        if value is not None:
            rows, source = _HEADER.unpack_from(value)
            table = unpack(memoryview(value)[_HEADER.size :], rows)
            found.candles[interval] = table_candles(table, interval)
            found.sources[interval] = Venue(source.rstrip(b"\0").decode())


def _keep(read: RecentBars, instrument: Instrument, at_ms: int) -> None:
    try:
        for interval, candles in read.candles.items():
            # A venue that is late with its newest bar is asked again, the others are not.
            newest_ms = int(candles.open_time_ms[-1])
            if newest_ms + 2 * interval.ms <= at_ms:
                continue
            left_s = (interval.ms - at_ms % interval.ms) / 1000
            header = _HEADER.pack(len(candles), read.sources[interval].value.encode())
            get_store().set(
                _key(instrument, interval, at_ms),
                header + pack(candles_table(candles)),
                min(left_s, _LONGEST_KEPT_S),
            )
    except StoreUnavailable:
        logger.exception("bars not shared, the store is away")
