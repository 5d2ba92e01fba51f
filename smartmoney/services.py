"""The verbs of the smart-money app: scan some coins now, analyze one, read market structure.

A scan reads coins in waves under one deadline. What it did not get to goes on in the background,
and the answer names that scan.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.conf import settings

from market.background_runs import DATABASE_AWAY, TooManyScans
from market.bars import RecentBars, recent_bars
from market.services import MarketUnavailable, resolve_symbol
from market.types import Instrument, Interval
from smartmoney.choices import Choice
from smartmoney.scans import start_scan
from smartmoney.scored import ScoredCoin
from smartmoney.scoring import score_coins
from smartmoney.smc import SmcAnalysis, analyze_timeframes
from smartmoney.waves import place, waves

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Scan:
    """What a scan found. ``left`` coins were not reached in time; ``scan_id`` goes on with them."""

    requested: int
    scored: list[ScoredCoin] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    scan_id: UUID | None = None

    @property
    def partial(self) -> bool:
        return bool(self.left)


def scan(choice: Choice) -> Scan:
    """Score a choice of coins within the deadline. Raises MarketUnavailable, TooManyScans."""
    with place():
        found = _scan_in_waves(choice.instruments)
    found.failed |= choice.failed
    if found.left:
        found.scan_id = _go_on(choice, found)
    return found


def analyze_coin(text: str) -> ScoredCoin:
    """Score one coin.

    Raises UnknownSymbol, TooManyScans; MarketUnavailable, too, when nothing is known of the coin.
    """
    instrument = resolve_symbol(text)
    with place():
        scores = score_coins([instrument])
    if not scores.scored:
        raise MarketUnavailable
    return scores.scored[0]


@dataclass(frozen=True, slots=True)
class StructureReport:
    instrument: Instrument
    analysis: SmcAnalysis
    bars: RecentBars


def analyze_structure(
    text: str, timeframes: Sequence[Interval], *, deadline_s: float | None = None
) -> StructureReport:
    """Read a coin's market structure by its last closed bars of each length.

    Raises UnknownSymbol, MarketUnavailable when no bars at all could be read, TooManyScans.
    """
    instrument = resolve_symbol(text)
    with place():
        bars = recent_bars(instrument, timeframes, deadline_s=deadline_s)
    return StructureReport(instrument, analyze_timeframes(bars.candles, timeframes), bars)


def _scan_in_waves(instruments: Sequence[Instrument]) -> Scan:
    found = Scan(requested=len(instruments))
    reached = 0
    unavailable: MarketUnavailable | None = None
    for wave in waves(instruments, time.monotonic() + settings.SMART_MONEY_DEADLINE_S):
        reached += len(wave.coins)
        try:
            scores = score_coins(wave.coins, deadline_s=wave.deadline_s, share=wave.share)
        except MarketUnavailable as error:
            unavailable = error
            found.failed |= {each.symbol.base: error.detail for each in wave.coins}
            continue
        found.scored += scores.scored
        found.failed |= scores.failed
    found.left = [instrument.symbol.base for instrument in instruments[reached:]]
    if unavailable is not None and not found.scored and not found.left:
        raise unavailable
    return found


def _go_on(choice: Choice, found: Scan) -> UUID | None:
    symbols = [instrument.symbol.base for instrument in choice.instruments]
    try:
        return start_scan(symbols, name=choice.name, scored=found.scored, failed=choice.failed).pk
    except TooManyScans:
        return None  # what was found is told all the same
    except DATABASE_AWAY:
        logger.exception("a partial scan cannot go on, the database is away")
        return None
