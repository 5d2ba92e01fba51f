"""From what is stored and observed to one MarketSnapshot: choose, check, cut, say why not. Pure.

For every reading the first source of its chain that is up to date is taken, else the first that is
not too old; one window never holds two sources. Whatever is not finite, impossible or too old is
left out and named in ``problems``.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

import numpy as np

from market.chains import (
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
from market.evidence import own_momentum, shown_evidence
from market.liquidation_readings import LiquidationReadings
from market.models import MARKET_WIDE, SeriesKind
from market.readings import hours
from market.series import Held
from market.snapshot import (
    MarketHistory,
    MarketSnapshot,
    ReadingName,
)
from market.sources.asking import Harvest
from market.sources.lunarcrush import COLUMNS as SOCIAL_COLUMNS
from market.tables import Table, join, observation, table_candles
from market.types import (
    DAY_MS,
    Instrument,
    Interval,
    Venue,
)
from market.windows import window_history

VOTES_NOTE: Final = "proxy: up-votes of CoinGecko's visitors"
PAID_NOTES: Final = MappingProxyType(
    {
        SeriesKind.FUNDING: "all exchanges, weighted by open interest",
        SeriesKind.OPEN_INTEREST: "all exchanges",
    }
)
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
    assembly.name_what_was_left_out()
    assembly.name_what_is_missing()
    assembly.show_evidence()
    return MarketSnapshot(
        symbol=instrument.symbol,
        at_ms=at_ms,
        environment=environment,
        history=window_history(
            MarketHistory(assembly.candles, assembly.series, assembly.buckets), at_ms
        ),
        readings=assembly.readings,
        problems=tuple(assembly.problems),
        shown=assembly.shown,
    )


class _Assembly(LiquidationReadings):
    """The readings of one coin, group by group."""

    # --- Candles, price, taker share ------------------------------------------------------------

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
        self._paid_or_first_of(SeriesKind.FUNDING, ReadingName.FUNDING, [*whole, *bare])

    def statistic(self, kind: SeriesKind, reading: ReadingName) -> None:
        known: list[tuple[Venue, Held]] = []
        for venue in self.exchanges:
            fine = self.stored(self.base, kind, venue, FINE.value)
            if fine is None:
                continue
            grid = self.stored(self.base, kind, venue, GRID.value)
            table = fine.table if grid is None else join(grid.table, fine.table).table
            known.append((venue, Held(table, fine.fetched_at_ms)))
        self._paid_or_first_of(kind, reading, known)

    def _paid_or_first_of(
        self, kind: SeriesKind, reading: ReadingName, known: Sequence[tuple[Venue, Held]]
    ) -> None:
        """Take the paid source while its newest value stands, else the exchanges in turn."""
        paid = self._of_coinglass(kind, reading)
        if paid is None:
            self._first_of(reading, known)
            return
        self.take_series(reading, Venue.COINGLASS, paid, note=PAID_NOTES.get(kind))
        others = {}
        for venue, held in known:
            table = held.table.until(self.at_ms)
            if len(table) and self.at_ms - table.last_ms <= MAX_AGE_MS[reading]:
                others[venue.value] = float(table.values[0][-1])
        self.compare(reading, others)

    def _of_coinglass(self, kind: SeriesKind, reading: ReadingName) -> Held | None:
        if not self.prefers(reading, Venue.COINGLASS):
            return None
        fine = self.stored(self.base, kind, Venue.COINGLASS, FINE.value)
        if fine is None:
            return None
        grid = self.stored(self.base, kind, Venue.COINGLASS, GRID.value)
        table = fine.table if grid is None else join(grid.table, fine.table).table
        table = table.until(self.at_ms)
        if not len(table) or self.at_ms - table.last_ms > MAX_AGE_MS[reading]:
            return None
        return Held(table, fine.fetched_at_ms)

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

    # --- The crowd ------------------------------------------------------------------------------

    def social(self) -> None:
        if self._social_of_lunarcrush():
            self._trending()
            return
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
        self._trending()

    def _social_of_lunarcrush(self) -> bool:
        """Take sentiment and momentum, once the price says that it is the same coin."""
        source = Venue.LUNARCRUSH
        if not self.prefers(ReadingName.SOCIAL_SENTIMENT, source):
            return False
        held = self.stored(self.base, SeriesKind.SOCIAL_METRICS, source, HOURLY)
        if held is None:
            return False
        metrics = held.table.until(self.at_ms)
        if not len(metrics):
            return False
        newest = dict(zip(SOCIAL_COLUMNS, metrics.values[:, -1].tolist(), strict=True))
        price = self.readings.get(ReadingName.PRICE)
        if price is not None and not 0.8 <= newest["price_usd"] / price.value <= 1.25:
            self.tell(
                ReadingName.SOCIAL_SENTIMENT, source, "its coin of this name has another price"
            )
            return False
        self.shown["social"] = {
            **{name: value if value == value else None for name, value in newest.items()},
            "observed_at_ms": metrics.last_ms,
            **self._momentum(metrics),
        }
        sentiment = metrics.values[:1]
        known = np.isfinite(sentiment[0])
        if not known.any():
            detail = "its list has no sentiment of this coin on this plan"
            self.tell(ReadingName.SOCIAL_SENTIMENT, source, detail)
            return False
        self.take_series(
            ReadingName.SOCIAL_SENTIMENT,
            source,
            Held(Table(metrics.times_ms[known], sentiment[:, known]), held.fetched_at_ms),
        )
        return ReadingName.SOCIAL_SENTIMENT in self.readings

    def _momentum(self, metrics: Table) -> dict[str, float | None]:
        """Take momentum of the coin's hours, else of our own daily comparison of the list."""
        source = Venue.LUNARCRUSH
        held = self.stored(self.base, SeriesKind.SOCIAL_MOMENTUM, source, HOURLY)
        table = Table.empty(2) if held is None else held.table.until(self.at_ms)
        fetched_at_ms = self.at_ms if held is None else held.fetched_at_ms
        note = "from its hours"
        if not len(table) or self.at_ms - table.last_ms > DAY_MS:
            own = own_momentum(metrics)
            if own is not None:
                table, note = own, "from the list, now and a day ago"
                fetched_at_ms = self.at_ms
        if not len(table):
            return {"momentum": None, "interactions_change_pct": None}
        first = Held(Table(table.times_ms, table.values[:1]), fetched_at_ms)
        self.take_series(ReadingName.SOCIAL_MOMENTUM, source, first, note=note)
        if ReadingName.SOCIAL_MOMENTUM not in self.readings:
            return {"momentum": None, "interactions_change_pct": None}
        return {
            "momentum": float(table.values[0][-1]),
            "interactions_change_pct": float(table.values[1][-1]),
        }

    def _trending(self) -> None:
        source = Venue.COINGECKO
        trending = self.harvest.live.get((self.base, ReadingName.SOCIAL_TRENDING, source.value))
        if trending is not None:
            seen = Held(observation(trending.observed_at_ms, trending.value), self.at_ms)
            self.take_series(ReadingName.SOCIAL_TRENDING, source, seen, note=TRENDING_NOTE)

    def fear_greed(self) -> None:
        """Take the publisher's own index, else Coinglass's where that is fresher and paid for."""
        known: list[tuple[int, Venue, Held]] = []
        for venue in (Venue.ALTERNATIVE_ME, Venue.COINGLASS):
            held = self.stored(MARKET_WIDE, SeriesKind.FEAR_GREED, venue, DAILY)
            table = Table.empty(1) if held is None else held.table.until(self.at_ms)
            if held is None or not len(table):
                continue
            if venue is Venue.COINGLASS and venue not in self.harvest.preferred.values():
                continue  # its key is gone
            known.append((int(table.last_ms // DAY_MS), venue, held))
        if not known:
            return
        day, venue, held = max(known, key=lambda entry: entry[0])  # of equals the first
        table = held.table.until(self.at_ms)
        late = self.at_ms - table.last_ms > FEAR_GREED_LATE_MS
        self.take_series(
            ReadingName.FEAR_GREED,
            venue,
            held,
            note=f"late: the value is {hours(self.at_ms - table.last_ms)} old" if late else None,
        )
        self.compare(
            ReadingName.FEAR_GREED,
            {
                other.value: float(its.table.until(self.at_ms).values[0][-1])
                for its_day, other, its in known
                if other is not venue and its_day == day
            },
        )

    # --- What is only shown ---------------------------------------------------------------------

    def show_evidence(self) -> None:
        """Add what stands beside the score: order book, prints, market cap, weighted funding."""
        held = self.stored(self.base, SeriesKind.MARKET_CAP, Venue.COINGECKO, DAILY)
        social = self.shown.get("social")
        if social is not None and social["market_cap_usd"] is not None:
            self.shown["market_cap"] = {
                "usd": social["market_cap_usd"],
                "source": Venue.LUNARCRUSH.value,
                "observed_at_ms": social["observed_at_ms"],
            }
        elif held is not None:
            table = held.table.until(self.at_ms)
            if (
                len(table)
                and self.at_ms - table.last_ms <= MAX_AGE_MS[ReadingName.SOCIAL_SENTIMENT]
            ):
                self.shown["market_cap"] = {
                    "usd": float(table.values[0][-1]),
                    "source": Venue.COINGECKO.value,
                    "observed_at_ms": table.last_ms,
                }
        evidence = self.harvest.evidence.get(self.base)
        if evidence is not None:
            self.shown.update(shown_evidence(evidence))
