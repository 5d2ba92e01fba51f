"""Results told to people: reasons that keep to their sign, what is missing and why."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.snapshot import (
    MarketHistory,
    Problem,
    ReadingName,
    compress_snapshot,
    decompress_snapshot,
    input_hash,
)
from market.types import Candles, Interval
from signals.engine import BALANCED, ENGINE_VERSION, PRESETS, evaluate, explain, score
from signals.engine.factors import FACTORS
from signals.engine.types import (
    FEATURE_NAMES,
    Confidence,
    Direction,
    Factor,
    FeatureRow,
    Features,
    SignalResult,
)
from tests.builders import AT_MS, make_buckets, make_features, make_history, make_snapshot
from tests.signals.engine.test_factors import FRAMES, MAIN_FEATURES, feature_rows, only_24h

NAN = math.nan
SNAPSHOT = make_snapshot()


def told(features: Features, row: int = 0) -> SignalResult:
    return explain(features, score(features, BALANCED), row, SNAPSHOT, BALANCED)


def told_of(**features: float) -> SignalResult:
    return told(make_features(**features))


# Directions and reasons

SIDE_OF_FACT = {
    "longs flushed": "LONG",
    "shorts flushed": "SHORT",
    "trend up": "LONG",
    "trend down": "SHORT",
    "a fast build-up": "SHORT",
    "leverage has left": "LONG",
}


@settings(max_examples=60)
@given(features=feature_rows(), profile=st.sampled_from(sorted(PRESETS)))
def test_reasons_never_contradict_their_sign(features: Features, profile: str):
    scores = score(features, PRESETS[profile])

    for row in range(len(features)):
        result = explain(features, scores, row, SNAPSHOT, PRESETS[profile])
        for factor in result.factors.values():
            facts = {phrase for phrase in SIDE_OF_FACT if phrase in factor.reason}
            if factor.contribution is None:
                assert factor.reason.startswith("missing: ")
            elif factor.contribution == 0.0:
                assert factor.reason.endswith(": neutral")
            else:
                side = "LONG" if factor.contribution > 0 else "SHORT"
                amount = f"{factor.contribution:+.2f}".replace("-", "−")
                assert factor.reason.endswith(f": favours {side}, {amount}")
                assert {SIDE_OF_FACT[phrase] for phrase in facts} <= {side}


@settings(max_examples=60)
@given(features=feature_rows())
def test_the_three_largest_contributions_are_the_reasons(features: Features):
    result = told(features)

    sizes = {f.reason: abs(f.contribution or 0.0) for f in result.factors.values()}
    given_sizes = [sizes[reason] for reason in result.reasons]
    assert given_sizes == sorted((s for s in sizes.values() if s > 0.0), reverse=True)[:3]


def test_a_neutral_market_has_no_reasons():
    result = told_of()

    assert result.reasons == ()
    assert result.score == 50.0
    assert result.direction is Direction.NEUTRAL
    assert result.neutral_reason == "between_thresholds"
    assert result.confidence is Confidence.LOW


def test_a_reason_has_number_unit_source_and_side():
    result = told_of(funding_rate_8h_pct=0.031, funding_rate_z=2.1)

    assert result.reasons == (
        "longs pay +0.0310 % per 8 h, 2.1 σ above its 30 days (binance): favours SHORT, −2.16",
    )


# One row per thing a factor can say: (features, what its reason must hold)
FACTS = [
    (
        Factor.FUNDING_RATE,
        {"funding_rate_8h_pct": -0.05, "funding_rate_z": -1.2},
        "shorts pay −0.0500 %",
    ),
    (Factor.FUNDING_RATE, {"funding_rate_8h_pct": 0.0, "funding_rate_z": 2.0}, "nobody pays"),
    (
        Factor.FUNDING_RATE,
        {"funding_rate_8h_pct": 0.05, "funding_rate_z": NAN},
        "per 8 h (binance)",
    ),
    (Factor.LONG_SHORT_RATIO, {"long_account_z": 2.04}, "60.0 % of accounts are long, 2.0 σ above"),
    (Factor.LONG_SHORT_RATIO, {"long_account_z": -2.04}, "2.0 σ below their 30 days"),
    (Factor.SMART_MONEY, {"top_minus_crowd_z": 2.0}, "62.0 % long, +2.0 points to the crowd"),
    (Factor.SMART_MONEY, {"taker_buy_pct": 55.0}, "takers bought 55.0 % of the volume"),
    (
        Factor.SMART_MONEY,
        {"top_minus_crowd_z": -0.6, "taker_buy_pct": 56.0},
        "takers bought 56.0 %",
    ),
    (Factor.OI_TREND, {"open_interest_change_24h_pct": 8.0}, "+8.00 % in 24 h, a fast build-up"),
    (Factor.OI_TREND, {"open_interest_change_24h_pct": -8.0}, "−8.00 % in 24 h, leverage has left"),
    (Factor.OI_TREND, {"open_interest_change_24h_pct": 0.5}, "+0.50 % in 24 h, little changed"),
    (
        Factor.OI_TREND,
        {"open_interest_change_4h_pct": 3.0, "price_change_4h_pct": -1.0},
        "price −1.00 % in 4 h with open interest +3.00 %, new positions confirm it",
    ),
    (
        Factor.OI_TREND,
        {"open_interest_change_4h_pct": -3.0, "price_change_4h_pct": 1.0},
        "price +1.00 % in 4 h with open interest −3.00 %, positions close, nothing confirms it",
    ),
    (
        Factor.OI_TREND,
        {
            "open_interest_change_24h_pct": 3.0,
            "open_interest_change_4h_pct": 4.0,
            "price_change_4h_pct": 2.0,
        },
        "new positions confirm it",
    ),
    (Factor.SOCIAL_SENTIMENT, {"social_sentiment_pct": 60.0}, "60 % positive, 70 to 82 is usual"),
    (Factor.SOCIAL_SENTIMENT, {"social_trending_rank": 0.0}, "trending at place 1"),
    (Factor.SOCIAL_SENTIMENT, {"social_momentum": 90.0}, "momentum 90 of 100"),
    (Factor.FEAR_GREED, {"fear_greed_index": 20.0}, "index at 20 of 100 (alternative.me)"),
    (
        Factor.LIQUIDATIONS,
        only_24h(4e6, 1e6),
        "longs flushed: 4.0 M USD of longs against 1.0 M USD",
    ),
    (
        Factor.LIQUIDATIONS,
        only_24h(1e5, 4e6),
        "shorts flushed: 4.0 M USD of shorts against 100.0 k",
    ),
    (Factor.LIQUIDATIONS, only_24h(100.0, 0.0), "no flush: 100 USD of longs and 0 USD of shorts"),
    (Factor.LIQUIDATIONS, only_24h(4e6, 1e6), "in 24 h, net +0.300 % of open interest (okx)"),
    (
        Factor.LIQUIDATIONS,
        only_24h(4e6, 1e6, liquidations_covered_24h_h=3.25),
        "a floor: 3.2 h watched",
    ),
    (Factor.PRICE_MOMENTUM, {"return_30_atr_1d": 1.0}, "1d trend up: EMA 20 +0.00 ATR from EMA 50"),
    (Factor.PRICE_MOMENTUM, {"return_30_atr_1d": -1.0}, "1d trend down"),
    (Factor.PRICE_MOMENTUM, {"last_bar_atr_1h": 2.0}, "newest 1h bar stretched +2.00 ATR, faded"),
    (Factor.PRICE_MOMENTUM, {"rsi_14_4h": 82.0}, "4h RSI 82, faded"),
    (
        Factor.PRICE_MOMENTUM,
        {"return_30_atr_1d": 0.2, "last_bar_atr_1h": 2.0},
        "newest 1h bar stretched",
    ),
]


@pytest.mark.parametrize(("factor", "features", "fact"), FACTS)
def test_a_factor_tells_the_fact_that_speaks_for_its_side(
    factor: Factor, features: dict[str, float], fact: str
):
    assert fact in told_of(**features).factors[factor].reason


def test_a_fallback_and_a_proxy_are_named_in_the_reason():
    readings = dict(SNAPSHOT.readings)
    for name, changes in {
        ReadingName.FUNDING: {"source": "okx", "fallback": True},
        ReadingName.SOCIAL_SENTIMENT: {"note": "proxy: CoinGecko votes"},
    }.items():
        readings[name] = replace(readings[name], **changes)
    features = make_features(funding_rate_8h_pct=0.1, social_sentiment_pct=50.0)

    snapshot = replace(SNAPSHOT, readings=readings)
    result = explain(features, score(features, BALANCED), 0, snapshot, BALANCED)

    assert "(okx, fallback)" in result.factors[Factor.FUNDING_RATE].reason
    assert "proxy: CoinGecko votes (coingecko)" in result.factors[Factor.SOCIAL_SENTIMENT].reason


def test_a_reason_without_a_stated_source_names_none():
    row = FeatureRow(make_features())

    for factor, spec in FACTORS.items():
        assert "(" not in spec.explain(row, 0.0, 1.0), factor


# Missing


@pytest.mark.parametrize("factor", Factor)
def test_a_missing_factor_contributes_nothing_and_is_named(factor: Factor):
    result = told_of(**dict.fromkeys(MAIN_FEATURES[factor], NAN))

    assert result.missing == (factor,)
    assert result.factors[factor].score is None
    assert result.factors[factor].contribution is None
    assert result.factors[factor].reason.startswith("missing: ")
    assert result.coverage_pct == 100 - FACTORS[factor].weight


def test_a_missing_funding_rate_is_neither_zero_nor_neutral():
    snapshot = make_snapshot(funding_rate_8h_pct=None)

    result = evaluate([snapshot], BALANCED)[0]

    assert result.missing == (Factor.FUNDING_RATE,)
    assert result.coverage_pct == 85.0
    assert result.metrics["funding_rate_8h_pct"] is None
    assert result.factors[Factor.FUNDING_RATE].reason == "missing: funding rate unknown"


def test_what_providers_said_stands_behind_a_missing_factor():
    problems = (
        Problem("funding_rate_8h_pct", "binance", "refuses this region"),
        Problem("funding_rate_8h_pct", "okx", "did not answer in time"),
        Problem("fear_greed_index", "alternative_me", "is down"),
    )
    snapshot = make_snapshot(funding_rate_8h_pct=None, problems=problems)

    result = evaluate([snapshot], BALANCED)[0]

    assert result.factors[Factor.FUNDING_RATE].reason == (
        "missing: funding rate unknown (binance: refuses this region; okx: did not answer in time)"
    )
    assert result.problems == problems


@pytest.mark.parametrize(
    ("features", "factor", "lacking"),
    [
        ({"long_account_z": NAN}, Factor.LONG_SHORT_RATIO, "fewer than 10 of its last 30 days"),
        (
            {"long_account_z": NAN, "long_account_pct": NAN},
            Factor.LONG_SHORT_RATIO,
            "share of long accounts unknown",
        ),
        ({"top_minus_crowd_z": NAN}, Factor.SMART_MONEY, "fewer than 10 of its last 30 days"),
        (
            {"top_minus_crowd_z": NAN, "long_account_pct": NAN},
            Factor.SMART_MONEY,
            "nothing to differ from",
        ),
        (
            {"top_minus_crowd_z": NAN, "top_trader_long_pct": NAN},
            Factor.SMART_MONEY,
            "top traders' positions unknown",
        ),
        (
            {"open_interest_change_4h_pct": NAN, "open_interest_change_24h_pct": NAN},
            Factor.OI_TREND,
            "of 4 h and of 24 h ago unknown",
        ),
        (
            {
                "open_interest_change_4h_pct": NAN,
                "open_interest_change_24h_pct": NAN,
                "open_interest_usd": NAN,
            },
            Factor.OI_TREND,
            "open interest unknown",
        ),
        (
            {"liquidation_open_interest_usd": NAN},
            Factor.LIQUIDATIONS,
            "open interest unknown, so liquidations have no measure",
        ),
        (
            {**only_24h(NAN, NAN), "liquidations_covered_24h_h": 0.5},
            Factor.LIQUIDATIONS,
            "less than one hour watched",
        ),
        (
            dict.fromkeys((f"return_30_atr_{f}" for f in FRAMES if f != "1h"), NAN)
            | dict.fromkeys((f"rsi_14_{f}" for f in FRAMES if f != "1h"), NAN),
            Factor.PRICE_MOMENTUM,
            "in 1h of 15m, 1h, 4h and 1d",
        ),
    ],
)
def test_a_missing_factor_says_what_it_lacks(
    features: dict[str, float], factor: Factor, lacking: str
):
    assert lacking in told_of(**features).factors[factor].reason


# Whole results


def test_a_quiet_complete_snapshot_knows_all_eight_factors():
    result = evaluate([SNAPSHOT], BALANCED)[0]

    assert result.missing == ()
    assert result.coverage_pct == 100.0
    assert tuple(result.factors) == tuple(Factor)
    assert result.symbol == "BTC"
    assert result.at_ms == AT_MS
    assert result.environment == "test"
    assert result.engine_version == ENGINE_VERSION
    assert (result.profile_name, result.profile_version) == ("balanced", 1)
    assert result.input_hash == input_hash(SNAPSHOT)
    assert result.insufficient == ()
    assert set(result.metrics) == set(FEATURE_NAMES)


def test_the_published_numbers_can_be_added_up_by_hand():
    result = evaluate([make_snapshot(seed=21, fear_greed_index=11.0)], BALANCED)[0]

    assert result.score is not None
    total = sum(round((f.contribution or 0.0) * 100) for f in result.factors.values())
    assert round(result.score * 100) == 5000 + total
    for factor in result.factors.values():
        assert factor.score is not None
        assert factor.contribution == pytest.approx(
            factor.weight * (factor.score - 50.0) / 100.0, abs=0.005001
        )


@pytest.mark.parametrize(
    ("features", "direction"),
    [
        ({"long_account_z": -3.0, **only_24h(40e6, 0.0)}, Direction.LONG),
        ({"long_account_z": 3.0, **only_24h(0.0, 40e6)}, Direction.SHORT),
    ],
)
def test_a_directed_result_names_its_side_and_no_neutral_reason(
    features: dict[str, float], direction: Direction
):
    result = told_of(**features)

    assert result.direction is direction
    assert result.neutral_reason is None
    assert all(f"favours {direction}" in reason for reason in result.reasons)
    assert len(result.reasons) == 2


def test_too_little_coverage_is_said_with_what_is_missing():
    lacking = (Factor.LIQUIDATIONS, Factor.FUNDING_RATE, Factor.PRICE_MOMENTUM)

    result = told_of(**dict.fromkeys((n for f in lacking for n in MAIN_FEATURES[f]), NAN))

    assert result.neutral_reason == "insufficient_data"
    assert result.insufficient == (
        "only 50 % of the weight is known, 60 % are needed; missing: liquidations, funding_rate,"
        " price_momentum",
    )


def test_an_unknown_price_and_old_candles_are_said():
    result = told_of(price_usd=NAN, newest_bar_age_bars=3.24)

    assert result.direction is Direction.NEUTRAL
    assert result.price is None
    assert result.insufficient == (
        "the price is unknown",
        "the newest closed candle ended 3.2 bars ago, more than 2",
    )


def test_no_data_at_all_has_no_score():
    snapshot = make_snapshot(price=None, history=MarketHistory())

    result = evaluate([snapshot], BALANCED)[0]

    assert result.score is None
    assert result.direction is Direction.NEUTRAL
    assert result.neutral_reason == "insufficient_data"
    assert result.missing == tuple(Factor)
    assert result.reasons == ()
    assert result.confidence_score == 0.0
    assert "no closed candle is known" in result.insufficient


def test_metrics_are_numbers_or_null_never_nan():
    result = evaluate([make_snapshot(candles=None, liquidations_usd=None)], BALANCED)[0]

    values = [value for value in result.metrics.values() if value is not None]
    assert all(isinstance(value, float) and math.isfinite(value) for value in values)
    assert result.metrics["rsi_14_1h"] is None


def test_no_snapshots_have_no_results():
    assert evaluate([], BALANCED) == []


def test_a_stored_snapshot_is_told_again_word_for_word():
    flush = make_buckets(long_usd=90_000.0, short_usd=10_000.0)
    snapshot = make_snapshot(history=make_history(liquidations=flush), problems=[
        Problem("social_momentum", "lunarcrush", "needs a key"),
    ])  # fmt: skip

    again = decompress_snapshot(compress_snapshot(snapshot))

    assert evaluate([again], BALANCED) == evaluate([snapshot], BALANCED)


def test_a_row_is_told_alike_alone_and_in_a_frame():
    snapshots = [
        make_snapshot("BTC", seed=1), make_snapshot("ETH", seed=2), make_snapshot("SOL", seed=3)
    ]  # fmt: skip

    frame = evaluate(snapshots, BALANCED)

    assert frame == [evaluate([snapshot], BALANCED)[0] for snapshot in snapshots]
    assert len({result.score for result in frame}) == 3


def test_bars_of_other_lengths_change_nothing():
    history = make_history()
    fine = Candles.empty(Interval.M5)
    with_fine = replace(history, candles={**history.candles, Interval.M5: fine})

    one, other = evaluate([make_snapshot(), make_snapshot(history=with_fine)], BALANCED)

    assert one.score == other.score
    assert one.metrics == other.metrics


def test_reasons_hold_no_ascii_minus_before_a_number():
    result = told_of(funding_rate_8h_pct=-0.2, open_interest_change_24h_pct=-9.0)

    assert not any(re.search(r"-\d", factor.reason) for factor in result.factors.values())
