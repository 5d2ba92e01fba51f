"""Candles as the rules read them: what is refused, the ATR, and looking ahead."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from market.types import Int64Array
from smartmoney.smc.frame import (
    ATR_CANDLES,
    DOWN,
    LOOK_CANDLES,
    MEMORY_CANDLES,
    NEVER,
    UP,
    first_above,
    frame_of,
)
from tests.smartmoney.smc.series import FLAT, bars, part, walk


def numbers(*values: int) -> Int64Array:
    return np.array(values, dtype=np.int64)


def test_shuffled_candles_are_refused():
    candles = walk(50, seed=1)
    order = np.random.default_rng(1).permutation(50)

    with pytest.raises(ValueError, match="ascend"):
        frame_of(part(candles, order))


def test_newest_first_and_repeated_candles_are_refused():
    candles = walk(50, seed=1)

    for order in (np.arange(50)[::-1], np.repeat(np.arange(50), 2)):
        with pytest.raises(ValueError, match="ascend"):
            frame_of(part(candles, order))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("close", float("nan")),
        ("open", float("nan")),
        ("high", float("nan")),
        ("low", float("nan")),
        ("high", float("inf")),
        ("low", 0.0),
        ("low", -1.0),
        ("high", 99.9),  # below the close of 100
        ("low", 100.1),  # above it
        ("close", 101.0),  # above the high of 100.5
        ("open", 99.0),  # below the low of 99.5
    ],
)
def test_an_impossible_price_is_refused(column: str, value: float):
    candles = bars([FLAT] * 20)
    prices = getattr(candles, column).copy()
    prices[7] = value

    with pytest.raises(ValueError, match="prices must be"):
        frame_of(replace(candles, **{column: prices}))


def test_the_atr_is_the_mean_of_the_last_14_true_ranges_and_unknown_before():
    candles = walk(60, seed=2)
    before = candles.close[:-1]
    ranges = np.maximum(candles.high[1:], before) - np.minimum(candles.low[1:], before)

    atr = frame_of(candles).atr

    assert np.isnan(atr[:ATR_CANDLES]).all()
    for candle in range(ATR_CANDLES, 60):
        assert atr[candle] == ranges[candle - ATR_CANDLES : candle].mean()


def test_the_mirror_is_the_market_with_all_prices_negated():
    frame = frame_of(walk(30, seed=3))

    assert (frame.high[DOWN] == -frame.low[UP]).all()
    assert (frame.low[DOWN] == -frame.high[UP]).all()
    assert (frame.close[DOWN] == -frame.close[UP]).all()
    assert (frame.open[DOWN] == -frame.open[UP]).all()


@pytest.mark.parametrize(
    ("level", "or_at", "found"),
    [(101.0, False, NEVER), (101.0, True, 5), (100.75, False, 5), (100.5, False, 5)],
)
def test_a_level_is_passed_strictly_unless_reaching_it_is_enough(
    level: float, or_at: bool, found: int
):
    frame = frame_of(bars([*[FLAT] * 5, (100.0, 101.0, 99.5, 100.0), *[FLAT] * 5]))

    at = first_above(frame.high_ahead, numbers(UP), numbers(2), np.array([level]), or_at=or_at)

    assert at.tolist() == [found]


@pytest.mark.parametrize(
    ("distance", "is_found"), [(MEMORY_CANDLES - 1, True), (MEMORY_CANDLES, False)]
)
def test_a_level_is_watched_for_the_memory(distance: int, is_found: bool):
    high = (100.0, 101.0, 99.5, 100.0)
    frame = frame_of(bars([*[FLAT] * (3 + distance), high, FLAT]))

    at = first_above(frame.high_ahead, numbers(UP), numbers(3), np.array([100.75]))

    assert at.tolist() == [3 + distance if is_found else NEVER]


@pytest.mark.parametrize("span", [MEMORY_CANDLES, LOOK_CANDLES])
def test_many_levels_are_looked_up_as_one_by_one(span: int):
    candles = walk(2_000, seed=4)
    frame = frame_of(candles)
    generator = np.random.default_rng(4)
    start = generator.integers(0, 2_001, 1_500)
    row = generator.integers(0, 2, 1_500)
    level = generator.normal(1_600.0, 40.0, 1_500) * (1 - 2 * row)

    many = first_above(frame.high_ahead, row, start, level, span=span)

    for query in range(0, 1_500, 7):
        reach = frame.high[row[query], start[query] : start[query] + span]
        beyond = np.flatnonzero(reach > level[query])
        assert many[query] == (start[query] + beyond[0] if len(beyond) else NEVER)
    assert (many != NEVER).sum() > 300
