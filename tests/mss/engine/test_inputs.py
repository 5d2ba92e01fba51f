"""From a list row and a snapshot to figures: units, sources, what is unknown; and to bytes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from market.providers.coingecko_payloads import CoinMarket
from market.snapshot import ReadingName
from market.types import DAY_MS, HOUR_MS, Series
from mss.engine.ages import AgeSigns
from mss.engine.inputs import (
    compress_inputs,
    decompress_inputs,
    discovery_inputs,
    input_hash,
    with_snapshot,
)
from mss.engine.types import CoinInputs, Figure
from tests.builders import AT_MS, make_history, make_snapshot


def make_market(**changes: Any) -> CoinMarket:
    row = CoinMarket(
        id="new-coin", symbol="NEW", name="New Coin", price_usd=0.5, market_cap_usd=4e6,
        market_cap_rank=900, fully_diluted_valuation_usd=20e6, volume_24h_usd=3e6,
        price_change_24h_pct=12.0, circulating_supply=8e6, total_supply=40e6, max_supply=None,
        observed_at_ms=AT_MS - 60_000,
    )  # fmt: skip
    return replace(row, **changes)


def phase_1(*, has_futures: bool = True, **changes: Any) -> CoinInputs:
    return discovery_inputs(
        symbol="NEW",
        name=None,
        coingecko_id="new-coin",
        has_futures=has_futures,
        market=make_market(**changes),
        signs=AgeSigns(okx_listed_at_ms=AT_MS - 30 * HOUR_MS),
        at_ms=AT_MS,
        environment="test",
    )


def test_a_list_row_and_a_listing_time_tell_all_of_phase_1() -> None:
    inputs = phase_1()

    assert {figure: reading.value for figure, reading in inputs.figures.items()} == {
        Figure.VALUATION: 20e6, Figure.CIRCULATING: 20.0, Figure.AGE: 30.0,
    }  # fmt: skip
    assert inputs.name == "New Coin"
    assert inputs.shown["volume_24h_usd"] == 3e6


@pytest.mark.parametrize("unknown", [None, 0.0])
def test_the_market_cap_stands_in_for_an_unknown_valuation_and_is_flagged(
    unknown: float | None,
) -> None:
    valuation = phase_1(fully_diluted_valuation_usd=unknown).figures[Figure.VALUATION]

    assert (valuation.value, valuation.fallback) == (4e6, True)
    assert "market cap" in str(valuation.note)


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"fully_diluted_valuation_usd": None, "market_cap_usd": None}, Figure.VALUATION),
        ({"fully_diluted_valuation_usd": None, "market_cap_usd": 0.0}, Figure.VALUATION),
        ({"circulating_supply": None}, Figure.CIRCULATING),
        ({"circulating_supply": 0.0}, Figure.CIRCULATING),
        ({"total_supply": None}, Figure.CIRCULATING),
        ({"total_supply": 0.0}, Figure.CIRCULATING),
    ],
)
def test_what_the_row_does_not_tell_is_missing_and_told(
    changes: dict[str, Any], missing: Figure
) -> None:
    inputs = phase_1(**changes)

    assert missing not in inputs.figures
    assert missing.value in {problem.reading for problem in inputs.problems}


def test_a_snapshot_adds_the_figures_of_phases_2_and_3_in_their_units() -> None:
    snapshot = make_snapshot(
        "NEW",
        top_trader_long_pct=60.0,
        taker_buy_pct=66.0,
        funding_rate_8h_pct=0.02,
        social_sentiment_pct=71.0,
    )
    snapshot = replace(
        snapshot,
        shown={
            "social": {"alt_rank": 44.0, "galaxy_score": 68.0, "observed_at_ms": AT_MS - HOUR_MS}
        },
    )

    inputs = with_snapshot(phase_1(), snapshot)

    values = {figure: reading.value for figure, reading in inputs.figures.items()}
    assert values[Figure.TOP_TRADER_RATIO] == pytest.approx(1.5)
    assert values[Figure.BUY_PRESSURE] == pytest.approx(66.0)
    assert values[Figure.FUNDING] == pytest.approx(0.02)
    assert values[Figure.SENTIMENT] == pytest.approx(71.0)
    assert (values[Figure.ALT_RANK], values[Figure.GALAXY_SCORE]) == (44.0, 68.0)
    assert inputs.figures[Figure.ALT_RANK].source == "lunarcrush"


def open_interest_of(*rows: tuple[float, float]) -> CoinInputs:
    """Return a coin whose open interest was so and so many USD so many hours ago."""
    ts_ms = np.array([AT_MS - int(hours * HOUR_MS) for hours, _ in rows], dtype=np.int64)
    series = Series(ts_ms, np.array([usd for _, usd in rows]), HOUR_MS)
    history = make_history()
    history = replace(history, series={**history.series, ReadingName.OPEN_INTEREST: series})
    return with_snapshot(phase_1(), make_snapshot("NEW", history=history))


@pytest.mark.parametrize(
    ("rows", "change_pct"),
    [
        (((24.0, 2e6), (0.1, 3e6)), 50.0),
        (((24.9, 2e6), (0.1, 1e6)), -50.0),
        (((25.1, 2e6), (0.1, 3e6)), None),  # too old to be a day ago
        (((24.0, 2e6), (1.1, 3e6)), None),  # too old to be the present
        (((0.1, 3e6),), None),
        (((24.0, 0.0), (0.1, 3e6)), None),
        (((24.0, float("nan")), (0.1, 3e6)), None),
    ],
)
def test_open_interest_is_compared_with_that_of_a_day_before_or_not_at_all(
    rows: tuple[tuple[float, float], ...], change_pct: float | None
) -> None:
    inputs = open_interest_of(*rows)

    assert inputs.value(Figure.OPEN_INTEREST_CHANGE) == (
        None if change_pct is None else pytest.approx(change_pct)
    )


def test_without_lunarcrush_rank_and_galaxy_are_missing_and_the_source_is_named() -> None:
    inputs = with_snapshot(phase_1(), make_snapshot("NEW"))

    assert Figure.SENTIMENT in inputs.figures
    told = {problem.reading: problem.source for problem in inputs.problems}
    assert told["alt_rank"] == told["galaxy_score"] == "lunarcrush"


def test_a_coin_without_futures_says_so_for_each_figure_they_would_tell() -> None:
    inputs = with_snapshot(phase_1(has_futures=False), make_snapshot("NEW"))

    assert Figure.OPEN_INTEREST_CHANGE not in inputs.figures
    told = {p.reading for p in inputs.problems if "no perpetual" in p.detail}
    assert told == {
        "buy_pressure_pct", "open_interest_change_24h_pct", "top_trader_ratio",
        "funding_rate_8h_pct",
    }  # fmt: skip


def test_inputs_survive_their_bytes_and_the_hash_names_them() -> None:
    inputs = with_snapshot(phase_1(), make_snapshot("NEW"))

    again = decompress_inputs(compress_inputs(inputs))

    assert again == inputs
    assert input_hash(again) == input_hash(inputs)
    assert input_hash(replace(inputs, at_ms=inputs.at_ms + DAY_MS)) != input_hash(inputs)
