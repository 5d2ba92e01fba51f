"""A coin's closed bars, its price and who took the last trades. Pure."""

from __future__ import annotations

import numpy as np

from market.chains import (
    CANDLE_INTERVALS,
    CLOSE_AS_PRICE_MAX_AGE_MS,
    HOURLY,
    PRICE_MAX_AGE_MS,
    bar_max_age_ms,
)
from market.due import newest_closed_open_ms
from market.models import SeriesKind
from market.readings import CheckedReadings, hours
from market.series import Held
from market.snapshot import ReadingName
from market.tables import Table, table_candles
from market.types import Interval, Venue


class CandleReadings(CheckedReadings):
    """One venue's bars, the best that is known, and what goes with them."""

    def candles_and_price(self) -> None:
        best: tuple[tuple[bool, int], Venue, dict[Interval, Held]] | None = None
        expected_ms = newest_closed_open_ms(Interval.M15, self.at_ms)
        for venue in (*self.exchanges, Venue.COINAPI):
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
        if venue in self.exchanges:
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
