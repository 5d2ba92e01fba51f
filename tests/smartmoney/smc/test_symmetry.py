"""The rules know no favourite side, no currency and no calendar: mirrored, scaled, shifted."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from market.types import DAY_MS, Candles
from smartmoney.smc import TimeframeStructure, Trend, find_structure, report
from smartmoney.smc.types import LiquiditySide, RangePart, SwingKind
from tests.smartmoney.smc.ledger import changed, names_of
from tests.smartmoney.smc.series import bars, walk

settings.register_profile(
    "smc", deadline=None, database=None, max_examples=60, derandomize=bool(os.environ.get("CI"))
)
settings.load_profile("smc")

SEEDS = st.integers(0, 2**32 - 1)
COUNTS = st.integers(1, 700)
PRICES = ("price", "level", "close", "top", "bottom", "high", "low")


@st.composite
def jagged(draw: st.DrawFn) -> Candles:
    """Return candles between few prices, so that ties, outside bars and gaps abound."""
    generator = np.random.default_rng(draw(SEEDS))
    count = draw(st.integers(1, 400))
    prices = 96.0 + generator.integers(0, draw(st.integers(2, 40)), (count, 4))
    high, low = prices.max(axis=1), prices.min(axis=1)
    return bars(zip(prices[:, 0], high, low, prices[:, 1], strict=True))


def told(candles: Candles) -> TimeframeStructure:
    return report(find_structure(candles))


def repriced(candles: Candles, factor: float, offset: float = 0.0) -> Candles:
    high, low = candles.high * factor + offset, candles.low * factor + offset
    return replace(
        candles,
        open=candles.open * factor + offset,
        high=np.maximum(high, low),
        low=np.minimum(high, low),
        close=candles.close * factor + offset,
    )


OPPOSITE = {
    Trend.BULLISH: Trend.BEARISH,
    Trend.BEARISH: Trend.BULLISH,
    SwingKind.HIGH: SwingKind.LOW,
    SwingKind.LOW: SwingKind.HIGH,
    LiquiditySide.BUY: LiquiditySide.SELL,
    LiquiditySide.SELL: LiquiditySide.BUY,
    RangePart.PREMIUM: RangePart.DISCOUNT,
    RangePart.DISCOUNT: RangePart.PREMIUM,
}
MIRROR_NAMES = {"top": "bottom", "bottom": "top", "high": "low", "low": "high"}
MIRROR_NAMES |= {f"{one}_at_ms": f"{other}_at_ms" for one, other in MIRROR_NAMES.items()}
MIRROR_NAMES |= {"high_swept_at_ms": "low_swept_at_ms", "low_swept_at_ms": "high_swept_at_ms"}


def values(each: Any, offset: float | None = None) -> dict[str, Any]:
    """Return the fields of an object; those of its mirror image about ``offset`` when given."""
    found = {name: getattr(each, name) for name in names_of(each)}
    if offset is None:
        return found
    mirrored = {}
    for name, value in found.items():
        if name in PRICES:
            value = offset - value
        elif name == "position_pct":
            value = 100.0 - value
        elif isinstance(value, Trend | SwingKind | LiquiditySide | RangePart):
            value = OPPOSITE.get(value, value)
        mirrored[MIRROR_NAMES.get(name, name)] = value
    return mirrored


def contents(structure: TimeframeStructure, offset: float | None = None) -> dict[str, Any]:
    def listed(objects: tuple[Any, ...]) -> list[list[tuple[str, str]]]:
        """In an order that does not depend on the side, figures to 9 digits."""
        rows = [
            sorted((name, _text(value)) for name, value in values(each, offset).items())
            for each in objects
        ]
        return sorted(rows)

    flat = values(replace(structure, swings=(), breaks=(), gaps=(), zones=(), blocks=()), offset)
    for name in ("swings", "breaks", "gaps", "zones", "blocks"):
        flat[name] = listed(getattr(structure, name))
    for name in ("dealing_range", "previous"):
        inner = getattr(structure, name)
        flat[name] = listed((inner,)) if inner is not None else None
    flat["close"] = _text(flat["close"])
    return flat


def _text(value: Any) -> str:
    return f"{value:.9g}" if isinstance(value, float) else str(value)


@given(COUNTS, SEEDS)
def test_a_mirrored_market_tells_the_mirrored_structure(count: int, seed: int):
    candles = walk(count, seed)

    mirrored = told(repriced(candles, -1.0, offset=4_096.0))

    assert contents(mirrored) == contents(told(candles), offset=4_096.0)


@given(jagged())
def test_a_mirrored_market_of_ties_and_gaps_tells_the_mirrored_structure(candles: Candles):
    mirrored = told(repriced(candles, -1.0, offset=256.0))

    assert contents(mirrored) == contents(told(candles), offset=256.0)


@given(COUNTS, SEEDS, st.integers(-20, 20))
def test_the_currency_does_not_matter(count: int, seed: int, power: int):
    """Powers of two scale prices exactly."""
    candles, factor = walk(count, seed), 2.0**power

    scaled = told(repriced(candles, factor))

    def restored(each: Any) -> Any:
        prices = [name for name in PRICES if hasattr(each, name)]
        return changed(each, **{name: getattr(each, name) / factor for name in prices})

    before = told(candles)
    for name in ("swings", "breaks", "gaps", "zones", "blocks"):
        assert tuple(map(restored, getattr(scaled, name))) == getattr(before, name)
    assert (scaled.trend, scaled.strength) == (before.trend, before.strength)


@given(st.integers(1, 500), SEEDS, st.integers(1, 50))
def test_the_calendar_does_not_matter(count: int, seed: int, weeks: int):
    candles, shift_ms = walk(count, seed), weeks * 7 * DAY_MS

    shifted = told(replace(candles, open_time_ms=candles.open_time_ms + shift_ms))

    before = told(candles)
    assert len(shifted.swings) == len(before.swings)
    assert shifted.trend_since_ms == (
        None if before.trend_since_ms is None else before.trend_since_ms + shift_ms
    )
    assert [each.level for each in shifted.breaks] == [each.level for each in before.breaks]


@given(jagged())
def test_the_objects_of_any_market_are_in_order_and_bounded(candles: Candles):
    structure = told(candles)

    for objects in (
        structure.swings, structure.breaks, structure.gaps, structure.zones, structure.blocks
    ):  # fmt: skip
        known = [each.known_at_ms for each in objects]
        assert known == sorted(known)
        assert all(each.occurred_at_ms < each.known_at_ms <= structure.as_of_ms for each in objects)
    assert all(gap.bottom < gap.top and 0 <= gap.filled_pct <= 100 for gap in structure.gaps)
    assert all(block.bottom < block.top for block in structure.blocks)
    assert all(zone.bottom < zone.price < zone.top for zone in structure.zones)
    # At most one break per candle, and a swing swept at the latest when it is broken.
    breaks = [each.known_at_ms for each in structure.breaks]
    assert len(breaks) == len(set(breaks))
    for swing in structure.swings:
        if swing.broken_at_ms is not None:
            assert swing.swept_at_ms is not None
            assert swing.known_at_ms < swing.swept_at_ms <= swing.broken_at_ms
