"""A coin's liquidations and the open interest that measures them: paid sums, else ours. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

import numpy as np

from market.chains import BUCKET_MS, BUCKETS, FINE, MAX_AGE_MS, WINDOWS
from market.liquidations import Watched, buckets_of_windows, covered_h, most_watched
from market.models import SeriesKind
from market.readings import CheckedReadings
from market.series import Held
from market.snapshot import ReadingName
from market.tables import Table, observation, table_buckets
from market.types import Venue
from market.windows import LIQUIDATION_WINDOW_H, window_liquidations

VENUE_NAMES: Final = MappingProxyType({Venue.BINANCE: "Binance", Venue.OKX: "OKX"})
WINDOWS_NOTE: Final = "Binance, OKX and Bybit together, 24 h of 24 h"


class LiquidationReadings(CheckedReadings):
    """What was watched or bought of one coin's forced orders."""

    def liquidations(self) -> None:
        if self._liquidation_windows():
            self._compare_liquidations()
            return
        watched = self._watched_venues()
        if not watched and self.instrument.okx is None:
            self.tell(
                ReadingName.LIQUIDATIONS, Venue.OKX, "this coin has no swap there to be watched"
            )
        taken = most_watched(watched, self.at_ms, MAX_AGE_MS[ReadingName.LIQUIDATIONS])
        if taken is None:
            for each in watched:
                ended_ms = int(each.buckets.start_ms[-1]) + BUCKET_MS
                self.refuse_age(ReadingName.LIQUIDATIONS, each.venue, ended_ms)
            return
        venues, buckets = taken
        names = " and ".join(VENUE_NAMES[each.venue] for each in venues)
        only = " only" if len(venues) == 1 else ""
        if self.take(
            ReadingName.LIQUIDATIONS,
            venues[0].venue,
            float(buckets.long_usd.sum() + buckets.short_usd.sum()),
            int(buckets.start_ms[-1]) + BUCKET_MS,
            max(self.stored_at_ms(SeriesKind.LIQUIDATIONS, each.venue, BUCKETS) for each in venues),
            note=f"floor: {names}{only}, covers {covered_h(buckets):.1f} h"
            f" of {LIQUIDATION_WINDOW_H} h",
            shown_source=_sources(venues),
        ):
            self.buckets = buckets
            self._measure_of(venues)

    def _watched_venues(self) -> list[Watched]:
        """Return what is known of each exchange's liquidations within the longest window."""
        watched = []
        for venue in self.exchanges:
            held = self.stored(self.base, SeriesKind.LIQUIDATIONS, venue, BUCKETS)
            if held is None:
                continue
            buckets = window_liquidations(table_buckets(held.table, BUCKET_MS), self.at_ms)
            if len(buckets):
                measure = self._venue_open_interest(venue)
                if measure is None and venue is Venue.BINANCE:
                    # Another venue's smaller open interest would make them look large.
                    self.tell(
                        ReadingName.LIQUIDATIONS, venue, "no open interest there to measure by"
                    )
                    continue
                watched.append(
                    Watched(
                        venue,
                        buckets,
                        None
                        if measure is None
                        else (float(measure.table.values[0][-1]), measure.table.last_ms),
                    )
                )
        return watched

    def _venue_open_interest(self, venue: Venue) -> Held | None:
        """Return the venue's own open interest, if it still stands for the present."""
        kind = (
            SeriesKind.OPEN_INTEREST if venue is Venue.BINANCE else SeriesKind.VENUE_OPEN_INTEREST
        )
        held = self.stored(self.base, kind, venue, FINE.value)
        table = Table.empty(1) if held is None else held.table.until(self.at_ms)
        max_age_ms = MAX_AGE_MS[ReadingName.LIQUIDATION_VENUE_OI]
        if held is None or not len(table) or self.at_ms - table.last_ms > max_age_ms:
            return None
        return Held(table, held.fetched_at_ms)

    def _measure_of(self, venues: Sequence[Watched]) -> None:
        """Take the open interest of just the venues whose liquidations were taken."""
        known = [each.open_interest for each in venues if each.open_interest is not None]
        if not known:
            return
        self.take_series(
            ReadingName.LIQUIDATION_VENUE_OI,
            venues[0].venue,
            Held(
                observation(min(at_ms for _, at_ms in known), sum(usd for usd, _ in known)),
                self.at_ms,
            ),
            shown_source=_sources(venues),
        )

    def _liquidation_windows(self) -> bool:
        """Take Coinglass's four windows, if the open interest they are measured by is there too."""
        source = Venue.COINGLASS
        if not self.prefers(ReadingName.LIQUIDATIONS, source):
            return False
        windows = self.stored(self.base, SeriesKind.LIQUIDATION_WINDOWS, source, WINDOWS)
        measure = self.stored(self.base, SeriesKind.VENUE_OPEN_INTEREST, source, FINE.value)
        if windows is None or measure is None:
            return False
        table, oi = windows.table.until(self.at_ms), measure.table.until(self.at_ms)
        oldest_ms = self.at_ms - MAX_AGE_MS[ReadingName.LIQUIDATIONS]
        if not len(table) or not len(oi) or min(table.last_ms, oi.last_ms) < oldest_ms:
            return False
        buckets = buckets_of_windows(table.values[:, -1], table.last_ms)
        total_usd = float(buckets.long_usd.sum() + buckets.short_usd.sum())
        if not self.take(
            ReadingName.LIQUIDATIONS,
            source,
            total_usd,
            table.last_ms,
            windows.fetched_at_ms,
            note=WINDOWS_NOTE,
        ):
            return False
        self.buckets = buckets
        self.take_series(ReadingName.LIQUIDATION_VENUE_OI, source, Held(oi, measure.fetched_at_ms))
        return True

    def _compare_liquidations(self) -> None:
        floors = {
            each.venue.value: float(
                np.nansum(each.buckets.long_usd) + np.nansum(each.buckets.short_usd)
            )
            for each in self._watched_venues()
        }
        self.compare(ReadingName.LIQUIDATIONS, floors)


def _sources(venues: Sequence[Watched]) -> str:
    return "+".join(each.venue.value for each in venues)
