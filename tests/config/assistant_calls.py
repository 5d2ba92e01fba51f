"""A question to each operation of assistants that makes its answer long, as arguments of a tool."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from config.api.assistants import Endpoint

# A scan's answer grows by a row per coin: ten show how long a row is, fifty would take seconds.
TEN = "BTC,ETH,SOL,XRP,DOGE,BNB,ADA,AVAX,LINK,PEPE"
MOST_COINS = 50
# Beside the largest value of every number: what makes an answer as long as it can be.
LARGEST: dict[str, dict[str, Any]] = {
    "getSignal": {"symbol": "BTC"},
    "getSignalWithContext": {"symbol": "BTC", "timeframe": "5m"},
    "getMarketData": {"symbol": "BTC", "interval": "15m"},
    "scanSmartMoney": {
        "coins": TEN, "min_accumulation_score": 0, "min_distribution_score": 0,
    },
    "scanAccumulation": {"coins": TEN, "min_score": 0},
    "scanDistribution": {"coins": TEN, "min_score": 0},
    "scanAuto": {
        "limit": 10, "criteria": "volume", "min_accumulation_score": 0, "min_distribution_score": 0,
    },
    "findAccumulation": {"coins": TEN, "min_score": 0, "exclude_overbought": False},
    "analyzeSmartMoney": {"symbol": "BTC"},
    "smartMoneyInfo": {},
    "discoverCoins": {"max_market_cap": 1e14, "min_volume": 0},
    "listFutures": {"min_volume": 0, "offset": 0},
    "mssInfo": {},
    "discoverEmergingCoins": {"max_fdv": 5e8, "max_age_hours": 720, "min_volume": 10_000},
    "analyzeEmergingCoin": {"symbol": "BTC"},
    "scanEmergingCoins": {
        "max_fdv": 5e8, "max_age_hours": 720, "min_volume": 10_000, "min_mss_score": 0,
    },
    "getWatchedCoin": {"symbol": "BTC"},
    "analyzeStructure": {"symbol": "BTC", "timeframes": "5m,15m,1h,4h,1d"},
    "structureInfo": {},
    "getSymbolHistory": {"symbol": "BTC", "offset": 0},
    "getSignalsInDateRange": {"start_date": "2026-01-01", "end_date": "2026-12-31"},
    "getAnalyticsSummary": {},
    "getStatsOverview": {},
    "getPerformanceSummary": {},
    "getSymbolPerformance": {"symbol": "BTC"},
    "getPerformanceByFactor": {"horizon_h": 24},
    "getPerformanceByConfidence": {"horizon_h": 24},
    "getCalibration": {},
    "getPerformanceTrends": {"bucket": "day", "horizon_h": 24},
    "listSignalHistory": {},
}  # fmt: skip


def largest_question(endpoint: Endpoint) -> dict[str, Any]:
    """Return the arguments that make an operation's answer the longest."""
    lists = {
        each.name: each.schema["maximum"]
        for each in endpoint.parameters
        if each.name in {"limit", "days", "hours"}
    }
    return lists | LARGEST[endpoint.operation.id]


def named_operations(text: str) -> set[str]:
    """Return what a text names that looks like an operation."""
    return set(re.findall(r"\b(?:get|list|scan|find|analyze|discover|search)[A-Z]\w+", text))


def most_rows(endpoint: Endpoint) -> int:
    """Return how many rows an operation's answer may have."""
    schemas = {each.name: each.schema for each in endpoint.parameters}
    if "limit" in schemas:
        return int(schemas["limit"]["maximum"])
    return MOST_COINS if "coins" in schemas else 0


def url_of(endpoint: Endpoint, arguments: Mapping[str, Any]) -> str:
    """Return the address a GPT asks, by the document it was given."""
    query = dict(arguments)
    path = endpoint.path
    for each in endpoint.parameters:
        if each.place == "path":
            path = path.replace(f"{{{each.name}}}", quote(str(query.pop(each.name)), safe=""))
    words = {name: str(value).lower() if value is False else value for name, value in query.items()}
    return f"{path}?{urlencode(words)}" if words else path
