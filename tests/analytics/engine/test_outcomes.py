"""What came of a position: every number by hand, every boundary, and against a naive reckoning."""

from __future__ import annotations

import math
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.engine.outcomes import (
    CANDLE,
    Costs,
    Levels,
    Position,
    Touch,
    Window,
    cut,
    estimated_funding_pct,
    fees_pct,
    first_touch,
    instant_ms,
    levels_of,
    measure,
    missing_candles,
    settled_funding_pct,
    window_of,
)
from market.types import HOUR_MS, MINUTE_MS, Candles, Direction, Interval

NOON_MS = 1_760_184_000_000  # 2025-10-11T12:00:00Z
FIVE_MS = 5 * MINUTE_MS
LONG, SHORT = Direction.LONG, Direction.SHORT


def candles_of(rows: list[tuple[float, float, float]], *, first_open_ms: int = NOON_MS) -> Candles:
    """Return 5m candles of (high, low, close), without a gap."""
    high, low, close = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
    unknown = np.full(len(rows), np.nan)
    return Candles(
        interval=Interval.M5,
        open_time_ms=first_open_ms + FIVE_MS * np.arange(len(rows), dtype=np.int64),
        open=close,
        high=high,
        low=low,
        close=close,
        volume_base=unknown,
        quote_volume_usd=unknown,
        taker_buy_base=unknown,
    )


def without(candles: Candles, *positions: int) -> Candles:
    kept = np.delete(np.arange(len(candles)), positions)
    columns = [
        getattr(candles, name)[kept]
        for name in (
            "open_time_ms", "open", "high", "low", "close", "volume_base", "quote_volume_usd",
            "taker_buy_base",
        )
    ]  # fmt: skip
    return Candles(candles.interval, *columns)


# Three candles: up to 103, down to 98, and an end at 102.
HAND = [(103.0, 100.5, 101.0), (101.5, 98.0, 99.0), (102.5, 98.5, 102.0)]


def test_every_number_of_a_long_by_hand():
    position = Position(LONG, 100.0, NOON_MS, levels_of(LONG, 100.0, atr=2.0))

    result = measure(position, candles_of(HAND), Costs(fees_pct=0.1, funding_pct=0.02))

    assert position.levels == Levels(target_price=103.0, stop_price=98.0)
    assert result.exit_price == 102.0
    assert result.return_pct == pytest.approx(2.0, abs=1e-12)
    assert result.net_return_pct == pytest.approx(1.88, abs=1e-12)
    assert result.favourable_pct == pytest.approx(3.0, abs=1e-12)
    assert result.adverse_pct == pytest.approx(-2.0, abs=1e-12)
    assert result.is_hit
    assert result.first_touch is Touch.TARGET


def test_every_number_of_a_short_by_hand():
    position = Position(SHORT, 100.0, NOON_MS, levels_of(SHORT, 100.0, atr=2.0))

    result = measure(position, candles_of(HAND), Costs(fees_pct=0.1, funding_pct=-0.02))

    assert position.levels == Levels(target_price=97.0, stop_price=102.0)
    assert result.exit_price == 102.0
    assert result.return_pct == pytest.approx(-2.0, abs=1e-12)
    assert result.net_return_pct == pytest.approx(-2.08, abs=1e-12)
    assert result.favourable_pct == pytest.approx(2.0, abs=1e-12)
    assert result.adverse_pct == pytest.approx(-3.0, abs=1e-12)
    assert not result.is_hit
    assert result.first_touch is Touch.STOP


@pytest.mark.parametrize(
    ("after_boundary_ms", "horizon_h", "first_after_ms", "end_after_ms", "candles"),
    [
        (0, 1, 0, 60 * MINUTE_MS, 12),  # a candle that opens with the signal began not before it
        (1, 1, FIVE_MS, 60 * MINUTE_MS, 11),
        (FIVE_MS - 1, 1, FIVE_MS, 60 * MINUTE_MS, 11),
        (FIVE_MS, 1, FIVE_MS, 65 * MINUTE_MS, 12),
        (7 * MINUTE_MS, 1, 10 * MINUTE_MS, 65 * MINUTE_MS, 11),
        (0, 4, 0, 240 * MINUTE_MS, 48),
        (1, 24, FIVE_MS, 1440 * MINUTE_MS, 287),
    ],
)
def test_a_window_holds_the_candles_that_lie_wholly_between_signal_and_horizon(
    after_boundary_ms: int, horizon_h: int, first_after_ms: int, end_after_ms: int, candles: int
):
    window = window_of(NOON_MS + after_boundary_ms, horizon_h)

    assert window == Window(NOON_MS + first_after_ms, NOON_MS + end_after_ms)
    assert window.candles == candles


@given(at_ms=st.integers(0, 2 * 10**12), horizon_h=st.integers(1, 168))
def test_no_window_reaches_before_its_signal_or_beyond_its_horizon(at_ms: int, horizon_h: int):
    window = window_of(at_ms, horizon_h)

    assert at_ms <= window.first_open_ms < at_ms + FIVE_MS
    assert at_ms + horizon_h * HOUR_MS - FIVE_MS < window.end_ms <= at_ms + horizon_h * HOUR_MS
    assert window.first_open_ms % FIVE_MS == window.end_ms % FIVE_MS == 0


@pytest.mark.parametrize(
    ("text", "after_noon_ms"),
    [
        ("2025-10-11T12:00:00+00:00", 0),
        ("2025-10-11T12:00:00.000001+00:00", 1),  # the candle of noon was open already
        ("2025-10-11T12:00:00.001+00:00", 1),
        ("2025-10-11T14:00:00.123+02:00", 123),
    ],
)
def test_an_instant_between_two_milliseconds_counts_as_the_later_one(text: str, after_noon_ms: int):
    assert instant_ms(datetime.fromisoformat(text)) == NOON_MS + after_noon_ms


def test_candles_before_and_after_the_window_are_not_read():
    inside = [(101.0, 99.0, 100.0)] * 12
    around = candles_of(
        [(900.0, 1.0, 5.0), *inside, (900.0, 1.0, 5.0)], first_open_ms=NOON_MS - FIVE_MS
    )

    window = cut(around, window_of(NOON_MS, 1))

    assert window is not None
    assert len(window) == 12
    assert window.high.max() == 101.0
    assert window.low.min() == 99.0


@pytest.mark.parametrize("position", range(12))
def test_a_window_without_one_of_its_candles_is_none(position: int):
    candles = without(candles_of([(101.0, 99.0, 100.0)] * 12), position)

    assert cut(candles, window_of(NOON_MS, 1)) is None
    assert missing_candles(candles, window_of(NOON_MS, 1)) == 1


def test_a_window_with_an_unknown_price_is_none():
    candles = candles_of([(101.0, 99.0, 100.0)] * 11 + [(101.0, math.nan, 100.0)])

    assert cut(candles, window_of(NOON_MS, 1)) is None


def test_without_candles_there_is_no_window():
    assert cut(Candles.empty(CANDLE), window_of(NOON_MS, 1)) is None
    assert missing_candles(Candles.empty(CANDLE), window_of(NOON_MS, 1)) == 12


@pytest.mark.parametrize(
    ("direction", "rows", "touch"),
    [
        (LONG, [(102.99, 98.01, 100.0)], Touch.NEITHER),
        (LONG, [(103.0, 98.01, 100.0)], Touch.TARGET),
        (LONG, [(102.99, 98.0, 100.0)], Touch.STOP),
        (LONG, [(103.0, 98.0, 100.0)], Touch.UNKNOWN),
        (LONG, [(101.0, 99.0, 100.0), (103.0, 99.0, 100.0), (103.0, 98.0, 99.0)], Touch.TARGET),
        (LONG, [(101.0, 98.0, 100.0), (110.0, 99.0, 100.0)], Touch.STOP),
        (SHORT, [(101.99, 97.01, 100.0)], Touch.NEITHER),
        (SHORT, [(101.99, 97.0, 100.0)], Touch.TARGET),
        (SHORT, [(102.0, 97.01, 100.0)], Touch.STOP),
        (SHORT, [(102.0, 97.0, 100.0)], Touch.UNKNOWN),
    ],
)
def test_the_first_level_that_a_candle_reaches_is_the_touch(
    direction: Direction, rows: list[tuple[float, float, float]], touch: Touch
):
    position = Position(direction, 100.0, NOON_MS, levels_of(direction, 100.0, atr=2.0))

    assert first_touch(position, candles_of(rows)) is touch


def test_without_an_atr_the_touch_is_unknown():
    position = Position(LONG, 100.0, NOON_MS)

    assert first_touch(position, candles_of([(200.0, 1.0, 100.0)])) is Touch.UNKNOWN


@pytest.mark.parametrize(
    ("close", "is_hit"), [(100.1, False), (100.11, True), (100.09, False), (99.0, False)]
)
def test_a_hit_is_a_net_return_above_zero(close: float, is_hit: bool):
    position = Position(LONG, 100.0, NOON_MS)
    # 0.1 % of fees exactly used up is no hit; a float of 100.1 lies a hair below or above.
    costs = Costs(fees_pct=100.0 * (100.1 - 100.0) / 100.0, funding_pct=0.0)

    assert measure(position, candles_of([(200.0, 1.0, close)]), costs).is_hit is is_hit


def test_excursions_never_change_sign():
    rising = measure(
        Position(LONG, 100.0, NOON_MS), candles_of([(105.0, 101.0, 104.0)]), Costs(0.0, 0.0)
    )
    falling = measure(
        Position(LONG, 100.0, NOON_MS), candles_of([(99.0, 95.0, 96.0)]), Costs(0.0, 0.0)
    )

    assert (rising.favourable_pct, rising.adverse_pct) == (5.0, 0.0)
    assert (falling.favourable_pct, falling.adverse_pct) == (0.0, -5.0)


def test_fees_are_paid_both_ways():
    assert fees_pct(5.0) == 0.1
    assert fees_pct(0.0) == 0.0


@pytest.mark.parametrize(
    ("settled_after_ms", "is_paid"),
    [
        (-1, False),
        (0, False),  # at the very instant of the signal nobody held it yet
        (1, True),
        (HOUR_MS - 1, True),
        (HOUR_MS, False),  # closed at that instant
        (HOUR_MS + 1, False),
    ],
)
def test_funding_counts_between_the_signal_and_the_last_candles_end(
    settled_after_ms: int, is_paid: bool
):
    settled_ms = np.array([NOON_MS + settled_after_ms], dtype=np.int64)
    paid = [
        settled_funding_pct(
            Position(direction, 100.0, NOON_MS),
            window_of(NOON_MS, 1),
            settled_ms,
            np.array([0.03]),
        )
        for direction in (LONG, SHORT)
    ]

    assert paid == ([0.03, -0.03] if is_paid else [0.0, 0.0])


def test_estimated_funding_is_the_rate_of_eight_hours_pro_rata():
    window = window_of(NOON_MS, 4)

    assert estimated_funding_pct(Position(LONG, 1.0, NOON_MS), window, 0.02) == 0.01
    assert estimated_funding_pct(Position(SHORT, 1.0, NOON_MS), window, 0.02) == -0.01


# --- Against a naive reckoning --------------------------------------------------------------------

prices = st.floats(0.5, 2.0, allow_nan=False)
bar = st.tuples(prices, prices, prices).map(lambda of: (max(of), min(of), of[2]))


@given(
    rows=st.lists(bar, min_size=1, max_size=30),
    direction=st.sampled_from([LONG, SHORT]),
    entry=prices,
    atr=st.floats(0.001, 1.0),
    costs=st.tuples(st.floats(0.0, 1.0), st.floats(-1.0, 1.0)),
)
def test_measuring_agrees_with_a_naive_reckoning(
    rows: list[tuple[float, float, float]],
    direction: Direction,
    entry: float,
    atr: float,
    costs: tuple[float, float],
):
    position = Position(direction, entry, NOON_MS, levels_of(direction, entry, atr))

    result = measure(position, candles_of(rows), Costs(*costs))

    side = 1 if direction is LONG else -1
    gains = [side * (price / entry - 1) * 100 for high, low, _ in rows for price in (high, low)]
    gross = side * (rows[-1][2] / entry - 1) * 100
    net = gross - costs[0] - costs[1]
    assert result.return_pct == pytest.approx(gross, abs=1e-9)
    assert result.net_return_pct == pytest.approx(net, abs=1e-9)
    assert result.favourable_pct == pytest.approx(max(0.0, *gains), abs=1e-9)
    assert result.adverse_pct == pytest.approx(min(0.0, *gains), abs=1e-9)
    assert result.adverse_pct - 1e-9 <= result.return_pct <= result.favourable_pct + 1e-9
    assert result.is_hit == (result.net_return_pct > 0)
    assert result.first_touch is naive_touch(position, rows)


def naive_touch(position: Position, rows: list[tuple[float, float, float]]) -> Touch:
    assert position.levels is not None
    target, stop = position.levels.target_price, position.levels.stop_price
    for high, low, _ in rows:
        if position.direction is LONG:
            reached = (high >= target, low <= stop)
        else:
            reached = (low <= target, high >= stop)
        if reached == (True, True):
            return Touch.UNKNOWN
        if any(reached):
            return Touch.TARGET if reached[0] else Touch.STOP
    return Touch.NEITHER


@given(
    rows=st.lists(bar, min_size=12, max_size=12),
    direction=st.sampled_from([LONG, SHORT]),
    later=st.lists(bar, max_size=5),
    earlier=st.lists(bar, max_size=5),
)
def test_what_happened_before_and_after_the_window_changes_nothing(
    rows: list[tuple[float, float, float]],
    direction: Direction,
    later: list[tuple[float, float, float]],
    earlier: list[tuple[float, float, float]],
):
    window = window_of(NOON_MS, 1)
    position = Position(direction, 1.0, NOON_MS, levels_of(direction, 1.0, 0.1))
    punctual = cut(candles_of(rows), window)
    late = cut(
        candles_of([*earlier, *rows, *later], first_open_ms=NOON_MS - len(earlier) * FIVE_MS),
        window,
    )
    assert punctual is not None
    assert late is not None

    costs = Costs(0.1, 0.0)
    assert measure(position, punctual, costs) == measure(position, late, costs)
