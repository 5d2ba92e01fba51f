"""Coins made to order: a test names the figures it is about, the others are unknown."""

from __future__ import annotations

from typing import Any

from market.snapshot import Reading
from mss.engine.types import CoinInputs, Figure

AT_MS = 1_790_683_620_000  # 2026-09-29 12:07 UTC

# A coin that earns every point there is.
BEST: dict[Figure, float] = {
    Figure.VALUATION: 4e6,
    Figure.AGE: 12.0,
    Figure.CIRCULATING: 15.0,
    Figure.ALT_RANK: 20.0,
    Figure.GALAXY_SCORE: 80.0,
    Figure.SENTIMENT: 85.0,
    Figure.BUY_PRESSURE: 82.0,
    Figure.OPEN_INTEREST_CHANGE: 60.0,
    Figure.TOP_TRADER_RATIO: 2.0,
    Figure.FUNDING: 0.005,
}


def make_reading(value: float, **changes: Any) -> Reading:
    return Reading(
        **{
            "value": value,
            "unit": "",
            "source": "coingecko",
            "observed_at_ms": AT_MS,
            "fetched_at_ms": AT_MS,
            **changes,
        }
    )


def make_inputs(
    figures: dict[Figure, float] | None = None,
    *,
    symbol: str = "NEW",
    coingecko_id: str | None = "new-coin",
    environment: str = "test",
    at_ms: int = AT_MS,
    without: tuple[Figure, ...] = (),
) -> CoinInputs:
    """Return a coin with these figures, or the best one, less those ``without``."""
    known = {**(BEST if figures is None else figures)}
    for figure in without:
        del known[figure]
    return CoinInputs(
        symbol=symbol,
        name="New Coin",
        coingecko_id=coingecko_id,
        at_ms=at_ms,
        environment=environment,
        has_futures=True,
        figures={figure: make_reading(value) for figure, value in known.items()},
        shown={"price_usd": 0.25, "volume_24h_usd": 2e6},
    )
