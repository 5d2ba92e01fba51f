"""Candles in, market structure out: all rules, one timeframe or several. Pure.

The analyzer keeps no state but the candles. Every rule has a bounded memory (``frame``), so reading
the last ``WINDOW_CANDLES`` candles after each new one tells exactly what reading the whole history
would: an update costs the same however long the history is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from market.types import Candles, Interval
from market.windows import window_candles
from smartmoney.smc.alignment import Alignment, align
from smartmoney.smc.fair_value_gaps import find_gaps
from smartmoney.smc.frame import WINDOW_CANDLES, frame_of
from smartmoney.smc.liquidity import find_zones
from smartmoney.smc.order_blocks import find_blocks
from smartmoney.smc.report import Structure, report
from smartmoney.smc.structure import find_breaks
from smartmoney.smc.swings import find_swings
from smartmoney.smc.types import TimeframeStructure


@dataclass(frozen=True, slots=True)
class SmcAnalysis:
    """What the timeframes tell each, and together."""

    timeframes: Mapping[Interval, TimeframeStructure]
    alignment: Alignment


def find_structure(candles: Candles) -> Structure:
    """Return every structure of a whole history, as columns.

    Parameters
    ----------
    candles : Candles
        Closed bars, ascending and unique by open time; n of them, prices in USD.

    Returns
    -------
    Structure
        Columns with the candle at which each row became known and those of its forward events.
        Time is linear in n.

    Raises
    ------
    ValueError
        When the candles are not in order or a price is impossible.

    Notes
    -----
    Source: seed behaviour §3 with its faults removed; sizes in ATR are this project's.
    """
    frame = frame_of(candles)
    swings = find_swings(frame)
    breaks = find_breaks(swings)
    return Structure(
        frame=frame,
        swings=swings,
        breaks=breaks,
        gaps=find_gaps(frame),
        blocks=find_blocks(frame, breaks),
        zones=find_zones(frame, swings),
    )


def analyze(candles: Candles) -> TimeframeStructure | None:
    """Return what one timeframe tells at the close of its newest candle.

    Parameters
    ----------
    candles : Candles
        Closed bars as for :func:`find_structure`; the last ``WINDOW_CANDLES`` are read. With at
        least ``CANDLES_NEEDED`` the answer does not depend on where they begin; ``complete`` says
        so.

    Returns
    -------
    TimeframeStructure or None
        None without candles.

    Raises
    ------
    ValueError
        As :func:`find_structure`.
    """
    if not len(candles):
        return None
    closed_ms = int(candles.open_time_ms[-1]) + candles.interval.ms
    return report(find_structure(window_candles(candles, closed_ms, WINDOW_CANDLES)))


def analyze_timeframes(
    candles: Mapping[Interval, Candles], asked: Sequence[Interval]
) -> SmcAnalysis:
    """Analyze the timeframes that were asked for and weigh them together.

    Timeframes without candles are missing: named, and not counted as neutral.
    """
    timeframes = {}
    for interval in asked:
        structure = analyze(candles[interval]) if interval in candles else None
        if structure is not None:
            timeframes[interval] = structure
    return SmcAnalysis(timeframes, align(timeframes, asked))
