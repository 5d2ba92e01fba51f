"""The eight factors: both sides of every threshold, bounds, directions and symmetry."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.engine.factors import FACTORS
from signals.engine.types import FEATURE_NAMES, Factor, Features
from tests.builders import NEUTRAL_FEATURES, make_features

NAN = math.nan
FRAMES = ("15m", "1h", "4h", "1d")


def scored(factor: Factor, scale: float = 1.0, **features: float) -> float:
    return float(FACTORS[factor].score(make_features(**features), scale)[0])


# The eight in numbers: (features, score)


@pytest.mark.parametrize(
    ("rate_pct", "z", "expected"),
    [
        (-0.2, NAN, 85.0), (-0.10, NAN, 85.0), (-0.065, NAN, 75.0), (-0.03, NAN, 65.0),
        (-0.005, NAN, 50.0), (0.0, NAN, 50.0), (0.01, NAN, 50.0), (0.015, NAN, 50.0),
        (0.0225, NAN, 44.0), (0.03, NAN, 38.0), (0.10, NAN, 15.0), (0.5, NAN, 15.0),
        (0.0, -4.0, 65.0), (0.0, -3.0, 65.0), (0.0, -2.0, 57.5), (0.0, -1.0, 50.0),
        (0.0, 1.0, 50.0), (0.0, 2.0, 42.5), (0.0, 3.0, 35.0), (0.0, 4.0, 35.0),
        (0.10, 3.0, 17.5), (-0.10, -3.0, 82.5), (0.10, -3.0, 47.5),
    ],
)  # fmt: skip
def test_the_side_that_pays_more_than_usual_is_faded(rate_pct: float, z: float, expected: float):
    score = scored(Factor.FUNDING_RATE, funding_rate_8h_pct=rate_pct, funding_rate_z=z)

    assert score == pytest.approx(expected)


@pytest.mark.parametrize(
    ("z", "expected"),
    [
        (-5.0, 85.0), (-3.0, 85.0), (-2.25, 75.0), (-1.5, 65.0), (-1.0, 57.5), (-0.5, 50.0),
        (0.0, 50.0), (0.5, 50.0), (1.0, 42.5), (1.5, 35.0), (2.25, 25.0), (3.0, 15.0), (5.0, 15.0),
    ],
)  # fmt: skip
def test_a_crowd_longer_than_usual_is_faded(z: float, expected: float):
    assert scored(Factor.LONG_SHORT_RATIO, long_account_z=z) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("z", "taker_pct", "expected"),
    [
        (-4.0, 50.0, 20.0), (-3.0, 50.0, 20.0), (-1.5, 50.0, 37.0), (-0.5, 50.0, 50.0),
        (0.0, 50.0, 50.0), (0.5, 50.0, 50.0), (1.0, 50.0, 56.5), (1.5, 50.0, 63.0),
        (3.0, 50.0, 80.0), (4.0, 50.0, 80.0), (0.0, 40.0, 46.0), (0.0, 44.0, 46.0),
        (0.0, 46.0, 48.0), (0.0, 48.0, 50.0), (0.0, 52.0, 50.0), (0.0, 54.0, 52.0),
        (0.0, 56.0, 54.0), (0.0, 60.0, 54.0), (3.0, 60.0, 84.0), (3.0, NAN, 80.0),
    ],
)  # fmt: skip
def test_top_traders_are_followed_where_they_differ_from_the_crowd(
    z: float, taker_pct: float, expected: float
):
    score = scored(Factor.SMART_MONEY, top_minus_crowd_z=z, taker_buy_pct=taker_pct)

    assert score == pytest.approx(expected)


@pytest.mark.parametrize(
    ("day_pct", "hours_pct", "price_pct", "expected"),
    [
        # the build-up of a day alone
        (-30.0, NAN, 1.0, 72.0), (-20.0, NAN, 1.0, 72.0), (-5.0, NAN, 1.0, 58.0),
        (-1.0, NAN, 1.0, 50.0), (1.0, NAN, 1.0, 50.0), (3.0, NAN, 1.0, 46.0),
        (5.0, NAN, 1.0, 42.0), (20.0, NAN, 1.0, 28.0), (30.0, NAN, 1.0, 28.0),
        # the confirmation of four hours alone
        (NAN, 0.3, 1.0, 50.0), (NAN, 6.0, 0.5, 75.0), (NAN, 6.0, 0.25, 61.8421),
        (NAN, 6.0, 0.0, 50.0), (NAN, 6.0, -1.0, 25.0), (NAN, -6.0, 1.0, 25.0),
        (NAN, -6.0, -1.0, 75.0), (NAN, 9.0, 9.0, 75.0),
        # both: 0.6 and 0.4
        (5.0, 6.0, 1.0, 0.6 * 42.0 + 0.4 * 75.0), (5.0, 6.0, NAN, 42.0),
    ],
)  # fmt: skip
def test_a_confirmed_move_is_followed_and_a_fast_build_up_faded(
    day_pct: float, hours_pct: float, price_pct: float, expected: float
):
    score = scored(
        Factor.OI_TREND,
        open_interest_change_24h_pct=day_pct,
        open_interest_change_4h_pct=hours_pct,
        price_change_4h_pct=price_pct,
    )

    assert score == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(
    ("index", "expected"), [(0.0, 35.0), (25.0, 42.5), (50.0, 50.0), (75.0, 57.5), (100.0, 65.0)]
)
def test_greed_is_followed_but_damped(index: float, expected: float):
    assert scored(Factor.FEAR_GREED, fear_greed_index=index) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("sentiment", "momentum", "rank", "expected"),
    [
        (0.0, NAN, NAN, 35.0), (40.0, NAN, NAN, 35.0), (55.0, NAN, NAN, 42.5),
        (70.0, NAN, NAN, 50.0), (82.0, NAN, NAN, 50.0), (95.0, NAN, NAN, 60.0),
        (100.0, NAN, NAN, 60.0), (76.0, 0.0, NAN, 45.0), (76.0, 40.0, NAN, 50.0),
        (76.0, 60.0, NAN, 50.0), (76.0, 100.0, NAN, 55.0), (76.0, NAN, 0.0, 53.0),
        (76.0, NAN, 14.0, 50.2), (76.0, NAN, 15.0, 50.0), (95.0, 100.0, 0.0, 68.0),
    ],
)  # fmt: skip
def test_sentiment_beyond_the_usual_is_followed(
    sentiment: float, momentum: float, rank: float, expected: float
):
    score = scored(
        Factor.SOCIAL_SENTIMENT,
        social_sentiment_pct=sentiment,
        social_momentum=momentum,
        social_trending_rank=rank,
    )

    assert score == pytest.approx(expected)


def only_24h(long_usd: float, short_usd: float, **others: float) -> dict[str, float]:
    unknown = {
        f"liquidated_{side}_{hours}h_usd": NAN for side in ("long", "short") for hours in (1, 4, 12)
    }
    return {
        **unknown,
        "liquidated_long_24h_usd": long_usd,
        "liquidated_short_24h_usd": short_usd,
        "liquidation_open_interest_usd": 1e9,
        **others,
    }


@pytest.mark.parametrize(
    ("long_usd", "short_usd", "expected"),
    [
        (0.0, 0.0, 50.0),
        (0.49e6, 0.0, 50.0),  # 0.049 % of open interest: under the floor
        (0.51e6, 0.0, 50.0 + 12.0 * 0.021 / 0.17),  # above it
        (1e6, 1e6, 50.0),  # loud, but both sides alike
        (1e6, 0.7e6, 50.0),  # net 0.03 %
        (2e6, 0.0, 62.0), (8.5e6, 0.0, 73.5), (15e6, 0.0, 85.0), (40e6, 0.0, 85.0),
        (0.0, 2e6, 38.0), (0.0, 15e6, 15.0), (0.0, 40e6, 15.0),
    ],
)  # fmt: skip
def test_the_flushed_side_bounces_and_a_whisper_is_silent(
    long_usd: float, short_usd: float, expected: float
):
    score = scored(Factor.LIQUIDATIONS, **only_24h(long_usd, short_usd))

    assert score == pytest.approx(expected)


def test_shorter_windows_need_smaller_flushes_and_unknown_ones_are_left_out():
    flush = {"liquidated_long_4h_usd": 2e6 * 0.3, "liquidated_short_4h_usd": 0.0}

    both = scored(Factor.LIQUIDATIONS, **only_24h(2e6, 0.0, **flush))
    quiet_day = scored(Factor.LIQUIDATIONS, **only_24h(0.0, 0.0, **flush))

    assert both == pytest.approx(62.0)
    assert quiet_day == pytest.approx(50.0 + 12.0 * 0.25 / 0.65)


@pytest.mark.parametrize("open_interest_usd", [NAN, 0.0])
def test_liquidations_without_open_interest_have_no_score(open_interest_usd: float):
    features = only_24h(5e6, 0.0, liquidation_open_interest_usd=open_interest_usd)

    assert math.isnan(scored(Factor.LIQUIDATIONS, **features))


def on_frames(frames: tuple[str, ...], **columns: float) -> dict[str, float]:
    return {f"{name}_{frame}": value for name, value in columns.items() for frame in frames}


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"return_30_atr": 1.3}, 65.0), ({"return_30_atr": 2.6}, 80.0),
        ({"return_30_atr": 9.0}, 80.0), ({"return_30_atr": -2.6}, 20.0),
        ({"ema_spread_atr": 2.6}, 65.0), ({"ema_spread_atr": -5.2}, 20.0),
        ({"last_bar_atr": 0.7}, 50.0), ({"last_bar_atr": 1.35}, 44.0),
        ({"last_bar_atr": 2.0}, 38.0), ({"last_bar_atr": 5.0}, 38.0),
        ({"last_bar_atr": -0.7}, 50.0), ({"last_bar_atr": -2.0}, 62.0),
        ({"rsi_14": 70.0}, 50.0), ({"rsi_14": 77.5}, 46.0), ({"rsi_14": 85.0}, 42.0),
        ({"rsi_14": 30.0}, 50.0), ({"rsi_14": 15.0}, 58.0), ({"rsi_14": 0.0}, 58.0),
        ({"return_30_atr": 2.6, "last_bar_atr": 2.0, "rsi_14": 85.0}, 60.0),
    ],
)  # fmt: skip
def test_the_slow_trend_is_followed_and_the_stretch_faded(
    columns: dict[str, float], expected: float
):
    score = scored(Factor.PRICE_MOMENTUM, **on_frames(FRAMES, **columns))

    assert score == pytest.approx(expected)


@pytest.mark.parametrize(
    ("frame", "expected"), [("15m", 51.5), ("1h", 54.5), ("4h", 59.0), ("1d", 65.0)]
)
def test_the_trend_weighs_on_the_slow_frames(frame: str, expected: float):
    score = scored(Factor.PRICE_MOMENTUM, **on_frames((frame,), return_30_atr=2.6))

    assert score == pytest.approx(expected)


def unknown_frames(*frames: str) -> dict[str, float]:
    return on_frames(frames, ema_spread_atr=NAN, return_30_atr=NAN, last_bar_atr=NAN, rsi_14=NAN)


def test_a_new_listing_is_scored_by_the_frames_it_has():
    score = scored(
        Factor.PRICE_MOMENTUM,
        **{**unknown_frames("4h", "1d"), **on_frames(("1h",), return_30_atr=2.6)},
    )

    assert score == pytest.approx(50.0 + 30.0 * 0.15 / 0.20)


def test_one_frame_alone_is_no_momentum():
    assert math.isnan(scored(Factor.PRICE_MOMENTUM, **unknown_frames("1h", "4h", "1d")))
    assert math.isnan(scored(Factor.PRICE_MOMENTUM, **unknown_frames(*FRAMES)))


# All of them


MAIN_FEATURES = {
    Factor.LIQUIDATIONS: ["liquidation_open_interest_usd"],
    Factor.FUNDING_RATE: ["funding_rate_8h_pct"],
    Factor.PRICE_MOMENTUM: [f"rsi_14_{f}" for f in FRAMES]
    + [
        f"{name}_{f}"
        for name in ("ema_spread_atr", "return_30_atr", "last_bar_atr")
        for f in FRAMES
    ],
    Factor.LONG_SHORT_RATIO: ["long_account_z"],
    Factor.SMART_MONEY: ["top_minus_crowd_z"],
    Factor.OI_TREND: ["open_interest_change_4h_pct", "open_interest_change_24h_pct"],
    Factor.SOCIAL_SENTIMENT: ["social_sentiment_pct"],
    Factor.FEAR_GREED: ["fear_greed_index"],
}


def test_there_are_eight_factors_in_order_whose_weights_sum_to_100():
    assert tuple(FACTORS) == tuple(Factor)
    assert [spec.weight for spec in FACTORS.values()] == [20, 15, 15, 15, 10, 10, 10, 5]


@pytest.mark.parametrize("factor", Factor)
def test_a_factor_at_rest_is_exactly_neutral(factor: Factor):
    for scale in (0.8, 1.0, 1.25):
        assert scored(factor, scale) == 50.0


@pytest.mark.parametrize("factor", Factor)
def test_a_factor_without_its_reading_is_unknown_and_says_what_it_lacks(factor: Factor):
    missing = dict.fromkeys(MAIN_FEATURES[factor], NAN)

    assert math.isnan(scored(factor, **missing))


numbers = st.one_of(st.just(NAN), st.floats(-1e3, 1e3), st.floats(-1e12, 1e12))


@st.composite
def feature_rows(draw: st.DrawFn) -> Features:
    """Rows in which any column may be unknown or absurd; USD and hours are never negative."""
    rows = draw(st.integers(1, 6))
    columns = {}
    for name in FEATURE_NAMES:
        values = np.array(draw(st.lists(numbers, min_size=rows, max_size=rows)))
        columns[name] = np.abs(values) if name.endswith(("_usd", "_h")) else values
    return Features(**columns)


@given(features=feature_rows(), scale=st.floats(0.1, 10.0))
def test_every_score_lies_between_0_and_100_or_is_unknown(features: Features, scale: float):
    for spec in FACTORS.values():
        scores = spec.score(features, scale)

        known = scores[~np.isnan(scores)]
        assert ((known >= -1e-9) & (known <= 100.0 + 1e-9)).all()


# feature, its factor, and +1 where the score may only rise with it, −1 where it may only fall
DIRECTIONS = [
    ("funding_rate_8h_pct", Factor.FUNDING_RATE, -1),
    ("funding_rate_z", Factor.FUNDING_RATE, -1),
    ("long_account_z", Factor.LONG_SHORT_RATIO, -1),
    ("top_minus_crowd_z", Factor.SMART_MONEY, +1),
    ("taker_buy_pct", Factor.SMART_MONEY, +1),
    ("open_interest_change_24h_pct", Factor.OI_TREND, -1),
    ("social_sentiment_pct", Factor.SOCIAL_SENTIMENT, +1),
    ("social_momentum", Factor.SOCIAL_SENTIMENT, +1),
    ("social_trending_rank", Factor.SOCIAL_SENTIMENT, -1),
    ("fear_greed_index", Factor.FEAR_GREED, +1),
    *((f"return_30_atr_{frame}", Factor.PRICE_MOMENTUM, +1) for frame in FRAMES),
    *((f"ema_spread_atr_{frame}", Factor.PRICE_MOMENTUM, +1) for frame in FRAMES),
    *((f"last_bar_atr_{frame}", Factor.PRICE_MOMENTUM, -1) for frame in FRAMES),
    *((f"rsi_14_{frame}", Factor.PRICE_MOMENTUM, -1) for frame in FRAMES),
]


@pytest.mark.parametrize(("feature", "factor", "sign"), DIRECTIONS)
@given(
    here=st.floats(-150.0, 150.0),
    further=st.floats(0.0, 150.0),
    scale=st.sampled_from([0.8, 1.0, 1.25]),
)
def test_scores_move_one_way_with_each_feature(
    feature: str, factor: Factor, sign: int, here: float, further: float, scale: float
):
    columns = make_features(**{feature: [here, here + further]})

    before, after = FACTORS[factor].score(columns, scale)

    assert sign * (after - before) >= 0.0


@given(change=st.floats(-40.0, 40.0), further=st.floats(0.0, 40.0), price=st.floats(-5.0, 5.0))
def test_rising_open_interest_speaks_for_the_side_of_the_price(
    change: float, further: float, price: float
):
    columns = make_features(
        open_interest_change_4h_pct=[change, change + further], price_change_4h_pct=price
    )

    before, after = FACTORS[Factor.OI_TREND].score(columns, 1.0)

    assert np.sign(price) * (after - before) >= 0.0


@given(flushed=st.floats(0.0, 1e9), other=st.floats(0.0, 1e9), open_interest=st.floats(1e6, 1e11))
def test_swapping_the_flushed_side_mirrors_the_score(
    flushed: float, other: float, open_interest: float
):
    longs = only_24h(flushed, other, liquidation_open_interest_usd=open_interest)
    shorts = only_24h(other, flushed, liquidation_open_interest_usd=open_interest)

    mirrored = 100.0 - scored(Factor.LIQUIDATIONS, **shorts)

    assert scored(Factor.LIQUIDATIONS, **longs) == pytest.approx(mirrored, abs=1e-9)


@pytest.mark.parametrize("factor", [Factor.LONG_SHORT_RATIO, Factor.SMART_MONEY, Factor.FEAR_GREED])
@given(distance=st.floats(0.0, 60.0))
def test_equal_distances_on_both_sides_weigh_alike(factor: Factor, distance: float):
    feature = MAIN_FEATURES[factor][0]
    rest = NEUTRAL_FEATURES[feature]

    above = scored(factor, **{feature: rest + distance})
    below = scored(factor, **{feature: rest - distance})

    assert above - 50.0 == pytest.approx(50.0 - below, abs=1e-9)


@given(size=st.floats(0.0, 5.0), name=st.sampled_from(["return_30_atr", "last_bar_atr"]))
def test_momentum_treats_up_and_down_alike(size: float, name: str):
    up = scored(Factor.PRICE_MOMENTUM, **on_frames(FRAMES, **{name: size}))
    down = scored(Factor.PRICE_MOMENTUM, **on_frames(FRAMES, **{name: -size}))

    assert up - 50.0 == pytest.approx(50.0 - down, abs=1e-9)


@pytest.mark.parametrize(
    ("factor", "features"),
    [
        (Factor.FUNDING_RATE, {"funding_rate_8h_pct": 0.05, "funding_rate_z": 2.0}),
        (Factor.LONG_SHORT_RATIO, {"long_account_z": 2.0}),
        (Factor.SMART_MONEY, {"top_minus_crowd_z": 2.0}),
        (Factor.OI_TREND, {"open_interest_change_24h_pct": 8.0}),
        (Factor.SOCIAL_SENTIMENT, {"social_sentiment_pct": 60.0}),
        (Factor.FEAR_GREED, {"fear_greed_index": 80.0}),
        (Factor.LIQUIDATIONS, only_24h(4e6, 0.0)),
        (Factor.PRICE_MOMENTUM, on_frames(FRAMES, return_30_atr=1.0)),
    ],
)
def test_a_bolder_profile_leans_further_and_a_calmer_one_less(
    factor: Factor, features: dict[str, float]
):
    bold, plain, calm = (abs(scored(factor, s, **features) - 50.0) for s in (0.8, 1.0, 1.25))

    assert bold > plain > calm > 0.0
