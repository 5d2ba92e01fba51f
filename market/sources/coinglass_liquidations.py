"""Coinglass's liquidations: what three exchanges closed by force, and their open interest.

They come as the vendor's own four windows. Measured is against the open interest of the same
exchanges, no one else's.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from market.chains import FINE, MAX_AGE_MS, WINDOWS
from market.models import MARKET_WIDE, SeriesKind
from market.providers.coinglass import MAJOR_EXCHANGES, Coinglass
from market.providers.coinglass_list_payloads import LIQUIDATION_WINDOWS, Liquidated
from market.snapshot import ReadingName
from market.sources.asking import Asking, StaleAnswer, series_key, together
from market.sources.coinglass_names import name_of
from market.sources.planned import PlannedRead, Standing, unless_unknown, urgency_of
from market.tables import Table, observation
from market.types import MINUTE_MS, Instrument, Venue

VENUE = Venue.COINGLASS
WINDOWS_REFRESH_MS = 5 * MINUTE_MS
OPEN_INTEREST_REFRESH_MS = 15 * MINUTE_MS
# Parts of a sum that come from lists of one moment may differ by this much; more is an error.
_NESTING_SLACK = 0.98

# As refusals name them.
_VENUE_OI_ENDPOINT = "futures/open-interest/exchange-list"
_COIN_LIST_ENDPOINT = "futures/liquidation/coin-list"
_EXCHANGE_LIST_ENDPOINT = "futures/liquidation/exchange-list"


def liquidation_reads(asking: Asking, api: Coinglass, standing: Standing) -> Iterator[PlannedRead]:
    """One read for all coins: each major exchange lists all windows of all coins in one call.

    A key that may not ask for these lists asks for each coin and window, as far as its plan goes.
    """
    due: list[tuple[float, Instrument]] = []
    for coin in asking.instruments:
        key = series_key(coin.symbol.base, SeriesKind.LIQUIDATION_WINDOWS, VENUE, WINDOWS)
        held = asking.held(key)
        urgency = urgency_of(
            held,
            asking.at_ms,
            refresh_ms=WINDOWS_REFRESH_MS,
            max_age_ms=MAX_AGE_MS[ReadingName.LIQUIDATIONS],
        )
        if urgency is not None:
            due.append((urgency, coin))
    if _COIN_LIST_ENDPOINT in standing:
        for urgency, coin in due:
            yield PlannedRead(
                VENUE,
                (coin.symbol.base,),
                ReadingName.LIQUIDATIONS,
                _EXCHANGE_LIST_ENDPOINT,
                len(LIQUIDATION_WINDOWS),
                urgency,
                partial(_ask_liquidations_of_coin, asking, api, coin),
            )
    elif due:
        coins = tuple(coin for _, coin in due)
        # First of all: three calls that every coin of the wave shares.
        yield PlannedRead(
            VENUE,
            tuple(coin.symbol.base for coin in coins),
            ReadingName.LIQUIDATIONS,
            _COIN_LIST_ENDPOINT,
            len(MAJOR_EXCHANGES),
            float("inf"),
            partial(_ask_liquidations, asking, api, coins),
        )


async def _ask_liquidations(asking: Asking, api: Coinglass, coins: tuple[Instrument, ...]) -> None:
    lists = await together(
        *(
            asking.ask(
                MARKET_WIDE,
                ReadingName.LIQUIDATIONS,
                VENUE,
                api.fetch_liquidations_by_coin(exchange),
            )
            for exchange in MAJOR_EXCHANGES
        )
    )
    for coin in coins:
        found = await api.find_coin(coin)
        _keep_windows(
            asking,
            coin.symbol.base,
            []
            if found is None
            else [rows.value[found.name].liquidated for rows in lists if found.name in rows.value],
        )


async def _ask_liquidations_of_coin(asking: Asking, api: Coinglass, coin: Instrument) -> None:
    base, name = coin.symbol.base, await name_of(api, coin)
    replies = await together(
        *(
            asking.ask(
                base,
                ReadingName.LIQUIDATIONS,
                VENUE,
                api.fetch_liquidations_by_exchange(name, window),
            )
            for window in LIQUIDATION_WINDOWS
        )
    )
    found = dict(zip(LIQUIDATION_WINDOWS, replies, strict=True))
    _keep_windows(
        asking,
        base,
        [
            {
                window: rows.value.exchanges[exchange]
                for window, rows in found.items()
                if exchange in rows.value.exchanges
            }
            for exchange in MAJOR_EXCHANGES
        ],
    )


def _keep_windows(asking: Asking, base: str, parts: list[dict[str, Liquidated]]) -> None:
    """Keep the sums over exchanges, if all four windows of each are there and nest."""
    key = series_key(base, SeriesKind.LIQUIDATION_WINDOWS, VENUE, WINDOWS)
    whole = [part for part in parts if part.keys() >= set(LIQUIDATION_WINDOWS)]
    if not whole:
        asking.keep(key, Table.empty(2 * len(LIQUIDATION_WINDOWS)))
        asking.problem(base, ReadingName.LIQUIDATIONS, VENUE, "no data for this coin")
        return
    sums = np.array(
        [
            [
                sum(part[window].long_usd for part in whole),
                sum(part[window].short_usd for part in whole),
            ]
            for window in LIQUIDATION_WINDOWS
        ]
    )
    if (sums[1:] < sums[:-1] * _NESTING_SLACK).any():
        asking.problem(
            base,
            ReadingName.LIQUIDATIONS,
            VENUE,
            "refused: a longer window has less than a shorter",
        )
        return
    nested = np.maximum.accumulate(sums, axis=0)
    asking.keep(key, Table(np.array([asking.at_ms], dtype=np.int64), nested.reshape(-1, 1)))


def venue_open_interest_read(
    asking: Asking, api: Coinglass, coin: Instrument
) -> Iterator[PlannedRead]:
    base = coin.symbol.base
    key = series_key(base, SeriesKind.VENUE_OPEN_INTEREST, VENUE, FINE.value)
    urgency = urgency_of(
        asking.held(key),
        asking.at_ms,
        refresh_ms=OPEN_INTEREST_REFRESH_MS,
        max_age_ms=MAX_AGE_MS[ReadingName.LIQUIDATION_VENUE_OI],
    )
    if urgency is not None:
        ask = partial(_ask_venue_open_interest, asking, api, coin)
        yield PlannedRead(
            VENUE,
            (base,),
            ReadingName.LIQUIDATION_VENUE_OI,
            _VENUE_OI_ENDPOINT,
            1,
            urgency,
            ask,
        )


async def _ask_venue_open_interest(asking: Asking, api: Coinglass, coin: Instrument) -> None:
    base = coin.symbol.base
    key = series_key(base, SeriesKind.VENUE_OPEN_INTEREST, VENUE, FINE.value)

    async def ask_list() -> None:
        reply = await asking.ask(
            base,
            ReadingName.LIQUIDATION_VENUE_OI,
            VENUE,
            api.fetch_open_interest_by_exchange(await name_of(api, coin)),
        )
        exchanges = reply.value.exchanges
        known = [exchanges[name].open_interest_usd for name in MAJOR_EXCHANGES if name in exchanges]
        if not known:
            asking.keep(key, Table.empty(1))
            raise StaleAnswer(VENUE, "no open interest of this coin")
        asking.keep(key, observation(asking.at_ms, float(sum(known))))

    await unless_unknown(asking, key, ask_list())
