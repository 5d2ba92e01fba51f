"""One wave of calls for some coins: every chain at once, first answer wins, one deadline.

Runs on the provider runtime's loop. It is given what is stored and hands back a ``Harvest``; what
has not answered by the deadline is missing and said to be. The ORM is the caller's.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from market.chains import (
    DAILY,
    FINE,
    FRESH_AGE_MS,
    HEDGE_SHARE,
    READING_OF_STATISTIC,
    exchanges_of,
)
from market.due import due_fine_rows
from market.models import MARKET_WIDE, SeriesKind
from market.providers.deadline import deadline_within
from market.providers.errors import ProviderError
from market.providers.lasting import LASTING_S, begin_lasting
from market.providers.registry import Providers
from market.series import Update
from market.snapshot import ReadingName
from market.sources import coinapi, coinglass, lunarcrush
from market.sources.asking import Asking, Harvest, cancel, series_key
from market.sources.candles import ask_candles
from market.sources.crowd import ask_fear_greed, ask_social, votes_due
from market.sources.evidence import ask_book, ask_evidence
from market.sources.first_answer import Attempt, ask_briefly, first_answer
from market.sources.funding import ask_funding
from market.sources.liquidations import LIVE_PAGES, ask_liquidations
from market.sources.planned import PlannedRead, ask_planned, standing_refusals
from market.sources.statistics import ask_statistic
from market.types import Instrument, Venue

logger = logging.getLogger(__name__)

# Coins whose calls are under way at once. Each has about five when warm, and a provider takes 20 at
# a time: enough to keep every provider busy, few enough that a call's wait is the provider's.
COINS_AT_ONCE = 24

# Votes asked for in one wave: key-less CoinGecko answers five calls a minute, one is for trending.
VOTES_PER_WAVE = 3

# Binance allows 1000 statistics calls in 5 minutes, we ourselves 800 of them. 300 coins have 900
# due at each new bar: what is left over stays as it is for a bar, as long as it is still fresh.
STATISTICS_PER_SCAN = 700

# How long a source of the crowd's mood is asked, in seconds, however long the wave may take: as in
# an answer of 8 s. A fill may wait out budgets, and would spend a minute a wave on CoinGecko's.
MOOD_PATIENCE_S = 2.5

# What is only shown may keep an answer that is otherwise done waiting this long.
EVIDENCE_WAIT_S = 0.1


async def collect(
    providers: Providers,
    harvest: Harvest,
    instruments: Sequence[Instrument],
    at_ms: int,
    *,
    deadline_s: float,
    hedge_after_s: float | None = None,
    liquidation_pages: int = LIVE_PAGES,
    with_evidence: bool = False,
    statistics_most: int = STATISTICS_PER_SCAN,
    keep_late: Callable[[Sequence[Update]], None] | None = None,
) -> Harvest:
    """Add to what is known all that is due; return within the deadline with what came.

    ``with_evidence`` reads what is only shown, too: all of it for a single coin, the order books
    for several, as far as their budget goes. ``keep_late`` stores, in a thread, what slow paid
    sources answer after that. ``statistics_most`` is how many of Binance's
    statistics are asked for as long as the others are still fresh.

    ``hedge_after_s`` is how long a source may keep the next one waiting; a share of the deadline
    unless told otherwise.
    """
    if hedge_after_s is None:
        hedge_after_s = deadline_s * HEDGE_SHARE
    mood_patience_s = min(hedge_after_s, MOOD_PATIENCE_S)
    asking = Asking(providers, harvest, instruments, at_ms)
    harvest.preferred = _preferred(providers)
    may_ask_votes = _whose_votes(asking)
    postponed = _postponed_statistics(asking, statistics_most)
    slots = asyncio.Semaphore(COINS_AT_ONCE)

    async def one_coin(instrument: Instrument) -> None:
        base = instrument.symbol.base
        async with slots:
            chains = [
                first_answer(asking, base, reading, attempts, hedge_after_s)
                for reading, attempts in _exchange_chains(
                    asking, instrument, postponed, liquidation_pages
                )
            ]
            if instrument.coingecko_id is not None:
                social = partial(
                    ask_social, asking, instrument, may_ask_votes=instrument in may_ask_votes
                )
                chains.append(
                    ask_briefly(
                        asking,
                        base,
                        ReadingName.SOCIAL_SENTIMENT,
                        (Venue.COINGECKO, social),
                        mood_patience_s,
                    )
                )
            if with_evidence and len(instruments) > 1:
                chains.append(ask_book(asking, instrument))
            await asyncio.gather(*chains)

    with deadline_within(deadline_s):
        tasks = [asyncio.create_task(one_coin(instrument)) for instrument in instruments]
        tasks.append(
            asyncio.create_task(
                ask_briefly(
                    asking,
                    MARKET_WIDE,
                    ReadingName.FEAR_GREED,
                    (Venue.ALTERNATIVE_ME, partial(ask_fear_greed, asking)),
                    mood_patience_s,
                    *_fear_greed_fallback(asking),
                )
            )
        )
        tasks.append(asyncio.create_task(_ask_paid(asking, hedge_after_s)))
        evidence = [
            asyncio.create_task(ask_evidence(asking, instrument))
            for instrument in (instruments if with_evidence and len(instruments) == 1 else ())
        ]
    _, late = await asyncio.wait(tasks, timeout=deadline_s)
    await cancel(late)
    if evidence:
        _, late = await asyncio.wait(evidence, timeout=0.0 if late else EVIDENCE_WAIT_S)
        await cancel(late)
    await asking.close()
    late_reads = asking.hand_over()
    if late_reads and keep_late is not None:
        begin_lasting(partial(_keep_late, asking, late_reads, keep_late), LASTING_S + 1.0)
    for task in tasks:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error
    return harvest


async def _keep_late(
    asking: Asking,
    reads: Sequence[asyncio.Task[Any]],
    keep: Callable[[Sequence[Update]], None],
) -> None:
    """Have each read kept as soon as it has ended; the transport has logged what failed."""
    for ended in asyncio.as_completed(reads):
        try:
            await ended
        except (ProviderError, TimeoutError):
            pass
        except Exception:  # a read's outer edge: one reading's fault is not the others'
            logger.exception("a late reading failed")
        updates = asking.take_updates()
        if updates:
            await asyncio.to_thread(keep, updates)


def _preferred(providers: Providers) -> dict[ReadingName, Venue]:
    """Return the readings that a paid source is asked for first."""
    preferred: dict[ReadingName, Venue] = {}
    if providers.coinglass is not None:
        readings = coinglass.preferred_readings(providers.coinglass)
        preferred |= dict.fromkeys(readings, Venue.COINGLASS)
    if providers.lunarcrush is not None:
        preferred[ReadingName.SOCIAL_SENTIMENT] = Venue.LUNARCRUSH
        preferred[ReadingName.SOCIAL_MOMENTUM] = Venue.LUNARCRUSH
    return preferred


async def _ask_paid(asking: Asking, patience_s: float) -> None:
    """Ask the paid sources for what is due, beside the exchanges and as far as plans go."""
    providers = asking.providers
    if providers.coinglass is None and providers.lunarcrush is None:
        return
    standing = await standing_refusals(asking)
    reads: list[PlannedRead] = []
    if providers.coinglass is not None:
        refused = standing.get(Venue.COINGLASS, {})
        reads.extend(coinglass.planned_reads(asking, providers.coinglass, refused))
    if providers.lunarcrush is not None:
        refused = standing.get(Venue.LUNARCRUSH, {})
        reads.extend(lunarcrush.planned_reads(asking, providers.lunarcrush, refused))
    await ask_planned(asking, reads, standing, patience_s)


def _fear_greed_fallback(asking: Asking) -> list[Attempt]:
    api = asking.providers.coinglass
    if api is None:
        return []
    ask = partial(coinglass.ask_fear_greed, asking, api)
    return [(Venue.COINGLASS, partial(asking.lasting, ask))]


def _exchange_chains(
    asking: Asking,
    instrument: Instrument,
    postponed: set[tuple[str, SeriesKind]],
    liquidation_pages: int,
) -> list[tuple[ReadingName, list[Attempt]]]:
    """Return for each reading of a coin which venues to ask, in order."""
    exchanges = exchanges_of(instrument)
    candles: list[Attempt] = [
        (venue, partial(ask_candles, asking, instrument, venue)) for venue in exchanges
    ]
    api = asking.providers.coinapi
    if api is not None:
        last = partial(coinapi.ask_candles, asking, instrument, api)
        candles.append((Venue.COINAPI, last))
    chains: list[tuple[ReadingName, list[Attempt]]] = [
        (ReadingName.CANDLES, candles),
        (
            ReadingName.FUNDING,
            [(venue, partial(ask_funding, asking, instrument, venue)) for venue in exchanges],
        ),
    ]
    for kind, reading in READING_OF_STATISTIC.items():
        if (instrument.symbol.base, kind) in postponed:
            continue
        chains.append(
            (
                reading,
                [
                    (venue, partial(ask_statistic, asking, instrument, kind, venue))
                    for venue in exchanges
                ],
            )
        )
    if instrument.okx is not None:
        liquidations = partial(ask_liquidations, asking, instrument, pages=liquidation_pages)
        chains.append((ReadingName.LIQUIDATIONS, [(Venue.OKX, liquidations)]))
    return chains


def _whose_votes(asking: Asking) -> set[Instrument]:
    """Return the coins whose votes may be asked for in this wave: who waited longest is first."""
    waited: list[tuple[int, int, Instrument]] = []
    for position, instrument in enumerate(asking.instruments):
        key = series_key(
            instrument.symbol.base, SeriesKind.SOCIAL_SENTIMENT, Venue.COINGECKO, DAILY
        )
        held = asking.held(key)
        if instrument.coingecko_id is not None and votes_due(held, asking.at_ms):
            waited.append((0 if held is None else held.fetched_at_ms, position, instrument))
    return {instrument for *_, instrument in sorted(waited)[:VOTES_PER_WAVE]}


def _postponed_statistics(asking: Asking, most: int) -> set[tuple[str, SeriesKind]]:
    """Return the statistics of Binance that wait for the next wave: the newest of too many."""
    due: list[tuple[int, str, SeriesKind]] = []
    for instrument in asking.instruments:
        if instrument.binance is None:
            continue
        base = instrument.symbol.base
        for kind in READING_OF_STATISTIC:
            held = asking.held(series_key(base, kind, Venue.BINANCE, FINE.value))
            if due_fine_rows(held, asking.at_ms, most=1):
                known_ms = 0 if held is None or not len(held.table) else held.table.last_ms
                due.append((known_ms, base, kind))
    return {
        (base, kind)
        for known_ms, base, kind in sorted(due)[most:]
        if asking.at_ms - known_ms <= FRESH_AGE_MS[READING_OF_STATISTIC[kind]]
    }
