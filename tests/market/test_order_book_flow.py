"""Takers press one side, and single prints may be large; unknown sides are left out and counted."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.order_book import Trades
from market.order_flow import (
    PRINTS_SHOWN,
    LargeBy,
    Taker,
    large_prints,
    taker_pressure,
)

NONE = Trades.of([], [], [], [])


def prints(*usd: float, taker: bool | None = True) -> Trades:
    """Return prints of these values at a price of one dollar."""
    count = len(usd)
    return Trades.of(range(count), [1.0] * count, usd, [taker] * count)


def test_no_trades_say_nothing() -> None:
    assert taker_pressure(NONE) is None
    assert large_prints(NONE) is None


def test_pressure_is_the_share_of_the_volume() -> None:
    trades = Trades.of([0, 500, 2500], [10, 20, 10], [1, 2, 1], [True, True, False])

    pressure = taker_pressure(trades)

    assert pressure is not None
    assert (pressure.buy_pct, pressure.sell_pct, pressure.unknown_pct) == (75, 25, 0)
    assert (pressure.buy_base, pressure.sell_base, pressure.total_base) == (3, 1, 4)
    assert (pressure.trades, pressure.window_s, pressure.total_usd) == (3, 2.5, 60)
    assert pressure.mean_size_base == pytest.approx(4 / 3)


def test_trades_of_unknown_side_are_left_out_and_stated() -> None:
    trades = Trades.of([0, 1, 2], [10, 10, 10], [3, 1, 4], [True, False, None])

    pressure = taker_pressure(trades)

    assert pressure is not None
    assert (pressure.buy_pct, pressure.sell_pct) == (75, 25)
    assert (pressure.unknown_trades, pressure.unknown_pct, pressure.total_base) == (1, 50, 8)


def test_without_any_known_side_there_is_no_pressure() -> None:
    pressure = taker_pressure(prints(1, 2, taker=None))

    assert pressure is not None
    assert (pressure.buy_pct, pressure.sell_pct, pressure.unknown_pct) == (None, None, 100)


@pytest.mark.parametrize(("usd", "large"), [(49_999.99, 0), (50_000, 1), (50_000.01, 1)])
def test_fifty_thousand_dollars_are_large_whatever_the_coin(usd: float, large: int) -> None:
    found = large_prints(prints(usd))

    assert found is not None
    assert found.count == large
    assert [each.large_by for each in found.largest] == [LargeBy.USD] * large


@pytest.mark.parametrize(
    ("small", "count", "usd", "large"),
    [
        (30, 20, 1500, 0),  # exactly 50 times the median
        (30, 20, 1500.01, 1),
        (30, 19, 1500.01, 0),  # too few prints for a median
        (10, 20, 999.99, 0),  # small change
        (10, 20, 1000, 1),
    ],
)
def test_a_print_is_large_against_the_median_of_enough_prints(
    small: float, count: int, usd: float, large: int
) -> None:
    found = large_prints(prints(*[small] * (count - 1), usd))

    assert found is not None
    assert found.count == large
    assert [each.large_by for each in found.largest] == [LargeBy.MEDIAN] * large
    assert found.median_usd == small
    assert (found.median_threshold_usd is None) == (count < 20)


def test_large_prints_are_added_up_by_side() -> None:
    usd = [50_000, 60_000, 70_000, 80_000]
    trades = Trades.of(range(4), [1.0] * 4, usd, [True, False, None, True])

    found = large_prints(trades)

    assert found is not None
    assert (found.buy_usd, found.sell_usd, found.unknown_usd) == (130_000, 60_000, 70_000)
    assert [each.taker for each in found.largest] == [
        Taker.BUY, Taker.UNKNOWN, Taker.SELL, Taker.BUY,
    ]  # fmt: skip
    assert [each.ts_ms for each in found.largest] == [3, 2, 1, 0]


def test_only_the_largest_are_listed_and_all_are_counted() -> None:
    found = large_prints(prints(*[50_000.0 + n for n in range(PRINTS_SHOWN + 5)]))

    assert found is not None
    assert found.count == PRINTS_SHOWN + 5
    assert len(found.largest) == PRINTS_SHOWN
    assert found.largest[-1].usd == 50_005


NUMBERS = st.one_of(st.integers(1, 10**6).map(float), st.sampled_from((1e-18, 1e18)))
ROWS = st.lists(
    st.tuples(st.integers(0, 10**6), NUMBERS, NUMBERS, st.sampled_from((True, False, None))),
    min_size=1,
    max_size=30,
)


def columns(rows: list[tuple[int, float, float, bool | None]]) -> Trades:
    return Trades.of(*(list(column) for column in zip(*rows, strict=True)))


@given(ROWS)
@settings(deadline=None)
def test_everything_is_finite_and_bounded(
    rows: list[tuple[int, float, float, bool | None]],
) -> None:
    trades = columns(rows)

    pressure, large = taker_pressure(trades), large_prints(trades)

    assert pressure is not None
    assert large is not None
    for share in (pressure.buy_pct, pressure.sell_pct, pressure.unknown_pct):
        assert share is None or 0 <= share <= 100
    assert (pressure.buy_pct is None) == all(row[3] is None for row in rows)
    assert math.isfinite(pressure.total_usd)
    assert math.isfinite(large.buy_usd + large.sell_usd + large.unknown_usd)
    assert 0 <= large.count <= len(rows)


@given(ROWS)
@settings(deadline=None)
def test_swapping_the_takers_swaps_the_sides(
    rows: list[tuple[int, float, float, bool | None]],
) -> None:
    swapped = columns([(*row[:3], None if row[3] is None else not row[3]) for row in rows])

    here, there = taker_pressure(columns(rows)), taker_pressure(swapped)
    large, other = large_prints(columns(rows)), large_prints(swapped)

    assert here is not None
    assert there is not None
    assert large is not None
    assert other is not None
    assert (there.buy_base, there.sell_base) == (here.sell_base, here.buy_base)
    assert there.buy_pct == (None if here.sell_pct is None else pytest.approx(here.sell_pct))
    assert (other.buy_usd, other.sell_usd) == (large.sell_usd, large.buy_usd)
