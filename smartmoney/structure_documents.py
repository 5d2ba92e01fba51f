"""Market structure as plain JSON under the public key names. Pure.

The names of the first release (``swingPoints``, ``structureBreaks``, …) are kept because people
have built on them; unknown is null. Every list is bounded and newest last.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from market.types import Interval
from smartmoney.documents import alignment_document, figure, iso, iso_or_none
from smartmoney.smc import (
    BreakOfStructure,
    FairValueGap,
    LiquidityZone,
    OrderBlock,
    SmcAnalysis,
    StructureBreak,
    SwingPoint,
    TimeframeStructure,
    align,
)
from smartmoney.smc.types import BlockState, GapState, LiquiditySide, LiquidityState, SwingKind

# Of each kind of structure: enough to see where price stands, few enough for an assistant to read.
MOST_SWINGS = MOST_GAPS = MOST_ZONES = MOST_BLOCKS = 5
MOST_BREAKS = 3
# Beside a signal only what price may still meet.
BESIDE_A_SIGNAL = 2
SIGNAL_TIMEFRAME = Interval.H1


def structure_document(structure: TimeframeStructure) -> dict[str, Any]:
    """Return one timeframe."""
    alone = align({structure.interval: structure}, [structure.interval])
    highs = [swing for swing in structure.swings if swing.kind is SwingKind.HIGH]
    lows = [swing for swing in structure.swings if swing.kind is SwingKind.LOW]
    place, previous = structure.dealing_range, structure.previous
    return {
        "timeframe": structure.interval.value,
        "timestamp": iso(structure.as_of_ms),
        "price": figure(structure.close),
        "candles": structure.candles,
        "complete": structure.complete,
        "marketStructure": _trend(structure),
        "swingPoints": {
            "highs": [_swing(swing) for swing in highs[-MOST_SWINGS:]],
            "lows": [_swing(swing) for swing in lows[-MOST_SWINGS:]],
        },
        "structureBreaks": _breaks(structure),
        "fairValueGaps": [_gap(gap) for gap in structure.gaps[-MOST_GAPS:]],
        "orderBlocks": [_block(block) for block in structure.blocks[-MOST_BLOCKS:]],
        "liquidityZones": _liquidity(structure.zones, MOST_ZONES),
        "dealingRange": None
        if place is None
        else {
            "high": figure(place.high),
            "low": figure(place.low),
            "positionPct": figure(place.position_pct),
            "part": place.part.value,
            "highAt": iso(place.high_at_ms),
            "lowAt": iso(place.low_at_ms),
            "knownAt": iso(place.known_at_ms),
        },
        "previousLevels": None
        if previous is None
        else {
            "periodHours": previous.period_ms // Interval.H1.ms,
            "high": figure(previous.high),
            "low": figure(previous.low),
            "time": iso(previous.occurred_at_ms),
            "knownAt": iso(previous.known_at_ms),
            "highSweptAt": iso_or_none(previous.high_swept_at_ms),
            "lowSweptAt": iso_or_none(previous.low_swept_at_ms),
        },
        "analysis": {
            **_trend(structure),
            "recommendation": alone.recommendation.value,
            "reasons": list(alone.reasons),
        },
    }


def signal_structure_document(analysis: SmcAnalysis) -> dict[str, Any] | None:
    """Return what stands beside a signal: trends, and the hour's open structures; None without."""
    hour = analysis.timeframes.get(SIGNAL_TIMEFRAME)
    if not analysis.timeframes:
        return None
    document: dict[str, Any] = {
        "alignment": alignment_document(analysis.alignment),
        "timeframes": {
            interval.value: _trend(structure) for interval, structure in analysis.timeframes.items()
        },
        "timeframe": None,
        "structureBreaks": [],
        "fairValueGaps": [],
        "orderBlocks": [],
        "liquidityZones": {"buyLiquidity": [], "sellLiquidity": []},
    }
    if hour is not None:
        gaps = [gap for gap in hour.gaps if gap.state is not GapState.FILLED]
        blocks = [block for block in hour.blocks if block.state is not BlockState.BROKEN]
        zones = [zone for zone in hour.zones if zone.state is LiquidityState.RESTING]
        document |= {
            "timeframe": hour.interval.value,
            "structureBreaks": _breaks(hour),
            "fairValueGaps": [_gap(gap) for gap in gaps[-BESIDE_A_SIGNAL:]],
            "orderBlocks": [_block(block) for block in blocks[-BESIDE_A_SIGNAL:]],
            "liquidityZones": _liquidity(zones, BESIDE_A_SIGNAL),
        }
    return document


# --- Parts ----------------------------------------------------------------------------------------


def _trend(structure: TimeframeStructure) -> dict[str, Any]:
    return {
        "trend": structure.trend.value,
        "strength": structure.strength.value,
        "since": iso_or_none(structure.trend_since_ms),
    }


def _swing(swing: SwingPoint) -> dict[str, Any]:
    return {
        "price": figure(swing.price),
        "time": iso(swing.occurred_at_ms),
        "knownAt": iso(swing.known_at_ms),
        "sizeAtr": figure(swing.size_atr),
        "sweptAt": iso_or_none(swing.swept_at_ms),
        "brokenAt": iso_or_none(swing.broken_at_ms),
    }


def _breaks(structure: TimeframeStructure) -> list[dict[str, Any]]:
    return [_break(each) for each in structure.breaks[-MOST_BREAKS:]]


def _break(each: StructureBreak) -> dict[str, Any]:
    return {
        "type": "BOS" if isinstance(each, BreakOfStructure) else "CHoCH",
        "direction": each.trend.value,
        "price": figure(each.level),
        "breakPrice": figure(each.close),
        "time": iso(each.occurred_at_ms),
        "knownAt": iso(each.known_at_ms),
        "swingsBroken": each.swings_broken,
    }


def _gap(gap: FairValueGap) -> dict[str, Any]:
    return {
        "type": gap.trend.value,
        "top": figure(gap.top),
        "bottom": figure(gap.bottom),
        "size": figure(gap.top - gap.bottom),
        "sizeAtr": figure(gap.size_atr),
        "time": iso(gap.occurred_at_ms),
        "knownAt": iso(gap.known_at_ms),
        "state": gap.state.value,
        "filledPct": figure(gap.filled_pct),
        "touchedAt": iso_or_none(gap.touched_at_ms),
        "filledAt": iso_or_none(gap.filled_at_ms),
    }


def _block(block: OrderBlock) -> dict[str, Any]:
    return {
        "type": block.trend.value,
        "top": figure(block.top),
        "bottom": figure(block.bottom),
        "sizeAtr": figure(block.size_atr),
        "time": iso(block.occurred_at_ms),
        "knownAt": iso(block.known_at_ms),
        "state": block.state.value,
        "mitigatedAt": iso_or_none(block.mitigated_at_ms),
        "brokenAt": iso_or_none(block.broken_at_ms),
    }


def _liquidity(zones: Iterable[LiquidityZone], most: int) -> dict[str, list[dict[str, Any]]]:
    told = list(zones)
    return {
        f"{side.value}Liquidity": [_zone(zone) for zone in told if zone.side is side][-most:]
        for side in LiquiditySide
    }


def _zone(zone: LiquidityZone) -> dict[str, Any]:
    return {
        "price": figure(zone.price),
        "top": figure(zone.top),
        "bottom": figure(zone.bottom),
        "strength": zone.strength.value,
        "touches": zone.touches,
        "time": iso(zone.occurred_at_ms),
        "knownAt": iso(zone.known_at_ms),
        "state": zone.state.value,
        "touchedAt": iso(zone.touched_at_ms),
        "sweptAt": iso_or_none(zone.swept_at_ms),
    }
