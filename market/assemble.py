"""From what is stored and observed to one MarketSnapshot: choose, check, cut, say why not. Pure.

For every reading the first source of its chain that is up to date is taken, else the first that is
not too old; one window never holds two sources. Whatever is not finite, impossible or too old is
left out and named in ``problems``.
"""

from __future__ import annotations

from market.candle_readings import CandleReadings
from market.chains import DAILY, MAX_AGE_MS, READING_OF_STATISTIC
from market.crowd_readings import CrowdReadings
from market.derivative_readings import DerivativeReadings
from market.evidence import shown_evidence
from market.liquidation_readings import LiquidationReadings
from market.models import SeriesKind
from market.snapshot import MarketHistory, MarketSnapshot, ReadingName
from market.sources.asking import Harvest
from market.types import Instrument, Venue
from market.windows import window_history


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


class _Assembly(CandleReadings, DerivativeReadings, LiquidationReadings, CrowdReadings):
    """The readings of one coin, group by group, and what stands beside them."""

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
