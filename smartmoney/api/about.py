"""What ``/smart-money/info`` and ``/smc/info`` tell: the rules, from the constants they run by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from config.version import VERSION
from market.types import Interval
from smartmoney.engine.accumulation import BOOK_POINTS, EVIDENCE, MAX_POINTS
from smartmoney.smc import WINDOW_CANDLES
from smartmoney.smc.alignment import RECOMMEND_AT

LEVELS = {"0-3": "weak", "4-6": "moderate", "7-8": "strong", "9-10": "very strong"}

ENDPOINTS = {
    "scan": "GET /smart-money/scan",
    "accumulation": "GET /smart-money/scan/accumulation",
    "distribution": "GET /smart-money/scan/distribution",
    "auto": "GET /smart-money/scan/auto",
    "finder": "GET /smart-money/accumulation",
    "analyze": "GET /smart-money/analyze/{symbol}",
    "discover": "GET /smart-money/discover",
    "futures": "GET /smart-money/futures/list",
    "trending": "GET /smart-money/trending",
    "newListings": "GET /smart-money/new-listings",
    "search": "GET /smart-money/search",
    "background": "POST /smart-money/scans, then GET /smart-money/scans/{id}",
    "structure": "GET /smc/analyze/{symbol}",
}

USE_CASES = [
    "Which coins do large hands gather before the crowd notices?",
    "Which of my coins are being handed out into a rise?",
    "What does positioning say of one coin, and what of that is not known?",
    "Which small coins have futures, and which contracts are new?",
]


def smart_money_info(default_coins: Sequence[str]) -> dict[str, Any]:
    side = {
        "factors": {name: points for name, (points, _) in EVIDENCE.items()},
        "maxScore": MAX_POINTS,
        "interpretation": LEVELS,
    }
    return {
        "name": "Smart money scanner",
        "version": VERSION,
        "defaultCoins": list(default_coins),
        "totalCoins": len(default_coins),
        "scoringSystem": {
            "accumulation": side,
            "distribution": side,
            "orderBookMaxPoints": BOOK_POINTS,
            "missing": "What could not be read gives no points and is named.",
        },
        "endpoints": ENDPOINTS,
        "useCases": USE_CASES,
    }


def structure_info() -> dict[str, Any]:
    return {
        "name": "Smart money concepts",
        "description": "Market structure of closed candles. Nothing is told before it is known, "
        f"and nothing told is taken back. The last candles are read, {WINDOW_CANDLES} at most.",
        "concepts": {
            "BOS": "The first close beyond a confirmed swing, with the last break's direction.",
            "CHoCH": "The first close beyond a confirmed swing, against the last break.",
            "FVG": "Prices that three candles in a row jumped over, until they are filled.",
            "SwingPoints": "A high above, or a low below, the five candles on each side.",
            "LiquidityZones": "Equal highs or lows, with stops beyond them until they are swept.",
            "OrderBlocks": "The last candle against the move that broke structure.",
        },
        "interpretation": {
            "strong": "The newest break went with the structure before it.",
            "moderate": "The newest break went against it, or was the first in a while.",
            "weak": "No break in the last 150 candles.",
            "alignment": f"LONG from +{RECOMMEND_AT:.0f}, SHORT from -{RECOMMEND_AT:.0f}; longer "
            "timeframes weigh more.",
        },
        "timeframes": [interval.value for interval in Interval],
    }
