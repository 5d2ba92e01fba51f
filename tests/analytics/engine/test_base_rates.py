"""Base rates: counted by hand, net of costs, over full hours, with gaps left out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.engine.base_rates import DayRate, day_rates
from market.types import DAY_MS, HOUR_MS, Candles, FloatArray, Interval
from tests.builders import make_candles

MIDNIGHT_MS = 1_760_140_800_000  # 2025-10-11T00:00:00Z
NEVER = np.empty(0, dtype=np.int64)


def hourly(prices: list[float], *, first_price_at_ms: int = MIDNIGHT_MS) -> Candles:
    """Return 1h bars whose closes are the prices at consecutive full hours."""
    return make_candles(
        Interval.H1, closes=prices, at_ms=first_price_at_ms + (len(prices) - 1) * HOUR_MS
    )


def rates(
    bars: Candles,
    horizon_h: int = 1,
    *,
    days: int = 1,
    fees_pct: float = 0.0,
    settled: dict[int, float] | None = None,
) -> list[DayRate]:
    paid = settled or {}
    return day_rates(
        bars,
        horizon_h,
        first_day_ms=MIDNIGHT_MS,
        before_ms=MIDNIGHT_MS + days * DAY_MS,
        fees_pct=fees_pct,
        settled_ms=np.array(sorted(paid), dtype=np.int64),
        paid_pct=np.array([paid[at] for at in sorted(paid)], dtype=np.float64),
    )


def test_hours_up_and_down_are_counted_by_hand():
    # At 00:00 100; then 18 hours up by 1 %, 5 down by 1 %, one unchanged.
    prices = [100.0]
    for factor in [1.01] * 18 + [0.99] * 5 + [1.0]:
        prices.append(prices[-1] * factor)

    [day] = rates(hourly(prices))

    assert day == DayRate(MIDNIGHT_MS, windows=24, long_hits=18, short_hits=5)


def test_a_move_that_only_pays_the_fees_is_a_hit_of_neither_side():
    prices = [100.0 * 1.0005**hour for hour in range(25)]

    [free] = rates(hourly(prices))
    [paid] = rates(hourly(prices), fees_pct=0.1)

    assert (free.long_hits, free.short_hits) == (24, 0)
    assert (paid.windows, paid.long_hits, paid.short_hits) == (24, 0, 0)


def test_funding_counts_in_the_windows_it_falls_into_and_pays_the_other_side():
    flat = hourly([100.0] * 25)

    # Settled half past eight, 1 %: longs pay in the window from eight to nine, shorts receive.
    [day] = rates(flat, fees_pct=0.1, settled={MIDNIGHT_MS + 8 * HOUR_MS + HOUR_MS // 2: 1.0})
    # Settled at nine: a window that ends then is closed, one that begins then has not begun.
    [at_nine] = rates(flat, fees_pct=0.1, settled={MIDNIGHT_MS + 9 * HOUR_MS: 1.0})

    assert (day.long_hits, day.short_hits) == (0, 1)
    assert (at_nine.long_hits, at_nine.short_hits) == (0, 0)


def test_longer_windows_reach_into_the_next_day():
    prices = [100.0 + hour for hour in range(24 + 24)]

    [day] = rates(hourly(prices), horizon_h=24)

    # From 00:00 and each hour after it, exit 24 h later: the last known price is at 23:00 next day.
    assert (day.windows, day.long_hits) == (24, 24)


def test_a_window_without_its_first_or_last_price_is_not_counted():
    prices = [100.0 + hour for hour in range(25)]
    bars = hourly(prices)
    kept = np.arange(25) != 7
    with_gap = Candles(
        bars.interval,
        bars.open_time_ms[kept],
        *(
            getattr(bars, name)[kept]
            for name in (
                "open", "high", "low", "close", "volume_base", "quote_volume_usd", "taker_buy_base",
            )
        ),
    )  # fmt: skip

    [day] = rates(with_gap)

    assert (day.windows, day.long_hits) == (22, 22)


def test_a_day_without_bars_has_no_windows():
    before, after = rates(hourly([100.0] * 25, first_price_at_ms=MIDNIGHT_MS + DAY_MS), days=2)

    assert before.windows == 0
    assert after.windows == 24
    assert rates(Candles.empty(Interval.H1)) == [DayRate(MIDNIGHT_MS, 0, 0, 0)]


def test_other_bars_than_hours_are_refused():
    with pytest.raises(ValueError, match="need 1h bars"):
        rates(make_candles(Interval.M15))


@given(
    prices=st.lists(st.floats(1.0, 2.0), min_size=49, max_size=49),
    horizon_h=st.integers(1, 25),
    fees_pct=st.floats(0.0, 1.0),
)
def test_rates_agree_with_a_naive_count(prices: list[float], horizon_h: int, fees_pct: float):
    [day] = rates(hourly(prices), horizon_h, fees_pct=fees_pct)

    changes = [
        100.0 * (prices[hour + horizon_h] - prices[hour]) / prices[hour] for hour in range(24)
    ]
    assert day.windows == 24
    assert day.long_hits == sum(change - fees_pct > 0.0 for change in changes)
    assert day.short_hits == sum(-change - fees_pct > 0.0 for change in changes)


@given(prices=st.lists(st.floats(1.0, 2.0), min_size=73, max_size=73))
def test_days_measured_together_or_one_by_one_are_the_same(prices: list[float]):
    bars = hourly(prices)

    together = rates(bars, days=3)

    later = day_rates(
        bars,
        1,
        first_day_ms=MIDNIGHT_MS + 2 * DAY_MS,
        before_ms=MIDNIGHT_MS + 3 * DAY_MS,
        fees_pct=0.0,
        settled_ms=NEVER,
        paid_pct=no_payments(),
    )
    assert together[2:] == later


def no_payments() -> FloatArray:
    return np.empty(0)
