"""LunarCrush: what people say of a coin, from one list of all, and momentum from its hours.

Hours are asked for by the vendor's id, which comes with the list: for a coin that was never read,
the second read of the wave follows the first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from functools import partial
from types import MappingProxyType

import numpy as np

from market.chains import HOURLY, MAX_AGE_MS
from market.models import SeriesKind
from market.providers.lunarcrush import LIST_V1, LIST_V2, LIST_V2_TTL_S, LunarCrush
from market.providers.lunarcrush_payloads import SocialCoin
from market.series import Held
from market.snapshot import ReadingName
from market.social_momentum import change_of, momentum_of
from market.sources.asking import Asking, StaleAnswer, series_key
from market.sources.planned import PlannedRead, Standing, unless_unknown, urgency_of
from market.tables import Table
from market.types import DAY_MS, HOUR_MS, Venue

VENUE = Venue.LUNARCRUSH
# Columns of ``SeriesKind.SOCIAL_METRICS``. The id is the vendor's: symbols are not unique there.
COLUMNS = (
    "sentiment_pct",
    "galaxy_score",
    "alt_rank",
    "interactions_24h",
    "posts_24h",
    "social_dominance_pct",
    "market_cap_usd",
    "price_usd",
    "id",
)
_HOURS_ENDPOINT = "coins/time-series/v2"  # as refusals name it
# Coins asked for: those with perpetuals are among the largest.
COINS_LISTED = 1000
# The list of the lower plans is renewed hourly.
HOURLY_LIST_MS = HOUR_MS
# How often a coin's hours are read: what forty coins may cost of each plan's day.
MOMENTUM_REFRESH_MS = MappingProxyType(
    {"hobby": DAY_MS, "individual": 3 * HOUR_MS, "builder": HOUR_MS, "scale": HOUR_MS}
)


def planned_reads(asking: Asking, api: LunarCrush, standing: Standing) -> Iterator[PlannedRead]:
    """Yield the list, when any coin of the wave has grown old, and after it the coins' hours."""
    live = LIST_V2 not in api.plan.closed_endpoints
    endpoint = LIST_V2 if live else LIST_V1
    refresh_ms = int(LIST_V2_TTL_S * 1000) if live else HOURLY_LIST_MS
    bases = []
    for coin in asking.instruments:
        held = _held_metrics(asking, coin.symbol.base)
        if held is None or asking.at_ms - held.fetched_at_ms >= refresh_ms:
            bases.append(coin.symbol.base)
    listed = asyncio.Event()
    if bases:
        ask = partial(_ask_list, asking, api, tuple(bases), listed)
        yield PlannedRead(
            VENUE, tuple(bases), ReadingName.SOCIAL_SENTIMENT, endpoint, 1, float("inf"), ask
        )
    coming = frozenset[str]() if endpoint in standing else frozenset(bases)
    yield from _momentum_reads(asking, api, coming, listed)


async def _ask_list(
    asking: Asking, api: LunarCrush, bases: tuple[str, ...], listed: asyncio.Event
) -> None:
    try:
        await _read_list(asking, api, bases)
    finally:
        listed.set()


async def _read_list(asking: Asking, api: LunarCrush, bases: tuple[str, ...]) -> None:
    asking.harvest.asked.add(VENUE.value)
    reply = await api.fetch_coins(limit=COINS_LISTED)
    asking.harvest.answered.add(VENUE.value)
    by_symbol: dict[str, SocialCoin] = {}
    for row in reply.value:  # by market cap: of two coins with one symbol the larger counts
        by_symbol.setdefault(row.symbol, row)
    for base in bases:
        key = series_key(base, SeriesKind.SOCIAL_METRICS, VENUE, HOURLY)
        listed = by_symbol.get(base)
        if listed is None:
            asking.keep(key, Table.empty(len(COLUMNS)))
            asking.problem(
                base, ReadingName.SOCIAL_SENTIMENT, VENUE, "not among the coins it lists"
            )
            continue
        observed_ms = min(listed.observed_at_ms, asking.at_ms)
        values = [getattr(listed, name) for name in COLUMNS]
        column = np.array(
            [[np.nan if value is None else float(value)] for value in values], dtype=np.float64
        )
        asking.keep(key, Table(np.array([observed_ms], dtype=np.int64), column))


def _momentum_reads(
    asking: Asking, api: LunarCrush, coming: Collection[str], listed: asyncio.Event
) -> Iterator[PlannedRead]:
    """Yield the hours that are due of coins whose id is known, or comes with the list."""
    for coin in asking.instruments:
        base = coin.symbol.base
        known = _id_of(asking, base) is not None
        if not known and base not in coming:
            continue
        key = series_key(base, SeriesKind.SOCIAL_MOMENTUM, VENUE, HOURLY)
        urgency = urgency_of(
            asking.held(key),
            asking.at_ms,
            refresh_ms=MOMENTUM_REFRESH_MS[api.plan.name],
            max_age_ms=MAX_AGE_MS[ReadingName.SOCIAL_MOMENTUM],
        )
        if urgency is not None:
            ask = partial(_ask_momentum, asking, api, base, None if known else listed)
            yield PlannedRead(
                VENUE, (base,), ReadingName.SOCIAL_MOMENTUM, _HOURS_ENDPOINT, 1, urgency, ask
            )


async def _ask_momentum(
    asking: Asking, api: LunarCrush, base: str, listed: asyncio.Event | None
) -> None:
    key = series_key(base, SeriesKind.SOCIAL_MOMENTUM, VENUE, HOURLY)
    if listed is not None:
        await listed.wait()
    coin_id = _id_of(asking, base)
    if coin_id is None:
        raise StaleAnswer(VENUE, "its list did not bring this coin")

    async def ask_hours() -> None:
        reply = await asking.ask(
            base, ReadingName.SOCIAL_MOMENTUM, VENUE, api.fetch_time_series(coin_id)
        )
        history = reply.value
        change = change_of(history)
        momentum = momentum_of(change)
        if momentum is None or change.interactions_pct is None:
            asking.keep(key, Table.empty(2))
            raise StaleAnswer(VENUE, "two days of hours are needed, fewer are known")
        ended_ms = int(history.start_ms[history.closed][-1]) + HOUR_MS
        asking.keep(
            key,
            Table(
                np.array([min(ended_ms, asking.at_ms)], dtype=np.int64),
                np.array([[momentum], [change.interactions_pct]], dtype=np.float64),
            ),
        )

    await unless_unknown(asking, key, ask_hours(), width=2)


def _id_of(asking: Asking, base: str) -> int | None:
    held = _held_metrics(asking, base)
    if held is None or not len(held.table):
        return None
    return int(held.table.values[COLUMNS.index("id")][-1])


def _held_metrics(asking: Asking, base: str) -> Held | None:
    return asking.held(series_key(base, SeriesKind.SOCIAL_METRICS, VENUE, HOURLY))
