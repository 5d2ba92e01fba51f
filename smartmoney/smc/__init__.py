"""Smart money concepts: closed candles → market structure that never repaints. Pure numpy."""

from smartmoney.smc.alignment import Alignment, align
from smartmoney.smc.analyzer import SmcAnalysis, analyze, analyze_timeframes, find_structure
from smartmoney.smc.frame import CANDLES_NEEDED, MEMORY_CANDLES, WINDOW_CANDLES
from smartmoney.smc.report import Structure, report
from smartmoney.smc.types import (
    BreakOfStructure,
    ChangeOfCharacter,
    DealingRange,
    FairValueGap,
    LiquidityZone,
    OrderBlock,
    PreviousLevels,
    StructureBreak,
    SwingPoint,
    TimeframeStructure,
    Trend,
)

__all__ = [
    "CANDLES_NEEDED",
    "MEMORY_CANDLES",
    "WINDOW_CANDLES",
    "Alignment",
    "BreakOfStructure",
    "ChangeOfCharacter",
    "DealingRange",
    "FairValueGap",
    "LiquidityZone",
    "OrderBlock",
    "PreviousLevels",
    "SmcAnalysis",
    "Structure",
    "StructureBreak",
    "SwingPoint",
    "TimeframeStructure",
    "Trend",
    "align",
    "analyze",
    "analyze_timeframes",
    "find_structure",
    "report",
]
