"""What is shown beside a score as plain JSON: an order book's walls, prints, and our own social
comparison. Pure; no engine reads any of it.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np

from market.order_book import IMBALANCE_RANGES_PCT
from market.social_momentum import SocialChange, changed_pct, momentum_of
from market.sources.asking import Evidence
from market.sources.lunarcrush import COLUMNS
from market.tables import Table
from market.types import DAY_MS, HOUR_MS
from market.whale_evidence import WallEvidence, WhaleEvidence, whale_evidence

# The list's figures of a day ago may be this much older or younger.
_DAY_SLACK_MS = 2 * HOUR_MS
_DIGITS = 12


def own_momentum(metrics: Table) -> Table | None:
    """Return momentum from the list's figures of now and of a day ago, where both were read."""
    now = metrics.rows(slice(-1, None))
    wanted_ms = now.last_ms - DAY_MS
    distance_ms = np.abs(metrics.times_ms - wanted_ms)
    nearest = int(np.argmin(distance_ms))
    if int(distance_ms[nearest]) > _DAY_SLACK_MS:
        return None
    before, after = (
        dict(zip(COLUMNS, metrics.values[:, row].tolist(), strict=True)) for row in (nearest, -1)
    )

    def moved(name: str) -> float | None:
        change = after[name] - before[name]
        return change if math.isfinite(change) else None

    interactions_pct = changed_pct(before["interactions_24h"], after["interactions_24h"])
    momentum = momentum_of(
        SocialChange(
            interactions_pct=interactions_pct,
            posts_pct=changed_pct(before["posts_24h"], after["posts_24h"]),
            galaxy_points=moved("galaxy_score"),
            sentiment_points=moved("sentiment_pct"),
            price_pct=changed_pct(before["price_usd"], after["price_usd"]),
        )
    )
    if momentum is None or interactions_pct is None:
        return None
    return Table(now.times_ms, np.array([[momentum], [interactions_pct]], dtype=np.float64))


def shown_evidence(evidence: Evidence) -> dict[str, Any]:
    """Return what was read in plain values, every figure finite; what is unknown is left out."""
    shown: dict[str, Any] = {}
    if evidence.close_5m_ago is not None:
        shown["close_5m_ago"] = evidence.close_5m_ago
    if evidence.volume_weighted_funding_pct is not None:
        shown["volume_weighted_funding_pct"] = evidence.volume_weighted_funding_pct
    if evidence.book is not None and evidence.book_source is not None:
        found = whale_evidence(evidence.book, evidence.trades, evidence.memory)
        shown["book"] = {"source": evidence.book_source, **book_document(found)}
    return shown


def book_document(found: WhaleEvidence) -> dict[str, Any]:
    """Return evidence under the public key names."""
    spread, pressure, prints = found.spread, found.pressure, found.prints
    within = dict(found.imbalance_within_pct)
    document: dict[str, Any] = _finite(
        {
            "venue": found.venue,
            "observedAtMs": found.observed_at_ms,
            "orderbook": {
                "imbalance": found.imbalance_pct,
                "imbalanceWithin": {
                    f"{reach:g}%": within.get(reach) for reach in IMBALANCE_RANGES_PCT
                },
                "spreadPercent": None if spread is None else spread.spread_pct,
                "whaleBids": found.bid_wall_count,
                "whaleAsks": found.ask_wall_count,
                "wallImbalance": found.wall_imbalance_pct,
                "topBidWall": _wall(found.bid_walls),
                "topAskWall": _wall(found.ask_walls),
                "pulledWalls": len(found.pulled_walls),
                "persistence": found.persistence,
                "depth": asdict(found.depth),
            },
            "trades": None
            if pressure is None
            else {
                "buyPressure": pressure.buy_pct,
                "sellPressure": pressure.sell_pct,
                "avgTradeSize": pressure.mean_size_base,
                "windowS": pressure.window_s,
                "largePrints": None
                if prints is None
                else {
                    "count": prints.count,
                    "buyUsd": prints.buy_usd,
                    "sellUsd": prints.sell_usd,
                },
            },
            "reasons": list(found.reasons),
        }
    )
    return document


def _wall(walls: tuple[WallEvidence, ...]) -> dict[str, Any] | None:
    if not walls:
        return None
    first = walls[0]
    return {
        "price": first.wall.price,
        "sizeBase": first.wall.size_base,
        "usd": first.wall.usd,
        "weight": None if first.remembered is None else first.remembered.weight,
    }


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_finite(each) for each in value]
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
    return value
