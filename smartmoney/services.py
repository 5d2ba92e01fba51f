"""The verbs of the smart-money app: scan some coins now, analyze one, read market structure.

A scan reads coins in waves as large as the providers' connections keep busy, all under one
deadline. What it did not get to goes on in the background, and the answer names that scan.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from django.conf import settings

from market.bars import RecentBars, recent_bars
from market.services import MarketUnavailable, resolve_symbol
from market.types import Instrument, Interval
from smartmoney.choices import Choice
from smartmoney.exceptions import TooManyScans
from smartmoney.scans import DATABASE_AWAY, start_scan
from smartmoney.scored import ScoredCoin
from smartmoney.scoring import score_coins
from smartmoney.smc import SmcAnalysis, analyze_timeframes

logger = logging.getLogger(__name__)

# Coins of one wave: as many as a collection works on at once.
WAVE_COINS = 24
# No wave is begun with less time left than a healthy one takes.
LEAST_WAVE_S = 1.0
# Each scan holds a thread and shares the providers' connections: more of them at once are only
# slower each.
MOST_AT_ONCE = 4
_PLACE_WAIT_S = 0.5

_places = threading.BoundedSemaphore(MOST_AT_ONCE)


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
    with _place():
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
    with _place():
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
    with _place():
        bars = recent_bars(instrument, timeframes, deadline_s=deadline_s)
    return StructureReport(instrument, analyze_timeframes(bars.candles, timeframes), bars)


def _scan_in_waves(instruments: Sequence[Instrument]) -> Scan:
    found = Scan(requested=len(instruments))
    ends_at = time.monotonic() + settings.SMART_MONEY_DEADLINE_S
    unavailable: MarketUnavailable | None = None
    for start in range(0, len(instruments), WAVE_COINS):
        wave = instruments[start : start + WAVE_COINS]
        bases = [instrument.symbol.base for instrument in wave]
        left_s = ends_at - time.monotonic()
        if left_s < LEAST_WAVE_S:
            found.left += bases
            continue
        try:
            scores = score_coins(
                wave,
                deadline_s=min(settings.SIGNAL_DEADLINE_S, left_s),
                share=len(wave) / len(instruments),
            )
        except MarketUnavailable as error:
            unavailable = error
            found.failed |= dict.fromkeys(bases, error.detail)
            continue
        found.scored += scores.scored
        found.failed |= scores.failed
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


@contextmanager
def _place() -> Iterator[None]:
    """Hold one of the places; TooManyScans when none becomes free soon."""
    if not _places.acquire(timeout=_PLACE_WAIT_S):
        raise TooManyScans("Many scans are running; try again in a few seconds.", 3.0)
    try:
        yield
    finally:
        _places.release()
