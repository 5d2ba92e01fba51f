"""What ``/mss/info`` tells: the points that are given now, from the profile in force."""

from __future__ import annotations

from typing import Any

from mss.engine.profile import settings_of
from mss.engine.types import ENGINE_VERSION, MssProfile, PhaseName, PhaseRules, Tier

ENDPOINTS = {
    "discover": "GET /mss/discover",
    "analyze": "GET /mss/analyze/{symbol}",
    "scan": "GET /mss/scan",
    "background": "POST /mss/scans, then GET /mss/scans/{id}",
    "watchlist": "GET, POST /mss/watch",
    "watched": "GET, DELETE /mss/watch/{symbol}",
    "history": "GET /mss/history, GET /mss/history/{symbol}",
    "top": "GET /mss/top-scores",
}

_FOCUS = {
    PhaseName.DISCOVERY: "Small, new and scarce",
    PhaseName.SOCIAL: "People talk about it, like it and buy",
    PhaseName.INSTITUTIONAL: "Large money builds a position that is not crowded yet",
}
_SOURCES = {
    "coingecko": "Valuation, supply, volume, genesis; votes as sentiment without LunarCrush",
    "binance": "Listing time, open interest, top traders, funding, takers' buying",
    "okx": "The same without Binance, and its own listing times",
    "own_lists": "When a coin first stood in our daily copies of CoinGecko's list",
    "lunarcrush": "AltRank, Galaxy Score and sentiment; with a key only",
}


def mss_info(profile: MssProfile) -> dict[str, Any]:
    bands = settings_of(profile)["bands"]
    return {
        "success": True,
        "system": "MSS: emerging coins in three phases",
        "engine_version": ENGINE_VERSION,
        "profile": {"name": profile.name, "version": profile.version},
        "methodology": {
            phase.name.value: {
                "weight": phase.most,
                "max_score": phase.most,
                "pass_mark": phase.pass_mark,
                "focus": _FOCUS[phase.name],
                "thresholds": _thresholds(phase, bands),
            }
            for phase in profile.phases
        },
        "scoring": {
            "formula": "mss_score = phase 1 + phase 2 + phase 3; what is unknown earns nothing",
            "scale": {"least": 0.0, "most": sum(phase.most for phase in profile.phases)},
            "signal_thresholds": {tier.value: profile.tiers.get(tier, 0.0) for tier in Tier},
        },
        "data_sources": _SOURCES,
        "endpoints": ENDPOINTS,
        "gpt_compatible": True,
        "telegram_alerts": "From 75 points on, unless a subscriber's rule or a watched coin says "
        "otherwise; the same tier of a coin is not told twice within the cooldown.",
    }


def _thresholds(phase: PhaseRules, bands: dict[str, Any]) -> dict[str, Any]:
    """Return each line's parts: the figure, and the points from each edge on."""
    return {
        rule.name: [
            {"input": part.figure.value, **band}
            for part, band in zip(rule.parts, bands[rule.name], strict=True)
        ]
        for rule in phase.rules
    }
