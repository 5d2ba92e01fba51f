"""A scored coin with what the signal engine says of it, and its bytes in the shared store. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import orjson

from market.types import Direction, Interval
from smartmoney.engine.accumulation import AccumulationScore
from smartmoney.engine.positioning import CoinScore
from smartmoney.signal_views import SignalView
from smartmoney.smc import Alignment, Trend


@dataclass(frozen=True, slots=True)
class ScoredCoin:
    """``view`` is None where no signal engine is installed."""

    coin: CoinScore
    view: SignalView | None


def pack_scored(scored: ScoredCoin) -> bytes:
    return orjson.dumps(asdict(scored))


def unpack_scored(packed: bytes) -> ScoredCoin:
    """Rebuild what was packed, without loss."""
    document = orjson.loads(packed)
    coin, view = document["coin"], document["view"]
    points, alignment = coin.pop("score"), coin.pop("alignment")
    return ScoredCoin(
        CoinScore(
            **coin,
            score=AccumulationScore(
                accumulation=points["accumulation"],
                distribution=points["distribution"],
                accumulation_reasons=tuple(points["accumulation_reasons"]),
                distribution_reasons=tuple(points["distribution_reasons"]),
                known_points=points["known_points"],
                missing=tuple(points["missing"]),
            ),
            alignment=Alignment(
                score=alignment["score"],
                coverage_pct=alignment["coverage_pct"],
                trend=Trend(alignment["trend"]),
                recommendation=Direction(alignment["recommendation"]),
                reasons=tuple(alignment["reasons"]),
                missing=tuple(Interval(each) for each in alignment["missing"]),
            ),
        ),
        None if view is None else SignalView(Direction(view["direction"]), view["score"]),
    )
