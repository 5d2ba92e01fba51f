"""Market structure as shapes of an alert's chart: what price may still meet, and the last breaks.

Read from the very bars that are drawn from, so that nothing in the picture was known later than the
signal.
"""

from __future__ import annotations

from market.types import Candles
from notifications.chart_shapes import Level, Structure, Swing, Zone
from smartmoney.smc import BreakOfStructure, StructureBreak, Trend, analyze
from smartmoney.smc.types import BlockState, GapState, LiquiditySide, LiquidityState, SwingKind

# Newest first in worth: a phone shows no more without hiding the candles.
_GAPS, _BLOCKS, _ZONES, _BREAKS = 2, 2, 1, 3


def chart_structure(candles: Candles) -> Structure:
    """Return what to draw over the bars; empty when they tell no structure."""
    told = analyze(candles)
    if told is None:
        return Structure()
    gaps = [gap for gap in told.gaps if gap.state is not GapState.FILLED][-_GAPS:]
    blocks = [block for block in told.blocks if block.state is not BlockState.BROKEN][-_BLOCKS:]
    resting = [zone for zone in told.zones if zone.state is LiquidityState.RESTING]
    liquidity = [
        zone
        for side in LiquiditySide
        for zone in [each for each in resting if each.side is side][-_ZONES:]
    ]
    return Structure(
        zones=(
            *(
                Zone(gap.occurred_at_ms, None, gap.bottom, gap.top, _is_up(gap.trend), "FVG")
                for gap in gaps
            ),
            *(
                Zone(block.occurred_at_ms, None, block.bottom, block.top, _is_up(block.trend), "OB")
                for block in blocks
            ),
            *(
                Zone(
                    zone.occurred_at_ms,
                    None,
                    zone.bottom,
                    zone.top,
                    # Stops above are what price may reach for: buyers will be filled there.
                    zone.side is LiquiditySide.BUY,
                    "liquidity",
                )
                for zone in liquidity
            ),
        ),
        levels=tuple(_level(each) for each in told.breaks[-_BREAKS:]),
        swings=tuple(
            Swing(
                swing.occurred_at_ms + candles.interval.ms // 2,
                swing.price,
                swing.kind is SwingKind.HIGH,
            )
            for swing in told.swings
        ),
    )


def _level(each: StructureBreak) -> Level:
    return Level(
        start_ms=each.level_at_ms,
        end_ms=each.known_at_ms,
        price=each.level,
        is_bullish=_is_up(each.trend),
        label="BOS" if isinstance(each, BreakOfStructure) else "CHoCH",
    )


def _is_up(trend: Trend) -> bool:
    return trend is Trend.BULLISH
