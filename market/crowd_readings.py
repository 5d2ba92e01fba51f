"""What the crowd says and feels: sentiment, momentum, trending, fear and greed. Pure."""

from __future__ import annotations

from typing import Final

import numpy as np

from market.chains import DAILY, FEAR_GREED_LATE_MS, HOURLY
from market.evidence import own_momentum
from market.models import MARKET_WIDE, SeriesKind
from market.readings import CheckedReadings, hours
from market.series import Held
from market.snapshot import ReadingName
from market.sources.lunarcrush import COLUMNS as SOCIAL_COLUMNS
from market.tables import Table, observation
from market.types import DAY_MS, Venue

VOTES_NOTE: Final = "proxy: up-votes of CoinGecko's visitors"
TRENDING_NOTE: Final = "proxy: place in CoinGecko's trending list, 0 is first"


class CrowdReadings(CheckedReadings):
    """The mood around a coin and in the whole market."""

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
