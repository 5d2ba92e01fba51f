"""Market structure beside a signal: in its row and picture, never in its score."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from market.types import Interval
from notifications.chart_shapes import Structure
from signals.alert_structure import chart_structure
from signals.engine import BALANCED, evaluate
from signals.rendering import signal_columns, signal_document
from smartmoney.smc import analyze
from tests.builders import make_candles, make_history, make_snapshot


def test_the_answer_and_the_stored_column_tell_the_same_structure() -> None:
    [result] = evaluate([make_snapshot()], BALANCED)

    document = signal_document(result)

    assert set(document["smcAnalysis"]["timeframes"]) == {"15m", "1h", "4h", "1d"}
    assert document["smcAnalysis"]["timeframe"] == "1h"
    assert signal_columns(result, BALANCED)["smc_analysis"] == document["smcAnalysis"]


def test_structure_is_no_part_of_the_score() -> None:
    [result] = evaluate([make_snapshot()], BALANCED)

    without = replace(result, candles={})

    assert signal_document(without)["score"] == signal_document(result)["score"]
    assert signal_document(without)["smcAnalysis"] is None
    assert "smcAnalysis" in signal_document(without)["unavailable"]


def test_a_timeframe_without_bars_is_named_as_missing() -> None:
    history = make_history()
    candles = {key: bars for key, bars in history.candles.items() if key is not Interval.D1}
    [result] = evaluate([make_snapshot(history=replace(history, candles=candles))], BALANCED)

    structure = signal_document(result)["smcAnalysis"]

    assert structure["alignment"]["missing"] == ["1d"]
    assert "1d" not in structure["timeframes"]


def test_a_chart_shows_the_breaks_the_analyzer_tells() -> None:
    candles = make_candles(Interval.H1, count=120)
    told = analyze(candles)
    assert told is not None
    assert told.breaks

    shapes = chart_structure(candles)

    assert [level.price for level in shapes.levels] == [each.level for each in told.breaks[-3:]]
    assert {level.label for level in shapes.levels} <= {"BOS", "CHoCH"}
    for level, each in zip(shapes.levels, told.breaks[-3:], strict=True):
        assert (level.start_ms, level.end_ms) == (each.level_at_ms, each.known_at_ms)
    assert len(shapes.swings) == len(told.swings)
    assert all(zone.low <= zone.high for zone in shapes.zones)


def test_nothing_is_drawn_over_a_market_that_never_moved() -> None:
    flat = make_candles(Interval.H1, closes=np.full(120, 100.0))
    still = replace(flat, high=flat.close, low=flat.close)

    assert chart_structure(still) == Structure()


@pytest.mark.parametrize("count", [1, 2])
def test_a_few_bars_have_no_structure_to_draw(count: int) -> None:
    assert chart_structure(make_candles(Interval.H1, count=count)) == Structure()
