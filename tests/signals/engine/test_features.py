"""Features: what each window holds, what makes one unknown, and that company changes no bit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.snapshot import MarketHistory, ReadingName
from market.types import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    Candles,
    Int64Array,
    Interval,
    LiquidationBuckets,
    Series,
)
from market.windows import INDICATOR_ROWS, window_history
from signals.engine import extract_features, features_from_snapshots
from signals.engine.types import FEATURE_NAMES, FeatureRow, Features
from tests.builders import (
    AT_MS,
    LAST_TRADE_USD,
    make_buckets,
    make_candles,
    make_history,
    make_series,
    make_snapshot,
)
from tests.signals.engine.naive_features import naive_features

NAN = math.nan
MIDNIGHT_MS = AT_MS // DAY_MS * DAY_MS


def at(*instants_ms: int) -> Int64Array:
    return np.array(instants_ms, dtype=np.int64)


def row_at(history: MarketHistory, at_ms: int) -> FeatureRow:
    return FeatureRow(extract_features([history], [at(at_ms)]))


def of_series(name: ReadingName, series: Series) -> MarketHistory:
    return MarketHistory(series={name: series})


def bits(features: Features) -> np.ndarray:
    return np.stack([getattr(features, name).view(np.int64) for name in FEATURE_NAMES])


def without_bars(candles: Candles, positions: Sequence[int]) -> Candles:
    kept = np.delete(np.arange(len(candles)), positions)
    return Candles(
        candles.interval,
        *(
            getattr(candles, name)[kept]
            for name in (
                "open_time_ms", "open", "high", "low", "close", "volume_base", "quote_volume_usd",
                "taker_buy_base",
            )
        ),
    )  # fmt: skip


# Against the naive implementation


def irregular_history(seed: int) -> MarketHistory:
    """Return three weeks of a market with gaps, unknown buckets and uneven observations."""
    rng = np.random.default_rng(seed)
    whole = make_history(at_ms=AT_MS, seed=seed, candle_rows=170)
    candles = {
        interval: without_bars(bars, sorted(rng.choice(np.arange(1, 169), 12, replace=False)))
        for interval, bars in whole.candles.items()
    }
    series = {}
    for name, one in whole.series.items():
        kept = np.sort(rng.choice(len(one), int(len(one) * 0.7), replace=False))
        values = one.values[kept].copy()
        values[rng.random(len(values)) < 0.02] = np.nan
        series[name] = Series(one.ts_ms[kept], values, one.max_age_ms)
    buckets = make_buckets(hours=40.0)
    long_usd = rng.uniform(0.0, 1e6, len(buckets))
    long_usd[rng.random(len(buckets)) < 0.3] = np.nan
    return MarketHistory(candles, series, replace(buckets, long_usd=long_usd))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_feature_agrees_with_the_naive_implementation(seed: int):
    history = irregular_history(seed)
    instants = [
        AT_MS - 20 * DAY_MS,
        *(AT_MS - 37 * MINUTE_MS * k for k in range(30)),
        AT_MS + DAY_MS,
    ]

    features = extract_features([history], [at(*instants)])

    for row, instant in enumerate(instants):
        for name, expected in naive_features(history, instant).items():
            told = float(getattr(features, name)[row])
            assert told == pytest.approx(expected, rel=1e-8, abs=1e-8, nan_ok=True), (name, instant)
    assert np.isfinite(features.rsi_14_15m).any()
    assert np.isfinite(features.top_minus_crowd_z).any()


def test_the_naive_implementation_covers_every_feature():
    assert set(naive_features(MarketHistory(), AT_MS)) == set(FEATURE_NAMES)


# One code path: company changes no bit

HISTORIES = [irregular_history(seed) for seed in (11, 12)]
instants = st.lists(st.integers(AT_MS - 3 * DAY_MS, AT_MS + 3 * HOUR_MS), min_size=1, max_size=12)


@settings(max_examples=25)
@given(asked=instants)
def test_a_snapshots_windows_give_the_bits_of_the_whole_history(asked: list[int]):
    whole = extract_features(HISTORIES[:1], [at(*asked)])

    cut = extract_features(
        [window_history(HISTORIES[0], instant) for instant in asked], [at(i) for i in asked]
    )

    assert np.array_equal(bits(whole), bits(cut))


@settings(max_examples=25)
@given(asked=instants, data=st.data())
def test_the_order_and_number_of_rows_change_no_bit(asked: list[int], data: st.DataObject):
    order = np.array(data.draw(st.permutations(range(len(asked)))))
    together = bits(extract_features(HISTORIES[:1], [at(*asked)]))

    shuffled = bits(extract_features(HISTORIES[:1], [at(*asked)[order]]))
    alone = [bits(extract_features(HISTORIES[:1], [at(instant)])) for instant in asked]
    with_another_coin = bits(extract_features(HISTORIES[::-1], [at(AT_MS, AT_MS - 1), at(*asked)]))

    assert np.array_equal(shuffled, together[:, order])
    assert np.array_equal(np.concatenate(alone, axis=1), together)
    assert np.array_equal(with_another_coin[:, 2:], together)


@settings(max_examples=25)
@given(asked=instants)
def test_what_happens_later_changes_no_bit(asked: list[int]):
    last_ms = max(asked)
    history = HISTORIES[0]
    candles = {}
    for interval, bars in history.candles.items():
        later = np.flatnonzero(bars.open_time_ms + interval.ms > last_ms)
        candles[interval] = without_bars(bars, later.tolist())
    series = {
        name: Series(s.ts_ms[s.ts_ms <= last_ms], s.values[s.ts_ms <= last_ms], s.max_age_ms)
        for name, s in history.series.items()
    }
    buckets = history.liquidations
    assert buckets is not None
    over = buckets.start_ms + buckets.bucket_ms <= last_ms
    prefix = MarketHistory(
        candles,
        series,
        LiquidationBuckets(
            buckets.bucket_ms,
            buckets.start_ms[over],
            buckets.long_usd[over],
            buckets.short_usd[over],
        ),
    )

    now = extract_features([prefix], [at(*asked)])

    assert np.array_equal(bits(now), bits(extract_features([history], [at(*asked)])))


def test_many_anchors_are_computed_in_blocks_without_a_trace():
    history = of_series(
        ReadingName.LONG_ACCOUNTS,
        make_series(60.0, days=500.0, spread=5.0, step_ms=4 * HOUR_MS, max_age_ms=4 * HOUR_MS),
    )
    asked = np.arange(AT_MS - 460 * DAY_MS, AT_MS, 4 * HOUR_MS, dtype=np.int64)

    together = extract_features([history], [asked]).long_account_z

    assert len(asked) > 2_048
    assert np.isfinite(together).all()
    for row in (0, 2_047, 2_048, len(asked) - 1):
        alone = extract_features([history], [asked[row : row + 1]]).long_account_z
        assert alone.tobytes() == together[row : row + 1].tobytes()


def test_no_histories_and_no_instants_give_no_rows():
    assert len(extract_features([], [])) == 0
    assert len(extract_features([make_history()], [at()])) == 0


def test_every_history_needs_its_instants():
    with pytest.raises(ValueError, match="1 histories but 0"):
        extract_features([make_history()], [])


@pytest.mark.parametrize("stamp_ms", [-1, 1 << 42])
def test_an_impossible_instant_is_refused_instead_of_disturbing_other_coins(stamp_ms: int):
    series = Series(at(stamp_ms), np.array([1.0]), HOUR_MS)

    with pytest.raises(ValueError, match="before 1970 or after 2109"):
        row_at(of_series(ReadingName.TAKER_BUY, series), AT_MS)


def test_an_empty_history_knows_nothing():
    features = extract_features([MarketHistory()], [at(AT_MS)])

    known = {name for name in FEATURE_NAMES if np.isfinite(getattr(features, name)).any()}
    assert known == {f"liquidations_covered_{hours}h_h" for hours in (1, 4, 12, 24)}


# Bars


def test_the_forming_bar_is_not_read_until_it_has_closed():
    candles = make_candles(Interval.H1, at_ms=MIDNIGHT_MS, count=200)
    history = MarketHistory(candles={Interval.H1: candles})

    before, after = (
        row_at(history, MIDNIGHT_MS - 1), row_at(history, MIDNIGHT_MS)
    )  # fmt: skip

    assert before.price_usd == candles.close[-2]
    assert after.price_usd == candles.close[-1]


@pytest.mark.parametrize(("bars", "known"), [(INDICATOR_ROWS - 1, False), (INDICATOR_ROWS, True)])
def test_a_frame_needs_121_bars(bars: int, known: bool):
    history = MarketHistory(candles={Interval.H1: make_candles(Interval.H1, count=bars)})

    assert math.isfinite(row_at(history, AT_MS).rsi_14_1h) is known


@pytest.mark.parametrize(("gap_bars", "known"), [(0, True), (13, True), (14, False)])
def test_more_than_a_tenth_of_the_bars_missing_makes_a_frame_unknown(gap_bars: int, known: bool):
    whole = make_candles(Interval.H1, count=INDICATOR_ROWS + gap_bars)
    holes = list(range(50, 50 + gap_bars))
    history = MarketHistory(candles={Interval.H1: without_bars(whole, holes)})

    assert math.isfinite(row_at(history, AT_MS).ema_spread_atr_1h) is known


@pytest.mark.parametrize(("late_ms", "known"), [(2 * HOUR_MS, True), (2 * HOUR_MS + 1, False)])
def test_a_frame_whose_newest_bar_ended_over_two_bars_ago_is_unknown(late_ms: int, known: bool):
    candles = make_candles(Interval.H1, at_ms=MIDNIGHT_MS)
    history = MarketHistory(candles={Interval.H1: candles})

    row = row_at(history, MIDNIGHT_MS + late_ms)

    assert math.isfinite(row.last_bar_atr_1h) is known
    assert math.isfinite(row.price_change_4h_pct) is known
    assert row.newest_bar_age_bars == late_ms / HOUR_MS


def test_price_and_age_come_from_the_finest_bars_known():
    fine = make_candles(Interval.M15, closes=[10.0, 11.0], at_ms=MIDNIGHT_MS)
    coarse = make_candles(Interval.H1, closes=[20.0, 21.0], at_ms=MIDNIGHT_MS)
    both = MarketHistory(candles={Interval.H1: coarse, Interval.M15: fine})

    row = row_at(both, MIDNIGHT_MS + 30 * MINUTE_MS)
    coarse_only = row_at(MarketHistory(candles={Interval.H1: coarse}), MIDNIGHT_MS + HOUR_MS)

    assert (row.price_usd, row.newest_bar_age_bars) == (11.0, 2.0)
    assert (coarse_only.price_usd, coarse_only.newest_bar_age_bars) == (21.0, 1.0)


def test_price_changes_span_4_and_24_hours_of_the_finest_bars():
    quarter_hours = make_candles(Interval.M15, closes=np.linspace(100.0, 197.0, 98))
    history = MarketHistory(candles={Interval.M15: quarter_hours})

    row = row_at(history, AT_MS)

    assert row.price_change_4h_pct == pytest.approx(100.0 * (197.0 / 181.0 - 1.0))
    assert row.price_change_24h_pct == pytest.approx(100.0 * (197.0 / 101.0 - 1.0))


def test_daily_bars_know_a_change_of_24_hours_but_not_of_4():
    history = MarketHistory(candles={Interval.D1: make_candles(Interval.D1, closes=[100.0, 90.0])})

    row = row_at(history, AT_MS)

    assert math.isnan(row.price_change_4h_pct)
    assert row.price_change_24h_pct == pytest.approx(-10.0)


# Series


@pytest.mark.parametrize(
    ("age_ms", "known"), [(0, True), (HOUR_MS, True), (HOUR_MS + 1, False), (-1, False)]
)
def test_a_value_stands_for_the_present_up_to_its_maximum_age(age_ms: int, known: bool):
    series = Series(at(AT_MS - age_ms), np.array([42.0]), HOUR_MS)

    told = row_at(of_series(ReadingName.LONG_ACCOUNTS, series), AT_MS).long_account_pct

    assert (told == 42.0) is known
    assert math.isnan(told) is not known


@pytest.mark.parametrize("value", [NAN, math.inf, -math.inf])
def test_an_observation_that_is_no_number_is_unknown(value: float):
    series = Series(at(AT_MS - 2, AT_MS - 1), np.array([42.0, value]), HOUR_MS)

    assert math.isnan(row_at(of_series(ReadingName.TAKER_BUY, series), AT_MS).taker_buy_pct)


@pytest.mark.parametrize(("days", "known"), [(9.5, False), (9.7, True), (31.0, True)])
def test_a_z_score_needs_ten_of_its_thirty_days(days: float, known: bool):
    series = make_series(
        60.0, days=days, at_ms=MIDNIGHT_MS, step_ms=4 * HOUR_MS, max_age_ms=HOUR_MS, spread=5.0
    )

    z = row_at(of_series(ReadingName.LONG_ACCOUNTS, series), MIDNIGHT_MS).long_account_z

    assert math.isfinite(z) is known


def test_a_z_score_counts_deviations_of_its_own_thirty_days():
    values = np.array([50.0, 70.0] * 100)  # mean 60, deviation 10
    ts_ms = MIDNIGHT_MS - 4 * HOUR_MS * np.arange(200, 0, -1, dtype=np.int64)
    series = Series(np.append(ts_ms, MIDNIGHT_MS), np.append(values, 75.0), HOUR_MS)
    later = MIDNIGHT_MS + HOUR_MS

    z = row_at(of_series(ReadingName.LONG_ACCOUNTS, series), later).long_account_z

    window = np.append(values[-179:], 75.0)
    assert z == pytest.approx((75.0 - window.mean()) / window.std())


@pytest.mark.parametrize(
    ("name", "feature", "level", "floor"),
    [
        (ReadingName.FUNDING, "funding_rate_z", 0.01, 0.002),
        (ReadingName.LONG_ACCOUNTS, "long_account_z", 60.0, 1.0),
    ],
)
def test_a_series_that_hardly_moved_is_measured_in_its_floor(
    name: ReadingName, feature: str, level: float, floor: float
):
    pinned = make_series(level, at_ms=MIDNIGHT_MS + HOUR_MS, max_age_ms=2 * HOUR_MS)
    jumped = replace(pinned, values=np.append(pinned.values[:-1], level + 3.0 * floor))

    still = row_at(of_series(name, pinned), MIDNIGHT_MS + HOUR_MS)
    moved = row_at(of_series(name, jumped), MIDNIGHT_MS + HOUR_MS)

    assert getattr(still, feature) == pytest.approx(0.0, abs=1e-9)
    assert getattr(moved, feature) == pytest.approx(3.0)


def test_smart_money_is_unknown_without_the_crowd():
    top = make_series(65.0, spread=3.0)

    row = row_at(of_series(ReadingName.TOP_TRADERS, top), AT_MS)

    assert row.top_trader_long_pct == 65.0
    assert math.isnan(row.top_minus_crowd_pct)
    assert math.isnan(row.top_minus_crowd_z)


def test_open_interest_changes_need_no_ten_days():
    ts_ms = AT_MS - HOUR_MS * np.arange(25, -1, -1, dtype=np.int64)
    values = np.full(26, 100.0)
    values[-5:] = (120.0, 121.0, 122.0, 123.0, 132.0)
    series = Series(ts_ms, values, HOUR_MS)

    row = row_at(of_series(ReadingName.OPEN_INTEREST, series), AT_MS)

    assert row.open_interest_change_4h_pct == pytest.approx(10.0)
    assert row.open_interest_change_24h_pct == pytest.approx(32.0)


@pytest.mark.parametrize(
    ("then_age_ms", "known"),
    [(4 * HOUR_MS, True), (5 * HOUR_MS, True), (5 * HOUR_MS + 1, False), (4 * HOUR_MS - 1, False)],
)
def test_a_change_starts_at_an_observation_near_its_span(then_age_ms: int, known: bool):
    series = Series(at(AT_MS - then_age_ms, AT_MS), np.array([100.0, 110.0]), 15 * MINUTE_MS)

    row = row_at(of_series(ReadingName.OPEN_INTEREST, series), AT_MS)

    assert math.isfinite(row.open_interest_change_4h_pct) is known


def test_a_series_coarser_than_a_span_knows_no_change_over_it():
    days = Series(
        at(*(MIDNIGHT_MS - DAY_MS * k for k in (2, 1, 0))), np.array([1.0, 2.0, 3.0]), DAY_MS
    )

    row = row_at(of_series(ReadingName.OPEN_INTEREST, days), MIDNIGHT_MS + HOUR_MS)

    assert math.isnan(row.open_interest_change_4h_pct)
    assert row.open_interest_change_24h_pct == pytest.approx(50.0)


def test_one_observation_is_no_change_of_zero():
    stale = Series(at(AT_MS - 5 * HOUR_MS), np.array([100.0]), 6 * HOUR_MS)

    row = row_at(of_series(ReadingName.OPEN_INTEREST, stale), AT_MS)

    assert row.open_interest_usd == 100.0
    assert math.isnan(row.open_interest_change_4h_pct)


# Liquidations


def liquidated(buckets: LiquidationBuckets, at_ms: int = AT_MS) -> FeatureRow:
    return row_at(MarketHistory(liquidations=buckets), at_ms)


def test_liquidations_are_summed_over_1_4_12_and_24_hours():
    row = liquidated(make_buckets(long_usd=2.0, short_usd=3.0, hours=30.0))

    for hours in (1, 4, 12, 24):
        assert getattr(row, f"liquidated_long_{hours}h_usd") == 2.0 * 12 * hours
        assert getattr(row, f"liquidated_short_{hours}h_usd") == 3.0 * 12 * hours
        assert getattr(row, f"liquidations_covered_{hours}h_h") == hours


@pytest.mark.parametrize(
    ("hours", "known"), [(0.5, False), (11 / 12, False), (1.0, True), (3.0, True)]
)
def test_a_window_is_a_floor_once_an_hour_of_it_was_watched(hours: float, known: bool):
    row = liquidated(make_buckets(long_usd=2.0, hours=hours))

    assert (row.liquidated_long_24h_usd == 2.0 * 12 * hours) is known
    assert math.isnan(row.liquidated_long_24h_usd) is not known
    assert row.liquidations_covered_24h_h == pytest.approx(int(hours * 12) / 12)


def test_unwatched_buckets_are_not_counted_as_quiet():
    buckets = make_buckets(long_usd=2.0, hours=24.0)
    long_usd = buckets.long_usd.copy()
    long_usd[-6:] = np.nan

    row = liquidated(replace(buckets, long_usd=long_usd))

    assert math.isnan(row.liquidated_long_1h_usd)
    assert row.liquidations_covered_1h_h == 0.5
    assert row.liquidations_covered_4h_h == 3.5
    assert row.liquidated_short_4h_usd == 3.5 * 12 * 1_000.0


def test_a_bucket_counts_only_after_it_has_ended():
    buckets = make_buckets(hours=2.0, at_ms=MIDNIGHT_MS, bucket_ms=HOUR_MS, long_usd=5.0)

    assert liquidated(buckets, MIDNIGHT_MS).liquidated_long_4h_usd == 10.0
    assert liquidated(buckets, MIDNIGHT_MS - 1).liquidated_long_4h_usd == 5.0


def test_windows_shorter_than_a_bucket_are_unknown():
    row = liquidated(make_buckets(hours=24.0, bucket_ms=4 * HOUR_MS, long_usd=5.0))

    assert math.isnan(row.liquidated_long_1h_usd)
    assert row.liquidated_long_4h_usd == 5.0
    assert row.liquidated_long_24h_usd == 30.0


def test_liquidations_are_measured_against_the_venues_watched_or_else_all():
    total = make_series(8e9)
    venue = make_series(2e9)
    both = MarketHistory(
        series={ReadingName.OPEN_INTEREST: total, ReadingName.LIQUIDATION_VENUE_OI: venue}
    )

    assert row_at(both, AT_MS).liquidation_open_interest_usd == 2e9
    only_total = of_series(ReadingName.OPEN_INTEREST, total)
    assert row_at(only_total, AT_MS).liquidation_open_interest_usd == 8e9


# Snapshots


def test_a_snapshots_price_is_the_last_trade_not_the_last_close():
    traded = make_snapshot(price=LAST_TRADE_USD + 7.0)
    untraded = make_snapshot(price=None)

    features = features_from_snapshots([traded, untraded])

    assert features.price_usd[0] == LAST_TRADE_USD + 7.0
    assert math.isnan(features.price_usd[1])


@pytest.mark.parametrize("price", [0.0, -5.0, NAN, math.inf])
def test_an_impossible_price_is_unknown(price: float):
    assert math.isnan(features_from_snapshots([make_snapshot(price=price)]).price_usd[0])


def test_snapshots_are_rows_in_order():
    snapshots = [
        make_snapshot("BTC", fear_greed_index=10.0),
        make_snapshot("ETH", fear_greed_index=None),
        make_snapshot("SOL", fear_greed_index=90.0),
    ]

    index = features_from_snapshots(snapshots).fear_greed_index

    assert index.tolist()[::2] == [10.0, 90.0]
    assert math.isnan(index[1])


# The type


def test_columns_of_unequal_length_or_type_are_refused():
    columns = {name: np.zeros(2) for name in FEATURE_NAMES}

    with pytest.raises(ValueError, match="fear_greed_index"):
        Features(**{**columns, "fear_greed_index": np.zeros(3)})
    with pytest.raises(ValueError, match="price_change_4h_pct"):
        Features(**{**columns, "price_change_4h_pct": np.zeros(2, dtype=np.float32)})


def test_a_row_has_its_features_as_attributes_and_no_others():
    row = FeatureRow(extract_features([MarketHistory()], [at(AT_MS)]))

    assert math.isnan(row.fear_greed_index)
    with pytest.raises(AttributeError, match="mood"):
        _ = row.mood
