"""From what is stored and observed to one MarketSnapshot: choose, check, cut, say why not. Pure.

For every reading the first source of its chain that is up to date is taken, else the first that is
not too old; one window never holds two sources. Whatever is not finite, impossible or too old is
left out and named in ``problems``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from market.chains import (
    BUCKET_MS,
    BUCKETS,
    CANDLE_INTERVALS,
    CLOSE_AS_PRICE_MAX_AGE_MS,
    DAILY,
    FEAR_GREED_LATE_MS,
    FINE,
    FRESH_AGE_MS,
    GRID,
    HOURLY,
    MAX_AGE_MS,
    PRICE_MAX_AGE_MS,
    READING_OF_STATISTIC,
    SETTLED,
    bar_max_age_ms,
)
from market.due import newest_closed_open_ms
from market.liquidations import covered_h
from market.models import MARKET_WIDE, SeriesKind
from market.readings import CheckedReadings, hours
from market.series import Held
from market.snapshot import (
    MarketHistory,
    MarketSnapshot,
    ReadingName,
)
from market.sources.asking import Harvest
from market.tables import Table, join, observation, table_buckets, table_candles
from market.types import (
    Instrument,
    Interval,
    Venue,
)
from market.windows import LIQUIDATION_WINDOW_H, window_history, window_liquidations

VOTES_NOTE: Final = "proxy: up-votes of CoinGecko's visitors"
TRENDING_NOTE: Final = "proxy: place in CoinGecko's trending list, 0 is first"


def build_snapshot(
    instrument: Instrument, at_ms: int, environment: str, harvest: Harvest
) -> MarketSnapshot:
    """Return all that is known of one coin at one instant, with where it came from."""
    assembly = _Assembly(instrument, at_ms, harvest)
    assembly.candles_and_price()
    assembly.funding()
    for kind, reading in READING_OF_STATISTIC.items():
        assembly.statistic(kind, reading)
    assembly.liquidations()
    assembly.social()
    assembly.fear_greed()
    assembly.name_what_is_missing()
    return MarketSnapshot(
        symbol=instrument.symbol,
        at_ms=at_ms,
        environment=environment,
        history=window_history(
            MarketHistory(assembly.candles, assembly.series, assembly.buckets), at_ms
        ),
        readings=assembly.readings,
        problems=tuple(assembly.problems),
    )


class _Assembly(CheckedReadings):
    """The readings of one coin, group by group."""

    # --- Candles, price, taker share ------------------------------------------------------------

    def candles_and_price(self) -> None:
        best: tuple[tuple[bool, int], Venue, dict[Interval, Held]] | None = None
        expected_ms = newest_closed_open_ms(Interval.M15, self.at_ms)
        for venue in self.exchanges:
            bars = self._bars(venue)
            current = Interval.M15 in bars and bars[Interval.M15].table.last_ms >= expected_ms
            rank = (current, len(bars))
            if bars and (best is None or rank > best[0]):
                best = rank, venue, bars
        if best is None:
            self._price(None, None)
            return
        _, venue, bars = best
        for interval, held in bars.items():
            self.candles[interval] = table_candles(held.table, interval)
        newest = bars.get(Interval.M15)
        if newest is not None:
            closes = self.candles[Interval.M15].close
            self.take(
                ReadingName.CANDLES,
                venue,
                float(closes[-1]),
                newest.table.last_ms + Interval.M15.ms,
                newest.fetched_at_ms,
            )
        self._price(venue, newest)
        self._taker_share(venue)

    def _bars(self, venue: Venue) -> dict[Interval, Held]:
        """Return the bars of a venue by length, as far as they reach up to the present."""
        bars: dict[Interval, Held] = {}
        for interval in CANDLE_INTERVALS:
            held = self.stored(self.base, SeriesKind.CANDLES, venue, interval.value)
            if held is None:
                continue
            closed = held.table.until(self.at_ms - interval.ms)
            if not len(closed):
                continue
            age_ms = self.at_ms - (closed.last_ms + interval.ms)
            if age_ms > bar_max_age_ms(interval):
                self.tell(
                    ReadingName.CANDLES,
                    venue,
                    f"{interval.value} bars refused: the newest ended {hours(age_ms)} ago",
                )
                continue
            bars[interval] = Held(closed, held.fetched_at_ms)
        return bars

    def _price(self, venue: Venue | None, newest: Held | None) -> None:
        first = [] if venue is None else [venue]
        for source in (*first, *self.exchanges):
            traded = self.harvest.live.get((self.base, ReadingName.PRICE, source.value))
            if traded is None:
                continue
            if self.at_ms - traded.observed_at_ms > PRICE_MAX_AGE_MS:
                self.refuse_age(ReadingName.PRICE, source, traded.observed_at_ms)
                continue
            if self.take(
                ReadingName.PRICE, source, traded.value, traded.observed_at_ms, self.at_ms
            ):
                return
        if venue is None or newest is None:
            return
        closed_ms = newest.table.last_ms + Interval.M15.ms
        if self.at_ms - closed_ms < CLOSE_AS_PRICE_MAX_AGE_MS:
            close = float(self.candles[Interval.M15].close[-1])
            self.take(
                ReadingName.PRICE,
                venue,
                close,
                closed_ms,
                newest.fetched_at_ms,
                note="close of the last 15m bar",
            )

    def _taker_share(self, venue: Venue) -> None:
        hours = self.candles.get(Interval.H1)
        if venue is Venue.OKX:
            held = self.stored(self.base, SeriesKind.TAKER_BUY, venue, HOURLY)
            if held is not None:
                self.take_series(ReadingName.TAKER_BUY, venue, held)
        elif hours is not None:
            with np.errstate(divide="ignore", invalid="ignore"):
                share_pct = 100.0 * hours.taker_buy_base / hours.volume_base
            known = np.isfinite(share_pct)  # an hour without trades has no share
            table = Table(
                hours.open_time_ms[known] + Interval.H1.ms, share_pct[known][np.newaxis, :]
            )
            fetched_at_ms = self.stored_at_ms(SeriesKind.CANDLES, venue, Interval.H1.value)
            self.take_series(ReadingName.TAKER_BUY, venue, Held(table, fetched_at_ms))

    # --- Funding, open interest, ratios ---------------------------------------------------------

    def funding(self) -> None:
        """Take a source with a settled history before one that tells the running rate alone."""
        whole: list[tuple[Venue, Held]] = []
        bare: list[tuple[Venue, Held]] = []
        for venue in self.exchanges:
            settled = self.stored(self.base, SeriesKind.FUNDING, venue, SETTLED)
            table = Table.empty(1) if settled is None else settled.table.until(self.at_ms)
            fetched_at_ms = 0 if settled is None else settled.fetched_at_ms
            running = self.harvest.live.get((self.base, ReadingName.FUNDING, venue.value))
            if running is not None:
                newest = observation(running.observed_at_ms, running.value)
                table = join(table, newest).table
                fetched_at_ms = self.at_ms
            known = whole if settled is not None else bare
            known.append((venue, Held(table, fetched_at_ms)))
        self._first_of(ReadingName.FUNDING, [*whole, *bare])

    def statistic(self, kind: SeriesKind, reading: ReadingName) -> None:
        known: list[tuple[Venue, Held]] = []
        for venue in self.exchanges:
            fine = self.stored(self.base, kind, venue, FINE.value)
            if fine is None:
                continue
            grid = self.stored(self.base, kind, venue, GRID.value)
            table = fine.table if grid is None else join(grid.table, fine.table).table
            known.append((venue, Held(table, fine.fetched_at_ms)))
        self._first_of(reading, known)

    def _first_of(self, reading: ReadingName, known: Sequence[tuple[Venue, Held]]) -> None:
        """Take the first source that is up to date, else the first that is not too old."""
        for max_age_ms in (FRESH_AGE_MS[reading], MAX_AGE_MS[reading]):
            for venue, held in known:
                table = held.table.until(self.at_ms)
                if len(table) and self.at_ms - table.last_ms <= max_age_ms:
                    self.take_series(reading, venue, held)
                    return
        for venue, held in known:
            table = held.table.until(self.at_ms)
            if len(table):
                self.refuse_age(reading, venue, table.last_ms)

    # --- Liquidations ---------------------------------------------------------------------------

    def liquidations(self) -> None:
        if self.instrument.okx is None:
            self.tell(
                ReadingName.LIQUIDATIONS, Venue.OKX, "this coin has no swap there to be watched"
            )
            return
        venue_oi = self.stored(self.base, SeriesKind.VENUE_OPEN_INTEREST, Venue.OKX, FINE.value)
        if venue_oi is not None:
            self.take_series(ReadingName.LIQUIDATION_VENUE_OI, Venue.OKX, venue_oi)
        held = self.stored(self.base, SeriesKind.LIQUIDATIONS, Venue.OKX, BUCKETS)
        if held is None:
            return
        buckets = window_liquidations(table_buckets(held.table, BUCKET_MS), self.at_ms)
        if not len(buckets):
            return
        ended_ms = int(buckets.start_ms[-1]) + BUCKET_MS
        if self.at_ms - ended_ms > MAX_AGE_MS[ReadingName.LIQUIDATIONS]:
            self.refuse_age(ReadingName.LIQUIDATIONS, Venue.OKX, ended_ms)
            return
        total_usd = float(np.nansum(buckets.long_usd) + np.nansum(buckets.short_usd))
        note = f"floor: OKX only, covers {covered_h(buckets):.1f} h of {LIQUIDATION_WINDOW_H} h"
        if self.take(
            ReadingName.LIQUIDATIONS, Venue.OKX, total_usd, ended_ms, held.fetched_at_ms, note=note
        ):
            self.buckets = buckets

    # --- The crowd ------------------------------------------------------------------------------

    def social(self) -> None:
        if self.instrument.coingecko_id is None:
            self.tell(
                ReadingName.SOCIAL_SENTIMENT,
                Venue.COINGECKO,
                "this coin has no page there that is surely its own",
            )
            return
        votes = self.stored(self.base, SeriesKind.SOCIAL_SENTIMENT, Venue.COINGECKO, DAILY)
        if votes is not None:
            self.take_series(ReadingName.SOCIAL_SENTIMENT, Venue.COINGECKO, votes, note=VOTES_NOTE)
        source = Venue.COINGECKO
        trending = self.harvest.live.get((self.base, ReadingName.SOCIAL_TRENDING, source.value))
        if trending is not None:
            seen = Held(observation(trending.observed_at_ms, trending.value), self.at_ms)
            self.take_series(ReadingName.SOCIAL_TRENDING, source, seen, note=TRENDING_NOTE)

    def fear_greed(self) -> None:
        held = self.stored(MARKET_WIDE, SeriesKind.FEAR_GREED, Venue.ALTERNATIVE_ME, DAILY)
        if held is None:
            return
        table = held.table.until(self.at_ms)
        late = len(table) > 0 and self.at_ms - table.last_ms > FEAR_GREED_LATE_MS
        self.take_series(
            ReadingName.FEAR_GREED,
            Venue.ALTERNATIVE_ME,
            held,
            note=f"late: the value is {hours(self.at_ms - table.last_ms)} old" if late else None,
        )
